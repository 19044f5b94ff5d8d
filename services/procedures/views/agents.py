"""Pages of agents: a procedure from its draft to the second person's decision. No personal data is on any of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from core.models import City
from services.procedures import forms, presenting, rules
from services.procedures.actions import procedures as actions
from services.procedures.models import Procedure
from services.procedures.presenting import PROCEDURES
from services.versions import presenting as versions
from services.versions.actions.versions import Faulty, NotNow
from services.versions.views import form_page, found_by_word, own_draft, said_why, yaml_file
from services.versions.yaml_files import MOST_BYTES, Unreadable, load

#: After which a new procedure is read again.
REVIEW = timedelta(days=365)
EMPTY_SECTION: dict[str, Any] = {"title": "", "fields": []}


def _draft(request: SignedInRequest, row_id: int) -> Procedure:
    return own_draft(request, PROCEDURES, row_id)


@agents_only
@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """The newest version of each procedure, found by a word of its title."""
    rows, context = found_by_word(request, PROCEDURES)
    context["rows"] = [versions.line(PROCEDURES, row, presenting.listed_text(row)) for row in rows]
    context["reviews"] = versions.reviews(PROCEDURES, timezone.localdate())
    return render(request, "procedures/agents/list.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest) -> HttpResponse:
    """Begin a procedure by its sheet; its values and papers come on its page."""
    item = rules.blank("", City.current().label, timezone.localdate() + REVIEW)
    form = forms.SheetForm(request.POST if request.method == "POST" else None, item=item)
    if request.method == "POST" and form.is_valid():
        data = form.columns()
        dates = ("opens_on", "closes_on", "review_on")
        days = {name: data[name].isoformat() if data[name] else None for name in dates}
        named = {"title": data["label"], "office": data["office"].name if data["office"] else None}
        try:
            row = actions.begin_new(by=request.user, item={**item, **form.rules(), **named, **days})
        except Faulty as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("procedures:version", row.pk)
    return form_page(request, form, _("Nouvelle démarche"), _("Commencer le brouillon"), reverse("procedures:agents"))


@agents_only
@require_http_methods(["GET", "POST"])
def bring_in(request: SignedInRequest) -> HttpResponse:
    """Begin a draft from a YAML file."""
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            item = load(form.cleaned_data["file"].read(MOST_BYTES + 1))
            row = actions.begin(by=request.user, item=item)
        except Unreadable as problem:
            form.add_error("file", str(problem))
        except Faulty as problem:
            form.add_error("file", str(problem))
        else:
            return redirect("procedures:version", row.pk)
    hint = _("Le fichier devient un brouillon. Rien n’est publié.")
    back = reverse("procedures:agents")
    return form_page(request, form, _("Reprendre un fichier"), _("Lire le fichier"), back, hint=hint, upload=True)


@agents_only
@require_safe
def version(request: SignedInRequest, row_id: int) -> HttpResponse:
    row = get_object_or_404(Procedure.objects.select_related("written_by", "published_by"), pk=row_id)
    return render(request, "procedures/agents/version.html", presenting.version_page(row, request.user))


@agents_only
@require_safe
def preview(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Show the public page of a version as it would be."""
    row = get_object_or_404(Procedure, pk=row_id)
    context = presenting.public_page(row.asks, row, may_start=False)
    context |= {"preview": True, "closed": False, "back": reverse("procedures:version", args=[row.pk])}
    return render(request, "procedures/page.html", context)


@agents_only
@require_safe
def download(request: SignedInRequest, row_id: int) -> HttpResponse:
    return yaml_file(get_object_or_404(Procedure, pk=row_id))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(PROCEDURES)
