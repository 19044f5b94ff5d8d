"""Pages of agents who open a vote, two of them. They see no ballot and no count before everybody does."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from campaigns.debates import standing
from campaigns.debates.actions import votes as verbs
from campaigns.debates.enums import VoteState
from campaigns.debates.forms import AskVoteForm, DecideVoteForm
from campaigns.debates.models import Vote
from campaigns.debates.presenting import posts
from campaigns.debates.views import finding
from campaigns.plans.models import Campaign


def _texts_of(campaign: Campaign, vote: Vote | None) -> list[tuple[str, str]]:
    """Return the titles and texts that a vote has, or would have if it was asked for now."""
    options = vote.options if vote is not None else verbs.options_of(campaign)
    return [(one["title"], one["text"]) for one in options]


@agents_only
@require_safe
def vote(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = finding.campaign(code)
    found = standing.vote_of(campaign)
    waits_until = standing.vote_waits_until(campaign)
    context = {
        "campaign": campaign,
        "question": posts.title_of(campaign),
        "vote": found,
        "last_refused": Vote.objects.filter(campaign=campaign, state=VoteState.REFUSED).order_by("created_at").last(),
        "proposals": [] if found else posts.shown(campaign),
        "personal": posts.point_out(_texts_of(campaign, found)),
        "kept_out": posts.kept_out(campaign),
        "waits_until": waits_until and posts.waits_words(waits_until),
        "may_decide": found and found.state == VoteState.PROPOSED and found.created_by_id != request.user.pk,
        "open": found and found.is_open(timezone.now()),
        "counted": found and standing.count_of(found.pk) is not None,
    }
    return render(request, "debates/agents_vote.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
def propose(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = finding.campaign(code)
    if standing.vote_of(campaign) is not None:
        raise Http404
    form = AskVoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.propose(campaign=campaign, by=request.user, closes_at=form.closes_at())
        except NotTwo as problem:
            return refused(request, problem)
        except verbs.NotNow:
            messages.warning(request, _("Il n’y a pas de proposition à voter, ou un vote est déjà demandé."))
        except verbs.Contestable as problem:
            messages.warning(request, posts.waits_words(problem.until))
        except verbs.Contested:
            messages.warning(request, _("Une contestation attend une réponse\u00a0: répondez-y avant le vote."))
        return redirect("debates:agents_vote", code)
    hint = _("Les propositions sont figées dès votre demande. Une autre personne approuve.")
    context = {
        "form": form,
        "heading": _("Demander un vote"),
        "button": _("Demander le vote"),
        "hint": hint,
        "personal": posts.point_out(_texts_of(campaign, None)),
        "back": reverse("debates:agents_vote", args=[code]),
    }
    return render(request, "debates/form.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
def decide(request: SignedInRequest, code: str) -> HttpResponse:
    found = standing.vote_of(finding.campaign(code))
    if found is None or found.state != VoteState.PROPOSED or found.created_by_id == request.user.pk:
        raise Http404
    form = DecideVoteForm(request.POST if request.method == "POST" else None, initial={"shown": found.pk})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            if data["shown"] != str(found.pk):
                raise verbs.NotNow
            if data["decision"] == "approve":
                verbs.approve(vote=found, by=request.user)
            else:
                verbs.refuse(vote=found, by=request.user, words=data["words"])
        except NotTwo as problem:
            return refused(request, problem)
        except verbs.NotNow:
            messages.warning(request, _("Quelqu’un a agi avant vous, ou la fin du vote est passée."))
        except verbs.Contestable as problem:
            messages.warning(request, posts.waits_words(problem.until))
        except verbs.Contested:
            words = _(
                "Une contestation attend une réponse, ou une proposition a été remise depuis. Répondez-y, ou refusez "
                "ce vote pour en demander un autre."
            )
            messages.warning(request, words)
        return redirect("debates:agents_vote", code)
    context = {
        "form": form,
        "heading": _("Décider du vote"),
        "button": _("Décider"),
        "lines": found.titles,
        "personal": posts.point_out(_texts_of(found.campaign, found)),
        "kept_out": posts.kept_out(found.campaign),
        "back": reverse("debates:agents_vote", args=[code]),
    }
    return render(request, "debates/form.html", context)
