"""One paper: its description, the values that it proves, its files; replace it or delete it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from core.jobs import views as job_views
from core.models import Job
from core.pages import next_act
from vault import types
from vault.readers import sandbox
from vault.readers.reading import Unreadable
from vault.records import actions, downloads, gate, perms, wording
from vault.records.enums import Outcome, PaperState
from vault.records.forms.papers import DatesForm, KindForm
from vault.records.models import Paper, PaperKind
from vault.records.papers import checks, data_files
from vault.records.presenting import values as rows
from vault.records.values import listing, questions
from vault.records.values.decrypted import PaperOpened
from vault.records.views.data import data_paper

SHOW = gettext_noop("Afficher un papier")
DOWNLOAD = gettext_noop("Télécharger un papier")
PREVIEW = gettext_noop("Afficher l’aperçu d’un papier")
DELETE = gettext_noop("Voir ce que change la suppression d’un papier")
PREVIEW_DPI = 60
#: How many of the values that a paper proves show before the fold.
ROWS_SHOWN = 5
TEXT = "text/plain"


@require_safe
def paper(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    row = get_object_or_404(Paper.objects.all(), pk=paper_id)
    if row.kind == data_files.KIND and row.state in {PaperState.TO_CONFIRM, PaperState.KEPT}:
        return data_paper(request, row)
    opened, proven = paper_and_proven_rows(request, paper_id, SHOW)
    kind = PaperKind.objects.filter(code=opened.kind).first()
    tag, tag_kind = wording.paper_state(opened, opened.is_proof)
    job = job_of(paper_id) if opened.state in {PaperState.QUARANTINED, PaperState.CHECKING} else None
    context: dict[str, Any] = {
        "paper": opened,
        "title": opened.title if kind or opened.state != PaperState.REFUSED else opened.name or opened.title,
        "kind": kind,
        "facts": _facts(opened, kind),
        "rows": proven[:ROWS_SHOWN],
        "more_rows": proven[ROWS_SHOWN:],
        "tag": tag,
        "tag_kind": tag_kind,
        "lines": check_lines(opened),
        "readable": [types.field(field_id).label for field_id in kind.field_ids if types.field_exists(field_id)]
        if kind
        else [],
        "who_may_ask": [_(who) for who in kind.who_may_ask] if kind else [],
        "problem": _(opened.problem) if opened.problem else "",
        "job": job,
        "waits": job_views.shown(job)["problem"] if job and job.state == Job.State.WAITING and job.problem else "",
        "typing": typing_target(kind) if opened.state == PaperState.KEPT and not proven else "",
        "typing_query": typing_query(paper_id, kind),
        "sides": _sides(opened, request.GET.get("apercu", ""), _number(request.GET.get("page", ""))),
        "side_problem": _(opened.side_problem) if opened.side_problem else "",
        "next": next_act.after_values() if opened.state == PaperState.KEPT and proven else None,
        "may_add": opened.state in {PaperState.TO_CONFIRM, PaperState.KEPT},
    }
    return render(request, "records/paper.html", context)


@require_safe
def download(request: SignedInRequest, paper_id: UUID, position: int = 0) -> HttpResponseBase:
    row = get_object_or_404(Paper.objects.all(), pk=paper_id)
    if not perms.may_download(row, request.user.pk):
        raise Http404
    side = own_paper_or_404(request, paper_id, DOWNLOAD).side(position)
    if side is None:
        raise Http404
    stream = gate.open_file(resident_id=request.user.pk, purpose=DOWNLOAD, paper_id=paper_id, position=position)
    return downloads.serve(
        request, stream, size=side.size, name=side.name, media_type=side.media_type or "application/octet-stream"
    )


@require_safe
def preview(request: SignedInRequest, paper_id: UUID, position: int = 0) -> HttpResponse:
    """Return one page as an image, drawn on demand by the limited child process.

    The browser never parses the file itself.

    Images are not stored: a stored one would have to be sealed, counted and deleted. Cost: 0.2 s per page, 0.5 s to
    straighten a photo.
    """
    row = get_object_or_404(Paper.objects.all(), pk=paper_id)
    if not perms.may_download(row, request.user.pk) or not row.files.filter(position=position, waiting=False).exists():
        raise Http404
    with gate.open_file(resident_id=request.user.pk, purpose=PREVIEW, paper_id=paper_id, position=position) as stream:
        try:
            drawn = sandbox.page(stream, _number(request.GET.get("page", "")) - 1, dpi=PREVIEW_DPI)
        except Unreadable as error:
            raise Http404 from error
    return downloads.image(drawn.jpeg)


@require_http_methods(["GET", "POST"])
def paper_kind(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    row = get_object_or_404(Paper.objects.all(), pk=paper_id, state__in=[PaperState.TO_CONFIRM, PaperState.KEPT])
    search = request.GET.get("q", "").strip()[:60]
    form = KindForm(request.POST or None, initial={"kind": row.kind}, search=search)
    if request.method == "POST" and form.is_valid():
        actions.set_kind(paper=row, by=request.user.pk, kind=form.cleaned_data["kind"])
        return redirect(
            "records:confirm_paper" if row.state == PaperState.TO_CONFIRM else "records:paper", paper_id=paper_id
        )
    return render(request, "records/paper_kind.html", {"paper": row, "form": form, "search": search})


@require_http_methods(["GET", "POST"])
def paper_dates(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    row = get_object_or_404(Paper.objects.kept(), pk=paper_id)
    form = DatesForm(request.POST or None, initial={"issued_on": row.issued_on, "expires_on": row.expires_on})
    if request.method == "POST" and form.is_valid():
        actions.set_dates(paper=row, by=request.user.pk, **form.cleaned_data)
        messages.success(request, _("Les dates du papier sont enregistrées."))
        return redirect("records:paper", paper_id=paper_id)
    return render(request, "records/paper_dates.html", {"paper": row, "form": form})


@require_http_methods(["GET", "POST"])
def delete_paper(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    row = get_object_or_404(Paper.objects.all(), pk=paper_id)
    if request.method == "POST":
        lost = actions.delete_paper(paper=row, by=request.user.pk)
        text = (
            _("Le papier est supprimé. Vos valeurs restent, sans leur preuve.")
            if lost
            else _("Le papier est supprimé.")
        )
        messages.success(request, text)
        return redirect("records:home")
    opened, proven = paper_and_proven_rows(request, paper_id, DELETE)
    return render(request, "records/delete_paper.html", {"paper": opened, "rows": proven})


def _number(asked: str) -> int:
    """Return a page number. Anything that is not a number is page 1."""
    return max(1, int(asked)) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 1


def _sides(opened: PaperOpened, asked: str, page: int) -> list[dict[str, Any]]:
    """Return each file with its possible actions.

    `asked` is the number of the file to preview, and `page` its page.
    """
    last = len(opened.sides) - 1
    return [
        {
            "side": side,
            "number": number,
            "preview": reverse("records:preview_side", args=[opened.paper_id, side.position])
            if asked == str(number)
            else "",
            "page": (shown := min(page, max(1, side.pages))),
            "before": shown - 1,
            "after": shown + 1 if shown < side.pages else 0,
            "has_image": not side.waiting and side.media_type != TEXT,
            "first": number == 1,
            "last": number == last + 1,
        }
        for number, side in enumerate(opened.sides, 1)
    ]


def check_lines(opened: PaperOpened) -> dict[str, list[str]]:
    """Return the failed, passed and inconclusive checks, in words."""
    return {
        outcome.value: [checks.text(check) for check in opened.checks if check.outcome == outcome]
        for outcome in Outcome
    }


def job_of(paper_id: UUID) -> Job | None:
    return Job.objects.filter(kind="read_paper", subject_id=paper_id).order_by("-created_at").first()


def typing_target(kind: PaperKind | None) -> str:
    """Return the type whose values the resident may type from a paper without a code, or ""."""
    read = [field_id.partition("#")[0] for field_id in kind.field_ids] if kind else []
    return next((code for code in read if questions.is_typed(code)), "")


def typing_query(paper_id: UUID, kind: PaperKind | None) -> str:
    """Return the query that limits the questions to the fields of this kind of paper."""
    target = typing_target(kind)
    names = [
        field_id.partition("#/")[2]
        for field_id in (kind.field_ids if kind else [])
        if field_id.startswith(f"{target}#")
    ]
    return f"papier={paper_id}&champs={','.join(names)}"


def paper_and_proven_rows(
    request: SignedInRequest, paper_id: UUID, purpose: str
) -> tuple[PaperOpened, list[rows.Row]]:
    """Decrypt one paper and the records that it proves. Return the paper and a row for each proven value.

    Raises:
        Http404: the paper was deleted in the meantime.
    """
    records = listing.proven_by(paper_id)
    values, papers = gate.own_page(
        resident_id=request.user.pk,
        purpose=purpose,
        record_ids=[row.pk for row in records],
        codes={row.type for row in records},
        paper_ids=[paper_id],
    )
    opened = next((found for found in papers if found.paper_id == paper_id), None)
    if opened is None:
        raise Http404
    return opened, rows.proven_rows(values, paper_id)


def own_paper_or_404(request: SignedInRequest, paper_id: UUID, purpose: str) -> PaperOpened:
    opened = gate.own_paper(resident_id=request.user.pk, purpose=purpose, paper_id=paper_id)
    if opened is None:
        raise Http404
    return opened


def _facts(opened: PaperOpened, kind: PaperKind | None) -> list[dict[str, str]]:
    facts = [
        (_("Nom du fichier"), opened.name),
        (_("Délivré par"), _(kind.holder) if kind and kind.holder else ""),
        (_("Date du papier"), wording.day(opened.issued_on)),
        (_("Valable jusqu’au"), wording.day(opened.expires_on)),
        (_("Pages"), str(opened.pages) if opened.pages else ""),
        (_("Ajouté le"), wording.day(opened.created_at)),
        (_("Ajouté par"), opened.brought_by),
    ]
    return [{"key": key, "value": value} for key, value in facts if value]
