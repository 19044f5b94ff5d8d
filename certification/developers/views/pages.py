"""The developers' pages: their programs' calls and webhooks. Another publisher's is a 404."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import publishers_only, recently_authenticated
from accounts.http import SignedInRequest
from certification.access.models import Client
from certification.access.presenting.programs import program_name
from certification.developers.actions import webhooks
from certification.developers.forms import CallsForm, WebhookForm
from certification.developers.models import Call, Delivery, Endpoint
from certification.developers.presenting import pages as words
from certification.labels import perms
from certification.labels.models import Service
from certification.labels.views.asking import sent

A_PAGE = 50


@publishers_only
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    place = perms.place_of(request.user)
    services = Service.objects.filter(publisher=place.publisher).prefetch_related("clients")
    return render(request, "developers/home.html", {"place": place, "cards": words.cards(services)})


@publishers_only
@require_safe
def calls(request: SignedInRequest, client_id: str) -> HttpResponse:
    client = _client(request, client_id)
    form = CallsForm(request.GET)
    found = form.among(Call.objects.filter(client=client))
    page = Paginator(found.order_by("-at", "-pk"), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "name": program_name(client),
        "form": form,
        "page": page,
        "query": form.query,
        "rows": words.call_rows(page),
        "heads": [
            {"label": _("Heure")},
            {"label": _("Requête")},
            {"label": _("Réponse")},
            {"label": _("Durée"), "num": True},
            {"label": _("Numéro")},
        ],
    }
    return render(request, "developers/calls.html", context)


@publishers_only
@require_safe
def endpoints(request: SignedInRequest, client_id: str) -> HttpResponse:
    client = _client(request, client_id)
    context = {
        "client": client,
        "name": program_name(client),
        "lines": words.endpoint_lines(client.endpoints.select_related("client")),
    }
    return render(request, "developers/webhooks.html", context)


@publishers_only
@recently_authenticated
@never_cache
@require_http_methods(["GET", "POST"])
def new_endpoint(request: SignedInRequest, client_id: str) -> HttpResponse:
    client = _client(request, client_id)
    form = WebhookForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = webhooks.add(client=client, by=request.user, **form.cleaned_data)
        except ValidationError as problem:
            form.add_error("url", problem)
        except webhooks.TooMany:
            form.add_error(None, _("Ce programme a déjà cinq adresses. Retirez-en une d’abord."))
        else:
            # The secret is on this page and nowhere else, not even in the session.
            return render(request, "developers/webhook_secret.html", words.secret_page(endpoint, secret))
    context = {
        "form": form,
        "heading": _("Ajouter une adresse"),
        "hint": _("Nous lui envoyons un défi, qu’elle rend : ensuite elle reçoit vos événements."),
        "button": _("Ajouter"),
        "back": reverse("developers:webhooks", args=[client_id]),
    }
    return render(request, "labels/form.html", context)


@publishers_only
@require_safe
def endpoint(request: SignedInRequest, client_id: str, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(request, client_id, endpoint_id)
    deliveries = Delivery.objects.filter(endpoint=found).select_related("event").order_by("-event__at", "pk")
    page = Paginator(deliveries, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "endpoint": found,
        "state": found.state,
        "rows": words.endpoint_rows(found),
        "page": page,
        "lines": words.delivery_lines(page),
    }
    return render(request, "developers/webhook.html", context)


@publishers_only
@require_POST
def prove(request: SignedInRequest, client_id: str, endpoint_id: UUID) -> HttpResponse:
    webhooks.ask_proof(endpoint=_endpoint(request, client_id, endpoint_id), by=request.user)
    messages.success(request, _("Le défi part. Rechargez la page dans un instant."))
    return redirect("developers:webhook", client_id, endpoint_id)


@publishers_only
@require_POST
def try_out(request: SignedInRequest, client_id: str, endpoint_id: UUID) -> HttpResponse:
    try:
        webhooks.try_out(endpoint=_endpoint(request, client_id, endpoint_id), by=request.user)
        messages.success(request, _("Nous envoyons l’essai. Rechargez la page dans un instant."))
    except ValidationError as problem:
        messages.error(request, problem.message)
    return redirect("developers:webhook", client_id, endpoint_id)


@publishers_only
@require_http_methods(["GET", "POST"])
def delete_endpoint(request: SignedInRequest, client_id: str, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(request, client_id, endpoint_id)
    if request.method == "POST":
        webhooks.delete(endpoint=found, by=request.user)
        return redirect("developers:webhooks", client_id)
    context = {
        "title": _("Retirer cette adresse ?"),
        "follows": [found.url, _("Elle ne reçoit plus rien, tout de suite. Son historique est effacé.")],
        "button": _("Retirer l’adresse"),
        "back": reverse("developers:webhook", args=[client_id, endpoint_id]),
    }
    return render(request, "labels/confirm.html", context)


@publishers_only
@recently_authenticated
@never_cache
@require_http_methods(["GET", "POST"])
def replace_secret(request: SignedInRequest, client_id: str, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(request, client_id, endpoint_id)
    if request.method == "POST":
        try:
            secret = webhooks.replace_secret(endpoint=found, by=request.user)
            return render(request, "developers/webhook_secret.html", words.secret_page(found, secret))
        except webhooks.TwoSecrets:
            messages.error(request, _("Cette adresse a déjà deux secrets. Retirez l’ancien d’abord."))
            return redirect("developers:webhook", client_id, endpoint_id)
    context = {
        "title": _("Changer le secret ?"),
        "follows": [
            _("Pendant sept jours, chaque envoi porte deux signatures : du nouveau secret, et de l’ancien."),
            _("Donnez le nouveau à votre programme, puis retirez l’ancien."),
        ],
        "button": _("Changer le secret"),
        "back": reverse("developers:webhook", args=[client_id, endpoint_id]),
        "harmless": True,
    }
    return render(request, "labels/confirm.html", context)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def retire_secret(request: SignedInRequest, client_id: str, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(request, client_id, endpoint_id)
    if request.method == "POST":
        webhooks.retire_secret(endpoint=found, by=request.user)
        messages.success(request, _("L’ancien secret ne signe plus rien."))
        return redirect("developers:webhook", client_id, endpoint_id)
    context = {
        "title": _("Retirer l’ancien secret ?"),
        "follows": [_("Dès maintenant, le nouveau signe seul. Un programme qui a encore l’ancien refuse nos envois.")],
        "button": _("Retirer l’ancien secret"),
        "back": reverse("developers:webhook", args=[client_id, endpoint_id]),
    }
    return render(request, "labels/confirm.html", context)


@publishers_only
@require_POST
def replay(request: SignedInRequest, client_id: str, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    found = _endpoint(request, client_id, endpoint_id)
    delivery = get_object_or_404(Delivery.objects.select_related("endpoint"), pk=delivery_id, endpoint=found)
    try:
        webhooks.replay(delivery=delivery, by=request.user)
        messages.success(request, _("L’événement repart."))
    except ValidationError as problem:
        messages.error(request, problem.message)
    return redirect("developers:webhook", client_id, endpoint_id)


def _client(request: SignedInRequest, client_id: str) -> Client:
    mine = Client.objects.filter(service__publisher=perms.place_of(request.user).publisher)
    return get_object_or_404(mine.select_related("service__publisher"), client_id=client_id)


def _endpoint(request: SignedInRequest, client_id: str, endpoint_id: UUID) -> Endpoint:
    mine = Endpoint.objects.filter(client=_client(request, client_id))
    return get_object_or_404(mine.select_related("client__service__publisher"), pk=endpoint_id)
