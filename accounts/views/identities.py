"""Redirection to FranceConnect or ProConnect and back: to sign in, open a vault, link or confirm one's identity."""

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts import perms, provider
from accounts.actions import identities
from accounts.confirming import FRANCECONNECT, way
from accounts.decorators import recently_authenticated
from accounts.forms import NewcomerForm
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.provider import OpenIDProvider
from accounts.sign_in import failures, pivot, reauthentication, second_factor
from accounts.sign_in.failures import TROUBLES, Failure
from accounts.sign_in.openid import Identity
from accounts.views.sign_in import let_in, too_many
from core import once

PROCONNECT = "proconnect"
#: Session key and seconds for a newcomer to read the page and give a name.
NEWCOMER, NEWCOMER_LASTS = "newcomer", 1800
#: Session key of the data needed to sign out at the provider.
ELSEWHERE = "elsewhere"

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


class Why(StrEnum):
    SIGN_IN = "sign_in"
    INVITATION = "invitation"
    LINK = "link"
    CONFIRM = "confirm"
    IDENTITY = "identity"
    PROOF = "proof"


# Leaving


@login_not_required
@never_cache
@require_POST
def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    return _leave(request, name, Why.SIGN_IN, next_page=request.POST.get("next", ""))


@login_not_required
@never_cache
@get_or_post
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an agent's invitation. Only its button uses the token, because mail programs open links by themselves."""
    agent = identities.invited(token)
    if agent is None or not provider.is_configured(PROCONNECT):
        return _failed(request, PROCONNECT, Failure.INVITATION_OVER, Why.INVITATION)
    if request.method != "POST":
        return render(request, "account/invitation.html", {"agent": agent})
    return _leave(request, PROCONNECT, Why.INVITATION, token=token)


