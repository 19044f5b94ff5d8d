"""What the city refers to a panel, what the panel says, what the city answers. The database refuses any change."""

import uuid
from datetime import date, datetime
from typing import Self

from django.db import models
from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import Organisation, User
from campaigns.panel.enums import ANSWERS_WITHIN, Decision, Kind, Stance
from campaigns.panel.models.panels import Panel
from core.models.rows import FROZEN, AuthenticatedRow, RowQuerySet, by_city


class ReferralQuerySet(RowQuerySet["Referral"]):
    def read(self) -> Self:
        """Load what pages show: the panel, the opinions and their answers."""
        opinions = Prefetch("opinions", Opinion.objects.select_related("answer"))
        return self.select_related("panel").prefetch_related(opinions)


class Referral(AuthenticatedRow):
    """A subject that the city asks a panel about."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="referrals")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject_id = models.UUIDField()
    title = models.CharField(max_length=200, help_text="of the subject, on that day")
    title_en = models.CharField(max_length=200)
    question = models.CharField(max_length=600)
    content = models.JSONField(default=dict, help_text="of a charter: its text on that day")
    last_day = models.DateField(help_text="on which an opinion may be written")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = ReferralQuerySet.as_manager()
    decides = by_city(
        "number",
        "panel",
        "kind",
        "subject_id",
        "title",
        "title_en",
        "question",
        "content",
        "last_day",
        "by",
        "at",
        put_back=FROZEN,
    )

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"referral {self.number}"

    @property
    def name(self) -> str:
        return self.title_en if get_language() == "en" else self.title

    def takes_opinions(self, at: datetime) -> bool:
        return self.panel.sits(at) and timezone.localdate(at) <= self.last_day


class Opinion(AuthenticatedRow):
    """A published opinion: of a member, by their rank in the draw, or of an association. It names no account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="opinions")
    member = models.PositiveIntegerField(null=True, help_text="the rank in the draw")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=60, blank=True, help_text="chosen by the member, or of the association")
    stance = models.CharField(max_length=12, choices=Stance.choices)
    reasons = models.CharField(max_length=2000)
    at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["Opinion"].as_manager()
    decides = by_city("referral", "member", "organisation", "name", "stance", "reasons", "at", put_back=FROZEN)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["referral", "member"], name="panel_opinion_once_a_member"),
            models.UniqueConstraint(fields=["referral", "organisation"], name="panel_opinion_once_an_association"),
            models.CheckConstraint(
                condition=Q(member__isnull=False, organisation=None)
                | (Q(member=None, organisation__isnull=False) & ~Q(name="")),
                name="panel_opinion_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"opinion of {self.name or self.member}"

    @property
    def due_on(self) -> date:
        """Return the last day on which the city's answer is not late."""
        return timezone.localdate(self.at) + ANSWERS_WITHIN


class Answer(AuthenticatedRow):
    """The city's answer to an opinion."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    opinion = models.OneToOneField(Opinion, on_delete=models.PROTECT, related_name="answer")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    words = models.CharField(max_length=2000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["Answer"].as_manager()
    decides = by_city("opinion", "decision", "words", "by", "at", put_back=FROZEN)

    def __str__(self) -> str:
        return f"answer to {self.opinion_id}"
