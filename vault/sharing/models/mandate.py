"""Mandates: the grant says what a companion may read, the mandate which acts they may do."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_resident
from vault.records.models.grant import Grant
from vault.sharing.enums import Act

#: Recipient kind: a companion of an organisation, by their account's id.
COMPANION_KIND = "companion"
#: How long an appointment code is valid, and how long the appointment lasts once the code is typed.
CODE_LASTS = timedelta(hours=24)
APPOINTMENT = timedelta(hours=2)


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
    decides = by_resident("grant", "membership_id", "acts", "form_sha256")

    def __str__(self) -> str:
        return f"mandate {self.id}"

    def allows(self, act: Act) -> bool:
        return act.value in self.acts


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
