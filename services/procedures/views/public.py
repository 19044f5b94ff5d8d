"""Public pages of procedures: what each asks, by which text, until when. A resident begins a dossier from there."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from services.aids import catalogue
from services.procedures import finding, presenting
from services.procedures.models import Procedure
from services.procedures.rules import of_aid
from services.versions.models import State
from services.versions.views import named, yaml_file


@login_not_required
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The procedures that one can begin today, found by a word: those of the city first."""
    wanted = request.GET.get("q", "").strip()[:60]
    found = [one for one in finding.startable() if wanted.casefold() in f"{one.name} {one.summary}".casefold()]
    context = {
        "q": wanted,
        "ours": presenting.public_rows(one for one in found if not finding.is_national(one.code)),
        "others": presenting.public_rows(one for one in found if finding.is_national(one.code)),
    }
    return render(request, "procedures/list.html", context)


@login_not_required
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The version in force, or another one that was public."""
    row = _shown(request, code)
    if row is None:
        if not catalogue.exists(code) or request.GET.get("version"):
            raise Http404
        context = presenting.public_page(of_aid(catalogue.get(code)), None, may_start=True)
    else:
        may_start = row.state == State.PUBLISHED and finding.is_open(row, timezone.localdate())
        context = presenting.public_page(row.asks, row, may_start=may_start)
    return render(request, "procedures/page.html", context)


@login_not_required
@require_safe
def rules(request: HttpRequest, code: str) -> HttpResponse:
    row = _shown(request, code)
    if row is None:
        raise Http404
    return yaml_file(row)


def _shown(request: HttpRequest, code: str) -> Procedure | None:
    """Return the version that the address names, or the one in force; None for what came with the portal."""
    return named(request, Procedure.objects.of(code).shown())
