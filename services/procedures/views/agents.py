"""Pages of agents: a procedure from its draft to the second person's decision. No personal data is on any of them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from core.models import City
from services.aids import local_yaml
from services.procedures import forms, presenting, rules
from services.procedures.actions import procedures as actions
from services.procedures.enums import FROZEN, State
from services.procedures.models import Procedure

Page = Callable[..., HttpResponseBase]
#: Procedures of one page of the list.
SHOWN = 60
EMPTY_SECTION: dict[str, Any] = {"title": "", "fields": []}


def said_why(view: Page) -> Page:
    """Say why somebody may not be one of the two, that the page is an old one, or what is wrong."""

    @wraps(view)
    def page(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotTwo as problem:
            return refused(request, problem)
        except actions.NotNow:
            messages.warning(request, _("Cette page n’était plus à jour : rien n’a changé."))
        except actions.Faulty as problem:
            messages.warning(request, " ".join(problem.faults[:3]))
        if Procedure.objects.filter(pk=kwargs["procedure_id"]).exists():
            return redirect("procedures:version", kwargs["procedure_id"])
        return redirect("procedures:agents")

    return page


def _draft(request: SignedInRequest, procedure_id: int) -> Procedure:
    """Return a draft of the agent's own."""
    drafts = Procedure.objects.exclude(state__in=FROZEN).select_related("written_by")
    return get_object_or_404(drafts, pk=procedure_id, written_by=request.user)


