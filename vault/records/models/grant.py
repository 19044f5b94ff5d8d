"""Grants: who may read which fields of which resident, for which purpose, until when.

Every kind of sharing is such a row.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.database import locks
from core.models import ResidentManager, ResidentModel
from core.models.fields import TextsField
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_resident, nothing
from vault.records.enums import GrantChannel, GrantState, Happened, Mode
from vault.records.models.paper import Paper

#: The kind of a recipient who is a resident. Other apps register other kinds (vault/records/grants/recipients.py).
RESIDENT_KIND = "resident"
#: Any twelve months. No grant is longer, and none renews itself.
LONGEST = timedelta(days=366)
#: The resident gets a reminder this long before a grant ends, and after this long without a read.
ENDING = timedelta(days=30)
UNUSED = timedelta(days=90)
#: For how long the resident is told that a recipient gave a grant back, or that the city ended it.
RETURNED = timedelta(days=7)
#: Why a former row of what a grant covers obtains nothing.
WRITTEN_ONCE = "never changes; its grant, which the head follows, says what was taken out"
#: The events that a grant has at most once.
ONCE = (
    *(Happened.GIVEN, Happened.STOPPED, Happened.REPLACED, Happened.RETURNED, Happened.OVER),
    *(Happened.ENDING, Happened.UNUSED, Happened.TOLD, Happened.REVOKED),
)


class GrantQuerySet(RowQuerySet["Grant"]):
    def standing(self) -> Self:
        """Return the grants that are active, paused or to come: neither stopped nor expired."""
        return self.filter(Q(once=False) | Q(last_used_at=None), stopped_at=None, ends_at__gt=timezone.now())

    def active(self) -> Self:
        """Return the grants that allow a read now.

        Their end is compared with the clock here, and never by a nightly job.
        """
        return self.standing().filter(paused_at=None, starts_at__lte=timezone.now())

    def over(self) -> Self:
        """Return the grants that expired, or had the single reading agreed."""
        ended = Q(ends_at__lte=timezone.now()) | Q(once=True, last_used_at__isnull=False)
        return self.filter(ended, Q(stopped_at=None) | Q(stopped_at=F("ends_at")))

    def given_to(self, kind: str, recipient_id: UUID) -> Self:
        return self.filter(recipient_kind=kind, recipient_id=recipient_id)


GrantManager = ResidentManager.from_queryset(GrantQuerySet)

#: Columns of a grant under its MAC before lines could be taken out of one.
_FIRST = (
    "recipient_kind",
    "recipient_id",
    "recipient_label",
    "subject_id",
    "agreement",
    "purpose",
    "mode",
    "keep_days",
    "once",
    "at_most_every",
    "channel",
    "notice_version",
    "notice_hash",
    "language",
    "starts_at",
    "ends_at",
    "paused_at",
    "last_used_at",
    "stopped_at",
)


class Grant(AuthenticatedRow, ResidentModel):
    """The resident's agreement with one recipient for one purpose.

    It may only become narrower: paused, shortened, without one of its lines, stopped.

    Other fields, another purpose or a later end need another grant, which replaces this one.
    """

    recipient_kind = models.CharField(max_length=20)
    recipient_id = models.UUIDField(db_index=True)
    recipient_label = models.CharField(max_length=120, help_text="as it was called when the resident agreed")
    recipient_name = models.BinaryField(
        default=bytes,
        help_text="sealed: the name that the resident typed; the label then says only of what kind it is"
        " (vault/records/grants/recipient_names.py)",
    )
    subject_id = models.UUIDField(
        null=True, blank=True, help_text="the one thing that it is for, a dossier; empty: the purpose as a whole"
    )
    agreement = models.CharField(
        max_length=40, help_text="which text of vault/records/grants/agreements.py was agreed to"
    )
    purpose = models.CharField(max_length=200, help_text="as the journal says it, in French")
    mode = models.CharField(max_length=10, choices=Mode)
    keep_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="how long a copy may be kept; empty: until the end"
    )
    once = models.BooleanField(default=False, help_text="one reading, then it is over")
    at_most_every = models.DurationField(
        null=True, blank=True, help_text="between two readings; empty: as often as it serves"
    )
    channel = models.CharField(max_length=10, choices=GrantChannel, default=GrantChannel.PAGE)
    notice_version = models.CharField(max_length=20)
    notice_hash = models.CharField(max_length=64, help_text="SHA-256 of the text that was shown, in hexadecimal")
    snapshot = models.BinaryField(default=bytes, help_text="sealed: the page as it was read, today's values included")
    language = models.CharField(max_length=8, help_text="in which the text was read")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text="written by the gate, with the journal's line"
    )
    stopped_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="a parting writes the end of the month here: the minute would tell when somebody left",
    )
    taken_away = models.JSONField(
        default=list,
        blank=True,
        help_text="what the resident took out of it: fields, and papers and documents by their id",
    )

    objects = GrantManager()
    decides = by_resident(*_FIRST, "taken_away", former=(_FIRST,), head=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="grant_mode_known"),
            models.CheckConstraint(condition=Q(channel__in=GrantChannel.values), name="grant_channel_known"),
            models.CheckConstraint(condition=Q(keep_days=None) | Q(mode=Mode.KEEP), name="grant_only_a_copy_is_kept"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + LONGEST), name="grant_twelve_months_at_most"
            ),
            models.UniqueConstraint(
                fields=["resident_id", "recipient_kind", "recipient_id", "subject_id", "agreement"],
                condition=Q(stopped_at=None),
                nulls_distinct=False,
                name="grant_once_per_recipient_and_agreement",
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.id}"

    @property
    def state(self) -> GrantState:
        now = timezone.now()
        if self.stopped_at is not None and self.stopped_at != self.ends_at:
            return GrantState.STOPPED
        if self.stopped_at is not None or self.ends_at <= now or (self.once and self.last_used_at is not None):
            return GrantState.OVER
        if self.paused_at is not None:
            return GrantState.PAUSED
        return GrantState.ACTIVE if self.starts_at <= now else GrantState.TO_COME

    @property
    def stands(self) -> bool:
        return self.state in {GrantState.TO_COME, GrantState.ACTIVE, GrantState.PAUSED}

    @property
    def rests_until(self) -> datetime | None:
        """Return when the minimum delay since the last reading has passed, or None without one."""
        return self.last_used_at + self.at_most_every if self.last_used_at and self.at_most_every else None

    @property
    def in_emergency(self) -> bool:
        """Return whether two agents opened the grant without its resident.

        No page may state that the resident agreed.
        """
        return self.channel == GrantChannel.EMERGENCY

    def has_lost(self, lines: Iterable[str | UUID]) -> bool:
        """Return whether one of these was taken out. Its own row may be put back; this column may not."""
        return not {*self.taken_away}.isdisjoint(map(str, lines))

    @property
    def ends_soon(self) -> bool:
        """Return whether to remind the resident of the end. A grant of a month or two needs no reminder."""
        return self.stands and self.ends_at - self.starts_at > 2 * ENDING and self.ends_at - timezone.now() <= ENDING

    @property
    def unused(self) -> bool:
        """Return whether the grant has not been read for long. A kept copy is left out: its use is unknown."""
        since = self.last_used_at or self.starts_at
        return self.state == GrantState.ACTIVE and self.mode != Mode.KEEP and since <= timezone.now() - UNUSED

    @property
    def is_live(self) -> bool:
        return self.stopped_at is None

    def followed(self) -> tuple[str, ...]:
        """Return the columns that the head follows: the last use, written by each reading, only if a rule needs it."""
        columns = super().followed()
        rare = self.once or self.at_most_every is not None
        return columns if rare else tuple(name for name in columns if name != "last_used_at")

    @property
    def lock_key(self) -> int:
        """Return the key of the lock that readers share and a change takes exclusively."""
        return locks.key("grant", self.id)

    @property
    def place(self) -> str:
        """Return the place of the sealed snapshot, which is written once."""
        return f"vault_grant|{self.id}|1|snapshot"

    @property
    def name_place(self) -> str:
        return f"vault_grant|{self.id}|1|recipient_name"


class GrantField(AuthenticatedRow, ResidentModel):
    """One field that a grant allows. The resident could have refused a field that is not required."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="fields")
    field = models.CharField(max_length=160, help_text="type#/pointer")
    required = models.BooleanField()

    objects = ResidentManager["GrantField"]()
    decides = by_resident("grant", "field", put_back=WRITTEN_ONCE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "field"], name="grant_field_once")]

    def __str__(self) -> str:
        return self.field


