"""Links from the sheet and the results of a consultation to its debate, its vote, its count."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.contributions.actions import group
from campaigns.debates import deciding, standing
from campaigns.debates.enums import Choice, VoteState
from campaigns.plans.models import Campaign
from campaigns.plans.presenting.ways import Way
from campaigns.plans.states import BEGUN, State
from core.templatetags.civic import long_date


def to_debate(campaign: Campaign) -> Way | None:
    if not standing.has_debate(campaign):
        return None
    return Way(_("Le débat"), reverse("debates:debate", args=[campaign.code]))


def to_vote(campaign: Campaign) -> Way | None:
    vote = standing.vote_of(campaign)
    if vote is None or vote.state != VoteState.APPROVED:
        return None
    if vote.is_open(timezone.now()):
        return Way(_("Voter"), reverse("debates:vote", args=[campaign.code]))
    return Way(_("Le résultat du vote"), reverse("debates:result", args=[campaign.code]))


def to_group(campaign: Campaign) -> Way | None:
    """Return the way of an invited group: to its code, and to its vote."""
    if campaign.state not in group.JOINABLE or campaign.plan.group is None:
        return None
    return Way(_("J’ai un code d’invitation"), reverse("debates:group", args=[campaign.code]))


def of_group(campaign: Campaign) -> str:
    """Return in a sentence what the group decides, or decided; "" of a consultation that is open to all."""
    plan = campaign.plan
    if plan.group is None:
        return ""
    document = deciding.count(campaign)
    if document is None:
        sentence = gettext(
            "Réservée à un groupe invité de %(invited)s personnes. Elle n’ouvre que s’il vote oui, avec %(quorum)s"
            " votes au moins, jusqu’au %(day)s."
        )
        values = {"invited": plan.group.invited, "quorum": plan.group.quorum}
        return sentence % {**values, "day": long_date(plan.group.votes_until)}
    if "counts" not in document:
        return gettext("Réservée à un groupe invité. Moins de 11 membres ont voté : le vote est nul.")
    sentence = gettext("Réservée à un groupe invité, qui a voté : %(yes)s oui, %(no)s non.")
    return sentence % {"yes": document["counts"][0][Choice.FOR], "no": document["counts"][0][Choice.AGAINST]}


def to_invitations(campaign: Campaign) -> Way | None:
    """Return the way of the author to the codes of the group."""
    if campaign.state not in {State.SUBMITTED, State.APPROVED} or campaign.plan.group is None:
        return None
    return Way(_("Les codes du groupe invité"), reverse("debates:invitations", args=[campaign.code]))


def to_moderation(campaign: Campaign) -> Way | None:
    """Return the way of agents."""
    if campaign.state not in BEGUN or not standing.has_debate(campaign):
        return None
    return Way(_("Modérer le débat, ouvrir un vote"), reverse("debates:posts", args=[campaign.code]))
