"""Pages of the decisions that take two persons: nominations of agents, and settings of the city."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import city_decisions, nominations
from accounts.actions.accounts import LastManager
from accounts.decorators import agents_only, recently_authenticated
from accounts.forms import CityAddressesForm, CityChoiceForm, NominationForm, PresenceForm
from accounts.http import SignedInRequest
from accounts.models import CityDecision, Nomination, Role
from accounts.page_limits import may, too_many
from accounts.two_persons import NotTwo
from accounts.views import two_persons_words as words
from core.models import City


@agents_only
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    governs = words.governs(request.user)
    context = {
        "own": words.own(request.user),
        "own_office": words.own_office(request.user),
        "governs": governs,
        "to_confirm": words.to_confirm(request.user) if governs else [],
        "decisions": words.decisions(request.user) if governs else [],
        "named": words.named(links=governs),
        "settings": words.settings(),
    }
    return render(request, "account/two_persons/home.html", context)


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def propose(request: SignedInRequest) -> HttpResponse:
    nominations.require_governs(request.user)
    form = NominationForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            nominations.propose(
                person=data["person"], role=Role(data["role"]), employer=data["employer"], by=request.user
            )
        except nominations.AlreadyNamed:
            form.add_error("role", _("Cette personne a déjà ce rôle, y est proposée, ou en a un qui l’exclut."))
        except nominations.NoOffice:
            form.add_error("role", _("Cette personne n’a pas cette place dans un service : donnez-la-lui d’abord."))
        else:
            messages.success(request, _("C’est proposé. Une autre personne confirme, avec l’agent devant elle."))
            return redirect("two_persons")
    return render(request, "account/two_persons/propose.html", {"form": form})


@never_cache
@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def nomination(request: SignedInRequest, nomination_id: UUID) -> HttpResponse:
    """Show a nomination. POST makes the code to tell the agent, who is present; the page shows it once."""
    found = _find(request, nomination_id)
    context = {"nomination": found, "rows": words.rows(found)}
    if request.method != "POST":
        return render(request, "account/two_persons/nomination.html", context)
    if "seen" not in request.POST:
        missing = _("Cochez la case : sans la personne devant vous, rien ne prouve qui tape le code.")
        return render(request, "account/two_persons/nomination.html", context | {"problem": missing}, status=400)
    try:
        code = nominations.begin_presence(nomination=found, by=request.user)
    except NotTwo as problem:
        return refused(request, problem)
    return render(request, "account/two_persons/code.html", context | {"code": code})


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def end(request: SignedInRequest, nomination_id: UUID) -> HttpResponse:
    found = _find(request, nomination_id)
    if request.method != "POST":
        context = {"nomination": found, "follows": words.follows_end(found)}
        return render(request, "account/two_persons/end.html", context)
    try:
        nominations.end(nomination=found, by=request.user)
    except LastManager:
        messages.error(request, _("C’est la dernière personne qui gère les agents : faites-en d’abord nommer une."))
    else:
        messages.success(request, _("C’est fait."))
    return redirect("two_persons")


@never_cache
@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def presence(request: SignedInRequest) -> HttpResponse:
    """Take the code that another person tells the agent. Each try is counted."""
    form = PresenceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not may(request, "desk_code"):
            return too_many(request)
        try:
            nominations.type_code(
                person=request.user, code=form.cleaned_data["code"], current_key=request.session.session_key
            )
        except nominations.WrongCode:
            form.add_error(
                "code", _("Ce code n’est pas le bon, ou il a plus d’un quart d’heure. Demandez-en un autre.")
            )
        except NotTwo as problem:
            return refused(request, problem)
        else:
            messages.success(request, _("Réglez maintenant votre double vérification, toujours côte à côte."))
            return redirect("mfa_activate_totp")
    return render(request, "account/two_persons/presence.html", {"form": form})


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def choose(request: SignedInRequest) -> HttpResponse:
    """Change a setting of the city, or propose it to a second person."""
    nominations.require_governs(request.user)
    city = City.current()
    form = CityChoiceForm(request.POST if request.method == "POST" else None, city=city)
    if request.method == "POST" and form.is_valid():
        try:
            asked = city_decisions.change_all(form.chosen, by=request.user)
        except NotTwo as problem:
            return refused(request, problem)
        if any(asked):
            messages.success(request, _("C’est proposé. Une autre personne a sept jours pour accepter."))
        else:
            messages.success(request, _("C’est enregistré."))
        return redirect("two_persons")
    return render(request, "account/two_persons/choose.html", {"form": form})


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def addresses(request: SignedInRequest) -> HttpResponse:
    """Propose where residents call, write and go. What is only taken away is done at once."""
    nominations.require_governs(request.user)
    is_sent, city = request.method == "POST", City.current()
    form = CityAddressesForm(request.POST if is_sent else None, request.FILES if is_sent else None, instance=city)
    if request.method == "POST" and form.is_valid():
        try:
            asked = city_decisions.change_all(form.chosen, by=request.user)
        except NotTwo as problem:
            return refused(request, problem)
        if any(asked):
            messages.success(request, _("C’est proposé. Une autre personne a sept jours pour accepter."))
        else:
            messages.success(request, _("C’est enregistré."))
        return redirect("two_persons")
    return render(request, "account/two_persons/addresses.html", {"form": form})


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def decision(request: SignedInRequest, decision_id: UUID) -> HttpResponse:
    nominations.require_governs(request.user)
    waiting = CityDecision.objects.waiting(timezone.now() - city_decisions.WAITS)
    found = get_object_or_404(waiting.exclude(proposed_by=request.user), pk=decision_id)
    if request.method != "POST":
        return render(
            request,
            "account/two_persons/decide.html",
            {
                "decision": found,
                "rows": words.decision(found),
                "text": words.text(found),
                "logos": words.logos(found),
                "moved": city_decisions.has_moved(found),
            },
        )
    try:
        city_decisions.decide(decision=found, by=request.user, agree=request.POST.get("answer") == "agree")
    except NotTwo as problem:
        return refused(request, problem)
    except city_decisions.Over:
        messages.warning(request, _("C’est déjà décidé, ou trop ancien : rien n’a changé."))
    except city_decisions.Moved:
        said = _("Ce réglage a changé depuis cette proposition : rien n’est fait. Il faut le proposer de nouveau.")
        messages.warning(request, said)
    else:
        messages.success(request, _("C’est enregistré."))
    return redirect("two_persons")


def refused(request: SignedInRequest, problem: NotTwo) -> HttpResponse:
    """Say why these two may not decide."""
    context = {"lack": problem.words_for(request.user)}
    return render(request, "account/two_persons/not_two.html", context, status=403)


def _find(request: SignedInRequest, nomination_id: UUID) -> Nomination:
    """Return a nomination that has not ended, for who governs and is not its agent."""
    if not words.governs(request.user):
        raise PermissionDenied
    rows = Nomination.objects.select_related("person", "proposed_by", "organisation")
    found = rows.filter(pk=nomination_id, ended_at=None).first()
    if found is None:
        raise Http404
    return found
