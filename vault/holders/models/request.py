from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import nothing
from vault.holders.enums import RequestAnswer, RequestState
from vault.records.enums import Right
from vault.types.spans import add_months

#: GDPR, article 12(3): one month, and two more for a complex request if the holder says so within the first.
ANSWER_MONTHS, EXTENDED_MONTHS = 1, 3


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def waiting(self) -> Self:
        return self.filter(sent_on__isnull=False, answered_on=None)

    def late(self) -> Self:
        """Return the overdue requests: overdue from the day after `due_on`, at local midnight."""
        return self.waiting().filter(due_on__lt=timezone.localdate())


DataRequestManager = ResidentManager.from_queryset(DataRequestQuerySet)


class DataRequest(ResidentModel):
    """A letter by which a resident asks a holder for their data (GDPR 15 or 20), and its dates.

    The resident sends it themselves. `content` seals the parts of the letter (identity, addresses, references) and
    its text once sent.
    """

    holder = models.CharField(max_length=60, help_text="a Holder's code")
    right = models.CharField(max_length=12, choices=Right)
    sent_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    extended_on = models.DateField(
        null=True, blank=True, help_text="when the holder said that it takes two more months"
    )
    reminded_on = models.DateField(null=True, blank=True)
    complained_on = models.DateField(null=True, blank=True)
    answered_on = models.DateField(null=True, blank=True)
    answer = models.CharField(max_length=10, choices=RequestAnswer, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when its resident was told that the delay has passed"
    )
    token = models.UUIDField(help_text="one per form shown: the same form sent twice gives one request")
    version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    content = models.BinaryField()

    objects = DataRequestManager()
    decides = nothing("a letter of its resident, sealed")

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(answered_on=None, told_at=None), name="request_to_tell")
        ]
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "token"], name="request_once_per_form"),
            models.CheckConstraint(condition=Q(right__in=Right.values), name="request_right_known"),
            models.CheckConstraint(condition=Q(answer__in=["", *RequestAnswer.values]), name="request_answer_known"),
            models.CheckConstraint(
                condition=Q(sent_on=None, due_on=None)
                | Q(sent_on__isnull=False, due_on__isnull=False, due_on__gt=F("sent_on")),
                name="request_sent_has_its_end",
            ),
            models.CheckConstraint(
                condition=Q(sent_on__isnull=False)
                | Q(extended_on=None, reminded_on=None, complained_on=None, answered_on=None),
                name="request_steps_follow_sending",
            ),
            models.CheckConstraint(
                condition=Q(answered_on=None, answer="") | Q(answered_on__isnull=False) & ~Q(answer=""),
                name="request_answer_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.id}"

    @property
    def place(self) -> str:
        return f"vault_datarequest|{self.id}|{self.version}|content"

    @property
    def state(self) -> RequestState:
        if self.sent_on is None:
            return RequestState.DRAFT
        if self.answered_on is not None:
            return RequestState.ANSWERED
        return RequestState.LATE if self.is_late(timezone.localdate()) else RequestState.WAITING

    def is_late(self, today: date) -> bool:
        return self.answered_on is None and self.due_on is not None and self.due_on < today

    @property
    def may_complain(self) -> bool:
        return self.state == RequestState.LATE or self.answer in {RequestAnswer.PARTIAL, RequestAnswer.REFUSED}

    def last_day(self) -> date | None:
        """Return the last day to answer: the same day of a later month, or its last (31 January to 28 February)."""
        months = ANSWER_MONTHS if self.extended_on is None else EXTENDED_MONTHS
        return add_months(self.sent_on, months) if self.sent_on else None


class RequestPaper(ResidentModel):
    """A paper that came in answer to a request."""

    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="papers")
    paper = models.OneToOneField("records.Paper", on_delete=models.CASCADE, related_name="answers")

    objects = ResidentManager["RequestPaper"]()
    decides = nothing("a paper of the same vault, for its resident only")

    def __str__(self) -> str:
        return f"paper {self.paper_id} for request {self.request_id}"
