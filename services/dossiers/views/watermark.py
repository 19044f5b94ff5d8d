"""The public page that watermarks a paper: open to everyone, rate-limited, and nothing of the paper is kept.

The file stays in this process's memory and in that of one limited child, which makes the PDF.
"""

import threading
from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.files.sizes import MAX_PAPER
from core.files.unstored import HeldUpload, View, held_upload
from services.dossiers.forms import WatermarkForm
from services.dossiers.watermarking import CannotMark, mark

#: Papers marked at once by one process: each takes a core, and up to 512 MB.
AT_ONCE = 1
_turns = threading.BoundedSemaphore(AT_ONCE)


def _limited(view: View) -> View:
    """Limit the rate before the file is read. The empty page is not counted."""

    @wraps(view)
    def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and ratelimit.consume(request, app="allauth.account", action="watermark") is None:
            answer: HttpResponse = ratelimit.respond_429(request)
            return answer
        return view(request, *args, **kwargs)

    return counted


@login_not_required
@never_cache
@_limited
@held_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def watermark(request: HttpRequest) -> HttpResponse:
    """Answer with the marked PDF, or with the page and what is wrong."""
    if request.method != "POST":
        return _page(request, WatermarkForm())
    form = WatermarkForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    upload = form.cleaned_data["file"]
    if not isinstance(upload, HeldUpload):
        raise TypeError("a file came in by another handler")
    if not _turns.acquire(blocking=False):
        form.add_error("file", _("Beaucoup de personnes protègent un papier en ce moment. Réessayez dans une minute."))
        return _page(request, form, status=503)
    try:
        pdf = mark(upload.content, text=form.text(timezone.localdate()))
    except CannotMark as refusal:
        form.add_error("file", str(refusal))
        return _page(request, form)
    finally:
        _turns.release()
    name = 'attachment; filename="papier-filigrane.pdf"'
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": name})


def _page(request: HttpRequest, form: WatermarkForm, status: int = 200) -> HttpResponse:
    return render(request, "dossiers/watermark.html", {"form": form}, status=status)
