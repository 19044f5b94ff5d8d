"""A campaign in a page's words: who asks, what for, what will be published, until when."""

from datetime import date
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.contributions import across, agreements, budget
from campaigns.contributions.actions import contributing
from campaigns.contributions.models import Increment
from campaigns.noise.plan import Plan
from campaigns.plans.models import Campaign
from campaigns.plans.presenting import ways
from campaigns.plans.presenting.pages import holder_name
from campaigns.plans.presenting.ways import Way
from campaigns.plans.states import State
from core.templatetags.civic import long_date, number
from vault.sharing.models import DeskVisit

#: Parts of the yearly budget, in words, from the smallest.
PARTS = 20


def about(campaign: Campaign) -> dict[str, Any]:
    plan, language = campaign.plan, get_language() or "fr"
    partners = [{"key": one.name, "value": one.role.in_language(language)} for one in plan.partners]
    return {
        "campaign": campaign,
        "title": plan.title.in_language(language),
        "question": plan.question.in_language(language),
        "last_day": plan.last_day,
        "who": [
            {"key": _("Qui demande"), "value": plan.sponsor},
            *([{"key": _("Organisme"), "value": holder_name(plan.holder)}] if plan.holder else []),
            *partners,
            {"key": _("Pour quoi"), "value": plan.purpose.in_language(language)},
            {"key": _("Ce qui sera publié"), "value": _published(plan, language)},
            *([{"key": _("Qui répond"), "value": _one_each()}] if plan.unit == contributing.DWELLING else []),
            {"key": _("Quand"), "value": ", ".join(long_date(window.release) for window in plan.windows)},
            {"key": _("Tout est détruit"), "value": _("Au plus tard le %(day)s") % {"day": _end(plan)}},
        ],
    }


def way_to_take_part(campaign: Campaign) -> Way | None:
    if not campaign.takes_contributions(timezone.localdate()):
        return None
    if campaign.plan.holder:
        return Way(_("Demander mes données, ensemble"), reverse("contributions:ask", args=[campaign.code]))
    return Way(_("Voir ce qui partirait"), reverse("contributions:take_part", args=[campaign.code]))


def milestone(campaign: Campaign) -> str:
    """Return the last milestone of an open campaign in a sentence, or "". The portal knows no other number."""
    if campaign.state != State.OPEN:
        return ""
    last = Increment.objects.filter(campaign_id=campaign.pk).aggregate(last=Max("passed"))["last"]
    if not last:
        return ""
    sentence = _("Plus de %(count)s réponses, comptées avec du hasard. Seuls des paliers sont montrés.")
    return sentence % {"count": number(last)}


def already_out(campaign: Campaign) -> list[Way]:
    """Return where the results that are already published are read."""
    return [way for way in ways.of(campaign) if way.text]


def lines_at_desk(visit: DeskVisit) -> list[dict[str, str]]:
    """Return the open consultations. No line says whether the resident takes part: opening it does."""
    language = get_language() or "fr"
    return [
        {
            "label": one.plan.title.in_language(language),
            "text": _("Consultation de la ville, jusqu’au %(day)s") % {"day": long_date(one.plan.last_day)},
            "action": _("Répondre ou se retirer"),
            "action_href": reverse("contributions:desk_answer", args=[visit.pk, one.code]),
        }
        for one in Campaign.objects.open()
        if not one.plan.holder
    ]


def _published(plan: Plan, language: str) -> str:
    tables = ", ".join(one.label.in_language(language) for one in plan.tables)
    sentence = _("Des totaux, avec une marge : %(tables)s. Un total trop petit ou trop incertain est caché.")
    milestones = _("Avant cela, le nombre de réponses par paliers, avec du hasard.") if plan.milestones else ""
    return f"{sentence % {'tables': tables}} {milestones}".strip()


def _one_each() -> str:
    return _("Une personne par logement. Si quelqu’un chez vous a répondu, ne répondez pas.")


def _end(plan: Plan) -> str:
    return str(long_date(agreements.ends_at(plan)))


def share_of_year(campaign: Campaign, left: float) -> dict[str, str]:
    """Return what the campaign takes of the resident's yearly budget, and what would be left, as percentages."""
    costs = budget.most(campaign.plan) / budget.YEARLY
    return {
        "costs": number(round(100 * costs)),
        "left": number(max(0, round(100 * (left / budget.YEARLY - costs)))),
    }


def next_release(campaign: Campaign, counts_from: date) -> date | None:
    """Return the day of the first publication that may count a contribution."""
    return next((window.release for window in campaign.plan.windows if window.release > counts_from), None)


def refusal(*, campaign: Campaign) -> Exception | None:
    """Return why a page offers no contribution today, or None. Call it in the resident's scope."""
    why = contributing.refusal(campaign=campaign, today=timezone.localdate())
    if why is None and across.dwelling_is_in(campaign=campaign, dwelling=contributing.dwelling_of(campaign)):
        return contributing.DwellingIn()
    return why


def why_not(why: Exception, campaign: Campaign) -> str:
    match why:
        case contributing.DwellingIn():
            return _(
                "Quelqu’un de votre foyer a déjà répondu. Cette consultation compte chaque logement une seule fois."
            )
        case contributing.NotMember():
            return _("Cette consultation est réservée à un groupe invité. Tapez d’abord votre code.")
        case contributing.BudgetSpent():
            return _(
                "Vous avez déjà participé à plusieurs consultations depuis un an. Une de plus en dirait trop sur"
                " vous : votre coffre refuse."
            )
        case contributing.NotOpen():
            return _(
                "Cette consultation ne prend plus, ou pas encore, de réponse. Elle en prend jusqu’au %(day)s."
            ) % {"day": long_date(campaign.plan.last_day)}
    return ""
