"""Public pages of debates, and the result of a vote. Before the count no page has a number of ballots or choices."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_scopes import scope

from campaigns.debates import standing
from campaigns.debates.presenting import counts, posts, ways
from campaigns.debates.views import finding
from campaigns.plans.models import Campaign


@login_not_required
@require_safe
def debate(request: HttpRequest, code: str) -> HttpResponse:
    """List the proposals in a drawn order, with the first arguments of each."""
    campaign = finding.campaign(code)
    context = _about(campaign) | {
        "proposals": posts.shown(campaign),
        "set_aside": posts.set_aside(campaign),
        "own": _own(request, campaign),
        "to_vote": ways.to_vote(campaign),
    }
    return render(request, "debates/debate.html", context)


@login_not_required
@require_safe
def proposal(request: HttpRequest, code: str, post_id: UUID) -> HttpResponse:
    """Show a proposal with all its arguments."""
    post = finding.proposal(code, post_id)
    [found] = [one for one in posts.shown(post.campaign) if one.post.pk == post.pk]
    return render(request, "debates/proposal.html", _about(post.campaign) | {"proposal": found})


@login_not_required
@require_safe
def result(request: HttpRequest, code: str) -> HttpResponse:
    """Show the count of a vote, or until when there is none."""
    vote = finding.approved_vote(code)
    context = {"vote": vote, "campaign": vote.campaign, "question": posts.title_of(vote.campaign)}
    row = standing.count_of(vote.pk)
    if row is None:
        return render(request, "debates/not_counted.html", context)
    document = counts.document_of(row)
    context["dropped"] = counts.dropped(document)
    if counts.is_void(document):
        return render(request, "debates/void.html", context)
    found = counts.proposals(document, vote)
    context |= {
        "row": row,
        "proposals": found,
        "headline": counts.headline(found),
        "lede": counts.lede(document),
        "facts": counts.facts(document),
        "size": len(counts.as_file(row, vote)),
    }
    return render(request, "debates/result.html", context)


@login_not_required
@require_safe
def result_file(_request: HttpRequest, code: str) -> HttpResponse:
    """Return the signed file of a count."""
    vote = finding.approved_vote(code)
    row = standing.count_of(vote.pk)
    if row is None:
        raise Http404
    answer = HttpResponse(counts.as_file(row, vote), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="vote-{code}.json"'
    return answer


def _about(campaign: Campaign) -> dict[str, Any]:
    vote = standing.vote_of(campaign)
    context: dict[str, Any] = {"campaign": campaign, "question": posts.title_of(campaign), "vote": vote}
    return context | posts.may(vote)


def _own(request: HttpRequest, campaign: Campaign) -> list[dict[str, Any]]:
    user = request.user
    if not user.is_authenticated or not user.is_resident:
        return []
    with scope(resident=user.pk):
        return posts.own(campaign)
