"""Emergency accesses: the agents' pages, and the resident's page that shows who and why.

The session remembers no access: the URL names it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.page_limits import may, too_many
from accounts.two_persons import ACTS, NotTwo
from accounts.views.two_persons import refused
from core.models import City
from vault.records import gate
from vault.records.wording import not_anchored
from vault.sharing.across import emergencies
from vault.sharing.actions import emergency as actions
from vault.sharing.forms.emergency import AskForm
from vault.sharing.models import EmergencyAccess
from vault.sharing.presenting import emergency as words
from vault.sharing.presenting.mandates import opened_values

Page = Callable[..., HttpResponseBase]


def where_offered(view: Page) -> Page:
    """Answer 404 in a city without emergency accesses, and say why an agent may not be one of the two."""

    @wraps(view)
    def page(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not City.current().emergency_access:
            raise Http404
        try:
            return view(request, *args, **kwargs)
        except NotTwo as problem:
            return refused(request, problem)

    return page


@agents_only
@where_offered
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    context = {
        "waiting": words.waiting(emergencies.to_decide(request.user)),
        "asked": words.asked(emergencies.asked_by(request.user)),
        "lack": ACTS["urgent_access"].lack(request.user),
    }
    return render(request, "sharing/emergency/home.html", context)


@agents_only
@where_offered
@recently_authenticated
@require_http_methods(["GET", "POST"])
def ask(request: SignedInRequest) -> HttpResponse:
    """Ask for an access. The response is the same whether or not a vault has this address."""
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "sharing/emergency/ask.html", {"form": form})
    if not may(request, "emergency_ask"):
        return too_many(request)
    access = actions.ask(by=request.user, **form.cleaned_data)
    return render(request, "sharing/emergency/asked.html", {"reference": access.reference, "until": access.expires_at})


@agents_only
@where_offered
@recently_authenticated
@require_http_methods(["GET", "POST"])
def decide(request: SignedInRequest, access_id: UUID) -> HttpResponse:
    """Show the reason to the second agent, with an entry in the resident's journal, and take their answer."""
    access = emergencies.find_to_decide(request.user, access_id)
    if access is None:
        raise Http404
    if request.method == "POST":
        return _decided(request, access)
    reason = actions.read_reason(access=access, by=request.user)
    context = {"access": access, "rows": words.decision_rows(access, reason), "nobody": access.names_nobody}
    return render(request, "sharing/emergency/decide.html", context)


def _decided(request: SignedInRequest, access: EmergencyAccess) -> HttpResponse:
    """Record the answer. A form sent without either button refuses."""
    agree = request.POST.get("answer") == "agree"
    try:
        actions.decide(access=access, by=request.user, agree=agree)
    except actions.Over:
        messages.warning(request, _("C’est déjà décidé, ou trop ancien : rien n’a été ouvert."))
    except actions.TooSoon:
        messages.warning(
            request,
            _(
                "Rien n’a été ouvert : la personne a dit non, ou vous deux l’avez déjà fait, il y a moins de 24 "
                "heures."
            ),
        )
    except actions.NobodyThere:
        messages.warning(request, _("Il n’y a pas de coffre à ouvrir. La demande est close."))
    else:
        messages.success(request, _("C’est ouvert. La personne est prévenue.") if agree else _("C’est refusé."))
    return redirect("sharing:emergencies")


@agents_only
@where_offered
@require_safe
def opened(request: SignedInRequest, access_id: UUID) -> HttpResponse:
    """List the items of an open access. Reading one is a click, and writes an entry in the resident's journal."""
    access = _find_open(request, access_id)
    return _render(request, access, "opened", {"see": words.may_see(access)})


@agents_only
@where_offered
@require_safe
def values(request: SignedInRequest, access_id: UUID, item: str) -> HttpResponse:
    access = _find_open(request, access_id)
    label = dict(words.offered()).get(item, "")
    try:
        fields, found = actions.look(access=access, by=request.user, item_code=item)
    except PermissionDenied:
        raise Http404 from None
    except gate.NotAnchored:
        reason = not_anchored()
        return _render(request, access, "refused", {"reason": reason}, status=403)
    except gate.Refused:
        return render(request, "sharing/emergency/over.html", status=403)
    return _render(request, access, "values", {"title": label, **opened_values(found, fields)})


@require_http_methods(["GET", "POST"])
def own(request: SignedInRequest, access_id: UUID) -> HttpResponse:
    """Show an access to its resident, even if the city no longer offers them. POST refuses it."""
    access = get_object_or_404(EmergencyAccess.objects.select_related("grant"), pk=access_id)
    if request.method == "POST":
        actions.decline(access=access, by=request.user.pk)
        return redirect("sharing:emergency", access_id=access.pk)
    reason = actions.own_reason(access)
    context = {"access": access, "rows": words.own_rows(access, reason), "state": access.state.value}
    return render(request, "sharing/emergency/own.html", context)


def _find_open(request: SignedInRequest, access_id: UUID) -> EmergencyAccess:
    found = emergencies.find_open(request.user, access_id)
    if found is None:
        raise Http404
    return found


def _render(
    request: SignedInRequest, access: EmergencyAccess, page: str, context: dict[str, object], status: int = 200
) -> HttpResponse:
    name = User.objects.get(pk=access.resident_id).name
    context = {"access": access, "name": name, "until": access.grant and access.grant.ends_at, **context}
    return render(request, f"sharing/emergency/{page}.html", context, status=status)
