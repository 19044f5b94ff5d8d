"""The page of an agent at the desk, with a resident who has no e-mail: their answers, or their withdrawal."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_scopes import scope

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.perms import can_sign_in
from campaigns.contributions import offer, withdrawing
from campaigns.contributions.actions import contributing
from campaigns.contributions.actions import desk as actions
from campaigns.contributions.forms.answers import DeskForm
from campaigns.contributions.models import Participation
from campaigns.contributions.presenting import campaign as words
from campaigns.plans.models import Campaign
from campaigns.plans.states import BEGUN
from vault.records import gate
from vault.sharing.models import DeskVisit
from vault.sharing.presenting.desk import banner
from vault.sharing.views.desk import find_visit, for_who_keeps_it, over


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def answer(request: SignedInRequest, visit_id: UUID, code: str) -> HttpResponse:
    """Ask the plan's questions with the resident beside, or take their contribution back if there is one."""
    visit, campaign = find_visit(request, visit_id), _campaign(code)
    if can_sign_in(User.objects.get(pk=visit.resident_id)):
        reason = _("Cette personne se connecte elle-même : elle participe depuis son coffre.")
        return _render(request, visit, "sharing/desk/refused.html", {"reason": reason}, 403)
    found, why = _standing(visit, campaign)
    try:
        if found is not None and request.method == "POST" and "withdraw" in request.POST:
            actions.withdraw(visit=visit, agent=request.user, grant=found.grant)
            messages.success(request, _("Sa réponse est retirée. Ce qui n’était pas compté est effacé."))
            return redirect("sharing:desk_visit", visit_id=visit.pk)
        if found is not None or why is not None:
            return _state(request, visit, campaign, found, why)
        return _ask(request, visit, campaign)
    except (gate.Refused, PermissionDenied):
        return over(request)


def _ask(request: SignedInRequest, visit: DeskVisit, campaign: Campaign) -> HttpResponse:
    form = DeskForm(campaign.plan, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        context = words.about(campaign) | {"form": form}
        return _render(request, visit, "contributions/desk_answer.html", context)
    answered = offer.of_answers(campaign.plan, form.answers())
    try:
        actions.contribute(visit=visit, agent=request.user, campaign=campaign, answered=answered)
    except (contributing.NotOpen, contributing.AlreadyIn, contributing.BudgetSpent):
        return redirect("contributions:desk_answer", visit.pk, campaign.code)
    messages.success(request, _("Sa réponse est partie, scellée. Rendez-lui son papier. Elle a sept jours."))
    return redirect("sharing:desk_visit", visit_id=visit.pk)


def _state(
    request: SignedInRequest, visit: DeskVisit, campaign: Campaign, found: Participation | None, why: Exception | None
) -> HttpResponse:
    with scope(resident=visit.resident_id):
        waits = found is not None and withdrawing.is_waiting(found)
    context = words.about(campaign) | {"waits": waits, "why": words.why_not(why, campaign) if why else ""}
    return _render(request, visit, "contributions/desk_state.html", context | {"found": found})


def _standing(visit: DeskVisit, campaign: Campaign) -> tuple[Participation | None, Exception | None]:
    """Return the resident's participation, or why they may not contribute."""
    with scope(resident=visit.resident_id):
        found = Participation.objects.filter(campaign_id=campaign.pk).select_related("grant").first()
        if found is not None:
            return found, None
        return None, words.refusal(campaign=campaign)


def _campaign(code: str) -> Campaign:
    found = Campaign.objects.filter(code=code, state__in=BEGUN).first()
    if found is None or found.plan.holder:
        raise Http404
    return found


def _render(
    request: SignedInRequest, visit: DeskVisit, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    return render(request, template, {"visit": visit, "acting": banner(visit), **context}, status=status)
