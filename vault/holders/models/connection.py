"""Connections of residents to the holders' APIs, and the health of each API."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_resident, nothing
from vault.holders.enums import API_NAMES, ConnectionState

WARNED = timedelta(days=30)
#: Columns of a connection under its MAC before holders sent lots.
_FIRST = ("connector", "holder", "state", "datasets", "unattended", "expires_on")
_SECOND = (*_FIRST, "pairing")


class ConnectionQuerySet(RowQuerySet["Connection"]):
    def open(self) -> Self:
        return self.exclude(state=ConnectionState.STOPPED)

    def to_renew(self) -> Self:
        """Return the active connections that their holder ended, and the monthly ones that end soon."""
        today = timezone.localdate()
        soon = Q(unattended=True, expires_on__range=(today, today + WARNED))
        return self.filter(Q(problem="consent_over") | soon, state=ConnectionState.ACTIVE)

    def due(self) -> Self:
        """Return the connections to pull without their resident. `perms.may_pull` decides again when the pull runs."""
        now = timezone.now()
        wanted = Q(unattended=True) | Q(unfinished=True)
        return self.filter(
            wanted, state=ConnectionState.ACTIVE, next_pull_at__lte=now, expires_on__gte=timezone.localdate()
        )


ConnectionManager = ResidentManager.from_queryset(ConnectionQuerySet)


class Connection(AuthenticatedRow, ResidentModel):
    """A resident's authorisation to call a holder's API.

    `content` seals what the agreement gave, where each series stopped and the outcomes. `unattended`: the resident
    chose a pull each month without them.
    """

    connector = models.CharField(max_length=40)
    holder = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=ConnectionState)
    datasets = models.JSONField()
    unattended = models.BooleanField(default=False)
    expires_on = models.DateField()
    last_success_at = models.DateTimeField(null=True)
    last_try_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=20, blank=True, help_text="a code of vault/holders/connectors/faults.py")
    failures = models.PositiveSmallIntegerField(default=0)
    unfinished = models.BooleanField(
        default=False, help_text="the last pull stopped on its way, and goes on from there"
    )
    next_pull_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    content = models.BinaryField()
    pairing = models.CharField(
        max_length=64, blank=True, default="", help_text="a hash of the code that the resident gives to a holder"
    )

    objects = ConnectionManager()
    decides = by_resident(*_SECOND, "unfinished", "version", former=[_FIRST, _SECOND], head=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["next_pull_at"], condition=Q(state="active"), name="connection_due")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ConnectionState.values), name="connection_state_known"),
            models.UniqueConstraint(
                fields=["resident_id", "holder"],
                condition=Q(state__in=["active", "paused"]),
                name="connection_one_per_holder",
            ),
            models.UniqueConstraint(
                fields=["holder", "pairing"], condition=~Q(pairing=""), name="connection_pairing_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.state}"

    @property
    def is_live(self) -> bool:
        return self.state != ConnectionState.STOPPED

    @property
    def place(self) -> str:
        return f"vault_connection|{self.id}|{self.version}|content"

    @property
    def over(self) -> bool:
        return self.expires_on < timezone.localdate()

    @property
    def ends_soon(self) -> bool:
        return not self.over and self.expires_on <= timezone.localdate() + WARNED


class ConnectorHealth(models.Model):
    """The calls to an API in the current window and its refusal of the city. It concerns no resident."""

    connector = models.CharField(_("connecteur"), primary_key=True, max_length=40)
    window_started_at = models.DateTimeField(_("compté depuis"), default=timezone.now)
    calls = models.PositiveIntegerField(_("questions posées"), default=0)
    last_success_at = models.DateTimeField(_("dernière réponse"), null=True)
    problem = models.CharField(_("problème"), max_length=20, blank=True)
    problem_since = models.DateTimeField(_("depuis"), null=True)

    decides = nothing("counts the calls of an API")

    class Meta:
        verbose_name = _("connecteur")
        verbose_name_plural = _("connecteurs")
        ordering = ["connector"]

    def __str__(self) -> str:
        return API_NAMES.get(self.connector, self.connector)
