"""Downloads of letters, for publishers and agents."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from certification.labels.models import LabelRequest
from certification.labels.presenting import letters
from certification.labels.states import DECIDED
from core.pdf.apart import NotDrawn
from vault.records import downloads


def decision_letter(found: LabelRequest, back: str, request: HttpRequest) -> HttpResponse:
    """Return the letter of a request. Before the decision there is none."""
    if found.state not in DECIDED:
        raise Http404
    return drawn(letters.decision(found), found.number, back, request)


def drawn(letter: letters.Letter, name: str, back: str, request: HttpRequest) -> HttpResponse:
    try:
        return downloads.pdf(letters.pdf(letter), name=f"{name}.pdf")
    except NotDrawn:
        messages.warning(request, _("Le PDF n’a pas pu être fait. Recommencez dans un moment."))
        return redirect(back)
