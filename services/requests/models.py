"""Requests that residents sent to offices. Each is a copy under a grant: the office reads what was sent, no vault."""

from collections.abc import Sequence
from datetime import date
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import Organisation, User
from core.models import FileRow, ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_resident, check
from services.dossiers.models import names_of
from services.procedures import finding
from services.procedures.enums import Silence
from services.requests import clock
from services.requests.enums import OPEN, Fault, Happened, LetterKind, OutsideAnswer, Proposal, State
from vault.records.models import Grant

DECIDED = (State.GRANTED, State.REFUSED)
#: Columns under the MAC of a request since the first list.
DECIDED_BY = (
    *("number", "dossier_id", "organisation", "grant", "state", "sent_at", "keep_until", "stopped_days"),
    *("stopped_since", "codes", "instructor", "proposal", "proposed_by", "decided_by", "decided_at"),
)


class SentRequestQuerySet(RowQuerySet["SentRequest"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def to_renew(self) -> Self:
        """Return the granted requests that end within a month, unless the same was asked for since."""
        today = timezone.localdate()
        since = SentRequest.objects.filter(
            resident_id=OuterRef("resident_id"), aids=OuterRef("aids"), sent_at__gt=OuterRef("decided_at")
        )
        ending = self.filter(state=State.GRANTED, ends_on__range=(today, today + clock.RENEWAL))
        return ending.exclude(Exists(since.exclude(state=State.WITHDRAWN)))


SentRequestManager = ResidentManager.from_queryset(SentRequestQuerySet)


#: Columns of a request under its MAC before the numbers of what is sealed: without them a former one was put back.
_SECOND = (*DECIDED_BY, "aids", "title", "due_on", "ends_on", "silence_told_at", "renewal_told_at")


class SentRequest(AuthenticatedRow, ResidentModel):
    """A dossier sent to an office, under `grant`, which a correction may replace by one to the same end.

    `content` seals the lines that were sent, as they are now; `decision` seals what an instructor proposed.
    """

    number = models.CharField(max_length=10, unique=True)
    dossier_id = models.UUIDField(help_text="the dossier whose lines and PDF were sent; it may be deleted since")
    aids = models.JSONField(help_text="codes of the catalogue")
    title = models.CharField(max_length=200, help_text="in French, as the office reads it")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, null=True, related_name="+")
    token = models.UUIDField(help_text="one per form shown: the same form sent twice gives one request")
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    sent_at = models.DateTimeField(default=timezone.now)
    keep_until = models.DateField(help_text="when the office’s copy goes; the resident chose it")
    stopped_days = models.PositiveIntegerField(default=0, help_text="days during which the clock was stopped")
    stopped_since = models.DateField(null=True, blank=True)
    due_on = models.DateField(help_text="without the stop that is under way")
    codes = models.JSONField(help_text="of the lines that were sent")
    content = models.BinaryField(null=True, help_text="empty once the office’s copy is gone")
    content_version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    instructor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    proposal = models.CharField(max_length=10, choices=Proposal, blank=True)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decision = models.BinaryField(null=True)
    decision_version = models.PositiveIntegerField(default=1, help_text="counts the writings of `decision`")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="until when what was granted lasts")
    silence_told_at = models.DateTimeField(null=True, blank=True)
    renewal_told_at = models.DateTimeField(null=True, blank=True)

    objects = SentRequestManager()
    decides = by_resident(*_SECOND, "content_version", "decision_version", former=[DECIDED_BY, _SECOND])

    class Meta:
        ordering = ["-sent_at"]
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "token"], name="sent_once_per_form"),
            models.UniqueConstraint(fields=["dossier_id"], condition=Q(state__in=OPEN), name="sent_once_per_dossier"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="sent_state_known"),
            models.CheckConstraint(condition=Q(proposal__in=["", *Proposal.values]), name="sent_proposal_known"),
            models.CheckConstraint(
                condition=Q(proposal="", proposed_by=None)
                | Q(proposed_by__isnull=False, decision__isnull=False) & ~Q(proposal=""),
                name="sent_proposal_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(proposed_by__isnull=False) & ~Q(decided_by=F("proposed_by")),
                name="sent_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DECIDED, decided_by__isnull=False, decided_at__isnull=False)
                | ~Q(state__in=DECIDED) & Q(decided_by=None, decided_at=None),
                name="sent_decision_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(stopped_since=None) | Q(state=State.CORRECTION), name="sent_stops_for_a_correction"
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.number}"

    @property
    def name(self) -> str:
        """Return the aids' names in the page's language; `title` keeps the French names for the office."""
        return names_of(self.aids, self.title)

    @property
    def is_open(self) -> bool:
        return State(self.state).is_open

    @cached_property
    def terms(self) -> finding.Terms:
        """Return the office's time and what its silence means, by the procedures in force on the day of receipt.

        Cost: one query, none for national procedures.
        """
        return finding.terms(self.aids, self.sent_at)

    @property
    def silence_grants(self) -> bool:
        return self.terms.silence == Silence.ACCEPTED

    def nobody_could_answer(self) -> bool:
        """Return whether nobody in the office could have decided when its time ended: no grant is attested then.

        Cost: a query. Requires the resident's scope.
        """
        return self.events.filter(happened=Happened.NOBODY).first() is not None

    def is_refused(self) -> bool:
        """Return whether it is refused, also by silence: a correction asked afterwards does not undo that.

        Cost: a query while a correction is open. Requires the resident's scope.
        """
        if not self.is_open:
            return self.state == State.REFUSED or (self.state == State.UNANSWERED and not self.silence_grants)
        late = self.silence_told_at is not None or self.clock().late_by(timezone.localdate()) > 0
        return late and not self.silence_grants

    @property
    def ends_soon(self) -> bool:
        """Return whether what was granted ends within a month, or has ended."""
        return self.ends_on is not None and self.ends_on <= timezone.localdate() + clock.RENEWAL

    @property
    def note_place(self) -> str:
        return f"requests_sentrequest|{self.id}|{self.content_version}|content"

    @property
    def decision_place(self) -> str:
        return f"requests_sentrequest|{self.id}|{self.decision_version}|decision"

    def read_history(self) -> tuple[clock.Clock, list["RequestEvent"]]:
        """Return the clock today and the events, checked together: the resident's key is read once.

        Raises:
            Forged: a correction or an event is not as the portal wrote it.
        """
        asked, events = list(self.corrections.all()) if self.stopped_since else [], list(self.events.all())
        check(*asked, *events)
        return self._clock(asked), events

    def _clock(self, asked: "Sequence[Correction]") -> clock.Clock:
        answer_by = max((one.answer_by for one in asked if one.answered_at is None), default=None)
        received = timezone.localdate(self.sent_at)
        today = timezone.localdate()
        return clock.read(received, self.stopped_days, self.stopped_since, answer_by, today, self.terms.months)

    def clock(self) -> clock.Clock:
        """Return the clock today. Cost: a query while a correction is open. Requires the resident's scope.

        Raises:
            Forged: a correction is not as the portal wrote it.
        """
        return self._clock(self.genuine_corrections() if self.stopped_since else [])

    def genuine_corrections(self) -> list["Correction"]:
        """Return what was asked to be corrected, oldest first, to decide by it: the database lets none go.

        Raises:
            Forged: a correction is not as the portal wrote it.
        """
        found = list(self.corrections.all())
        check(*found)
        return found


