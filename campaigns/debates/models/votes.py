"""Votes, identities that may vote, and ballots, which no one but the role `release` reads.

The role `web` has no right on the tables of ballots and slips, not even to count their rows: it calls functions of the
database (migrations). A row has no time and no number. Why two envelopes: docs/decisions/0036.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from campaigns.debates.enums import Means, VoteKind, VoteState
from campaigns.plans.models import Campaign
from core.models import ResidentManager, ResidentModel
from core.models.rows import FROZEN, AuthenticatedRow, RowQuerySet, by_city, by_resident, nothing

SEALED = "sealed to the vote; a row without the portal's stamp is not counted"

_FIRST = ("campaign", "options", "closes_at", "state", "created_by", "created_at", "decided_by", "words")


class Vote(AuthenticatedRow):
    """One vote about a consultation. The database refuses to change it once it is approved.

    Of a vote on its opening, the two persons are those who wrote and approved the plan, which says when it closes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=VoteKind, default=VoteKind.PROPOSALS, db_default=VoteKind.PROPOSALS)
    options = models.JSONField(help_text="the proposals as they are voted on: id, title, text")
    closes_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=VoteState.choices, default=VoteState.PROPOSED)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    words = models.CharField(max_length=600, blank=True, help_text="why it was refused; public")

    objects = RowQuerySet["Vote"].as_manager()
    decides = by_city(*_FIRST, "kind", former=[_FIRST], put_back=FROZEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "kind"],
                condition=~Q(state=VoteState.REFUSED),
                name="vote_one_of_a_kind_for_a_consultation",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("created_by")), name="vote_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(state=VoteState.PROPOSED) | Q(decided_by__isnull=False), name="vote_decided_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"vote of {self.campaign_id}"

    def is_open(self, at: datetime) -> bool:
        """Return whether ballots are taken at this time. The database says it again for each ballot."""
        return self.state == VoteState.APPROVED and at < self.closes_at

    @property
    def titles(self) -> list[str]:
        options: list[dict[str, Any]] = self.options
        return [one["title"] for one in options]


class ProvenIdentity(AuthenticatedRow, ResidentModel):
    """The proof of who a resident is, given once: by FranceConnect, or to an agent at the desk.

    `pseudonym` is an HMAC of the civil status under the city's key: it tells whether two accounts are one person, and
    not who that is.
    """

    pseudonym = models.BinaryField()
    means = models.CharField(max_length=15, choices=Means.choices)

    objects = ResidentManager["ProvenIdentity"]()
    decides = by_resident("pseudonym", "means")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="proven_identity_once")]

    def __str__(self) -> str:
        return f"identity proven {self.means}"


class IdentityCheck(AuthenticatedRow, ResidentModel):
    """What the first of two agents read on an identity paper, until the second one reads the same. Deleted then.

    `pseudonym`: as `ProvenIdentity` has it. Alone it gives no vote.
    """

    pseudonym = models.BinaryField()
    checked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(default=timezone.now)

    objects = ResidentManager["IdentityCheck"]()
    decides = by_resident("pseudonym", "checked_by", "checked_at")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="identity_check_once")]

    def __str__(self) -> str:
        return "identity checked by one agent"


def _once_for_an_account(model: str) -> models.UniqueConstraint:
    """Return the constraint that an account votes online under one identity. Paper ballots share one account."""
    condition = Q(on_paper=False)
    return models.UniqueConstraint(
        fields=["vote_id", "account"], condition=condition, name=f"{model}_once_for_an_account"
    )


class BallotArrival(models.Model):
    """A ballot that waits for the night, when the role `release` moves all of them in a random order.

    A voter's paper ballot lies beside their online one, here and in `Ballot`: the count takes the paper one.
    """

    pk = models.CompositePrimaryKey("vote_id", "pseudonym", "on_paper")
    vote_id = models.UUIDField()
    pseudonym = models.BinaryField(help_text="HMAC of the voter's identity under the vote's key")
    account = models.BinaryField(help_text="HMAC of the account that voted: another one is refused")
    on_paper = models.BooleanField()
    sealed = models.BinaryField(help_text="the inner envelope, HPKE: the choice, and nothing of the voter")
    stamp = models.BinaryField(help_text="the outer envelope: the portal's HMAC of the others")
    arrived_on = models.DateField(help_text="a day, without an hour")

    decides = nothing(SEALED)

    class Meta:
        db_table = 'campaigns"."ballot_arrival'
        constraints = [_once_for_an_account("ballotarrival")]

    def __str__(self) -> str:
        return "a ballot that arrived"


class Ballot(models.Model):
    """A ballot that waits for the count, which deletes it. Only the night and the count change this table."""

    pk = models.CompositePrimaryKey("vote_id", "pseudonym", "on_paper")
    vote_id = models.UUIDField()
    pseudonym = models.BinaryField()
    account = models.BinaryField()
    on_paper = models.BooleanField()
    sealed = models.BinaryField()
    stamp = models.BinaryField()

    decides = nothing(SEALED)

    class Meta:
        db_table = 'campaigns"."ballot'
        constraints = [_once_for_an_account("ballot")]

    def __str__(self) -> str:
        return "a ballot"


class PaperSlip(models.Model):
    """One agent's word that somebody came with an identity paper. Another agent then types the ballot, that day.

    The database takes no paper ballot without one, nor from the agent who gave it, and deletes it with the ballot.
    """

    pk = models.CompositePrimaryKey("vote_id", "pseudonym")
    vote_id = models.UUIDField()
    pseudonym = models.BinaryField(help_text="as a ballot has it")
    account = models.BinaryField()
    number = models.BinaryField(help_text="HMAC of the number on the envelope and of the birth date")
    checked_by = models.UUIDField(help_text="the agent who saw the identity paper")
    stamp = models.BinaryField(help_text="the portal's HMAC of the others")
    given_on = models.DateField()

    decides = nothing(SEALED)

    class Meta:
        db_table = 'campaigns"."paper_slip'
        constraints = [models.UniqueConstraint(fields=["vote_id", "number"], name="paper_slip_number_once")]

    def __str__(self) -> str:
        return "a paper ballot that is awaited"
