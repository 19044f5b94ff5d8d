"""Pages of agents: an official form from its blank to the second person's decision. No personal data is on any."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from services.official_forms import forms, presenting
from services.official_forms.actions import official_forms as actions
from services.official_forms.models import OfficialForm
from services.official_forms.presenting import FORMS
from services.versions import presenting as versions
from services.versions.actions.versions import Faulty, NotNow
from services.versions.views import form_page, own_draft, publish_as_read, said_why, to_publish


@agents_only
@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """The newest version of each form."""
    found = sorted(OfficialForm.objects.defer("blank").newest().believed(), key=lambda form: form.title.casefold())
    rows = [versions.line(FORMS, form, presenting.listed_text(form)) for form in found]
    return render(request, "official_forms/list.html", {"rows": rows})


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
        except Faulty as problem:
            form.add_error("blank", str(problem))
        else:
            return redirect("official_forms:version", begun.pk)
    hint = _("Le PDF devient un brouillon. Rien n’est publié.")
    return form_page(
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
def version(request: SignedInRequest, row_id: UUID) -> HttpResponse:
    found = OfficialForm.objects.select_related("written_by", "published_by")
    form = get_object_or_404(found, pk=row_id)
    return render(request, "official_forms/version.html", presenting.version_page(form, request.user))


@agents_only
@require_safe
@said_why(FORMS)
def preview(request: SignedInRequest, row_id: UUID) -> HttpResponse:
    """Show the pages with an invented value in each place, framed."""
    form = get_object_or_404(OfficialForm, pk=row_id)
    return render(request, "official_forms/preview.html", presenting.preview(form))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(FORMS)
def edit_map(request: SignedInRequest, row_id: UUID) -> HttpResponse:
    held = own_draft(request, FORMS, row_id)
    form = forms.MapForm(request.POST if request.method == "POST" else None, initial={"mapping": held.map_text})
    if request.method == "POST" and form.is_valid():
        try:
            actions.write_map(form=held, by=request.user, text=form.cleaned_data["mapping"])
        except Faulty as problem:
            form.add_error("mapping", str(problem))
        else:
            return redirect("official_forms:preview", held.pk)
    hint = _("Après l’avoir gardé, vous verrez chaque valeur à sa place sur les pages.")
    return form_page(
        request, form, _("Le plan du formulaire"), _("Garder et voir les pages"), FORMS.page(held), hint=hint
    )


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why(FORMS)
def publish(request: SignedInRequest, row_id: UUID) -> HttpResponse:
    """Publish a draft of somebody else, whose pages are on this page."""
    held = to_publish(request, FORMS, row_id)
    if request.method == "POST":
        if request.POST.get("shown") != held.mark:
            raise NotNow
        return publish_as_read(request, FORMS, held)
    return render(request, "official_forms/preview.html", {**presenting.preview(held), "publishing": True})


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(FORMS)
def renew(request: SignedInRequest, row_id: UUID) -> HttpResponse:
    """Begin the next version of a public one, with another blank or the same."""
    held = get_object_or_404(OfficialForm.objects.shown(), pk=row_id)
    form = forms.RenewForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["blank"]
        try:
            content = sent.read(actions.MOST_BYTES + 1) if sent else None
            return redirect("official_forms:version", actions.renew(form=held, by=request.user, content=content).pk)
        except Faulty as problem:
            form.add_error("blank", str(problem))
    hint = _("La version publiée reste en vigueur tant que la nouvelle n’est pas publiée.")
    return form_page(request, form, _("Nouvelle version"), _("Commencer"), FORMS.page(held), hint=hint, upload=True)
