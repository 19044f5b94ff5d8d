"""The page of the quarterly declaration. What is typed is compared and shown; nothing is kept."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from core.pdf.apart import NotDrawn
from services.aids import prefilled
from services.aids.actions import declaration as actions
from services.aids.forms import PrefilledForm
from services.aids.presenting import declaration as presenting
from vault.records import downloads
from vault.sharing.presenting import erasure_letters


@require_http_methods(["GET", "POST"])
def home(request: SignedInRequest) -> HttpResponse:
    found = actions.read(resident_id=request.user.pk)
    names = [name if rank else "" for rank, (_person, name) in enumerate(found.adults)]
    form = PrefilledForm(request.POST if request.method == "POST" else None, months=found.months, names=names)
    compared: list[prefilled.Month] = []
    if request.method == "POST" and form.is_valid():
        compared = actions.compare(found, form.cleaned_data)
        if "lettre" in request.POST and any(one.to_correct for one in compared):
            try:
                pdf = erasure_letters.pdf(presenting.letter(found, compared))
                return downloads.pdf(pdf, name="caf-correction.pdf")
            except NotDrawn:
                messages.error(request, _("La lettre n’a pas pu être écrite. Réessayez dans un instant."))
    return render(request, "aids/prefilled.html", presenting.page(found, compared) | {"form": form})
