"""The page of the quarterly declaration. What is typed or photographed is compared and shown; nothing is kept."""

import threading
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from core.files.sizes import MAX_PAPER
from core.files.unstored import HeldUpload, held_upload
from core.pdf.apart import NotDrawn
from services.aids import prefilled
from services.aids.actions import declaration as actions
from services.aids.actions.declaration import Declaration
from services.aids.forms import PhotoForm, PrefilledForm
from services.aids.presenting import declaration as presenting
from vault.readers.files import letters
from vault.records import downloads
from vault.sharing.presenting import erasure_letters

#: Photos read at once by one process: each takes a core, and up to 512 MB in the child and in Tesseract.
AT_ONCE = 1
_turns = threading.BoundedSemaphore(AT_ONCE)


@require_http_methods(["GET", "POST"])
def home(request: SignedInRequest) -> HttpResponse:
    found = actions.read(resident_id=request.user.pk)
    form = PrefilledForm(request.POST if request.method == "POST" else None, **_asked(found))
    compared: list[prefilled.Month] = []
    if request.method == "POST" and form.is_valid():
        compared = actions.compare(found, form.cleaned_data)
        if "lettre" in request.POST and any(one.to_correct for one in compared):
            try:
                pdf = erasure_letters.pdf(presenting.letter(found, compared))
                return downloads.pdf(pdf, name="caf-correction.pdf")
            except NotDrawn:
                messages.error(request, _("La lettre n’a pas pu être écrite. Réessayez dans un instant."))
    return _page(request, found, form, compared=compared)


@held_upload(max_bytes=MAX_PAPER)
@require_POST
def photo(request: SignedInRequest) -> HttpResponse:
    """Fill the form with the amounts of a photo or a PDF, for the resident to check. Nothing is compared yet."""
    found = actions.read(resident_id=request.user.pk)
    sent = PhotoForm(request.POST, request.FILES)
    if not sent.is_valid():
        return _page(request, found, PrefilledForm(**_asked(found)), sent=sent, status=400)
    upload = sent.cleaned_data["file"]
    if not isinstance(upload, HeldUpload):
        raise TypeError("a file came in by another handler")
    if not _turns.acquire(blocking=False):
        sent.add_error("file", _("Nous lisons déjà une autre photo. Réessayez dans une minute."))
        return _page(request, found, PrefilledForm(**_asked(found)), sent=sent, status=503)
    try:
        amounts = actions.filled_in(found, upload.content)
    except actions.NotRead as refusal:
        sent.add_error("file", str(refusal))
        return _page(request, found, PrefilledForm(**_asked(found)), sent=sent, status=400)
    finally:
        _turns.release()
    form = PrefilledForm(initial=amounts, **_asked(found))
    messages.info(request, presenting.read_words(len(amounts), len(form.fields)))
    return _page(request, found, form, read=True)


def _asked(found: Declaration) -> dict[str, Any]:
    """Return the months and the adults that the form asks about."""
    names = [name if rank else "" for rank, (_person, name) in enumerate(found.adults)]
    return {"months": found.months, "names": names}


def _page(
    request: SignedInRequest,
    found: Declaration,
    form: PrefilledForm,
    *,
    sent: PhotoForm | None = None,
    compared: list[prefilled.Month] | None = None,
    read: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = presenting.page(found, compared or []) | {
        "typed": form,
        "sent": sent or PhotoForm(),
        "form": sent or form,
        "photos": letters.can_read(),
        "read": read,
    }
    return render(request, "aids/prefilled.html", context, status=status)