def edit_sheet(request: SignedInRequest, row_id: int) -> HttpResponse:
    row = _draft(request, row_id)
    form = forms.SheetForm(request.POST if request.method == "POST" else None, item=row.document)
    if request.method == "POST" and form.is_valid():
        _change(request, row, form.rules(), **form.columns())
        return redirect("procedures:version", row.pk)
    return _edit(request, row, form, _("La fiche"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(PROCEDURES)
def edit_section(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Change a part of the values, or add one."""
    row = _draft(request, row_id)
    sections, bases = row.rules["sections"], row.rules["bases"]
    place = _place(request, sections)
    section = EMPTY_SECTION if place is None else sections[place]
    sent = request.POST if request.method == "POST" else None
    form = forms.SectionForm(sent, section=section, bases=bases)
    if request.method == "POST" and form.is_valid():
        data = form.section()
        changed = _put(sections, place, data)
        kept = {field: text for field, text in bases.items() if field not in section["fields"]}
        if basis := form.cleaned_data["basis"].strip():
            kept |= dict.fromkeys(data["fields"], basis)
        _change(request, row, {"sections": changed, "bases": kept})
        return redirect("procedures:version", row.pk)
    return _edit(request, row, form, _("Une partie des informations"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(PROCEDURES)
def edit_paper(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Change a paper, or add one."""
    row = _draft(request, row_id)
    return _paper(request, row, row.rules["papers"], lambda papers: {"papers": papers}, _("Un papier"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(PROCEDURES)
def edit_guarantor(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Change a paper of each guarantor, or add one."""
    row = _draft(request, row_id)
    guarantors = row.rules["guarantors"]
    return _paper(
        request,
        row,
        guarantors["papers"],
        lambda papers: {"guarantors": {**guarantors, "papers": papers}},
        _("Un papier du garant"),
    )


@agents_only
@require_POST
@said_why(PROCEDURES)
def remove(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Take a part of the values or a paper away."""
    row = _draft(request, row_id)
    name, _colon, text = request.POST.get("what", "").partition(":")
    guarantors = row.rules["guarantors"]
    parts = {"sections": row.rules["sections"], "papers": row.rules["papers"], "guarantors": guarantors["papers"]}
    if name not in parts or not text.isdecimal() or int(text) >= len(parts[name]):
        raise Http404
    gone = int(text)
    left = [one for place, one in enumerate(parts[name]) if place != gone]
    changed: dict[str, Any] = {"guarantors": {**guarantors, "papers": left}} if name == "guarantors" else {name: left}
    if name == "sections":
        asked = {field for section in left for field in section["fields"]}
        changed["bases"] = {field: text for field, text in row.rules["bases"].items() if field in asked}
    _change(request, row, changed)
    return redirect("procedures:version", row.pk)


def _paper(
    request: SignedInRequest,
    row: Procedure,
    papers: list[dict[str, Any]],
    changed: Callable[[list[dict[str, Any]]], dict[str, Any]],
    heading: str,
) -> HttpResponse:
    place = _place(request, papers)
    form = forms.PaperForm(
        request.POST if request.method == "POST" else None, paper=None if place is None else papers[place]
    )
    if request.method == "POST" and form.is_valid():
        _change(request, row, changed(_put(papers, place, form.paper())))
        return redirect("procedures:version", row.pk)
    return _edit(request, row, form, heading)


def _place(request: SignedInRequest, listed: list[Any]) -> int | None:
    """Return the place that the address names, or None for a new one."""
    text = request.GET.get("place", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 3 or int(text) >= len(listed):
        raise Http404
    return int(text)


def _put(listed: list[Any], place: int | None, one: dict[str, Any]) -> list[Any]:
    return [*listed, one] if place is None else [*listed[:place], one, *listed[place + 1 :]]


def _change(request: SignedInRequest, row: Procedure, changed: dict[str, Any], **columns: Any) -> None:
    seen = request.POST.get("seen", "")
    if not seen.isdecimal() or len(seen) > 9:
        raise NotNow
    actions.change(row=row, by=request.user, seen=int(seen), rules_=changed, **columns)


def _edit(request: SignedInRequest, row: Procedure, form: BaseForm, heading: str) -> HttpResponse:
    return form_page(request, form, heading, _("Garder"), PROCEDURES.page(row), hidden={"seen": row.changes})
