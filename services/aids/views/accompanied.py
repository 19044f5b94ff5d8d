"""The aids of a resident, during a desk visit or under a mandate. One that is over, or another's, is a 404."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, companions_only
from accounts.http import SignedInRequest
from services.aids.actions import accompanied as actions
from services.aids.actions.simulations import Nothing
from services.aids.forms import SimulateAtDeskForm
from vault.records import gate
from vault.records.wording import not_anchored
from vault.sharing.enums import Act
from vault.sharing.presenting import desk as desk_words
from vault.sharing.presenting import mandates as mandate_words
from vault.sharing.views import companion, desk


@agents_only
@desk.for_who_keeps_it
@never_cache
@require_http_methods(["GET", "POST"])
def at_desk(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Ask for the resident's yes, then show their aids in the answer to it: no address shows them again."""
    visit = desk.find_visit(request, visit_id)
    if not visit.allows(Act.SIMULATE):
        return desk.refused(request, visit, _("La personne n’a pas dit que vous pouviez calculer ses aides."))
    form = SimulateAtDeskForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"visit": visit, "acting": desk_words.banner(visit), "form": form}
    if request.method != "POST" or not form.is_valid():
        return render(request, "aids/at_desk_ask.html", context)
    try:
        found = actions.simulate_at_desk(visit=visit, agent=request.user)
    except gate.NotAnchored:
        return desk.refused(request, visit, not_anchored())
    except (gate.Refused, PermissionDenied):
        return desk.over(request)
    if isinstance(found, Nothing):
        return render(request, "aids/at_desk.html", context | {"nothing": found})
    from services.aids.presenting import accompanied as words

    return render(request, "aids/at_desk.html", context | words.at_desk(found, visit))


@companions_only
@never_cache
@require_safe
def under_mandate(request: SignedInRequest, mandate_id: UUID) -> HttpResponse:
    """Show the aids and what is missing. Each opening is a line of the resident's journal."""
    mandate = companion.find_mandate(request, mandate_id)
    if not mandate.allows(Act.SIMULATE):
        reason = _("Ce mandat ne permet pas de calculer ses aides. Seule la personne peut en donner un autre.")
        return companion.refused(request, mandate, reason)
    try:
        found = actions.simulate_under_mandate(mandate=mandate, companion=request.user)
    except gate.NotAnchored:
        return companion.refused(request, mandate, not_anchored())
    except gate.Refused:
        return companion.over(request)
    context: dict[str, Any] = {"mandate": mandate, "acting": mandate_words.banner(mandate)}
    context["may_prepare"] = mandate.allows(Act.PREPARE)
    if isinstance(found, Nothing):
        return render(request, "aids/under_mandate.html", context | {"nothing": found})
    from services.aids.presenting import accompanied as words

    return render(request, "aids/under_mandate.html", context | words.for_companion(found))
