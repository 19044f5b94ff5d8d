"""Pages of agents at the desk: a paper ballot, by two of them, and the proof of an identity during a visit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from campaigns.debates.actions import casting, identities
from campaigns.debates.forms import PaperForm, ProofForm, SlipForm
from campaigns.debates.models import Vote
from campaigns.debates.presenting import posts
from campaigns.debates.views import finding
from vault.records import gate
from vault.sharing.across import desk
from vault.sharing.models import DeskVisit
from vault.sharing.views.desk import for_who_keeps_it


@never_cache
@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def slip(request: SignedInRequest, code: str) -> HttpResponse:
    """Check who votes on paper, and show once the number under which another agent takes their ballot."""
    vote = finding.approved_vote(code)
    form = SlipForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            number = casting.check_identity(vote=vote, agent=request.user, **form.civil())
        except NotTwo as problem:
            return refused(request, problem)
        except casting.VotedElsewhere:
            form.add_error("family_name", _voted_online())
        except casting.NotOpen:
            return _not_open(request, code)
        else:
            context = {"number": number, "campaign": vote.campaign}
            return render(request, "debates/slip.html", context)
    context = {
        "form": form,
        "heading": _("Vérifier qui vote sur papier"),
        "hint": _("Avec la personne et son papier d’identité. Un autre agent prendra son bulletin, sans son nom."),
        "button": _("Donner un numéro"),
    }
    return _form(request, vote, context)


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def paper(request: SignedInRequest, code: str) -> HttpResponse:
    """Take a paper ballot. Neither the page that answers nor any other one shows what it says."""
    vote = finding.approved_vote(code)
    form = PaperForm(vote, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["number"]
        try:
            casting.cast_on_paper(vote=vote, agent=request.user, number=number, choices=form.choices())
        except casting.NoSlip:
            form.add_error("number", _("Ce numéro n’est pas attendu : il a servi, il est d’un autre jour, ou mal lu."))
        except NotTwo as problem:
            return refused(request, problem)
        except casting.VotedElsewhere:
            form.add_error("number", _voted_online())
        except casting.NotOpen:
            return _not_open(request, code)
        else:
            messages.success(request, _("Le bulletin est déposé. Rendez le papier à la personne, ou détruisez-le."))
            return redirect("debates:paper_ballot", code)
    context = {
        "form": form,
        "heading": _("Déposer un bulletin sur papier"),
        "hint": _("Avec la personne devant vous. Vous n’avez pas son nom. Personne ne relira ce bulletin."),
        "button": _("Déposer ce bulletin"),
    }
    return _form(request, vote, context)


def _form(request: SignedInRequest, vote: Vote, context: dict[str, Any]) -> HttpResponse:
    """Show a form of an open vote; its page, if it is not open."""
    code = vote.campaign.code
    if not vote.is_open(timezone.now()):
        return redirect("debates:agents_vote", code)
    context |= {"kicker": posts.title_of(vote.campaign), "back": reverse("debates:agents_vote", args=[code])}
    return render(request, "debates/form.html", context)


def _voted_online() -> str:
    return _("Cette identité a déjà voté en ligne. La personne peut remplacer son bulletin depuis son compte.")


def _not_open(request: SignedInRequest, code: str) -> HttpResponse:
    messages.warning(request, _("Le vote n’est pas ouvert : ce bulletin n’a pas été pris."))
    return redirect("debates:agents_vote", code)


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def identity(request: SignedInRequest) -> HttpResponse:
    """Prove the identity of the resident whose visit is active. Without a visit, say how to begin one.

    A form that was opened during another visit is refused: its identity is another resident's.
    """
    visit = _visit(request)
    if visit is None:
        return render(request, "debates/no_visit.html")
    form = ProofForm(request.POST if request.method == "POST" else None, initial={"visit": visit.pk})
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["visit"] != visit.pk:
            return render(request, "debates/no_visit.html")
        try:
            identities.prove_at_desk(visit=visit, agent=request.user, **form.civil())
        except NotTwo as problem:
            return refused(request, problem)
        except gate.Refused:
            return render(request, "debates/no_visit.html")
        messages.success(request, _("L’identité est prouvée. Le portail n’en garde qu’une empreinte."))
        return redirect("sharing:desk_visit", visit_id=visit.pk)
    context = {
        "form": form,
        "heading": _("Prouver une identité, pour voter"),
        "hint": _("Recopiez le papier que la personne vous montre. Ces mots ne sont pas gardés."),
        "button": _("Le papier est bien le sien"),
        "kicker": visit.name,
        "back": reverse("sharing:desk_visit", args=[visit.pk]),
    }
    return render(request, "debates/form.html", context)


def _visit(request: SignedInRequest) -> DeskVisit | None:
    """Return the agent's active visit in this session. An agent has one at a time."""
    session = request.session.row
    live = desk.live(request.user, session) if session else []
    return desk.find(request.user, session, live[0].pk) if session and live else None
