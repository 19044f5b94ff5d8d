"""Pages of agents: an official form from its blank to the second person's decision. No personal data is on any."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from services.official_forms import forms, presenting
from services.official_forms.actions import official_forms as actions
from services.official_forms.models import FROZEN, OfficialForm, State

Page = Callable[..., HttpResponseBase]


def said_why(view: Page) -> Page:
    """Say why somebody may not be one of the two, that somebody else was first, or what is wrong."""

    @wraps(view)
    def page(request: SignedInRequest, form_id: UUID) -> HttpResponseBase:
        try:
            return view(request, form_id)
        except NotTwo as problem:
            return refused(request, problem)
        except actions.NotNow:
            messages.warning(request, _("Quelqu’un a agi avant vous : rien n’a changé."))
        except actions.Faulty as problem:
            messages.warning(request, str(problem))
        return redirect("official_forms:version", form_id)

    return page


def _draft(request: SignedInRequest, form_id: UUID) -> OfficialForm:
    """Return a draft of the agent's own."""
    return get_object_or_404(OfficialForm.objects.exclude(state__in=FROZEN), pk=form_id, written_by=request.user)


@agents_only
@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """The newest version of each form."""
    found = OfficialForm.objects.defer("blank").order_by("code", "-version").distinct("code")
    shown = sorted(found, key=lambda form: form.title.casefold())
    return render(request, "official_forms/list.html", {"rows": presenting.rows(shown)})


@agents_only
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest) -> HttpResponse:
    form = forms.BeginForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        content = sent["blank"].read(actions.MOST_BYTES + 1)
        try:
            begun = actions.begin(
                by=request.user, title=sent["title"], number=sent["number"], aids=sent["aids"], content=content
            )
        except actions.Faulty as problem:
            form.add_error("blank", str(problem))
        else:
            return redirect("official_forms:version", begun.pk)
    hint = _("Le PDF devient un brouillon. Rien n’est publié.")
    return _form(
        request,
        form,
        _("Nouveau formulaire"),
        _("Commencer le brouillon"),
        reverse("official_forms:list"),
        hint=hint,
        upload=True,
    )


@agents_only
@require_safe
def version(request: SignedInRequest, form_id: UUID) -> HttpResponse:
    found = OfficialForm.objects.select_related("written_by", "published_by")
    form = get_object_or_404(found, pk=form_id)
    return render(request, "official_forms/version.html", presenting.version_page(form, request.user))


@agents_only
@require_safe
@said_why
def preview(request: SignedInRequest, form_id: UUID) -> HttpResponse:
    """Show the pages with an invented value in each place, framed."""
    form = get_object_or_404(OfficialForm, pk=form_id)
    return render(request, "official_forms/preview.html", presenting.preview(form))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_map(request: SignedInRequest, form_id: UUID) -> HttpResponse:
    held = _draft(request, form_id)
    form = forms.MapForm(request.POST if request.method == "POST" else None, initial={"mapping": held.map_text})
    if request.method == "POST" and form.is_valid():
        try:
            actions.write_map(form=held, by=request.user, text=form.cleaned_data["mapping"])
        except actions.Faulty as problem:
            form.add_error("mapping", str(problem))
        else:
            return redirect("official_forms:preview", held.pk)
    hint = _("Après l’avoir gardé, vous verrez chaque valeur à sa place sur les pages.")
    return _form(request, form, _("Le plan du formulaire"), _("Garder et voir les pages"), _page(held), hint=hint)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why
def publish(request: SignedInRequest, form_id: UUID) -> HttpResponse:
    """Publish a draft of somebody else, whose pages are on this page."""
    drafts = OfficialForm.objects.filter(state=State.DRAFT).exclude(written_by=request.user)
    held = get_object_or_404(drafts, pk=form_id)
    if request.method == "POST":
        actions.publish(form=held, by=request.user, shown=request.POST.get("shown", ""))
        messages.success(request, _("C’est publié."))
        return redirect("official_forms:version", held.pk)
    return render(request, "official_forms/preview.html", {**presenting.preview(held), "publishing": True})


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why
def close(request: SignedInRequest, form_id: UUID) -> HttpResponse:
    held = get_object_or_404(OfficialForm, pk=form_id, state=State.PUBLISHED)
    if request.method == "POST":
        actions.close(form=held, by=request.user)
        messages.success(request, _("C’est fermé."))
        return redirect("official_forms:version", held.pk)
    hint = _("Les habitants ne le trouvent plus dans leur dossier. Les dossiers déjà faits ne changent pas.")
    return _form(request, None, _("Fermer ce formulaire"), _("Fermer"), _page(held), hint=hint, kind="warning")


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def renew(request: SignedInRequest, form_id: UUID) -> HttpResponse:
    """Begin the next version of a public one, with another blank or the same."""
    held = get_object_or_404(OfficialForm, pk=form_id, state__in=FROZEN)
    form = forms.RenewForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["blank"]
        try:
            content = sent.read(actions.MOST_BYTES + 1) if sent else None
            return redirect("official_forms:version", actions.renew(form=held, by=request.user, content=content).pk)
        except actions.Faulty as problem:
            form.add_error("blank", str(problem))
    hint = _("La version publiée reste en vigueur tant que la nouvelle n’est pas publiée.")
    return _form(request, form, _("Nouvelle version"), _("Commencer"), _page(held), hint=hint, upload=True)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def drop(request: SignedInRequest, form_id: UUID) -> HttpResponse:
    held = _draft(request, form_id)
    if request.method == "POST":
        actions.drop(form=held, by=request.user)
        return redirect("official_forms:list")
    hint = _("Le brouillon et son plan sont effacés.")
    return _form(request, None, _("Supprimer le brouillon"), _("Supprimer"), _page(held), hint=hint, kind="warning")


def _page(form: OfficialForm) -> str:
    return reverse("official_forms:version", args=[form.pk])


def _form(
    request: SignedInRequest, form: BaseForm | None, heading: str, button: str, back: str, **shown: Any
) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back": back, "method": "post", **shown}
    return render(request, "official_forms/form.html", context)
