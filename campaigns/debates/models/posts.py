"""Proposals and arguments, which are public; their authors, who are not."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from campaigns.debates.enums import Kind, Rule
from campaigns.plans.models import Campaign
from core.models import ResidentManager, ResidentModel
from core.models.rows import FROZEN, AuthenticatedRow, RowQuerySet, by_city, by_resident

#: How long a vote waits for the author of a proposal that was set aside, who may be told the day after.
TIME_TO_APPEAL = timedelta(days=7)


class PostQuerySet(RowQuerySet["Post"]):
    def proposals(self) -> Self:
        return self.filter(kind=Kind.PROPOSAL)

    def shown(self) -> Self:
        """Return the posts that no agent set aside, or that an appeal put back: it is checked as they are loaded."""
        return self.filter(Q(moderation=None) | Q(moderation__upheld=True)).select_related("moderation")


class Post(AuthenticatedRow):
    """A proposal on the results of a consultation, or an argument about one. It does not say who wrote it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    about = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="arguments")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=100, blank=True, help_text="of a proposal")
    text = models.CharField(max_length=600)
    written_on = models.DateField()

    objects = PostQuerySet.as_manager()
    decides = by_city("campaign", "about", "kind", "title", "text", "written_on", put_back=FROZEN)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind=Kind.PROPOSAL, about=None) & ~Q(title=""))
                | Q(kind__in=[Kind.FOR, Kind.AGAINST], about__isnull=False, title=""),
                name="post_is_a_proposal_or_about_one",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.text[:60]


class Authorship(AuthenticatedRow, ResidentModel):
    """The authorship of a post, for its resident's pages, appeal and limit. Erased with their vault."""

    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="+")

    objects = ResidentManager["Authorship"]()
    decides = by_resident("post")

    def __str__(self) -> str:
        return f"who wrote {self.post_id}"


class Moderation(AuthenticatedRow):
    """A post set aside by one agent, for a rule and with reasons. Its author appeals once; another agent decides."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    post = models.OneToOneField(Post, on_delete=models.PROTECT, related_name="moderation")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    rule = models.CharField(max_length=10, choices=Rule.choices)
    reasons = models.CharField(max_length=600, help_text="public")
    appeal = models.CharField(max_length=600, blank=True, help_text="what the author says; for agents")
    appealed_on = models.DateField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    upheld = models.BooleanField(null=True, help_text="of the appeal: the post is shown again")
    decision = models.CharField(max_length=600, blank=True, help_text="public")
    notified_at = models.DateTimeField(null=True, help_text="when the author was told that it was set aside")
    answer_notified_at = models.DateTimeField(null=True, help_text="when they were told of the decision on it")

    objects = RowQuerySet["Moderation"].as_manager()
    decides = by_city(
        "post",
        "by",
        "at",
        "rule",
        "reasons",
        "appeal",
        "appealed_on",
        "decided_by",
        "decided_at",
        "upheld",
        "decision",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("by")), name="moderation_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, upheld=None)
                | Q(
                    decided_by__isnull=False, decided_at__isnull=False, upheld__isnull=False, appealed_on__isnull=False
                ),
                name="moderation_decided_after_an_appeal",
            ),
        ]

    def __str__(self) -> str:
        return f"moderation of {self.post_id}"

    @property
    def vote_waits_until(self) -> datetime:
        """Until when no vote is asked for on its account, if nobody appeals."""
        return self.at + TIME_TO_APPEAL

    @property
    def waits(self) -> bool:
        """Return whether an appeal waits for another agent."""
        return self.appealed_on is not None and self.decided_at is None
