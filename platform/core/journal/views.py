"""The public pages of the checkpoints, which hold no personal data."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.journal import signed_notes
from core.models import Checkpoint

A_PAGE = 30


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("avant", "")
    rows = Checkpoint.objects.order_by("-number")
    if asked.isascii() and asked.isdecimal() and len(asked) < 18:
        rows = rows.filter(number__lt=int(asked))
    found = list(rows[: A_PAGE + 1])
    shown = found[:A_PAGE]
    context = {
        "checkpoints": shown,
        "older": shown[-1].number if len(found) > A_PAGE else None,
        "newest": not asked,
        "keys": signed_notes.public_keys(),
    }
    return render(request, "core/checkpoints.html", context)


@login_not_required
@require_safe
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Return the signed note as plain text, for verification by a program."""
    checkpoint = get_object_or_404(Checkpoint, pk=number)
    return HttpResponse(checkpoint.note, content_type="text/plain; charset=utf-8")
