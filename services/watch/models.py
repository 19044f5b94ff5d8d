"""The watch: what is kept for each resident who turned it on, what it found, and who refuses the city's search."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, by_resident
from services.watch.enums import State
from vault.records.models import Grant


class Watch(AuthenticatedRow, ResidentModel):
    """A resident's watch, under `grant`. It goes with its grant.

    `content` seals the last outcome, with which the next one is compared (`outcomes.py`). Nothing in plaintext says
    what was found, nor which change it follows: `due_at` has the same meaning for a payslip and a birth.
    """

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, null=True, related_name="+")
    version = models.PositiveIntegerField(default=0, help_text="counts the writings of `content`")
    content = models.BinaryField(default=bytes)
    checked_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="when the vault’s last changes are looked at")
    changes = models.PositiveIntegerField(default=0, help_text="counts the changes of the vault that were noted")
    law = models.CharField(
        max_length=64, blank=True, help_text="mark of the month, the law and the city’s aids at the last check"
    )
    taken_until = models.DateTimeField(null=True, blank=True, help_text="a worker has it until then")

    objects = ResidentManager["Watch"]()
    decides = by_resident(
        "grant", "version", put_back="what it found last, which its next run replaces; the grant has its own end"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="watch_once")]
        indexes = [models.Index(fields=["due_at"], name="watch_due")]

    def __str__(self) -> str:
        return f"watch {self.pk}"

    @property
    def note_place(self) -> str:
        return self.note_place_of(self.version)

    def note_place_of(self, version: int) -> str:
        return f"watch_watch|{self.pk}|{version}|content"


class Finding(AuthenticatedRow, ResidentModel):
    """One change that the watch found. `content` seals which aid, its amount, why, and the resident's answer."""

    watch = models.ForeignKey(Watch, on_delete=models.CASCADE, related_name="findings")
    state = models.CharField(max_length=10, choices=State, default=State.FOUND)
    version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    content = models.BinaryField()
    found_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    asks_on = models.DateField(null=True, blank=True, help_text="day of the one question; empty: none is asked")
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ResidentManager["Finding"]()
    decides = by_resident("watch", "state", "version", "found_at", "told_at", "asks_on", "asked_at", "answered_at")

    class Meta:
        ordering = ["-found_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="finding_state_known"),
            models.CheckConstraint(
                condition=Q(state=State.FOUND, told_at=None) | ~Q(state=State.FOUND) & Q(told_at__isnull=False),
                name="finding_told_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(state=State.ANSWERED, answered_at__isnull=False)
                | ~Q(state=State.ANSWERED) & Q(answered_at=None),
                name="finding_answer_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"finding {self.pk}"

    @property
    def note_place(self) -> str:
        return f"watch_finding|{self.pk}|{self.version}|content"

    @property
    def is_asked(self) -> bool:
        return self.state in {State.ASKING, State.ASKED}


class Objection(AuthenticatedRow, ResidentModel):
    """The resident refuses the search that the law lets the city make by itself (CRPA L114-8). One is for all."""

    objected_at = models.DateTimeField(default=timezone.now)

    objects = ResidentManager["Objection"]()
    decides = by_resident("objected_at")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="objection_once")]

    def __str__(self) -> str:
        return f"objection {self.pk}"
