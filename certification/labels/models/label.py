"""Labels: what a service may ask, until when. Their texts are frozen; their state is computed at each request."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from certification.labels.enums import HEARD, PREFIX, Change, LabelState
from certification.labels.models.request import LabelRequest
from certification.labels.models.service import Service
from core import canonical
from core.models.rows import AuthenticatedRow, Forged, RowQuerySet, by_city

#: Any twenty-four months.
LONGEST = timedelta(days=732)


def sha256_of(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical.encode(content)).hexdigest()


def genuine(row: "PurposeVersion | Label", content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a row, if it is the one whose hash is under the row's MAC.

    Raises:
        Forged
    """
    if sha256_of(content) != row.sha256:
        raise Forged(row)
    return content


class PurposeVersion(AuthenticatedRow):
    """A purpose as two agents decided on it: the text behind residents' grants. The database refuses any change.

    A label that is renewed with the same purpose names the same version, so that grants under it go on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="purpose_versions")
    content = models.JSONField(help_text="words in both languages, fields, papers and terms (agreements.py)")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["PurposeVersion"].as_manager()
    decides = by_city("service", "sha256")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "sha256"], name="purpose_version_once")]

    def __str__(self) -> str:
        return f"purpose {self.sha256[:8]}"

    @property
    def text(self) -> dict[str, Any]:
        """Return the frozen content; raises as `genuine`."""
        return genuine(self, self.content)

    @property
    def agreement(self) -> str:
        return f"{PREFIX}:{self.pk.hex}"


class LabelQuerySet(RowQuerySet["Label"]):
    def in_force(self) -> Self:
        """Return the labels that allow readings now. Their end is compared with the clock here, by no nightly job."""
        return self.listed().filter(suspended_at=None)

    def listed(self) -> Self:
        """Return the labels of the catalogue: in force, or suspended. Those of a closed publisher are neither."""
        now = timezone.now()
        return self.filter(
            service__publisher__is_active=True,
            accepted_at__lte=now,
            withdrawn_at=None,
            renounced_at=None,
            replaced_at=None,
            valid_from__lte=now,
            valid_until__gt=now,
        )

    def stopped_since(self, moment: datetime) -> Self:
        """Return the labels suspended or withdrawn since, the last one last."""
        stopped = self.filter(Q(suspended_at__gt=moment) | Q(withdrawn_at__gt=moment))
        return stopped.annotate(stopped_at=Greatest("suspended_at", "withdrawn_at")).order_by("stopped_at")


#: Columns of a label under its MAC before labels had an agreement to accept.
_FIRST = (
    "number",
    "service",
    "request",
    "valid_from",
    "valid_until",
    "sha256",
    "suspended_at",
    "withdrawn_at",
    "renounced_at",
)


class Label(AuthenticatedRow):
    """A label. Everything that was decided on is in its snapshot, which the database refuses to change.

    It allows nothing before the publisher has accepted the agreement of its snapshot, as the city did by granting it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=14, unique=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="labels")
    request = models.OneToOneField(LabelRequest, on_delete=models.PROTECT, related_name="label")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    snapshot = models.JSONField()
    sha256 = models.CharField(max_length=64)
    accepted_at = models.DateTimeField(null=True, help_text="when the publisher accepted the agreement")
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    suspended_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    renounced_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True, help_text="when a label that changes it was accepted")

    objects = LabelQuerySet.as_manager()
    decides = by_city(*_FIRST, "accepted_at", "accepted_by", "replaced_at", former=[_FIRST])

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from"), valid_until__lte=F("valid_from") + LONGEST),
                name="label_two_years_at_most",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="label_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state(self) -> LabelState:
        if self.withdrawn_at:
            return LabelState.WITHDRAWN
        if self.renounced_at:
            return LabelState.RENOUNCED
        if self.replaced_at:
            return LabelState.REPLACED
        if self.valid_until <= timezone.now():
            return LabelState.EXPIRED
        if self.accepted_at is None:
            return LabelState.WAITING
        return LabelState.SUSPENDED if self.suspended_at else LabelState.ACTIVE

    @property
    def stands(self) -> bool:
        """Return True if the label may still be given up or withdrawn."""
        return self.state in {LabelState.WAITING, LabelState.ACTIVE, LabelState.SUSPENDED}

    @property
    def text(self) -> dict[str, Any]:
        """Return the frozen text.

        Raises:
            Forged: it is not the text whose hash is under the row's MAC.
        """
        return genuine(self, self.snapshot)


class LabelPurpose(AuthenticatedRow):
    """A purpose that a label allows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="allowed")
    version = models.ForeignKey(PurposeVersion, on_delete=models.PROTECT, related_name="labels")

    objects = RowQuerySet["LabelPurpose"].as_manager()
    decides = by_city("label", "version")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["label", "version"], name="label_purpose_once")]

    def __str__(self) -> str:
        return f"{self.label_id} {self.version_id}"


class LabelChange(AuthenticatedRow):
    """A change of a label: one agent proposes, another decides; one alone suspends in an urgent case. Rows are never
    deleted.

    Before a suspension or a withdrawal the publisher reads the reasons and may answer, until `answer_until`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="changes")
    what = models.CharField(max_length=10, choices=Change.choices)
    reasons = models.TextField(_("raisons"), max_length=2000, help_text=_("Publiées au registre."))
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(default=False)
    answer_until = models.DateTimeField(null=True)
    answer = models.TextField(_("réponse de l’éditeur"), max_length=2000, blank=True)
    answered_at = models.DateTimeField(null=True)

    objects = RowQuerySet["LabelChange"].as_manager()
    decides = by_city(
        "label",
        "what",
        "reasons",
        "proposed_by",
        "proposed_at",
        "decided_by",
        "decided_at",
        "agreed",
        "answer_until",
        "answer",
        "answered_at",
        former=[("label", "what", "reasons", "proposed_by", "proposed_at", "decided_by", "decided_at", "agreed")],
    )

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="label_change_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(agreed=False) | Q(decided_by__isnull=False) | Q(what=Change.URGENT),
                name="label_change_agreed_by_somebody",
            ),
            models.UniqueConstraint(fields=["label"], condition=Q(decided_at=None), name="label_change_one_at_a_time"),
            models.CheckConstraint(condition=~Q(reasons=""), name="label_change_says_why"),
            models.CheckConstraint(
                condition=~Q(what__in=HEARD) | Q(answer_until__isnull=False), name="label_change_heard"
            ),
            models.CheckConstraint(
                condition=~Q(what__in=HEARD, agreed=True)
                | Q(answered_at__isnull=False)
                | Q(decided_at__gte=F("answer_until")),
                name="label_change_agreed_once_heard",
            ),
        ]

    def __str__(self) -> str:
        return self.get_what_display()

    @property
    def signed_by(self) -> User | None:
        """Return the agent who decided: the second of two, or the only one in an urgent case."""
        return self.proposed_by if self.what == Change.URGENT else self.decided_by

    @property
    def is_heard(self) -> bool:
        """Return True if the publisher has answered, or could: the two agents may decide."""
        return self.answer_until is None or self.answered_at is not None or self.answer_until <= timezone.now()

    @property
    def mark(self) -> str:
        """Return what tells the proposal with the publisher's answer from the one without it."""
        return self.answered_at.isoformat() if self.answered_at else "unanswered"
