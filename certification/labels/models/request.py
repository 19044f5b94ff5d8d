"""A request for a label: what the publisher says, what the two agents find, and their decision."""

import hashlib
import json
import uuid
from datetime import datetime, timedelta
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from certification.labels.enums import RequestKind, Verdict
from certification.labels.models.charter import CharterVersion, Criterion
from certification.labels.models.service import Service
from certification.labels.states import CLOSED, DECIDED, State
from core import canonical
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city
from vault.records.actions.grants import months_later
from vault.records.enums import Mode

#: The longest label. A service asks again before its end.
LONGEST_MONTHS = 24
#: How long a publisher may keep what it read, unless the charter's reason is written.
LONGEST_KEEPING = 36 * 31
#: The city's own deadline, without the days spent waiting for the publisher.
DECIDES_WITHIN = timedelta(days=28)
#: Without an answer for two months, the law would take the silence for a yes (CRPA L231-1).
LEGAL_MONTHS = 2


class LabelRequestQuerySet(RowQuerySet["LabelRequest"]):
    def open(self) -> Self:
        return self.exclude(state__in=CLOSED)

    def for_agents(self) -> Self:
        """Return the requests that agents see: a draft is the publisher's own."""
        return self.exclude(state__in=[State.DRAFT, State.DROPPED])


#: Columns of a request under its MAC before `remedies` came.
_FIRST = (
    "number",
    "service",
    "charter",
    "kind",
    "state",
    "privacy_url",
    "hosting",
    "subprocessors",
    "data_contact",
    "alert_contact",
    "submitted_at",
    "waiting_since",
    "waited",
    "instructor",
    "favourable",
    "opinion",
    "decided_by",
    "decided_at",
    "reasons",
    "months",
)


class LabelRequest(AuthenticatedRow):
    """A request. Who examines it does not decide, and the database refuses one person as both."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=14, unique=True, help_text="what both sides call it")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="requests")
    charter = models.ForeignKey(CharterVersion, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=RequestKind.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    privacy_url = models.URLField(_("politique de confidentialité"), max_length=200, blank=True)
    hosting = models.CharField(
        _("hébergement"), max_length=120, blank=True, help_text=_("Le pays et l’hébergeur, pour tous les serveurs.")
    )
    subprocessors = models.TextField(
        _("sous-traitants"), max_length=1000, blank=True, help_text=_("Un par ligne, ou « Aucun ».")
    )
    data_contact = models.EmailField(
        _("contact pour les données"), blank=True, help_text=_("Publié : une adresse de service, pas d’une personne.")
    )
    alert_contact = models.EmailField(
        _("contact d’astreinte"), blank=True, help_text=_("Pour la ville seulement, en cas de faille.")
    )
    submitted_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True, help_text="complements were asked: the city's clock is stopped")
    waited = models.DurationField(default=timedelta)
    instructor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    favourable = models.BooleanField(null=True, help_text="the instructor's opinion")
    opinion = models.TextField(max_length=2000, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reasons = models.TextField(max_length=2000, blank=True)
    remedies = models.TextField(max_length=2000, blank=True, help_text="how to obtain the label, in a refusal")
    months = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MONTHS)]
    )

    objects = LabelRequestQuerySet.as_manager()
    decides = by_city(*_FIRST, "remedies", former=[_FIRST])

    class Meta:
        verbose_name = _("demande de label")
        verbose_name_plural = _("demandes de label")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="label_request_state_known"),
            models.UniqueConstraint(
                fields=["service"], condition=~Q(state__in=CLOSED), name="label_request_one_open_per_service"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | (Q(instructor__isnull=False) & ~Q(decided_by=F("instructor"))),
                name="label_request_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DECIDED, decided_by__isnull=False, decided_at__isnull=False)
                | (~Q(state__in=DECIDED) & Q(decided_by=None, decided_at=None)),
                name="label_request_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED) | ~Q(reasons=""), name="label_request_decided_with_reasons"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.REFUSED) | ~Q(remedies=""), name="label_request_refused_with_remedies"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ACCEPTED) | Q(months__gte=1, months__lte=LONGEST_MONTHS),
                name="label_request_accepted_for_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def mark(self) -> str:
        """Return what tells one opinion, on one content, from another. Cost: one query."""
        found = self.reviews.order_by("criterion_id").values_list("criterion_id", "verdict", "text", "at")
        said = [self.instructor_id, self.favourable, self.months, self.opinion, self.waited, list(found)]
        return hashlib.sha256(canonical.encode(json.loads(json.dumps(said, default=str)))).hexdigest()

    def reviewers(self) -> set[uuid.UUID]:
        """Return the ids of the agents who reviewed a criterion, also of those whose review another one replaced."""
        reviews = list(self.reviews.all())  # loaded, hence checked
        return {one.agent_id for one in reviews} | {uuid.UUID(id) for one in reviews for id in one.former_agents}

    @property
    def city_deadline(self) -> datetime | None:
        """Return the city's own deadline. It moves while complements are awaited."""
        if self.submitted_at is None:
            return None
        stopped = timezone.now() - self.waiting_since if self.waiting_since else timedelta()
        return self.submitted_at + DECIDES_WITHIN + self.waited + stopped

    @property
    def legal_deadline(self) -> datetime | None:
        return months_later(self.submitted_at, LEGAL_MONTHS) if self.submitted_at else None