class Correction(AuthenticatedRow, ResidentModel):
    """What an instructor asks the resident to mend, on one line. `message` is sealed, written once."""

    request = models.ForeignKey(SentRequest, on_delete=models.CASCADE, related_name="corrections")
    line = models.CharField(max_length=10)
    fault = models.CharField(max_length=10, choices=Fault)
    message = models.BinaryField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    answer_by = models.DateField(help_text="afterwards, the clock runs again")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ResidentManager["Correction"]()
    decides = by_resident("request", "line", "fault", "asked_by", "asked_at", "answer_by", "answered_at")

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "line"], condition=Q(answered_at=None), name="correction_once_per_line"
            ),
            models.CheckConstraint(condition=Q(fault__in=Fault.values), name="correction_fault_known"),
        ]

    def __str__(self) -> str:
        return f"correction {self.id}"

    @property
    def note_place(self) -> str:
        return f"requests_correction|{self.id}|1|message"


class RequestEvent(AuthenticatedRow, ResidentModel):
    """An event of a request, with the agent's name as the resident reads it; empty: the resident, or the portal."""

    request = models.ForeignKey(SentRequest, on_delete=models.CASCADE, related_name="events")
    happened = models.CharField(max_length=10, choices=Happened)
    at = models.DateTimeField(default=timezone.now)
    agent = models.CharField(max_length=120, blank=True)

    objects = ResidentManager["RequestEvent"]()
    decides = by_resident("request", "happened", "at", "agent", former=[UNSIGNED])

    class Meta:
        ordering = ["at", "created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(happened__in=Happened.values), name="request_event_known"),
        ]

    def __str__(self) -> str:
        return f"{self.happened} {self.request_id}"


