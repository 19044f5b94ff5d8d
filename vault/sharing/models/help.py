"""Help requests: a name and a half-day, sent to an organisation. They contain nothing of the vault."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_resident
from vault.sharing.enums import HalfDay, HelpAnswer


class HelpRequestQuerySet(RowQuerySet["HelpRequest"]):
    def open(self) -> Self:
        """Return the requests neither answered nor withdrawn, whose day has not passed."""
        return self.filter(answer="", withdrawn_at=None, on_day__gte=timezone.localdate())


HelpRequestManager = ResidentManager.from_queryset(HelpRequestQuerySet)


#: Columns of a request for help under its MAC before the organisation's name was.
_FIRST = ("organisation_id", "on_day", "half", "answer", "withdrawn_at")


class HelpRequest(AuthenticatedRow, ResidentModel):
    """A help request. The name is sealed under the resident's key; each reading by a companion is journalled."""

    organisation_id = models.UUIDField(db_index=True)
    organisation_name = models.CharField(max_length=60)
    on_day = models.DateField()
    half = models.CharField(max_length=10, choices=HalfDay)
    answer = models.CharField(max_length=10, choices=HelpAnswer, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    content = models.BinaryField()

    objects = HelpRequestManager()
    decides = by_resident(*_FIRST, "organisation_name", former=[_FIRST])

    class Meta:
        ordering = ["on_day", "half", "created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(half__in=HalfDay.values), name="help_half_known"),
            models.CheckConstraint(condition=Q(answer__in=["", *HelpAnswer.values]), name="help_answer_known"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="help_answer_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"help request {self.id}"

    @property
    def place(self) -> str:
        return f"vault_helprequest|{self.id}|1|content"