#: Columns of a purpose under its MAC before services wrote back.
_PURPOSE = ("request", "title", "title_en", "text", "text_en", "mode", "keep_days", "at_most_every")


class Purpose(AuthenticatedRow):
    """One thing that the service does with the values, in words that a resident understands."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(LabelRequest, on_delete=models.CASCADE, related_name="purposes")
    title = models.CharField(_("but"), max_length=100, help_text=_("Comme « Comparer mon loyer »."))
    title_en = models.CharField(_("but, en anglais"), max_length=100)
    text = models.CharField(
        _("ce que le service en fait"), max_length=200, help_text=_("200 caractères, sans mot vague.")
    )
    text_en = models.CharField(_("ce que le service en fait, en anglais"), max_length=200)
    mode = models.CharField(max_length=10)
    keep_days = models.PositiveSmallIntegerField(
        _("jours de conservation"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Si le service garde une copie."),
    )
    at_most_every = models.DurationField(null=True, blank=True, help_text="between two readings")
    writes = models.JSONField(default=list, blank=True, help_text="types of data that the service writes back")

    objects = RowQuerySet["Purpose"].as_manager()
    decides = by_city(*_PURPOSE, "writes", former=[_PURPOSE])

    class Meta:
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(fields=["request", "title"], name="purpose_title_once"),
            models.CheckConstraint(
                condition=Q(mode=Mode.LOOK, keep_days=None) | Q(mode=Mode.KEEP, keep_days__gte=1),
                name="purpose_keeps_for_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PurposeField(AuthenticatedRow):
    """A field that a purpose asks for, optional unless its justification says why the service needs it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.ForeignKey(Purpose, on_delete=models.CASCADE, related_name="fields")
    field = models.CharField(max_length=160, help_text="type#/pointer")
    required = models.BooleanField(_("nécessaire"), default=False)
    why = models.CharField(_("pourquoi"), max_length=160)
    why_en = models.CharField(_("pourquoi, en anglais"), max_length=160)

    objects = RowQuerySet["PurposeField"].as_manager()
    decides = by_city("purpose", "field", "required", "why", "why_en")

    class Meta:
        ordering = ["field"]
        constraints = [models.UniqueConstraint(fields=["purpose", "field"], name="purpose_field_once")]

    def __str__(self) -> str:
        return self.field


class PurposePaper(AuthenticatedRow):
    """A kind of paper that a purpose asks for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.ForeignKey(Purpose, on_delete=models.CASCADE, related_name="papers")
    kind = models.CharField(max_length=60, help_text="a PaperKind's code")
    required = models.BooleanField(_("nécessaire"), default=False)
    why = models.CharField(_("pourquoi"), max_length=160)
    why_en = models.CharField(_("pourquoi, en anglais"), max_length=160)

    objects = RowQuerySet["PurposePaper"].as_manager()
    decides = by_city("purpose", "kind", "required", "why", "why_en")

    class Meta:
        ordering = ["kind"]
        constraints = [models.UniqueConstraint(fields=["purpose", "kind"], name="purpose_paper_once")]

    def __str__(self) -> str:
        return self.kind


class Answer(AuthenticatedRow):
    """The publisher's answer to one criterion. Published with the label."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(LabelRequest, on_delete=models.CASCADE, related_name="answers")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(_("réponse"), max_length=15, choices=Verdict.choices)
    text = models.TextField(_("comment"), max_length=1000)
    proof_url = models.URLField(_("preuve en ligne"), max_length=200, blank=True)

    objects = RowQuerySet["Answer"].as_manager()
    decides = by_city("request", "criterion", "verdict", "text", "proof_url")

    class Meta:
        ordering = ["criterion__code"]
        constraints = [
            models.UniqueConstraint(fields=["request", "criterion"], name="answer_once_per_criterion"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="answer_verdict_known"),
        ]

    def __str__(self) -> str:
        return self.verdict


#: Columns of a review under its MAC before those of former agents.
_REVIEWED = ("request", "criterion", "agent", "verdict", "text")


class Review(AuthenticatedRow):
    """The instructor's finding on one criterion. Published with the decision."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(LabelRequest, on_delete=models.CASCADE, related_name="reviews")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    agent = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    former_agents = models.JSONField(default=list, help_text="ids: they reviewed it before, so none of them decides")
    verdict = models.CharField(_("avis"), max_length=15, choices=Verdict.choices)
    text = models.TextField(_("pourquoi"), max_length=1000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["Review"].as_manager()
    decides = by_city(*_REVIEWED, "former_agents", former=(_REVIEWED,))

    class Meta:
        ordering = ["criterion__code"]
        constraints = [
            models.UniqueConstraint(fields=["request", "criterion"], name="review_once_per_criterion"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="review_verdict_known"),
            models.CheckConstraint(
                condition=Q(verdict__in=[Verdict.MET, Verdict.NOT_APPLICABLE]) | ~Q(text=""),
                name="review_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.verdict


class Message(AuthenticatedRow):
    """One message of a request's thread, between the publisher and the city."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(LabelRequest, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    from_city = models.BooleanField()
    asks_complements = models.BooleanField(default=False)
    text = models.TextField(_("message"), max_length=2000)
    at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["Message"].as_manager()
    decides = by_city("request", "author", "from_city", "asks_complements", "text", "at", former=[UNSIGNED])

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"message of {self.request_id}"
