"""A companion prepares a dossier. A mandate that is another's, paused or over is a 404, as on their other pages."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_scopes import scope

from accounts.decorators import companions_only
from accounts.http import SignedInRequest
from services.dossiers import presenting
from services.dossiers.actions import preparing as actions
from services.dossiers.forms import PrepareForm
from services.dossiers.models import Dossier
from vault.records import gate
from vault.records.wording import not_anchored
from vault.sharing.enums import Act
from vault.sharing.models import Mandate
from vault.sharing.presenting import mandates as words
from vault.sharing.views.companion import find_mandate, over, refused


@companions_only
@require_http_methods(["GET", "POST"])
def prepare(request: SignedInRequest, mandate_id: UUID) -> HttpResponse:
    """Choose the aids of a draft, or go on with one that was prepared under this mandate."""
    mandate = find_mandate(request, mandate_id)
    if not mandate.allows(Act.PREPARE):
        return refused(
            request,
            mandate,
            _("Ce mandat ne permet pas de préparer une demande. Seule la personne peut en donner un autre."),
        )
    form = PrepareForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.prepare(mandate=mandate, companion=request.user, aids=data["aids"], token=data["token"])
        except gate.Refused:
            return over(request)
        messages.success(request, _("Le brouillon est dans son coffre. Elle le relit et l’envoie elle-même."))
        return redirect("dossiers:prepared", mandate_id=mandate.pk, dossier_id=made.pk)
    context = {"form": form, "drafts": presenting.prepared(mandate.pk, actions.prepared(mandate))}
    return _render(request, mandate, "prepare", context)


@companions_only
@require_safe
def prepared(request: SignedInRequest, mandate_id: UUID, dossier_id: UUID) -> HttpResponse:
    """Show what a draft still lacks. Each opening is a line of the resident's journal."""
    mandate = find_mandate(request, mandate_id)
    if not mandate.allows(Act.PREPARE):
        raise Http404
    with scope(resident=mandate.resident_id):
        dossier = Dossier.objects.filter(pk=dossier_id, prepared_under=mandate.grant_id).first()
    if dossier is None:
        raise Http404
    try:
        found = actions.look(mandate=mandate, companion=request.user, dossier=dossier)
    except gate.NotAnchored:
        return refused(
            request,
            mandate,
            not_anchored(),
        )
    except gate.Refused:
        return over(request)
    context = {
        "dossier": dossier,
        "may_add": mandate.allows(Act.ADD_PAPER),
        **presenting.for_companion(dossier, found),
    }
    return _render(request, mandate, "prepared", context)


def _render(request: SignedInRequest, mandate: Mandate, page: str, context: dict[str, Any]) -> HttpResponse:
    context = {"mandate": mandate, "acting": words.banner(mandate), **context}
    return render(request, f"dossiers/companion/{page}.html", context)
