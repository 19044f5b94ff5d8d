"""Pages of the charter's checks: for the publisher, for agents, and for whoever reads the mail of a contact."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import agents_only, publishers_only
from accounts.http import SignedInRequest
from certification.labels.actions import checks as actions
from certification.labels.forms import SignalForm
from certification.labels.models import LabelRequest, SignalAddress
from certification.labels.presenting import checks as words
from certification.labels.states import NotNow
from certification.labels.views.asking import sent
from certification.labels.views.found import own_request, sent_request
from core.messages.mails import NotSent


@publishers_only
@require_http_methods(["GET", "POST"])
def checks(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Show what the machine saw. POST asks for a run, sends the contact's link, or writes the address for signals."""
    found = own_request(request, request_id)
    here = redirect("labels:checks", request_id=found.pk)
    if request.method == "POST" and "check" in request.POST:
        _ask(request, found)
        return here
    if request.method == "POST" and "link" in request.POST:
        _send_link(request, found)
        return here
    address = SignalAddress.objects.filter(service=found.service).first()
    form = SignalForm(sent(request), instance=address)
    if request.method == "POST" and form.is_valid():
        actions.set_signal_address(request=found, by=request.user, url=form.cleaned_data["url"])
        messages.success(request, _("L’adresse est enregistrée. Le prochain contrôle l’essaiera."))
        return here
    context = {
        "found": found,
        "shown": words.shown(found),
        "form": form,
        "secret": actions.shown_secret(found.service),
        "own": True,
        "back": reverse("labels:request", args=[found.pk]),
    }
    return render(request, "labels/checks.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
def examine_checks(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Show agents what the machine saw. POST asks for a run."""
    found = sent_request(request, request_id)
    if request.method == "POST":
        _ask(request, found)
        return redirect("labels:examine_checks", request_id=found.pk)
    context = {
        "found": found,
        "shown": words.shown(found),
        "own": False,
        "back": reverse("labels:examine", args=[found.pk]),
    }
    return render(request, "labels/checks.html", context)


@login_not_required
@require_http_methods(["GET", "POST"])
def confirm_contact(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever reads the mail of a contact confirm it. Opening the page does not: programs open links too."""
    try:
        proof = actions.contact_behind(token)
        if request.method == "POST":
            proof = actions.confirm_contact(token=token)
    except actions.NotAsked:
        return render(request, "labels/contact.html", {"proof": None}, status=404)
    return render(request, "labels/contact.html", {"proof": proof})


def _ask(request: SignedInRequest, found: LabelRequest) -> None:
    try:
        actions.ask(request=found, by=request.user)
    except NotNow:
        messages.warning(request, _("Cette demande est déjà close."))
    except actions.TooMany:
        messages.warning(request, _("Dix contrôles en une heure : attendez un peu avant le suivant."))
    else:
        messages.success(request, _("Le contrôle est demandé. Il prend une minute ou deux : rechargez cette page."))


def _send_link(request: SignedInRequest, found: LabelRequest) -> None:
    try:
        actions.send_contact_link(request=found, by=request.user)
    except ValueError:
        messages.warning(request, _("Écrivez d’abord le contact pour les données."))
    except actions.TooMany:
        messages.warning(request, _("Un lien est déjà parti il y a moins d’une heure."))
    except NotSent:
        messages.warning(request, _("Le lien n’a pas pu partir. Réessayez dans un moment."))
    else:
        messages.success(request, _("Le lien est parti à %(address)s.") % {"address": found.data_contact})