@require_POST
@recently_authenticated
def link(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    wanted = _safe(request, request.POST.get("next", ""))
    return _leave(request, FRANCECONNECT, Why.LINK, next_page=wanted or reverse("franceconnect"))


@require_POST
def ask_identity(request: SignedInRequest) -> HttpResponse:
    """Ask for the civil status again: it was not kept, so copying it to the vault needs a new request."""
    _require_resident(request)
    return _leave(request, FRANCECONNECT, Why.IDENTITY, next_page=reverse("franceconnect"))


@require_POST
def ask_proof(request: SignedInRequest) -> HttpResponse:
    """Ask who the resident is, for the page `next`, which needs the proof: nothing is offered to the vault."""
    _require_resident(request)
    return _leave(request, FRANCECONNECT, Why.PROOF, next_page=request.POST.get("next", ""))


@require_POST
def confirm(request: SignedInRequest) -> HttpResponse:
    if way(request) is None:
        raise Http404
    return _leave(request, FRANCECONNECT, Why.CONFIRM, next_page=request.POST.get("next", ""))


def _leave(request: HttpRequest, name: str, why: Why, *, next_page: str = "", **more: str) -> HttpResponse:
    """Show a page that redirects at once. A form posting to another site would need exceptions in both policies."""
    found = _provider(request, name)
    if not ratelimit.consume(request, app="allauth.account", action="sign_in_elsewhere"):
        return too_many(request)
    try:
        address = found.way_out(request, {"why": why, "next": next_page, "user": str(request.user.pk or ""), **more})
    except TROUBLES as error:
        failures.log(name, failure := Failure.of(error), error)
        return _failed(request, name, failure, why, next_page)
    return render(request, "account/leave.html", {"address": address, "provider": found.name})


# Coming back


@login_not_required
@never_cache
@require_GET
def come_back(request: HttpRequest, name: str) -> HttpResponse:
    found = _provider(request, name)
    state = found.take_state(request)
    if state is None or not _is_same_person(request, state):
        failures.log(name, Failure.LOST)
        return _failed(request, name, Failure.LOST, Why.SIGN_IN)
    why = Why(state["why"])
    identity = _identity_from(request, found, state)
    if isinstance(identity, Failure):
        return _failed(request, name, identity, why, state["next"])
    try:
        return ARRIVALS[why](request, identity, state)
    except tuple(REFUSALS) as refusal:
        failures.log(name, failure := REFUSALS[type(refusal)])
        return _failed(request, name, failure, why, state["next"])


def _identity_from(request: HttpRequest, found: OpenIDProvider, state: dict[str, Any]) -> Identity | Failure:
    if error := request.GET.get("error"):
        failures.log(found.id, failure := Failure.CANCELLED if error == "access_denied" else Failure.PROVIDER)
        return failure
    try:
        return found.identity(request, request.GET.get("code", ""), state["nonce"])
    except TROUBLES as trouble:
        failures.log(found.id, failure := Failure.of(trouble), trouble)
        return failure


def _is_same_person(request: HttpRequest, state: dict[str, Any]) -> bool:
    """Return True if the same user comes back as left, or if the purpose was to sign in."""
    return state["why"] in {Why.SIGN_IN, Why.INVITATION} or state["user"] == str(request.user.pk)


class _SomeoneElse(Exception):
    pass


class _UnknownAgent(Exception):
    pass


REFUSALS: dict[type[Exception], Failure] = {
    identities.Taken: Failure.TAKEN,
    identities.HasAnother: Failure.HAS_ANOTHER,
    identities.OtherAddress: Failure.OTHER_ADDRESS,
    identities.InvitationOver: Failure.INVITATION_OVER,
    _SomeoneElse: Failure.SOMEONE_ELSE,
    _UnknownAgent: Failure.UNKNOWN_AGENT,
}


def _signed_in(request: HttpRequest, identity: Identity, state: dict[str, Any]) -> HttpResponse:
    user = identities.holder_of(identity)
    if identity.provider == PROCONNECT:
        if user is None:
            raise _UnknownAgent
        return _agent_in(request, user, identity, state["next"])
    if user is None:
        return _newcomer(request, identity, state["next"])
    return _in(request, user, identity, state["next"])


def _invited(request: HttpRequest, identity: Identity, state: dict[str, Any]) -> HttpResponse:
    agent = identities.accept_invitation(token=state["token"], identity=identity)
    return _agent_in(request, agent, identity, "")


def _linked(request: SignedInRequest, identity: Identity, state: dict[str, Any]) -> HttpResponse:
    identities.link(user=request.user, identity=identity)
    messages.success(request, _("FranceConnect est relié à votre compte."))
    return redirect(pivot.offer(request, request.user.pk, identity, state["next"]))


def _confirmed(request: SignedInRequest, identity: Identity, state: dict[str, Any]) -> HttpResponse:
    _require_theirs(request, identity)
    reauthentication.record(request, identity.provider)
    return redirect(reauthentication.safe_page(request, state["next"]))


def _asked_again(request: SignedInRequest, identity: Identity, state: dict[str, Any]) -> HttpResponse:
    _require_theirs(request, identity)
    return redirect(pivot.offer(request, request.user.pk, identity, state["next"]))


def _proved(request: SignedInRequest, identity: Identity, state: dict[str, Any]) -> HttpResponse:
    _require_theirs(request, identity)
    pivot.prove(request, request.user.pk, identity)
    return redirect(reauthentication.safe_page(request, state["next"]))


ARRIVALS: dict[Why, Callable[[Any, Identity, dict[str, Any]], HttpResponse]] = {
    Why.SIGN_IN: _signed_in,
    Why.INVITATION: _invited,
    Why.LINK: _linked,
    Why.CONFIRM: _confirmed,
    Why.IDENTITY: _asked_again,
    Why.PROOF: _proved,
}


def _require_theirs(request: SignedInRequest, identity: Identity) -> None:
    if identities.holder_of(identity) != request.user:
        raise _SomeoneElse


def _in(request: HttpRequest, user: User, identity: Identity, next_page: str) -> HttpResponse:
    _sign_out_other_user(request, user)
    _remember(request, identity)
    return let_in(request, user, method=identity.provider, next_page=_safe(request, next_page))


def _agent_in(request: HttpRequest, agent: User, identity: Identity, next_page: str) -> HttpResponse:
    """Sign an agent in. A second factor given to ProConnect (amr has mfa) is accepted; otherwise ours is required."""
    if "mfa" not in identity.amr or not agent.is_active:
        return _in(request, agent, identity, next_page)
    _sign_out_other_user(request, agent)
    _remember(request, identity)
    get_adapter(request).login(request, agent)
    second_factor.record(request, agent, kind=identity.provider)
    return redirect(_safe(request, next_page) or "admin:index")


def _sign_out_other_user(request: HttpRequest, user: User) -> None:
    """Sign out another user of this browser, with all their session data."""
    if request.user.is_authenticated and request.user != user:
        logout(request)


def _remember(request: HttpRequest, identity: Identity) -> None:
    """Keep the provider's token in the sealed session, to sign out there later."""
    request.session[ELSEWHERE] = {"provider": identity.provider, "id_token": identity.id_token}


# A newcomer


def _newcomer(request: HttpRequest, identity: Identity, next_page: str) -> HttpResponse:
    if request.user.is_authenticated:
        logout(request)
    request.session.cycle_key()
    kept = {"identity": asdict(identity), "at": time.time(), "next": next_page, "serial": secrets.token_hex(16)}
    request.session[NEWCOMER] = kept
    return redirect("franceconnect_signup")


@login_not_required
@never_cache
@get_or_post
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open a vault for an identity that FranceConnect verified in this browser and that opens none yet."""
    kept = request.session.get(NEWCOMER)
    if request.user.is_authenticated or not kept or time.time() - kept["at"] > NEWCOMER_LASTS:
        return redirect("account_login")
    identity = Identity(**kept["identity"])
    form = NewcomerForm(request.POST or None, initial=_proposed_values(identity))
    if not form.is_valid():
        return render(request, "account/franceconnect_signup.html", {"form": form})
    del request.session[NEWCOMER]
    if not once.use("newcomer", kept["serial"]):
        return redirect("account_login")
    user = identities.open_vault_with(identity=identity, **form.cleaned_data)
    next_page = pivot.offer(request, user.pk, identity, _safe(request, kept["next"]) or reverse("home"))
    return _in(request, user, identity, next_page)


def _proposed_values(identity: Identity) -> dict[str, str]:
    """Return the form's proposed values, which are used only if the user keeps them."""
    claims = identity.claims
    given = str(claims.get("given_name", "")).split(" ")[0]
    family = str(claims.get("preferred_username") or claims.get("family_name") or "")
    return {"name": f"{given} {family.title()}".strip(), "contact_email": str(claims.get("email", ""))}


# The account's own page


@require_safe
def franceconnect(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    held = identities.linked(request.user, FRANCECONNECT)
    context = {
        "held": held,
        "configured": provider.is_configured(FRANCECONNECT),
        "next": _safe(request, request.GET.get("next", "")),
    }
    return render(request, "account/franceconnect.html", context)


@never_cache
@get_or_post
@recently_authenticated
def unlink(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    if request.method != "POST":
        return render(request, "account/franceconnect_unlink.html")
    try:
        identities.unlink(user=request.user, provider=FRANCECONNECT, current_key=request.session.session_key)
    except identities.LastWayIn:
        messages.warning(
            request, _("Ajoutez d’abord une adresse de connexion\u00a0: sinon, vous ne pourriez plus entrer.")
        )
        return redirect("franceconnect")
    messages.success(request, _("FranceConnect n’ouvre plus votre compte. Vos autres sessions sont terminées."))
    return redirect("franceconnect")


# Signing out


@login_not_required
@never_cache
@get_or_post
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "account/logout.html") if request.user.is_authenticated else redirect("home")
    kept = request.session.get(ELSEWHERE)
    get_adapter(request).logout(request)
    if kept and (address := _farewell(request, kept)):
        return render(
            request,
            "account/leave.html",
            {"address": address, "provider": _name(kept["provider"]), "signed_out": True},
        )
    messages.success(request, _("Vous êtes déconnecté."))
    return redirect("home")


@login_not_required
@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """Show the page that FranceConnect and ProConnect return to."""
    return render(request, "account/signed_out.html")


def _farewell(request: HttpRequest, kept: dict[str, str]) -> str:
    """Return the URL to sign out at the provider, or an empty string if it does not answer."""
    found = provider.find(request, kept["provider"])
    if found is None:
        return ""
    try:
        return found.farewell(kept["id_token"], request.build_absolute_uri(reverse("signed_out")))
    except TROUBLES as error:
        failures.log(found.id, Failure.of(error), error)
        return ""


# All of them


def _provider(request: HttpRequest, name: str) -> OpenIDProvider:
    found = provider.find(request, name)
    if found is None:
        raise Http404
    return found


def _require_resident(request: HttpRequest) -> None:
    if not perms.owns_a_vault(request):
        raise PermissionDenied


def _name(name: str) -> str:
    return next(str(one.name) for one in provider.provider_classes if one.id == name)


def _safe(request: HttpRequest, page: str) -> str:
    return reauthentication.safe_page(request, page) if page else ""


def _failed(request: HttpRequest, name: str, failure: Failure, why: Why, next_page: str = "") -> HttpResponse:
    error, words = failure.value, {"provider": _name(name)}
    context = {
        "title": str(error.title) % words,
        "text": str(error.text) % words,
        "provider": words["provider"],
        "again": _again(name, why) if error.again else "",
        "next": _safe(request, next_page),
        "for_agents": name == PROCONNECT,
    }
    return render(request, "account/elsewhere_failed.html", context, status=error.status)


def _again(name: str, why: Why) -> str:
    """Return the URL to try again, empty for an invitation, which is opened from its e-mail."""
    pages = {
        Why.LINK: "franceconnect_link",
        Why.CONFIRM: "confirm_by_franceconnect",
        Why.IDENTITY: "franceconnect_identity",
        Why.PROOF: "franceconnect_proof",
    }
    return "" if why == Why.INVITATION else reverse(pages.get(why, f"{name}_login"))
