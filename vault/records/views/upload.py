"""Upload of a paper: the form, then the values that were read, which the resident compares and confirms."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from core.files import resumable
from core.files.sizes import MAX_FILE, MAX_PAPER
from core.files.uploads import sealed_upload
from vault.records import actions, gate
from vault.records.enums import PaperState
from vault.records.forms.confirmation import Confirmation, compared_fields
from vault.records.forms.papers import UploadForm
from vault.records.models import Holder, Paper, PaperKind
from vault.records.papers import answering, data_files
from vault.records.papers.answering import Asked
from vault.records.views.papers import (
    DELETE,
    job_of,
    own_paper_or_404,
    paper_and_proven_rows,
    typing_query,
    typing_target,
)
from vault.records.views.typing import next_page

CONFIRM = gettext_noop("Comparer un papier avec ce que nous avons lu")
UPLOADS = gettext_noop("Afficher les envois que vous avez commencés")


@sealed_upload(max_bytes=MAX_FILE)
@require_http_methods(["GET", "POST"])
def add_paper(request: SignedInRequest) -> HttpResponse:
    """Add a paper. `nature` in the URL is the kind that is expected: a dossier without that paper links here.

    `organisme`, or the holder of the request `demande`, is the holder of the file.
    """
    expected = PaperKind.objects.filter(code=request.GET.get("nature", "")[:60], withdrawn_at=None).first()
    form = UploadForm(request.POST or None, request.FILES or None, initial={"kind": expected.code if expected else ""})
    if request.method == "POST" and form.is_valid():
        paper = actions.receive_paper(
            resident_id=request.user.pk,
            by=request.user.pk,
            kind=form.cleaned_data["kind"] or None,
            upload=form.upload,
            token=form.cleaned_data["token"],
            asked=_asked(request),
        )
        return _to_job(paper)
    uploads = gate.own_uploads(resident_id=request.user.pk, purpose=UPLOADS)
    context = {"form": form, "uploads": uploads, "holder": _whose_file(request), "expected": expected}
    return render(request, "records/add_paper.html", context)


@sealed_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def replace_paper(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    row = get_object_or_404(Paper.objects.kept(), pk=paper_id)
    form = UploadForm(request.POST or None, request.FILES or None, fixed_kind=True)
    if request.method == "POST" and form.is_valid():
        paper = actions.replace_paper(
            paper=row, by=request.user.pk, upload=form.upload, token=form.cleaned_data["token"]
        )
        return _to_job(paper)
    opened, proven = paper_and_proven_rows(request, paper_id, DELETE)
    return render(request, "records/replace_paper.html", {"form": form, "paper": opened, "rows": proven})


@require_POST
def drop_upload(request: SignedInRequest, upload_id: UUID) -> HttpResponse:
    row = get_object_or_404(resumable.under_way(resident_id=request.user.pk), pk=upload_id)
    resumable.drop(upload=row)
    messages.info(request, _("L’envoi est annulé. Rien n’en est gardé."))
    return redirect("records:add_paper")


@require_http_methods(["GET", "POST"])
def confirm_paper(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    """Confirm a paper: nothing is kept before.

    “Corriger” opens the value in the same form, so that no URL holds a value. Enter in it shows the value as it will
    be kept.
    """
    row = get_object_or_404(Paper.objects.all(), pk=paper_id)
    if row.kind == data_files.KIND:
        return redirect("records:keep_data", paper_id=paper_id)
    if row.state != PaperState.TO_CONFIRM:
        return redirect("records:paper", paper_id=paper_id)
    opened = own_paper_or_404(request, paper_id, CONFIRM)
    values = gate.read_own(
        resident_id=request.user.pk, purpose=CONFIRM, fields=compared_fields(opened), event="paper_compared"
    )
    judged = request.method == "POST" and not {"edit", "save"} & set(request.POST)
    confirmation = Confirmation(
        opened,
        values,
        request.user.pk,
        request.POST if request.method == "POST" else None,
        judged=judged,
        saving="save" in request.POST,
        account_name=request.user.name,
    )
    if judged and confirmation.is_valid():
        if confirmation.discards:
            return _discard(request, row, confirmation)
        try:
            return _keep(request, row, confirmation)
        except actions.AlreadyOne:
            confirmation.problems = [
                _("Un autre avis pour la même année vient d’arriver dans votre coffre. Dites lequel est le bon.")
            ]
        except actions.Invalid as error:
            confirmation.problems = error.problems
        except actions.NotReady:
            return redirect("records:paper", paper_id=paper_id)
    context = {"paper": opened, "said": confirmation, "errors": confirmation.errors}
    return render(request, "records/confirm_paper.html", context)


def _whose_file(request: SignedInRequest) -> Holder | None:
    asked = _asked(request)
    code = asked.holder if asked else request.GET.get("organisme", "")
    return Holder.objects.filter(code=code).first() if code.isprintable() else None


def _asked(request: SignedInRequest) -> Asked | None:
    """Return the request to a holder that this file answers, from `demande` in the URL."""
    return answering.find(request.GET.get("demande", ""))


def _keep(request: SignedInRequest, row: Paper, confirmation: Confirmation) -> HttpResponse:
    if confirmation.dates is not None and any(confirmation.dates.cleaned_data.values()):
        actions.set_dates(paper=row, by=request.user.pk, **confirmation.dates.cleaned_data)
    records = actions.confirm_paper(paper=row, by=request.user.pk, answers=confirmation.answers)
    kind = PaperKind.objects.filter(code=row.kind).first()
    target = typing_target(kind)
    if records or not target:
        messages.success(request, _("Le papier est rangé dans votre coffre."))
        return redirect(next_page(request) or reverse("records:paper", args=[row.pk]))
    messages.success(request, _("Le papier est rangé. Il sera la preuve des valeurs que vous allez saisir."))
    after = urlencode({"suite": next_page(request)})
    return redirect(f"{reverse('records:start_typing', args=[target])}?{typing_query(row.pk, kind)}&{after}")


def _discard(request: SignedInRequest, row: Paper, confirmation: Confirmation) -> HttpResponse:
    actions.delete_paper(paper=row, by=request.user.pk)
    messages.info(request, confirmation.farewell)
    return redirect("records:home")


def _to_job(paper: Paper) -> HttpResponse:
    job = job_of(paper.pk)
    return redirect("job", job_id=job.pk) if job else redirect("records:paper", paper_id=paper.pk)
