"""Pages of the two parts of a couple's dossier. They answer 404 to people who do not live together."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from services.dossiers import across as parts
from services.dossiers import presenting
from services.dossiers.across import Received
from services.dossiers.actions import parts as actions_parts
from services.dossiers.enums import Answer
from services.dossiers.models import Dossier, Part


@require_http_methods(["GET", "POST"])
def ask(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    """Show the request exactly as the partner will read it, then send it."""
    row = get_object_or_404(Dossier.objects.all(), pk=dossier_id)
    if request.method == "POST":
        try:
            actions_parts.ask(dossier=row, by=request.user.pk)
        except (PermissionDenied, Dossier.DoesNotExist):
            raise Http404 from None
        return redirect("dossiers:dossier", dossier_id=row.pk)
    partner_part = parts.partner_part(row)
    if partner_part is None:
        raise Http404
    if partner_part.state is not None:
        return redirect("dossiers:dossier", dossier_id=row.pk)
    return render(request, "dossiers/ask_part.html", {"dossier": row, **presenting.ask_part(row, partner_part)})


@require_POST
def take_back(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    row = get_object_or_404(Dossier.objects.all(), pk=dossier_id)
    actions_parts.take_back(dossier=row, by=request.user.pk)
    return redirect("dossiers:dossier", dossier_id=row.pk)


@require_http_methods(["GET", "POST"])
def part(request: SignedInRequest, part_id: UUID) -> HttpResponse:
    """Show a request before its answer; redirect to the resident's own dossier after a yes."""
    found = _find(request, part_id)
    if request.method == "POST":
        return _answer(request, found)
    if found.made is not None:
        return redirect("dossiers:dossier", dossier_id=found.made)
    lines = actions_parts.needs_of_request(found=found, by=request.user.pk)
    return render(request, "dossiers/part.html", presenting.part(found, lines))


def _answer(request: SignedInRequest, found: Received) -> HttpResponse:
    """Record the answer. Without one, show the page again: neither button is the default."""
    try:
        if request.POST.get("answer") == Answer.YES:
            made = actions_parts.agree(found=found, by=request.user.pk)
            return redirect("dossiers:dossier", dossier_id=made.pk)
        if request.POST.get("answer") == Answer.NO:
            actions_parts.refuse(found=found, by=request.user.pk)
            messages.success(request, _("C’est noté. Rien n’est bloqué."))
            return redirect("dossiers:home")
    except Part.DoesNotExist:
        raise Http404 from None
    except actions_parts.AlreadyAgreed:
        messages.info(request, _("Vous aviez accepté. Pour revenir sur votre accord, retirez votre part."))
        return redirect("dossiers:part", part_id=found.part.pk)
    messages.error(request, _("Choisissez une réponse."))
    lines = actions_parts.needs_of_request(found=found, by=request.user.pk)
    return render(request, "dossiers/part.html", presenting.part(found, lines), status=400)


def _find(request: SignedInRequest, part_id: UUID) -> Received:
    found = next((one for one in parts.received(request.user.pk) if one.part.pk == part_id), None)
    if found is None:
        raise Http404
    return found
