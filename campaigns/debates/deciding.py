"""What an invited group decided, from the published count of its vote: whether its consultation opens."""

from enum import StrEnum
from typing import Any

from campaigns.debates import standing
from campaigns.debates.enums import Choice, Outcome
from campaigns.plans.models import Campaign
from core import canonical

TOO_LATE = "Le plan a été approuvé après la fin du vote du groupe invité : la consultation n’ouvre pas."


class Decision(StrEnum):
    """Waiting: not counted. Few: under the quorum, or void. No: as many against as for, or more."""

    WAITING = "waiting"
    YES = "yes"
    NO = "no"
    FEW = "few"


def decision(campaign: Campaign) -> Decision:
    """Return what the group decided: yes by a majority of the votes cast, with the plan's quorum at least."""
    document = count(campaign)
    group = campaign.plan.group
    if document is None or group is None:
        return Decision.WAITING
    if document["outcome"] == Outcome.VOID or document["ballots"]["in_all"] < group.quorum:
        return Decision.FEW
    counts = document["counts"][0]
    return Decision.YES if counts[Choice.FOR] > counts[Choice.AGAINST] else Decision.NO


def count(campaign: Campaign) -> dict[str, Any] | None:
    """Return the published count of the group's vote, if it is counted."""
    vote = standing.opening_vote(campaign)
    row = standing.count_of(vote.pk) if vote else None
    found: dict[str, Any] | None = canonical.decode(row.document.encode()) if row else None
    return found


def why_not(decision: Decision) -> str:
    """Return why the consultation does not open, for the public register, which is in French; "" if it may."""
    return {
        Decision.NO: "Le groupe invité n’a pas voté oui : la consultation n’ouvre pas.",
        Decision.FEW: "Trop peu de membres du groupe invité ont voté : la consultation n’ouvre pas.",
    }.get(decision, "")
