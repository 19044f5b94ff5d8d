"""Pages that compare what the resident receives with what is computed, and the documents to print."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from core.pdf.apart import NotDrawn
from services.aids.actions import compare as actions
from services.aids.actions import simulations
from vault.records import downloads


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    from services.aids.presenting import compare as presenting

    try:
        found = actions.compare(resident_id=request.user.pk)
    except actions.NoStatement:
        return render(request, "aids/compare_empty.html")
    if isinstance(found, simulations.Nothing):
        return redirect("aids:home")
    return render(request, "aids/compare.html", presenting.page(found))


@require_safe
def letter(request: SignedInRequest) -> HttpResponse:
    """Return the letter that asks the CAF to look again. Without a gap there is none: the page says so."""
    from services.aids.presenting import compare as presenting
    from vault.sharing.presenting import erasure_letters

    try:
        found = actions.compare(resident_id=request.user.pk)
    except actions.NoStatement:
        return redirect("aids:compare")
    if isinstance(found, simulations.Nothing) or not any(line.differs and line.paid for line in found.lines):
        return redirect("aids:compare")
    try:
        pdf = erasure_letters.pdf(presenting.letter(found))
    except NotDrawn:
        messages.error(request, _("La lettre n’a pas pu être écrite. Réessayez dans un instant."))
        return redirect("aids:compare")
    return downloads.pdf(pdf, name="caf-reexamen.pdf")


@require_safe
def explanation(request: SignedInRequest, code: str) -> HttpResponse:
    """Return the explanation of one aid as a tagged PDF."""
    from services.aids import benefits
    from services.aids.presenting import explanation as presenting

    if code not in benefits.BY_CODE:
        raise Http404
    simulation = simulations.simulate(resident_id=request.user.pk, keep=False)
    if isinstance(simulation, simulations.Nothing):
        return redirect("aids:home")
    point = simulations.break_even(resident_id=request.user.pk, simulation=simulation, code=code)
    try:
        pdf = presenting.pdf(simulation, simulation.results.get(code), point)
    except NotDrawn:
        messages.error(request, _("Le document n’a pas pu être écrit. Réessayez dans un instant."))
        return redirect("aids:why", code=code)
    return downloads.pdf(pdf, name=f"explication-{code.replace('_', '-')}.pdf")
