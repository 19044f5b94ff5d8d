"""Pages of data requests: the letter, its steps, the answer, the reminder and the complaint."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from core.pdf.apart import NotDrawn
from vault.holders import letters
from vault.holders.actions.requests import (
    AlreadySent,
    NotSent,
    change_request,
    delete_request,
    known_parts,
    note_step,
    open_request,
    start_request,
)
from vault.holders.enums import RequestAnswer, RequestState, RequestStep
from vault.holders.forms.requests import PARTS, STEPS, PartForm, StartForm, StepForm
from vault.holders.letters import Letter
from vault.holders.models import DataRequest
from vault.holders.views.holders import TAGS
from vault.records import actions, downloads, wording
from vault.records.enums import Channel, Right
from vault.records.models import Holder, Paper, PaperKind

REQUEST, REMINDER, COMPLAINT = "demande", "relance", "plainte"


@require_http_methods(["GET", "POST"])
def start(request: SignedInRequest, code: str) -> HttpResponse:
    """Start a request. The letter is prefilled with what the vault knows; no part but the name is required."""
    holder = get_object_or_404(Holder, code=code, withdrawn_at=None)
    form = StartForm(holder, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = request.user
        parts = known_parts(resident_id=user.pk, holder=holder, name=user.name, email=user.contact_email or user.email)
        made = start_request(
            resident_id=user.pk,
            by=user.pk,
            holder=holder,
            right=form.chosen,
            parts=parts,
            token=form.cleaned_data["token"],
        )
        return redirect("holders:request", request_id=made.pk)
    return render(
        request,
        "holders/start_request.html",
        {"holder": holder, "form": form, "portable": Right.PORTABILITY in holder.rights},
    )


@require_safe
def show(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    row, holder = _row(request_id)
    content = open_request(row)
    letter = letters.request_letter(row, holder, content, timezone.localdate())
    context: dict[str, Any] = {
        "row": row,
        "holder": holder,
        "name": holder.name if holder else row.holder,
        "letter": letter,
        "channels": [Channel(one).label for one in holder.channels] if holder else [],
        "right": Right(row.right).label,
        "tag_kind": TAGS[row.state],
    }
    if row.state == RequestState.DRAFT:
        return render(
            request,
            "holders/request_draft.html",
            context | {"rows": _part_rows(row, letter.parts), "missing": _missing(letter.parts)},
        )
    return render(request, "holders/request.html", context | _followed(row))


@require_http_methods(["GET", "POST"])
def part(request: SignedInRequest, request_id: UUID, slug: str) -> HttpResponse:
    row, _holder = _row(request_id)
    if slug not in PARTS:
        raise Http404
    if row.sent_on is not None:
        return _back(request, row, _("La lettre est partie : elle ne change plus."))
    form = PartForm(slug, open_request(row)["parts"], request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change_request(request=row, by=request.user.pk, parts=form.answer)
        except actions.Invalid as error:
            form.add_error("answer", error.problems[0])
        except AlreadySent:
            return _back(request, row, _("La lettre est partie : elle ne change plus."))
        else:
            return redirect("holders:request", request_id=row.pk)
    return render(request, "holders/request_part.html", {"row": row, "form": form, "title": PARTS[slug][1]})


@require_http_methods(["GET", "POST"])
def step(request: SignedInRequest, request_id: UUID, slug: str) -> HttpResponse:
    """Note, change or take back the day of a step."""
    row, _holder = _row(request_id)
    if slug not in STEPS:
        raise Http404
    what = STEPS[slug]
    if what != RequestStep.SENT and row.sent_on is None:
        return _back(request, row, _("Dites d’abord quel jour la lettre est partie."))
    form = StepForm(what, row, request.POST or None)
    undo = "undo" in request.POST
    if undo or (request.method == "POST" and form.is_valid()):
        on, answer = (None, "") if undo else (form.cleaned_data["on"], form.cleaned_data.get("answer", ""))
        try:
            row = note_step(request=row, by=request.user.pk, step=what, on=on, answer=answer)
        except actions.Invalid as error:
            form.add_error("on", error.problems[0])
        except NotSent:
            return _back(request, row, _("Dites d’abord quel jour la lettre est partie."))
        else:
            messages.success(request, _confirmation(row, what, undone=undo))
            return redirect("holders:request", request_id=row.pk)
    context = {"row": row, "form": form, "title": form.fields["on"].label, "noted": getattr(row, f"{what}_on")}
    return render(request, "holders/request_step.html", context)


@require_safe
def letter(request: SignedInRequest, request_id: UUID, slug: str) -> HttpResponse:
    """Show the reminder or the complaint, to send as text, PDF or e-mail."""
    row, _holder = _row(request_id)
    found = _letter(row, slug)
    if slug == REQUEST or found is None:
        return redirect("holders:request", request_id=row.pk)
    context = {"row": row, "letter": found, "slug": slug, "complaint": slug == COMPLAINT}
    return render(request, "holders/request_letter.html", context)


@require_safe
def pdf(request: SignedInRequest, request_id: UUID, slug: str) -> HttpResponse:
    row, _holder = _row(request_id)
    found = _letter(row, slug)
    if found is None:
        raise Http404
    try:
        return downloads.pdf(letters.pdf(found), name=f"{slug}.pdf")
    except NotDrawn:
        return _back(
            request, row, _("Le PDF n’a pas pu être fait. Recommencez, ou copiez le texte : rien n’est perdu.")
        )


@require_http_methods(["GET", "POST"])
def delete(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    row, holder = _row(request_id)
    if request.method == "POST":
        delete_request(request=row, by=request.user.pk)
        messages.success(request, _("La demande est supprimée. Les fichiers reçus restent dans votre coffre."))
        return redirect("holders:holders")
    return render(request, "holders/delete_request.html", {"row": row, "name": holder.name if holder else row.holder})


def _row(request_id: UUID) -> tuple[DataRequest, Holder | None]:
    row = get_object_or_404(DataRequest.objects.all(), pk=request_id)
    return row, Holder.objects.filter(code=row.holder).first()


def _letter(row: DataRequest, slug: str) -> Letter | None:
    """Return the letter, or None if the request is not at its stage."""
    today = timezone.localdate()
    content = open_request(row)
    if slug == REQUEST:
        return letters.request_letter(row, Holder.objects.filter(code=row.holder).first(), content, today)
    if slug == REMINDER and row.state == RequestState.LATE:
        return letters.reminder(row, content, today)
    if slug == COMPLAINT and row.may_complain:
        return letters.complaint(row, content, today)
    return None


def _back(request: SignedInRequest, row: DataRequest, text: str) -> HttpResponse:
    messages.warning(request, text)
    return redirect("holders:request", request_id=row.pk)


def _confirmation(row: DataRequest, what: RequestStep, *, undone: bool) -> str:
    if undone:
        return _("C’est effacé.")
    if what == RequestStep.SENT:
        return _("C’est noté. L’organisme a jusqu’au %(day)s pour répondre.") % {"day": wording.day(row.due_on)}
    if what == RequestStep.EXTENDED:
        return _("C’est noté. Le nouveau délai va jusqu’au %(day)s.") % {"day": wording.day(row.due_on)}
    if what == RequestStep.ANSWERED and row.answer == RequestAnswer.WHOLE:
        return _("C’est noté. Ajoutez maintenant les fichiers reçus : nous les lirons.")
    return _("C’est noté.")


def _part_rows(row: DataRequest, parts: letters.Parts) -> list[dict[str, str]]:
    rows = []
    for slug, (name, label, _hint) in PARTS.items():
        value = getattr(parts, name)
        shown = wording.day_of(value) if name in {"since", "until"} else value
        rows.append(
            {
                "key": str(label),
                "value": shown or _("Rien"),
                "href": reverse("holders:request_part", args=[row.pk, slug]),
            }
        )
    return rows


def _missing(parts: letters.Parts) -> list[dict[str, str]]:
    """Return the empty parts that would help the holder to find the resident, or the letter to arrive."""
    wanted = {"adresse", "e-mail", "reference", "organisme"}
    return [
        {"slug": slug, "label": str(PARTS[slug][1])}
        for slug in PARTS
        if slug in wanted and not getattr(parts, PARTS[slug][0])
    ]


def _followed(row: DataRequest) -> dict[str, Any]:
    days = []
    for slug, what in STEPS.items():
        on = getattr(row, f"{what}_on")
        if on is not None:
            value = (
                f"{wording.day(on)}. {row.get_answer_display()}." if what == RequestStep.ANSWERED else wording.day(on)
            )
            days.append(
                {"key": what.label, "value": value, "href": reverse("holders:request_step", args=[row.pk, slug])}
            )
    received = Paper.objects.filter(answers__request=row).order_by("created_at")
    kinds = {kind.code: kind for kind in PaperKind.objects.all()} if received else {}
    papers = []
    for paper in received:
        tag, tag_kind = wording.paper_state(paper)
        title = wording.paper_title(kinds.get(paper.kind), issued_on=paper.issued_on)
        papers.append(
            {"label": title, "href": reverse("records:paper", args=[paper.pk]), "tag": tag, "tag_kind": tag_kind}
        )
    upload = f"{reverse('records:add_paper')}?demande={row.pk}"
    return {
        "days": days,
        "papers": papers,
        "upload": upload,
        "may_extend": row.extended_on is None and row.answered_on is None,
    }
