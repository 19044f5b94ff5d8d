"""Pages of residents: telling the city of a problem with a service, and reading its answer."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from certification.labels.actions import complaints as actions
from certification.labels.forms import ComplaintForm
from certification.labels.models import Complaint, Service
from certification.labels.views.asking import ask, sent
from core.templatetags.civic import long_date


@require_http_methods(["GET", "POST"])
def complain(request: SignedInRequest, service_id: UUID) -> HttpResponse:
    """Ask what happened, and tell the city. Only services that have or had a label are known to residents."""
    found = get_object_or_404(Service.objects.filter(labels__isnull=False).distinct(), pk=service_id)

    def act(data: dict[str, Any]) -> None:
        me = request.user.pk
        about = Complaint.About(data["about"])
        try:
            actions.complain(resident_id=me, by=me, service=found, about=about, message=data["message"])
        except actions.TooMany:
            raise ValidationError(
                _("La ville a déjà vos signalements sur ce service : attendez sa réponse.")
            ) from None

    return ask(
        request,
        ComplaintForm(sent(request)),
        act,
        then=reverse("labels:complaints"),
        said=_("La ville a votre signalement. Elle répond en quinze jours."),
        heading=_("Signaler un problème avec %(service)s") % {"service": found.name},
        button=_("Envoyer à la ville"),
        back=_service_page(found),
        hint=_("La ville répond en quinze jours. Le service ne saura pas que c’est vous."),
    )


@require_safe
def complaints(request: SignedInRequest) -> HttpResponse:
    """List the resident's complaints. Their words are opened one at a time."""
    rows = [
        {
            "label": one.service.name,
            "text": f"{one.get_about_display()}, {long_date(one.created_at)}",
            "href": reverse("labels:complaint", args=[one.pk]),
            "tag": _("Répondu") if one.answered_at else _("Envoyé"),
            "tag_kind": "ok" if one.answered_at else "",
        }
        for one in Complaint.objects.select_related("service").defer("content")
    ]
    return render(request, "labels/complaints.html", {"rows": rows})


@require_safe
def complaint(request: SignedInRequest, complaint_id: UUID) -> HttpResponse:
    found = get_object_or_404(Complaint.objects.select_related("service"), pk=complaint_id)
    note = actions.open_own(found)
    rows = [
        {"key": _("Service"), "value": found.service.name},
        {"key": _("De quoi il s’agit"), "value": str(found.get_about_display())},
        {"key": _("Ce qui s’est passé"), "value": note["message"]},
        {"key": _("Réponse de la ville"), "value": note["answer"] or _("Pas encore, elle répond en quinze jours.")},
    ]
    context = {"complaint": found, "rows": rows, "service_page": _service_page(found.service)}
    return render(request, "labels/complaint.html", context)


def _service_page(service: Service) -> str:
    """Return the page of a service in the register: that of its last label, or the register if it has none."""
    last = service.labels.order_by("valid_from").last()
    return reverse("labels:label", args=[last.number]) if last else reverse("labels:registry")
