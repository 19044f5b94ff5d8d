"""Pages of a resident's dossiers. Another resident's dossier answers 404, because each query starts from the scope."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from core.files.sizes import MAX_PAPER
from core.files.uploads import SealedUpload, sealed_upload
from services.dossiers import across as parts
from services.dossiers import presenting
from services.dossiers.actions import dossiers as actions
from services.dossiers.content import refreshing
from services.dossiers.content.needs import PAPER, Need
from services.dossiers.enums import NeedState, State
from services.dossiers.forms import AddPaperForm, ChoiceForm, GuarantorsForm, LetterForm, StartForm, TypedForm
from services.dossiers.models import Dossier
from vault.records.actions import receive_paper
from vault.records.content import paper_kinds
from vault.records.content.paper_kinds import OTHER

View = Callable[..., HttpResponseBase]


def draft_only(view: View) -> View:
    """Redirect to the finished dossier if the draft no longer exists."""

    @wraps(view)
    def checked(request: SignedInRequest, dossier_id: UUID) -> HttpResponseBase:
        try:
            return view(request, dossier_id)
        except actions.AlreadyBuilt:
            messages.info(request, _("Ce dossier est déjà fait. Pour le changer, préparez-en une nouvelle version."))
            return redirect("dossiers:dossier", dossier_id=dossier_id)

    return checked


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    dossiers = list(Dossier.objects.select_related("job", "seal"))
    return render(request, "dossiers/home.html", presenting.home(dossiers, parts.received(request.user.pk)))


@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    codes = request.GET.getlist("aide")
    try:
        chosen = actions.aids_of(codes) if codes else []
    except actions.UnknownAid:
        raise Http404 from None
    form = StartForm(request.POST or None, chosen=chosen, initial={"aids": [aid.code for aid in chosen]})
    if form.is_valid():
        data = form.cleaned_data
        dossier = actions.start(
            resident_id=request.user.pk, aids=data["aids"], recipient=data["recipient"], token=data["token"]
        )
        return redirect("dossiers:dossier", dossier_id=dossier.pk)
    return render(request, "dossiers/new.html", {"form": form})


@require_safe
def dossier(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    """Show the needs of a draft, or the finished PDF."""
    row = find(dossier_id)
    if row.state == State.READY:
        return render(request, "dossiers/ready.html", presenting.ready(row, parts.partner_part(row)))
    if row.job is not None and row.job.active:
        return redirect("job", job_id=row.job.pk)
    return draft_page(request, row)


@require_POST
@draft_only
def guarantors(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    row, form = find(dossier_id), GuarantorsForm(request.POST)
    if form.is_valid():
        actions.say_guarantors(dossier=row, by=request.user.pk, count=form.cleaned_data["count"])
    return redirect("dossiers:dossier", dossier_id=row.pk)


@require_POST
@draft_only
def take_new_lists(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    row = find(dossier_id)
    try:
        actions.take_new_lists(dossier=row, by=request.user.pk)
    except actions.UnknownAid:
        messages.warning(request, _("Cette démarche est fermée : votre dossier garde sa liste."))
    else:
        messages.success(request, _("Votre dossier suit la nouvelle liste. Vos réponses et votre lettre restent."))
    return redirect("dossiers:dossier", dossier_id=row.pk)


@sealed_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def line(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    """Show one need and the ways to meet it; receive its paper."""
    row = find(dossier_id)
    if row.state == State.READY:
        return redirect("dossiers:dossier", dossier_id=row.pk)
    need = _need(row, request.GET)
    form = AddPaperForm(request.POST or None, request.FILES or None)
    if need.sort == PAPER and form.is_valid():
        upload = cast(SealedUpload, form.cleaned_data["file"])
        paper = receive_paper(
            resident_id=request.user.pk,
            kind=OTHER if need.of_guarantor else need.code,
            upload=upload,
            by=request.user.pk,
            token=form.cleaned_data["token"],
        )
        if need.of_guarantor:
            actions.add_for_guarantor(dossier=row, by=request.user.pk, key=need.key, paper=paper.pk)
        messages.success(request, _("Papier reçu. Nous le contrôlons\u00a0: actualisez cette page dans un instant."))
        return redirect(f"{reverse('dossiers:dossier', args=[row.pk])}#{need.slug}")
    return render(request, "dossiers/line.html", {"form": form, **presenting.line(row, need)})


@require_POST
@draft_only
def choose(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    row, form = find(dossier_id), ChoiceForm(request.POST)
    if form.is_valid():
        actions.choose(dossier=row, by=request.user.pk, key=form.cleaned_data["key"], choice=form.chosen)
    return redirect("dossiers:dossier", dossier_id=row.pk)


@require_http_methods(["GET", "POST"])
@draft_only
def letter(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    row = find(dossier_id)
    form = LetterForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        actions.write_letter(dossier=row, by=request.user.pk, text=form.cleaned_data["letter"])
        return redirect("dossiers:dossier", dossier_id=row.pk)
    if row.state == State.READY:
        raise actions.AlreadyBuilt
    form = form or LetterForm(initial={"letter": actions.letter_of(row, actions.read_note(row))})
    return render(request, "dossiers/letter.html", {"form": form, "dossier": row})


@require_POST
@draft_only
def build(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    job = actions.build(dossier=find(dossier_id), by=request.user.pk)
    return redirect("job", job_id=job.pk)


@require_POST
def again(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    try:
        token = UUID(request.POST.get("token") or str(uuid4()))
    except ValueError:
        raise Http404 from None
    try:
        copy = actions.again(dossier=find(dossier_id), by=request.user.pk, token=token)
    except actions.UnknownAid:
        messages.warning(request, _("Cette démarche est fermée : on ne peut plus en faire un nouveau dossier."))
        return redirect("dossiers:dossier", dossier_id=dossier_id)
    if "now" in request.POST and copy.state != State.READY:
        return _made_now(request, copy)
    return redirect("dossiers:dossier", dossier_id=copy.pk)


def _made_now(request: SignedInRequest, copy: Dossier) -> HttpResponse:
    """Make the new version at once with today's values, or show the first line that is not up to date."""
    stale = next((need for need in actions.read_needs(copy) if need.state == NeedState.EXPIRED), None)
    if stale is None:
        job = actions.build(dossier=copy, by=request.user.pk)
        return redirect("job", job_id=job.pk)
    messages.info(request, _("Il reste à mettre ceci à jour. Le reste est repris."))
    return redirect(f"{reverse('dossiers:dossier', args=[copy.pk])}#{stale.slug}")


