"""Events that programs are told of, the addresses where they listen, and each delivery.

An event has ids and the name by which the service knows the resident, never a value.
"""

import uuid
from collections.abc import Iterator

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from certification.access.enums import Environment
from certification.access.models import Client
from certification.developers.enums import DeliveryState, EndpointState, EventType
from certification.labels.models import Service
from core.keys import protect
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city, nothing

PURPOSE = "webhooks' secrets"
#: Columns of an address under its MAC before it had a second secret.
_FIRST = ("client", "url", "secret", "events", "proved_at", "stopped_at")


class Event(AuthenticatedRow):
    """An event of an agreement or a label of a service. Kept for seven days.

    It is written in the transaction of what happened. `position` follows, by one process at a time, so that whoever
    asks for the events after a position misses none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4, choices=Environment.choices)
    type = models.CharField(max_length=30, choices=EventType.choices)
    at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(help_text="ids, and the pairwise sub")
    position = models.BigIntegerField(null=True, help_text="counted for each service and environment")
    entry = models.BigIntegerField(null=True, unique=True, help_text="of the register, for an event of a label")

    objects = RowQuerySet["Event"].as_manager()
    decides = by_city(
        "service",
        "environment",
        "type",
        "at",
        "data",
        "position",
        "entry",
        former=[UNSIGNED],
        put_back="tells again what happened then, by ids; whoever is told reads under the grant of today",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "environment", "position"], name="event_after_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class EndpointQuerySet(RowQuerySet["Endpoint"]):
    def active(self) -> "EndpointQuerySet":
        return self.filter(proved_at__isnull=False, stopped_at=None)


class Endpoint(AuthenticatedRow):
    """An address of a program that listens to events. It is told nothing before it has answered a challenge."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="endpoints")
    url = models.URLField(max_length=300)
    secret = models.TextField(help_text="protected by the keyring")
    former_secret = models.TextField(blank=True, help_text="the one that it replaced, which signs too for a while")
    former_until = models.DateTimeField(null=True)
    events = models.JSONField(help_text="the types that it listens to")
    made_at = models.DateTimeField(default=timezone.now)
    proved_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True, help_text="by a member, or after days of failures")
    #: The challenge that waits, and what the last one found.
    challenge_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=40, blank=True)
    failing_since = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="when the members were told that it was stopped")

    objects = EndpointQuerySet.as_manager()
    decides = by_city(*_FIRST, "former_secret", "former_until", former=[_FIRST])

    class Meta:
        ordering = ["made_at"]
        constraints = [models.UniqueConstraint(fields=["client", "url"], name="endpoint_once_per_address")]

    def __str__(self) -> str:
        return self.url

    @property
    def state(self) -> EndpointState:
        if self.stopped_at is not None:
            return EndpointState.OFF
        return EndpointState.ACTIVE if self.proved_at else EndpointState.TO_PROVE

    @property
    def signing_secrets(self) -> list[str]:
        """Return the secrets that sign what is sent now, as `whsec_…`, the newest first.

        Raises:
            KeyringError
        """
        kept = [self.secret, *([self.former_secret] if self.has_two_secrets else [])]
        return [protect.unprotect(one, purpose=PURPOSE) for one in kept]

    @property
    def has_two_secrets(self) -> bool:
        return self.former_until is not None and timezone.now() < self.former_until


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> "DeliveryQuerySet":
        """Return those to send now. An event goes to a program of its own service and environment only."""
        theirs = Q(
            event__service=F("endpoint__client__service"), event__environment=F("endpoint__client__environment")
        )
        return self.filter(theirs, state=DeliveryState.WAITING, next_at__lte=timezone.now())


class Delivery(models.Model):
    """An event on its way to one address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=8, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now, help_text="of a try, or when a lost worker's is taken up")
    last_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_problem = models.CharField(max_length=40, blank=True)

    objects = DeliveryQuerySet.as_manager()
    decides = nothing("the state of a message; its address is the endpoint's, under its MAC")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once_per_address"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state=DeliveryState.WAITING), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}"


def _secrets() -> Iterator[tuple[tuple[uuid.UUID, str], str]]:
    for column in ("secret", "former_secret"):
        for pk, text in Endpoint.objects.exclude(**{column: ""}).values_list("pk", column):
            yield (pk, column), text


def _replace(place: tuple[uuid.UUID, str], old: str, new: str) -> int:
    pk, column = place
    return Endpoint.objects.filter(pk=pk, **{column: old}).update(**{column: new})


KEEPER = protect.Keeper(PURPOSE, _secrets, _replace)