class Letter(FileRow, ResidentModel):
    """A PDF that the portal made of an event of a request, sealed under the resident's key."""

    request = models.ForeignKey(SentRequest, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=10, choices=LetterKind)
    stored_name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()

    objects = ResidentManager["Letter"]()
    decides = by_resident("request", "kind", "stored_name", former=[UNSIGNED])
    FILE = "letter"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "kind"], name="letter_once"),
            models.CheckConstraint(condition=Q(kind__in=LetterKind.values), name="letter_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.request_id}"


class OutsideRequestQuerySet(RowQuerySet["OutsideRequest"]):
    def late(self) -> Self:
        """Return those whose answer was due: late from the day after `due_on`."""
        return self.filter(answered_on=None, due_on__lt=timezone.localdate())

    def to_renew(self) -> Self:
        """Return the granted requests that end within a month, unless the same was asked for since."""
        today = timezone.localdate()
        same = {"resident_id": OuterRef("resident_id"), "aids": OuterRef("aids")}
        outside = OutsideRequest.objects.filter(**same, sent_on__gt=OuterRef("answered_on"))
        inside = SentRequest.objects.filter(**same, sent_at__date__gt=OuterRef("answered_on"))
        ending = self.filter(answer=OutsideAnswer.GRANTED, ends_on__range=(today, today + clock.RENEWAL))
        return ending.exclude(Exists(outside)).exclude(Exists(inside.exclude(state=State.WITHDRAWN)))


OutsideRequestManager = ResidentManager.from_queryset(OutsideRequestQuerySet)


class OutsideRequest(AuthenticatedRow, ResidentModel):
    """A request to an office outside Garant, such as the CAF: its resident sends it themselves and notes each date.

    `content` seals the name of the office and the number that it gave.
    """

    dossier_id = models.UUIDField(help_text="the dossier that was sent; it may be deleted since")
    aids = models.JSONField(help_text="codes of the catalogue")
    token = models.UUIDField(help_text="one per form shown: the same form sent twice gives one request")
    sent_on = models.DateField()
    asked_on = models.DateField(null=True, blank=True, help_text="when the office last asked for a paper")
    supplied_on = models.DateField(null=True, blank=True, help_text="when its resident sent that paper")
    answered_on = models.DateField(null=True, blank=True)
    answer = models.CharField(max_length=10, choices=OutsideAnswer, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="until when what was granted lasts, if known")
    due_on = models.DateField(null=True, blank=True, help_text="empty while the clock is stopped")
    told_at = models.DateTimeField(null=True, blank=True, help_text="when its resident was told that the time passed")
    renewal_told_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    content = models.BinaryField()

    objects = OutsideRequestManager()
    decides = by_resident(
        *("dossier_id", "aids", "sent_on", "asked_on", "supplied_on", "answered_on", "answer", "ends_on", "due_on"),
        *("told_at", "renewal_told_at", "version"),
        former=[UNSIGNED],
    )

    class Meta:
        ordering = ["-sent_on", "-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "token"], name="outside_once_per_form"),
            models.CheckConstraint(condition=Q(answer__in=["", *OutsideAnswer.values]), name="outside_answer_known"),
            models.CheckConstraint(
                condition=Q(answered_on=None, answer="") | Q(answered_on__isnull=False) & ~Q(answer=""),
                name="outside_answer_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(supplied_on=None) | Q(asked_on__isnull=False), name="outside_supplies_what_is_asked"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(answer=OutsideAnswer.GRANTED), name="outside_ends_what_is_granted"
            ),
        ]

    def __str__(self) -> str:
        return f"outside request {self.id}"

    @property
    def name(self) -> str:
        return names_of(self.aids)

    @property
    def is_open(self) -> bool:
        return self.answered_on is None

    @property
    def is_stopped(self) -> bool:
        """Return whether the office waits for a paper: its time does not run."""
        return self.is_open and self.asked_on is not None and self.supplied_on is None

    @property
    def ends_soon(self) -> bool:
        """Return whether what was granted ends within a month, or has ended."""
        return self.ends_on is not None and self.ends_on <= timezone.localdate() + clock.RENEWAL

    @property
    def is_late(self) -> bool:
        return self.is_open and self.due_on is not None and self.due_on < timezone.localdate()

    @property
    def note_place(self) -> str:
        return f"requests_outsiderequest|{self.id}|{self.version}|content"

    def last_day(self, months: int) -> date | None:
        """Return the last day of the office's time, or None while it is stopped."""
        if self.asked_on is None:
            return clock.due(self.sent_on, 0, months)
        return clock.due(self.sent_on, (self.supplied_on - self.asked_on).days, months) if self.supplied_on else None
