"""Pages of agents at the desk: a paper ballot, by two of them, and the proof of an identity during a visit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_scopes import scope

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from campaigns.debates.actions import casting, identities
from campaigns.debates.actions.identities import Checked
from campaigns.debates.forms import PaperForm, ProofForm, SlipForm
from campaigns.debates.models import Vote
from campaigns.debates.presenting import posts
from campaigns.debates.views import finding
from vault.records import gate
from vault.sharing.across import desk
from vault.sharing.models import DeskVisit
from vault.sharing.views.desk import for_who_keeps_it

FIRST = gettext_lazy(
    "Recopiez le papier que la personne vous montre. Un autre agent le recopiera aussi. Ces mots ne sont pas gardés."
)
SECOND = gettext_lazy("Un autre agent a vérifié ce papier. Recopiez-le, sans demander à cet agent ce qu’il a lu.")
CHECKED = {
    Checked.BY_ONE: (
        messages.INFO,
        gettext_lazy(
            "Votre vérification est enregistrée. Un autre agent doit aussi vérifier ce papier dans les 7 jours."
        ),
    ),
    Checked.OTHERWISE: (
        messages.WARNING,
        gettext_lazy(
            "L’autre agent n’a pas lu la même chose. Votre vérification est enregistrée :"
            " cet agent doit relire le papier."
        ),
    ),
    Checked.BY_TWO: (
        messages.SUCCESS,
        gettext_lazy("L’identité est prouvée. Le portail n’en garde qu’une empreinte."),
    ),
}


@never_cache
@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def slip(request: SignedInRequest, code: str) -> HttpResponse:
    """Check who votes on paper, and show once the number under which another agent takes their ballot.

    The answer is the same about who voted before, online or on paper, and who did not.
    """
    vote = finding.approved_vote(code)
    form = SlipForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            number = casting.check_identity(vote=vote, agent=request.user, **form.civil())
        except NotTwo as problem:
            return refused(request, problem)
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
        said = {name: form.cleaned_data[name] for name in ("number", "birthdate")}
        try:
            casting.cast_on_paper(vote=vote, agent=request.user, choices=form.choices(), **said)
        except casting.NoSlip:
            words = _(
                "Ce numéro n’est pas attendu avec cette date de naissance\u00a0: l’un des deux est faux, ou le "
                "numéro a servi ou est d’un autre jour. Après 3 essais, la personne demande un autre numéro."
            )
            form.add_error("number", words)
        except NotTwo as problem:
            return refused(request, problem)
        except casting.NotOpen:
            return _not_open(request, code)
        else:
            messages.success(request, _("Le bulletin est déposé. Rendez le papier à la personne, ou détruisez-le."))
            return redirect("debates:paper_ballot", code)
    context = {
        "form": form,
        "heading": _("Déposer un bulletin sur papier"),
        "hint": _("Avec la personne devant vous, sans son nom. Ce bulletin est définitif et remplace ceux en ligne."),
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


def _not_open(request: SignedInRequest, code: str) -> HttpResponse:
    messages.warning(request, _("Le vote n’est pas ouvert : ce bulletin n’a pas été pris."))
    return redirect("debates:agents_vote", code)


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def identity(request: SignedInRequest) -> HttpResponse:
    """Check the identity of the resident whose visit is active, as one of two. Without a visit, say how to begin one.

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
            checked = identities.check_at_desk(visit=visit, agent=request.user, **form.civil())
        except NotTwo as problem:
            return refused(request, problem)
        except gate.Refused:
            return render(request, "debates/no_visit.html")
        kind, text = CHECKED[checked]
        messages.add_message(request, kind, text)
        return redirect("sharing:desk_visit", visit_id=visit.pk)
    with scope(resident=visit.resident_id):
        is_second = identities.check_of_another(request.user) is not None
    context = {
        "form": form,
        "heading": _("Prouver une identité, pour voter"),
        "hint": SECOND if is_second else FIRST,
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
