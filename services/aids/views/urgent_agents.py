"""Pages of agents who write an urgent situation. Trying, publishing and closing it are in services.versions."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from services.aids import shipping, urgent
from services.aids.actions import urgent_situations as actions
from services.aids.models import UrgentSituation
from services.aids.presenting import urgent as presenting
from services.aids.presenting.urgent import SITUATIONS
from services.aids.urgent import forms
from services.versions.views import form_page, own_draft, said_why

#: Of a situation that somebody begins, until a person reads it again.
REVIEW = timedelta(days=180)


@agents_only
@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """The newest version of each situation, and the shipped ones that the city has not loaded."""
    found = sorted(UrgentSituation.objects.newest().believed(), key=lambda row: row.label.casefold())
    missing = [row for row in shipping.urgent_situations() if row.pk is None]
    context = {"rows": presenting.agents_rows(found, timezone.localdate()), "missing": missing}
    return render(request, "aids/urgent_agents/list.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest) -> HttpResponse:
    """Begin a situation by its texts; its numbers and its deadlines come on its page."""
    initial = {"review_on": timezone.localdate() + REVIEW}
    form = forms.SituationForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        columns = form.columns()
        item = {
            **urgent.blank(),
            **form.rules(),
            "title": columns["label"],
            "review_on": columns["review_on"].isoformat(),
        }
        return redirect("aids:urgent_version", actions.begin(by=request.user, item=item).pk)
    return form_page(
        request, form, _("Nouvelle situation urgente"), _("Commencer le brouillon"), reverse("aids:urgent_list")
    )


@agents_only
@require_POST
def take_up(request: SignedInRequest, code: str) -> HttpResponse:
    """Begin the city's first version of a shipped situation that it has not loaded."""
    row = shipping.urgent_situation(code)
    if row is None or row.pk is not None:
        raise Http404
    return redirect("aids:urgent_version", actions.begin(by=request.user, item=row.document).pk)


@agents_only
@require_safe
def version(request: SignedInRequest, row_id: int) -> HttpResponse:
    rows = UrgentSituation.objects.select_related("written_by", "published_by")
    row = get_object_or_404(rows, pk=row_id)
    return render(request, "aids/urgent_agents/version.html", presenting.version_page(row, request.user))


@agents_only
@require_safe
def preview(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Show the public page of a version as it would be, once it has a number to call."""
    row = get_object_or_404(UrgentSituation, pk=row_id)
    if not row.rules["calls"]:
        raise Http404
    return render(request, "aids/situation.html", presenting.page(row) | {"preview": row})


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(SITUATIONS)
def edit_sheet(request: SignedInRequest, row_id: int) -> HttpResponse:
    row = _draft(request, row_id)
    lines = {name: "\n".join(row.rules[name]) for name in forms.LINES}
    initial = {**row.rules, **lines, "title": row.label, "review_on": row.review_on}
    form = forms.SituationForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.change(row=row, by=request.user, rules=form.rules(), **form.columns())
        return redirect("aids:urgent_version", row.pk)
    return form_page(request, form, _("Les textes"), _("Enregistrer"), SITUATIONS.page(row))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(SITUATIONS)
def edit_part(request: SignedInRequest, row_id: int, part: str) -> HttpResponse:
    """Change a number, an event or a deadline, or add one."""
    row = _draft(request, row_id)
    key, made = _part(part)
    held: list[dict[str, Any]] = row.rules[key]
    rank = _rank(request.GET.get("rang", ""), held) if request.GET.get("rang") else None
    initial = {} if rank is None else held[rank]
    form = made(request.POST if request.method == "POST" else None, content=row.rules, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.part()
        written = [*held, said] if rank is None else [said if place == rank else one for place, one in enumerate(held)]
        actions.change(row=row, by=request.user, rules={key: written})
        return redirect("aids:urgent_version", row.pk)
    headings = {"calls": _("Un numéro à appeler"), "events": _("Un événement"), "deadlines": _("Un délai")}
    return form_page(request, form, headings[key], _("Garder"), SITUATIONS.page(row))


@agents_only
@require_POST
@said_why(SITUATIONS)
def remove_part(request: SignedInRequest, row_id: int, part: str) -> HttpResponse:
    row = _draft(request, row_id)
    key, _made = _part(part)
    held: list[dict[str, Any]] = row.rules[key]
    rank = _rank(request.POST.get("rang", ""), held)
    actions.change(row=row, by=request.user, rules={key: [one for place, one in enumerate(held) if place != rank]})
    return redirect("aids:urgent_version", row.pk)


def _part(name: str) -> tuple[str, Any]:
    try:
        return forms.PARTS[name]
    except KeyError:
        raise Http404 from None


def _rank(typed: str, held: list[dict[str, Any]]) -> int:
    """Return the place in a list of what a page counts from one."""
    if not (typed.isdecimal() and len(typed) < 4 and 1 <= int(typed) <= len(held)):
        raise Http404
    return int(typed) - 1


def _draft(request: SignedInRequest, row_id: int) -> UrgentSituation:
    return own_draft(request, SITUATIONS, row_id)