@require_safe
def download(request: SignedInRequest, dossier_id: UUID) -> FileResponse:
    """Send the PDF as an attachment. The journal entry is written before the first byte."""
    row = find(dossier_id)
    if row.state != State.READY:
        raise Http404
    stream = actions.download(dossier=row, by=request.user.pk)
    return FileResponse(stream, as_attachment=True, filename=row.file_name, content_type="application/pdf")


@require_http_methods(["GET", "POST"])
def delete(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    row = find(dossier_id)
    if request.method != "POST":
        return render(request, "dossiers/delete.html", {"dossier": row, "seen_by": parts.asker_of_withdrawn_part(row)})
    actions.delete(dossier=row, by=request.user.pk)
    messages.success(request, _("Le dossier est supprimé. Qui le vérifie apprend qu’il n’est plus valable."))
    return redirect("dossiers:home")


def draft_page(
    request: SignedInRequest,
    row: Dossier,
    *,
    key: str = "",
    typed: TypedForm | None = None,
    paper: AddPaperForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page of a draft. `key` names the stale line whose form, `typed` or `paper`, was sent."""
    note = actions.read_note(row)
    lines = actions.open_material(row, note=note).lines
    stale = []
    for ways in refreshing.of(lines, paper_kinds.by_code()):
        sent = ways.need.key == key
        upload = paper if sent else None
        if upload is None and ways.paper_kind:
            upload = AddPaperForm(auto_id=f"{ways.need.slug}_%s")
        values = (typed if sent else None) or (TypedForm(ways) if ways.names else None)
        stale.append(presenting.stale_line(row, ways, typed=values, paper=upload))
    context = presenting.draft(row, lines, parts.partner_part(row), note, stale)
    form = paper or (typed.wrong if typed else None)
    return render(request, "dossiers/dossier.html", {**context, "form": form}, status=status)


def find(dossier_id: UUID) -> Dossier:
    return get_object_or_404(Dossier.objects.select_related("job", "seal"), pk=dossier_id)


def _need(row: Dossier, query: QueryDict) -> Need:
    found: Any = next((need for need in actions.read_needs(row) if need.key == query.get("cle")), None)
    if found is None:
        raise Http404
    return cast(Need, found)
