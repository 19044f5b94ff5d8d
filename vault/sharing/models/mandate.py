"""Mandates: the grant says what a companion may read, the mandate which acts they may do."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_resident, nothing
from vault.records.models.grant import Grant
from vault.sharing.enums import Act, Done

#: Recipient kind: a companion of an organisation, by their account's id.
COMPANION_KIND = "companion"
#: How long an appointment code is valid, and how long the appointment lasts once the code is typed.
CODE_LASTS = timedelta(hours=24)
APPOINTMENT = timedelta(hours=2)


#: Columns of a mandate under its MAC before its resident's name was.
_FIRST = ("grant", "membership_id", "acts", "form_sha256")


class Mandate(AuthenticatedRow, ResidentModel):
    """A mandate, active while its grant is."""

    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="mandate")
    membership_id = models.UUIDField(
        help_text="the companion's place when it was given: it does not follow them elsewhere"
    )
    name = models.CharField(
        max_length=120, help_text="how the resident was called when they gave it; the companion reads it"
    )
    acts = models.JSONField(default=list, help_text="codes of vault.records.enums.Act, chosen one by one")
    form_sha256 = models.CharField(
        max_length=64, blank=True, help_text="of the form that was signed on paper, as it was scanned; empty: no paper"
    )

    objects = ResidentManager["Mandate"]()
    decides = by_resident(*_FIRST, "name", former=[_FIRST])

    def __str__(self) -> str:
        return f"mandate {self.id}"

    def allows(self, act: Act) -> bool:
        return act.value in self.acts


class MandateAct(ResidentModel):
    """An act of a companion under a mandate, for their own list."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="+")
    done = models.CharField(max_length=10, choices=Done)
    at = models.DateTimeField(default=timezone.now)

    objects = ResidentManager["MandateAct"]()
    decides = nothing("a companion's own list; the resident's journal proves each act")

    class Meta:
        ordering = ["-at"]
        constraints = [models.CheckConstraint(condition=models.Q(done__in=Done.values), name="mandate_act_known")]

    def __str__(self) -> str:
        return f"{self.done} {self.id}"


class HandoverQuerySet(RowQuerySet["Handover"]):
    def waiting(self) -> Self:
        """Return those that their resident may still answer."""
        return self.filter(answered_at=None, expires_at__gt=timezone.now())


HandoverManager = ResidentManager.from_queryset(HandoverQuerySet)


class Handover(AuthenticatedRow, ResidentModel):
    """A companion's proposal that a colleague takes their mandate, on the same terms. Its resident says yes or no."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="+")
    membership_id = models.UUIDField(help_text="the colleague's place")
    label = models.CharField(max_length=120, help_text="the colleague, as the resident reads it")
    expires_at = models.DateTimeField(help_text="no answer by then is a no")
    answered_at = models.DateTimeField(null=True, blank=True)
    given_id = models.UUIDField(null=True, blank=True, help_text="the grant that a yes gave")

    objects = HandoverManager()
    decides = by_resident("grant", "membership_id", "label", "expires_at", "answered_at")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant"], condition=models.Q(answered_at=None), name="handover_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(given_id=None) | models.Q(answered_at__isnull=False),
                name="handover_given_is_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"handover {self.id}"

    @property
    def waits(self) -> bool:
        return self.answered_at is None and self.expires_at > timezone.now()


class AppointmentQuerySet(RowQuerySet["Appointment"]):
    def open(self) -> Self:
        return self.filter(used_at=None, cancelled_at=None, expires_at__gt=timezone.now())


AppointmentManager = ResidentManager.from_queryset(AppointmentQuerySet)


class Appointment(AuthenticatedRow, ResidentModel):
    """A code by which one companion begins a two-hour appointment, once. Only typing it reveals which companion."""

    code_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    content = models.BinaryField(help_text="sealed: what the resident ticked, and the values that the page showed")

    objects = AppointmentManager()
    decides = by_resident("code_hash", "expires_at", "used_at", "cancelled_at", head=True)

    def __str__(self) -> str:
        return f"appointment {self.id}"

    @property
    def is_live(self) -> bool:
        return self.used_at is None and self.cancelled_at is None

    @property
    def place(self) -> str:
        return f"vault_appointment|{self.id}|1|content"
