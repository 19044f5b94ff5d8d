"""Contests of journal entries, and the answers of the city's data protection officer."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.models import ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_resident
from vault.journal.enums import ContestState


class ContestQuerySet(RowQuerySet["Contest"]):
    def open(self) -> Self:
        return self.filter(answered_at=None, withdrawn_at=None)

    def sent(self) -> Self:
        """Return the contests for the officer's list, without those withdrawn."""
        return self.filter(withdrawn_at=None)


ContestManager = ResidentManager.from_queryset(ContestQuerySet)


class Contest(AuthenticatedRow, ResidentModel):
    """A contest. `content` seals the text of the entry, the resident's message and the answer, under their key."""

    entry_id = models.UUIDField(help_text="the line, a JournalEntry; no foreign key: an entry may be erased")
    number = models.PositiveIntegerField(help_text="of the line")
    due_on = models.DateField(_("réponse due le"))
    answered_at = models.DateTimeField(_("répondu le"), null=True, blank=True)
    answered_by = models.UUIDField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when its resident was told that there is an answer"
    )
    version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    content = models.BinaryField()

    objects = ContestManager()
    decides = by_resident(
        "entry_id",
        "number",
        "due_on",
        "answered_at",
        "answered_by",
        "withdrawn_at",
        "version",
        former=[UNSIGNED],
    )

    class Meta:
        verbose_name = _("contestation")
        verbose_name_plural = _("contestations")
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["answered_at"], condition=Q(told_at=None, answered_at__isnull=False), name="contest_to_tell"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["resident_id", "entry_id"],
                condition=Q(answered_at=None, withdrawn_at=None),
                name="contest_open_once_per_line",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(withdrawn_at=None), name="contest_answered_or_withdrawn"
            ),
        ]

    def __str__(self) -> str:
        return gettext("Contestation du %(day)s") % {"day": date_format(timezone.localtime(self.created_at))}

    @property
    def place(self) -> str:
        return f"vault_contest|{self.id}|{self.version}|content"

    @property
    def state(self) -> ContestState:
        if self.withdrawn_at is not None:
            return ContestState.WITHDRAWN
        return ContestState.ANSWERED if self.answered_at is not None else ContestState.SENT
