"""Pages of an invited group: the codes that the author hands out, joining by one, the vote on the opening."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from campaigns.contributions.actions import group as verbs
from campaigns.debates import standing
from campaigns.debates.actions import casting, group_votes
from campaigns.debates.ballots import Roll
from campaigns.debates.enums import Choice
from campaigns.debates.forms import CodeForm, OpeningForm
from campaigns.debates.models import Vote
from campaigns.debates.presenting import counts, posts, ways
from campaigns.plans.models import Campaign
from campaigns.plans.states import State


@agents_only
@never_cache
@require_http_methods(["GET", "POST"])
@recently_authenticated
def invitations(request: SignedInRequest, code: str) -> HttpResponse:
    """Make the codes of a group and show them once, to the author. They are kept nowhere."""
    found = get_object_or_404(Campaign, code=code, created_by=request.user)
    if ways.to_invitations(found) is None:
        raise Http404
    context: dict[str, Any] = {"campaign": found, "question": posts.title_of(found), "invited": _invited(found)}
    if request.method == "POST":
        try:
            context["codes"] = verbs.invite(campaign=found, by=request.user)
        except (verbs.NotNow, PermissionDenied):
            context["too_late"] = True
    return render(request, "debates/invitations.html", context)


@require_http_methods(["GET", "POST"])
def group(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask for the code of an invitation; to a member, show the vote, or where to contribute."""
    found, me = _campaign(code), request.user.pk
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.join(resident_id=me, by=me, campaign=found, code=form.cleaned_data["code"])
            return redirect("debates:group", code)
        except verbs.WrongCode:
            form.add_error("code", _("Ce code n’est pas celui d’une invitation, ou il a déjà servi."))
    vote = standing.opening_vote(found)
    is_open = bool(vote and vote.is_open(timezone.now()))
    context = _about(found) | {
        "form": form,
        "member": verbs.of(found),
        "vote": vote,
        "is_open": is_open,
        "roll": group_votes.roll(resident=request.user, vote=vote) if vote and is_open else None,
    }
    return render(request, "debates/group.html", context)


@require_http_methods(["GET", "POST"])
def group_ballot(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask a member yes or no. The answer is sealed at once, and may be replaced until the end."""
    found = _campaign(code)
    vote = standing.opening_vote(found)
    if vote is None or group_votes.roll(resident=request.user, vote=vote) not in {Roll.NONE, Roll.OWN}:
        return redirect("debates:group", code)
    form = OpeningForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _cast(request, vote, Choice(form.cleaned_data["choice"]))
    back = reverse("debates:group", args=[code])
    hint = _("Votre bulletin est scellé. Vous pouvez le remplacer jusqu’à la fin.")
    context = {"form": form, "heading": _("Voter sur l’ouverture"), "button": _("Déposer mon bulletin"), "hint": hint}
    return render(request, "debates/form.html", context | {"back": back, "kicker": posts.title_of(found)})


@login_not_required
@require_safe
def group_result(_request: HttpRequest, code: str) -> HttpResponse:
    """Return the signed file of the group's vote, once it is counted."""
    vote = standing.opening_vote(get_object_or_404(Campaign, code=code))
    row = standing.count_of(vote.pk) if vote else None
    if vote is None or row is None:
        raise Http404
    answer = HttpResponse(counts.as_file(row, vote), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="groupe-{code}.json"'
    return answer


def _cast(request: SignedInRequest, vote: Vote, choice: Choice) -> HttpResponse:
    try:
        group_votes.cast(resident=request.user, by=request.user.pk, vote=vote, choice=choice)
        messages.success(request, _("Votre bulletin est déposé. Vous pouvez le remplacer jusqu’à la fin."))
    except casting.NotOpen:
        messages.warning(request, _("Le vote est fini : ce bulletin n’a pas été pris."))
    except (casting.VotedElsewhere, group_votes.NotMember):
        messages.warning(request, _("Ce bulletin n’a pas été pris : ce code a voté ailleurs."))
    return redirect("debates:group", vote.campaign.code)


def _campaign(code: str) -> Campaign:
    """Return a consultation of an invited group that may be joined."""
    found = get_object_or_404(Campaign, code=code, state__in=verbs.JOINABLE)
    if found.plan.group is None:
        raise Http404
    return found


def _invited(campaign: Campaign) -> int:
    group = campaign.plan.group
    return group.invited if group else 0


def _about(campaign: Campaign) -> dict[str, Any]:
    takes = campaign.state == State.OPEN and campaign.takes_contributions(timezone.localdate())
    return {
        "campaign": campaign,
        "question": posts.title_of(campaign),
        "takes": takes,
        "said": ways.of_group(campaign),
    }