class GrantDocument(AuthenticatedRow, ResidentModel):
    """One document of a grant (vault/records/grants/documents.py). The row stays after the document is deleted."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="documents")
    document_id = models.UUIDField(help_text="a row of the app that made it")

    objects = ResidentManager["GrantDocument"]()
    decides = by_resident("grant", "document_id", put_back=WRITTEN_ONCE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "document_id"], name="grant_document_once")]

    def __str__(self) -> str:
        return f"document {self.document_id}"


class GrantPaper(AuthenticatedRow, ResidentModel):
    """One paper of a grant, with its files. The row is deleted with the paper."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="papers")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="granted")

    objects = ResidentManager["GrantPaper"]()
    decides = by_resident("grant", "paper", put_back=WRITTEN_ONCE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "paper"], name="grant_paper_once")]

    def __str__(self) -> str:
        return f"paper {self.paper_id}"


class GrantWrite(AuthenticatedRow, ResidentModel):
    """A type of data that the recipient may write into the vault, as declared by it."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="writes")
    type = models.CharField(max_length=60)

    objects = ResidentManager["GrantWrite"]()
    decides = by_resident("grant", "type", put_back=WRITTEN_ONCE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "type"], name="grant_write_once")]

    def __str__(self) -> str:
        return self.type


class GrantEvent(AuthenticatedRow, ResidentModel):
    """An event of a grant, with the signed receipt that its resident can keep."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="events")
    happened = models.CharField(max_length=10, choices=Happened)
    at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="the grant's end, as it was after this")
    receipt = models.TextField(blank=True, help_text="JWS; empty while no key can sign it")
    lines = models.JSONField(default=list, help_text="that were taken out, as in Grant.taken_away")

    objects = ResidentManager["GrantEvent"]()
    decides = by_resident("grant", "happened", "at", "ends_at", "lines", former=[UNSIGNED])

    class Meta:
        ordering = ["at", "created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(happened__in=Happened.values), name="grant_event_known"),
            models.UniqueConstraint(
                fields=["grant", "happened"], condition=Q(happened__in=ONCE), name="grant_event_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.happened} {self.grant_id}"


class GrantReading(ResidentModel):
    """One read under a grant: which fields, or which paper, and when.

    It is written in the transaction of its journal entry, whose number it keeps.
    """

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="readings")
    at = models.DateTimeField()
    line = models.PositiveIntegerField(help_text="the number of the journal's line")
    fields = TextsField()
    person = models.UUIDField(null=True, help_text="the reading kept to the records about this person")
    paper_kind = models.CharField(
        max_length=60, blank=True, help_text="of the paper whose file was opened; empty: values were read"
    )
    visit = models.UUIDField(null=True, db_index=True, help_text="under a link: the visit that it belongs to, a Visit")

    objects = ResidentManager["GrantReading"]()
    decides = nothing("a history; the journal proves each reading")

    class Meta:
        ordering = ["-line"]
        indexes = [models.Index(fields=["grant", "-line"], name="reading_by_grant")]

    def __str__(self) -> str:
        return f"line {self.line}"
