"""Panels: the draw that the city announced, the list that was frozen, who volunteered, what became of each number."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns.panel import draw
from campaigns.panel.draw import Drawn
from campaigns.panel.enums import FEWEST_SEATS, MOST_SEATS, REPLIES_WITHIN, State
from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city


class Panel(AuthenticatedRow):
    """One draw and the panel that it makes, until its last day.

    The database refuses to change what was announced, what was frozen, and what was drawn.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    seats = models.PositiveSmallIntegerField()
    draws_at = models.DateTimeField(help_text="the announced minute")
    ends_on = models.DateField(help_text="the last day")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    frozen_at = models.DateTimeField(null=True)
    entries = models.JSONField(default=list, help_text="the frozen list: numbers of volunteers, from the lowest")
    entry = models.PositiveBigIntegerField(null=True, help_text="of the register: it froze the list")
    checkpoint = models.PositiveBigIntegerField(null=True, help_text="the last one when the list was frozen")
    drawn_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, help_text="the checkpoint that is the seed, as it is published")
    before = models.TextField(blank=True, help_text="the checkpoint before it; empty if there is none")
    ended_at = models.DateTimeField(null=True, help_text="when what led to a person was deleted")

    objects = RowQuerySet["Panel"].as_manager()
    decides = by_city(
        "number",
        "seats",
        "draws_at",
        "ends_on",
        "created_by",
        "created_at",
        "frozen_at",
        "entries",
        "entry",
        "checkpoint",
        "drawn_at",
        "note",
        "before",
        "ended_at",
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(seats__range=(FEWEST_SEATS, MOST_SEATS)), name="panel_seats"),
            models.CheckConstraint(
                condition=Q(frozen_at=None, entry=None, checkpoint=None, entries=[])
                | Q(frozen_at__isnull=False, entry__isnull=False, checkpoint__isnull=False),
                name="panel_frozen_by_an_entry",
            ),
            models.CheckConstraint(
                condition=Q(drawn_at=None, note="", before="")
                | (Q(drawn_at__isnull=False, frozen_at__isnull=False) & ~Q(note="")),
                name="panel_drawn_once_frozen",
            ),
        ]

    def __str__(self) -> str:
        return f"panel {self.number}"

    @property
    def drawn(self) -> Drawn | None:
        return Drawn(self.note, self.before) if self.drawn_at else None

    @property
    def sha256(self) -> str:
        """Return the hash of the frozen list."""
        return draw.sha256_of(self.entries)

    @property
    def order(self) -> list[int]:
        """Return the numbers in the order of the draw; empty before it."""
        return draw.ordered(self.drawn.seed, self.entries) if self.drawn else []

    def takes_entries(self, at: datetime) -> bool:
        """Return whether a resident may volunteer at this time."""
        return self.frozen_at is None and at < self.draws_at

    def sits(self, at: datetime) -> bool:
        """Return whether its members write opinions at this time."""
        return self.drawn_at is not None and self.ended_at is None and timezone.localdate(at) <= self.ends_on


class Entry(AuthenticatedRow, ResidentModel):
    """A resident who volunteered, for their own pages. The city reads the number; this row alone leads to a person."""

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    person = models.BinaryField(help_text="HMAC of a proven identity and the panel: one person, one entry")

    objects = ResidentManager["Entry"]()
    # Under the city's key, so that freezing a list needs no resident's: one that nobody has would stop it.
    decides = by_city("resident_id", "panel", "number", "person", at_load=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["panel", "resident_id"], name="panel_entry_once"),
            models.UniqueConstraint(fields=["panel", "person"], name="panel_entry_one_person"),
            models.UniqueConstraint(fields=["panel", "number"], name="panel_entry_number"),
        ]

    def __str__(self) -> str:
        return f"{self.panel_id} {self.number}"


class Volunteer(AuthenticatedRow):
    """What became of a number of the frozen list. It does not say whose it is; a substitute has no row yet."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="volunteers")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices)
    name = models.CharField(max_length=40, blank=True, help_text="chosen by a member; public")
    called_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="when the e-mail left")

    objects = RowQuerySet["Volunteer"].as_manager()
    decides = by_city("panel", "number", "state", "name", "called_at")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["panel", "number"], name="panel_volunteer_once"),
            models.CheckConstraint(
                condition=Q(state=State.LEFT) | Q(called_at__isnull=False), name="panel_volunteer_called"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.panel_id} {self.number}"

    def is_late(self, at: datetime) -> bool:
        """Return whether a called number did not answer in time."""
        return self.state == State.CALLED and self.called_at is not None and at >= self.called_at + REPLIES_WITHIN


class Association(AuthenticatedRow):
    """An organisation that the city named beside a panel."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="associations")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["Association"].as_manager()
    decides = by_city("panel", "organisation", "by", "at")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["panel", "organisation"], name="panel_association_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} beside {self.panel_id}"
