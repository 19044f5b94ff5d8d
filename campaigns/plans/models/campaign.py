"""Consultations: a plan that is frozen when it is submitted, and the steps that people and dates took."""

import uuid
from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from campaigns.noise.plan import Plan, sha256_of
from campaigns.plans.states import State, Step
from core.models.rows import FROZEN, AuthenticatedRow, Forged, RowQuerySet, by_city

_plans: dict[str, Plan] = {}
#: Plans that a process keeps in memory.
KEPT = 100


class CampaignQuerySet(RowQuerySet["Campaign"]):
    def open(self) -> Self:
        return self.filter(state=State.OPEN)

    def of(self, author: User) -> Self:
        return self.filter(created_by=author)


class Campaign(AuthenticatedRow):
    """One consultation. The database refuses to change its plan once it is submitted, unless it is sent back first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=60, unique=True, help_text="in addresses; the plan has the same one")
    template = models.CharField(max_length=20, help_text="of the plan, when it was begun")
    document = models.JSONField(help_text="the plan; of a draft, perhaps not a whole one")
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the document, once submitted")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = CampaignQuerySet.as_manager()
    decides = by_city("code", "template", "document", "sha256", "state", "created_by", "created_at", "approved_by")

    class Meta:
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="campaign_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=[State.DRAFT, State.DROPPED]) | ~Q(sha256=""), name="campaign_frozen_by_a_hash"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("created_by")), name="campaign_two_persons"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.APPROVED, State.OPEN, State.CLOSED, State.DESTROYED])
                | Q(approved_by__isnull=False),
                name="campaign_approved_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def plan(self) -> Plan:
        """Return the frozen plan; of a draft, the plan as it is now.

        Raises:
            Forged: the document is not the one whose hash is under the row's MAC.
            PlanRefused: a draft that is no plan yet.
        """
        found = sha256_of(self.document)
        if self.sha256 and self.sha256 != found:
            raise Forged(self)
        if found not in _plans:
            if len(_plans) >= KEPT:
                _plans.clear()
            _plans[found] = Plan.from_json(self.document)
        return _plans[found]

    def takes_contributions(self, on: date) -> bool:
        """Return whether a resident may contribute on this day."""
        return self.state == State.OPEN and self.plan.opens <= on <= self.plan.last_day

    @property
    def title(self) -> dict[str, str]:
        title: dict[str, str] = self.document["title"]
        return title


class CampaignEvent(AuthenticatedRow):
    """One step of a consultation, and who took it; nobody for a step of the calendar. The database refuses changes.

    The public part of each step is an entry of the city's register, in its chain (`core/journal/register.py`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField(help_text="of the consultation's steps, from 1")
    step = models.CharField(max_length=10, choices=Step.choices)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the plan that the step is about")
    favourable = models.BooleanField(null=True, help_text="of an opinion")
    words = models.TextField(blank=True, help_text="reasons or an opinion, public")

    objects = RowQuerySet["CampaignEvent"].as_manager()
    decides = by_city("campaign", "number", "step", "at", "by", "sha256", "favourable", "words", put_back=FROZEN)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="campaign_event_number_once"),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="campaign_event_step_known"),
            models.CheckConstraint(
                condition=Q(step=Step.OPINION, favourable__isnull=False)
                | (~Q(step=Step.OPINION) & Q(favourable=None)),
                name="campaign_event_opinion_says_yes_or_no",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.step}"

    def as_json(self) -> dict[str, Any]:
        """Return what the public register says of the step: no person."""
        event: dict[str, Any] = {"step": self.step, "at": self.at.isoformat(timespec="seconds"), "plan": self.sha256}
        if self.favourable is not None:
            event["favourable"] = self.favourable
        return event | ({"words": self.words} if self.words else {})
