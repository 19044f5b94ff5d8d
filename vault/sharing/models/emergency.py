"""Emergency accesses to one vault: one agent asks, another agrees, the resident is notified.

The rows are the register, from which nothing is deleted while the vault exists.
"""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city
from vault.records.models.grant import Grant
from vault.sharing.enums import EmergencyState

#: Recipient kind: an agent of the city, by their account's id.
EMERGENCY_KIND = "emergency"
#: How long the second agent has to answer, and the possible lengths of an access in minutes.
WAITS = timedelta(hours=1)
LENGTHS = (15, 30, 60)
#: How long the same two agents, or anyone after the resident's refusal, must wait for another access.
RESTS = timedelta(hours=24)


class EmergencyAccessQuerySet(RowQuerySet["EmergencyAccess"]):
    def waiting(self) -> Self:
        return self.filter(decided_at=None, declined_at=None, expires_at__gt=timezone.now())

    def to_tell(self) -> Self:
        """Return the accesses whose resident was not notified of the request or of the opening yet."""
        return self.filter(Q(asked_told_at=None) | Q(opened_told_at=None, grant__isnull=False))


EmergencyAccessManager = ResidentManager.from_queryset(EmergencyAccessQuerySet)


#: Columns under the row's MAC before both agents' names were.
_FIRST = (
    "resident_id",
    "asked_by",
    "items",
    "minutes",
    "expires_at",
    "decided_by",
    "decided_at",
    "declined_at",
    "grant",
)


class EmergencyAccess(AuthenticatedRow, ResidentModel):
    """A request and its decision.

    If no vault has the address or reference that was typed, `resident_id` is a random UUID matching no resident and
    `content` is empty.
    """

    reference = models.CharField(
        _("numéro"), max_length=14, unique=True, help_text="what agents call it: it tells nothing of the resident"
    )
    asked_by = models.UUIDField(db_index=True)
    asked_by_name = models.CharField(_("demandé par"), max_length=120, help_text="as the resident reads it")
    items = models.JSONField(
        help_text="codes of the lines of vault/sharing/agreements/entrusting.py, ticked one by one"
    )
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    content = models.BinaryField(default=bytes, help_text="sealed: the reason, as the resident reads it")
    expires_at = models.DateTimeField(help_text="until when a second agent may agree")
    decided_by = models.UUIDField(null=True, blank=True)
    decided_by_name = models.CharField(_("décidé par"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("décidé le"), null=True, blank=True)
    declined_at = models.DateTimeField(
        null=True, blank=True, help_text="its resident said no before a second agent answered"
    )
    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, null=True, blank=True, related_name="emergency")
    asked_told_at = models.DateTimeField(null=True, blank=True)
    opened_told_at = models.DateTimeField(null=True, blank=True)

    objects = EmergencyAccessManager()
    decides = by_city(*_FIRST, "reference", "asked_by_name", "decided_by_name", former=[_FIRST])

    class Meta:
        verbose_name = _("accès d’urgence")
        verbose_name_plural = _("accès d’urgence")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__in=LENGTHS), name="emergency_an_hour_at_most"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="emergency_two_agents"
            ),
            models.CheckConstraint(
                condition=~Q(asked_by=F("resident_id")), name="emergency_not_asked_by_its_resident"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("resident_id")),
                name="emergency_not_decided_by_its_resident",
            ),
            models.CheckConstraint(
                condition=Q(grant=None) | Q(decided_by__isnull=False, decided_at__isnull=False, declined_at=None),
                name="emergency_opened_is_decided",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def place(self) -> str:
        return f"vault_emergency|{self.id}|1|reason"

    @property
    def names_nobody(self) -> bool:
        return not self.content

    @property
    def is_answered(self) -> bool:
        """Whether a second agent, or the resident, said yes or no."""
        return self.decided_at is not None or self.declined_at is not None

    @property
    def state(self) -> EmergencyState:
        """The state now. Requires `grant` to be selected, or its resident's scope."""
        if self.grant is not None:
            return EmergencyState.OPEN if self.grant.stands else EmergencyState.ENDED
        if self.declined_at is not None:
            return EmergencyState.DECLINED
        if self.decided_at is not None:
            return EmergencyState.REFUSED
        return EmergencyState.WAITING if self.expires_at > timezone.now() else EmergencyState.LAPSED
