"""The files of one paper: add a page or a side, change their order, remove one."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from core.files.sizes import MAX_PAPER
from core.files.uploads import sealed_upload
from core.models import Job
from vault.records import actions, gate
from vault.records.enums import PaperState
from vault.records.forms.papers import UploadForm
from vault.records.models import Paper
from vault.records.papers import data_files

SHOW = gettext_noop("Afficher les fichiers d’un papier")


@sealed_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def add(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    row = _row(paper_id)
    form = UploadForm(request.POST or None, request.FILES or None, fixed_kind=True)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_side(paper=row, by=request.user.pk, upload=form.upload, token=form.cleaned_data["token"])
        except actions.Invalid as error:
            form.add_error("file", error.problems[0])
        else:
            job = Job.objects.filter(kind="read_side", subject_id=paper_id).order_by("-created_at").first()
            return redirect("job", job_id=job.pk) if job else redirect("records:paper", paper_id=paper_id)
    opened = gate.own_paper(resident_id=request.user.pk, purpose=SHOW, paper_id=paper_id)
    return render(request, "records/add_side.html", {"form": form, "paper": opened})


@require_POST
def move(request: SignedInRequest, paper_id: UUID, side_id: UUID) -> HttpResponse:
    row = _row(paper_id)
    get_object_or_404(row.files.all(), pk=side_id)
    actions.move_side(paper=row, by=request.user.pk, side_id=side_id, up=request.POST.get("up") == "1")
    return redirect("records:paper", paper_id=paper_id)


@require_http_methods(["GET", "POST"])
def drop(request: SignedInRequest, paper_id: UUID, side_id: UUID) -> HttpResponse:
    row = _row(paper_id)
    get_object_or_404(row.files.all(), pk=side_id)
    if request.method == "POST":
        try:
            actions.drop_side(paper=row, by=request.user.pk, side_id=side_id)
        except actions.Invalid as error:
            messages.warning(request, error.problems[0])
        else:
            messages.success(request, _("Le fichier est retiré. Le reste du papier n’a pas changé."))
        return redirect("records:paper", paper_id=paper_id)
    opened = gate.own_paper(resident_id=request.user.pk, purpose=SHOW, paper_id=paper_id)
    side = next((one for one in opened.sides if one.side_id == side_id), None) if opened else None
    if side is None:
        raise Http404
    return render(request, "records/drop_side.html", {"paper": opened, "side": side})


def _row(paper_id: UUID) -> Paper:
    """Return a paper that was read.

    A paper that is still being checked, or was refused, has one file or none. A file of data has no sides.
    """
    papers = Paper.objects.exclude(kind=data_files.KIND)
    return get_object_or_404(papers, pk=paper_id, state__in=[PaperState.TO_CONFIRM, PaperState.KEPT])
