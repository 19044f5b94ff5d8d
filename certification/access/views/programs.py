"""Pages of publishers: the programs of their services. Another publisher's is a 404. A secret is shown once."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import publishers_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.models import PublisherRole
from certification.access.actions import clients
from certification.access.enums import Environment
from certification.access.forms import ProgramForm, RenameForm, SecurityForm
from certification.access.models import Client
from certification.access.presenting import programs as words
from certification.labels import perms
from certification.labels.models import Service
from certification.labels.views.asking import sent
from vault.holders.actions import senders


@publishers_only
@require_safe
def programs(request: SignedInRequest) -> HttpResponse:
    place = perms.place_of(request.user)
    services = Service.objects.filter(publisher=place.publisher).prefetch_related("clients")
    context = {"place": place, "cards": words.cards(services, owner=place.role == PublisherRole.OWNER)}
    return render(request, "access/programs.html", context)


@publishers_only
@recently_authenticated
@never_cache
@require_http_methods(["GET", "POST"])
def new_program(request: SignedInRequest, service_id: UUID) -> HttpResponse:
    service = get_object_or_404(Service, pk=service_id, publisher=perms.place_of(request.user).publisher)
    form = ProgramForm(sent(request), sends=senders.of_service(service.pk) is not None)
    if request.method == "POST" and form.is_valid():
        if form.is_for_lots:
            name = form.cleaned_data["name"]
            return _secret(request, *clients.register_sender(service=service, by=request.user, name=name))
        client, secret = clients.register(
            service=service,
            by=request.user,
            environment=Environment(form.cleaned_data["environment"]),
            redirect_uris=form.cleaned_data["redirect_uris"],
            name=form.cleaned_data["name"],
        )
        return _secret(request, client, secret)
    context = {
        "form": form,
        "heading": _("Ajouter un programme de « %(service)s »") % {"service": service.name},
        "hint": _("Un programme demande aux habitants et lit sous leur accord, avec une bibliothèque OAuth 2."),
        "button": _("Ajouter"),
        "back": reverse("access:programs"),
    }
    return render(request, "labels/form.html", context)


@publishers_only
@require_http_methods(["GET", "POST"])
def rename_program(request: SignedInRequest, client_id: str) -> HttpResponse:
    client = _client(request, client_id)
    form = RenameForm(sent(request), initial={"name": client.name})
    if request.method == "POST" and form.is_valid():
        clients.rename(client=client, by=request.user, name=form.cleaned_data["name"])
        messages.success(request, _("Le nom du programme est enregistré."))
        return redirect("access:programs")
    context = {
        "form": form,
        "heading": _("Renommer %(program)s") % {"program": words.program_name(client)},
        "button": _("Enregistrer"),
        "back": reverse("access:programs"),
    }
    return render(request, "labels/form.html", context)


@publishers_only
@recently_authenticated
@never_cache
@require_http_methods(["GET", "POST"])
def new_secret(request: SignedInRequest, client_id: str) -> HttpResponse:
    client = _client(request, client_id)
    if request.method == "POST":
        try:
            return _secret(request, client, clients.add_secret(client=client, by=request.user))
        except clients.TwoSecrets:
            messages.error(request, _("Ce programme a déjà deux secrets. Révoquez-en un d’abord."))
            return redirect("access:programs")
    context = {
        "title": _("Ajouter un second secret ?"),
        "follows": [
            _("Les deux secrets marchent ensemble, le temps d’en changer sans arrêt."),
            _("Révoquez ensuite l’ancien."),
        ],
        "button": _("Ajouter un secret"),
        "back": reverse("access:programs"),
        "harmless": True,
    }
    return render(request, "labels/confirm.html", context)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def revoke_secret(request: SignedInRequest, client_id: str, secret_id: str) -> HttpResponse:
    client = _client(request, client_id)
    found = [one for one in client.secrets if one.id == secret_id]
    if not found:
        raise Http404
    if request.method == "POST":
        try:
            clients.revoke_secret(client=client, by=request.user, secret_id=secret_id)
        except clients.LastSecret:
            messages.error(request, _("C’est son seul secret. Ajoutez-en un autre d’abord."))
        return redirect("access:programs")
    return _confirm(
        request,
        _("Révoquer le secret %(secret)s ?") % {"secret": words.secret_name(client, found[0])},
        [_("Il est refusé tout de suite."), _("Les accords des habitants et les jetons en cours restent.")],
        _("Révoquer le secret"),
    )


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def security(request: SignedInRequest, client_id: str) -> HttpResponse:
    """Show and change a program's public keys, and what it requires of requests in its name."""
    client = _client(request, client_id)
    form = SecurityForm(sent(request), client=client)
    if request.method == "POST" and form.is_valid() and form.save(client, request.user):
        messages.success(request, _("Les clés et les exigences du programme sont enregistrées."))
        return redirect("access:programs")
    context = {
        "form": form,
        "heading": _("Clés et exigences de %(program)s") % {"program": words.program_name(client)},
        "hint": _("Avec une clé et toutes les exigences, ce programme suit le profil FAPI 2.0."),
        "button": _("Enregistrer"),
        "back": reverse("access:programs"),
    }
    return render(request, "labels/form.html", context)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def delete_program(request: SignedInRequest, client_id: str) -> HttpResponse:
    client = _client(request, client_id)
    if perms.place_of(request.user).role != PublisherRole.OWNER:
        raise PermissionDenied
    if request.method == "POST":
        clients.delete(client=client, by=request.user)
        return redirect("access:programs")
    return _confirm(
        request,
        _("Supprimer %(program)s ?") % {"program": words.program_name(client)},
        [_("Ses jetons ne lisent plus rien, tout de suite."), _("Les accords des habitants restent, sans programme.")],
        _("Supprimer"),
    )


def _client(request: SignedInRequest, client_id: str) -> Client:
    mine = Client.objects.filter(service__publisher=perms.place_of(request.user).publisher)
    return get_object_or_404(mine.select_related("service__publisher"), client_id=client_id)


def _secret(request: SignedInRequest, client: Client, secret: str) -> HttpResponse:
    """Show the secret on the page that answers: it is nowhere else, not even in the session."""
    return render(request, "access/secret.html", {"rows": words.credentials(client, secret)})


def _confirm(request: SignedInRequest, title: str, follows: list[str], button: str) -> HttpResponse:
    context = {"title": title, "follows": follows, "button": button, "back": reverse("access:programs")}
    return render(request, "labels/confirm.html", context)