@agents_only
@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """The newest version of each procedure, found by a word of its title."""
    wanted = request.GET.get("q", "").strip()[:60]
    found = Procedure.objects.order_by("code", "-version").distinct("code")
    rows = sorted(found.filter(title__icontains=wanted) if wanted else found, key=lambda one: one.title.casefold())
    context = {"q": wanted, "rows": presenting.agents_rows(rows[:SHOWN]), "more": len(rows) - SHOWN}
    return render(request, "procedures/agents/list.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest) -> HttpResponse:
    """Begin a procedure by its sheet; its values and papers come on its page."""
    item = rules.blank("", City.current().label)
    form = forms.SheetForm(request.POST if request.method == "POST" else None, item=item)
    if request.method == "POST" and form.is_valid():
        told = form.columns()
        days = {name: told[name].isoformat() if told[name] else None for name in ("opens_on", "closes_on")}
        try:
            row = actions.begin_new(by=request.user, item={**item, **form.rules(), "title": told["title"], **days})
        except actions.Faulty as problem:
            form.add_error(None, " ".join(problem.faults[:3]))
        else:
            return redirect("procedures:version", row.pk)
    return _form(request, form, _("Nouvelle démarche"), _("Commencer le brouillon"), reverse("procedures:agents"))


@agents_only
@require_http_methods(["GET", "POST"])
def bring_in(request: SignedInRequest) -> HttpResponse:
    """Begin a draft from a YAML file."""
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            item = local_yaml.load(form.cleaned_data["file"].read(local_yaml.MOST_BYTES + 1))
            row = actions.begin(by=request.user, item=item)
        except local_yaml.Unreadable as problem:
            form.add_error("file", str(problem))
        except actions.Faulty as problem:
            form.add_error("file", " ".join(problem.faults[:3]))
        else:
            return redirect("procedures:version", row.pk)
    hint = _("Le fichier devient un brouillon. Rien n’est publié.")
    back = reverse("procedures:agents")
    return _form(request, form, _("Reprendre un fichier"), _("Lire le fichier"), back, hint=hint, upload=True)


@agents_only
@require_safe
def version(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    row = get_object_or_404(Procedure.objects.select_related("written_by", "published_by"), pk=procedure_id)
    return render(request, "procedures/agents/version.html", presenting.version_page(row, request.user))


@agents_only
@require_safe
def preview(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Show the public page of a version as it would be."""
    row = get_object_or_404(Procedure, pk=procedure_id)
    context = presenting.public_page(row.asks, row, may_start=False)
    context |= {"preview": True, "closed": False, "back": reverse("procedures:version", args=[row.pk])}
    return render(request, "procedures/page.html", context)


@agents_only
@require_safe
def compare(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Show what changed since the version before."""
    row = get_object_or_404(Procedure, pk=procedure_id)
    former = Procedure.objects.filter(code=row.code, version__lt=row.version).order_by("-version").first()
    if former is None:
        raise Http404
    rows = presenting.differences(row.asks, former.asks)
    context = {"procedure": row, "former": former, "rows": rows}
    return render(request, "procedures/agents/differences.html", context)


@agents_only
@require_safe
def download(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    return yaml_file(get_object_or_404(Procedure, pk=procedure_id))


def yaml_file(row: Procedure) -> HttpResponse:
    answer = HttpResponse(local_yaml.dump(row.document), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.code}-{row.version}.yaml"'
    return answer


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_sheet(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    row = _draft(request, procedure_id)
    form = forms.SheetForm(request.POST if request.method == "POST" else None, item=row.document)
    if request.method == "POST" and form.is_valid():
        _change(request, row, form.rules(), **form.columns())
        return redirect("procedures:version", row.pk)
    return _edit(request, row, form, _("La fiche"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_section(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Change a part of the values, or add one."""
    row = _draft(request, procedure_id)
    sections, bases = row.rules["sections"], row.rules["bases"]
    place = _place(request, sections)
    section = EMPTY_SECTION if place is None else sections[place]
    sent = request.POST if request.method == "POST" else None
    form = forms.SectionForm(sent, section=section, bases=bases)
    if request.method == "POST" and form.is_valid():
        told = form.section()
        changed = _put(sections, place, told)
        kept = {field: text for field, text in bases.items() if field not in section["fields"]}
        if basis := form.cleaned_data["basis"].strip():
            kept |= dict.fromkeys(told["fields"], basis)
        _change(request, row, {"sections": changed, "bases": kept})
        return redirect("procedures:version", row.pk)
    return _edit(request, row, form, _("Une partie des informations"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_paper(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Change a paper, or add one."""
    row = _draft(request, procedure_id)
    return _paper(request, row, row.rules["papers"], lambda papers: {"papers": papers}, _("Un papier"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_guarantor(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Change a paper of each guarantor, or add one."""
    row = _draft(request, procedure_id)
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
@said_why
def remove(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Take a part of the values or a paper away."""
    row = _draft(request, procedure_id)
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


@agents_only
@require_POST
@said_why
def propose(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    actions.propose(procedure=_draft(request, procedure_id), by=request.user)
    messages.success(request, _("C’est proposé. Une autre personne peut publier."))
    return redirect("procedures:version", procedure_id)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why
def publish(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Publish a proposed version of somebody else."""
    found = Procedure.objects.exclude(written_by=request.user).exclude(state=State.DRAFT)
    row = get_object_or_404(found, pk=procedure_id)
    if request.method == "POST":
        actions.publish(procedure=row, by=request.user)
        messages.success(request, _("C’est publié."))
        return redirect("procedures:version", row.pk)
    if row.state != State.PROPOSED:
        raise actions.NotNow
    hint = _(
        "Vous l’avez relue : les habitants la voient aussitôt. Elle ne changera plus. Les dossiers déjà commencés "
        "gardent leur liste, et le disent."
    )
    return _form(request, None, _("Publier cette version"), _("Publier"), _page(row), hint=hint)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why
def close(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    row = get_object_or_404(Procedure.objects.shown(), pk=procedure_id)
    if request.method == "POST":
        actions.close(procedure=row, by=request.user)
        messages.success(request, _("C’est fermé."))
        return redirect("procedures:version", row.pk)
    if row.state == State.CLOSED:
        raise actions.NotNow
    hint = _(
        "Plus personne ne commence cette démarche. Les dossiers en préparation restent, et disent qu’elle est fermée. "
        "Une demande déjà envoyée suit son cours."
    )
    return _form(request, None, _("Fermer cette démarche"), _("Fermer"), _page(row), hint=hint, kind="warning")


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def drop(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    row = _draft(request, procedure_id)
    if request.method == "POST":
        actions.drop(procedure=row, by=request.user)
        return redirect("procedures:agents")
    hint = _("Le brouillon est effacé.")
    return _form(request, None, _("Supprimer le brouillon"), _("Supprimer"), _page(row), hint=hint, kind="warning")


@agents_only
@require_POST
@said_why
def renew(request: SignedInRequest, procedure_id: int) -> HttpResponse:
    """Begin the next version of a public one."""
    row = get_object_or_404(Procedure.objects.shown(), pk=procedure_id)
    return redirect("procedures:version", actions.renew(procedure=row, by=request.user).pk)


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
        raise actions.NotNow
    actions.change(procedure=row, by=request.user, seen=int(seen), rules_=changed, **columns)


def _page(row: Procedure) -> str:
    return reverse("procedures:version", args=[row.pk])


def _edit(request: SignedInRequest, row: Procedure, form: BaseForm, heading: str) -> HttpResponse:
    return _form(request, form, heading, _("Garder"), _page(row), hidden={"seen": row.changes})


def _form(
    request: SignedInRequest, form: BaseForm | None, heading: str, button: str, back: str, **shown: object
) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back": back, "method": "post", **shown}
    return render(request, "aids/local/form.html", context)
