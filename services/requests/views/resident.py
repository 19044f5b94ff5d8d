"""A resident's requests: send a dossier, follow it, mend a line, withdraw. Another resident's request is a 404."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import recently_authenticated
from accounts.http import SignedInRequest
from core.models.rows import check
from core.pdf.apart import NotDrawn
from core.templatetags.civic import long_date
from services.dossiers.models import Dossier
from services.procedures import finding
from services.requests import agreements, ending, lines
from services.requests import letters as drawing
from services.requests.actions import answering, sending
from services.requests.actions.office import NotNow, Opened, UnknownLine, find_wanted_lines
from services.requests.enums import State
from services.requests.forms import CorrectForm, SendForm
from services.requests.models import Correction, Letter, OutsideRequest, SentRequest
from services.requests.presenting import outside as outside_words
from services.requests.presenting import words
from vault.records import downloads, gate
from vault.records.actions.grants import Changed
from vault.records.models import Paper, PaperKind

FOLLOW = gettext_noop("Suivre une demande que vous avez envoyée")
#: Papers offered for a correction, those of the line's kind first.
OFFERED = 12


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    rows = list(SentRequest.objects.select_related("organisation").defer("content", "decision"))
    outside = list(OutsideRequest.objects.defer("content"))
    check(*rows, *outside)
    context = {
        open_or_closed: [words.listed(row) for row in rows if row.is_open == is_open]
        + [outside_words.listed(one) for one in outside if one.is_open == is_open]
        for open_or_closed, is_open in (("open", True), ("closed", False))
    }
    return render(request, "requests/home.html", context)


@recently_authenticated
@require_http_methods(["GET", "POST"])
def send(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    """Show exactly what would be sent, then send it to the office that the resident chose."""
    dossier = get_object_or_404(Dossier.objects.select_related("seal"), pk=dossier_id)
    if not sending.may_send(dossier):
        return _not_ready(request, dossier)
    waiting = SentRequest.objects.open().filter(dossier_id=dossier.pk).first()
    if waiting is not None:
        return _already(request, waiting.pk)
    try:
        content = lines.of_dossier(dossier)
    except lines.NoLines:
        return _not_ready(request, dossier)
    seen, offices = lines.fingerprint(content), sending.offices(dossier)
    form = SendForm(request.POST if request.method == "POST" else None, offices=offices, initial={"seen": seen})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            sent = _send(request, dossier, form)
            if sent is not None:
                return sent
            status = 409
            data = request.POST.copy()
            data["seen"] = seen
            offices = sending.offices(dossier)
            form = SendForm(data, offices=offices)
    context = {
        "dossier": dossier,
        "form": form,
        "lines": words.sent_lines(content),
        "content": content,
        "offices": offices,
        "time": words.time_words(finding.terms(dossier.aids, timezone.now())),
        "words": [str(text).replace("%(name)s", _("Le service choisi")) for text in agreements.WORDS],
    }
    return render(request, "requests/send.html", context, status=status)


@require_safe
def request_page(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    row = _find(request_id)
    corrections = list(row.corrections.select_related("asked_by"))
    opened = _opened(row, corrections)
    at, events = row.read_history()
    context = {
        "row": row,
        "gist": words.gist(row, at),
        "asked": words.asked(row, corrections, opened),
        "decision": words.decision_rows(row, opened.decision),
        "refused": row.state == State.REFUSED,
        "paper": Paper.objects.kept().filter(token=ending.paper_token(row)).first() if row.decided_at else None,
        "again": _again(row),
        "may_appeal": row.is_refused(),
        "track": words.track(row, events, at),
        "clock": at if row.is_open else None,
        "counted": words.counted(at),
        "time": words.time_words(row.terms),
        "letters": words.letters(row, list(row.letters.order_by("created_at"))),
        "openings": words.openings(events),
        "lines": words.sent_lines(opened.content),
    }
    return render(request, "requests/request.html", context)


@require_http_methods(["GET", "POST"])
def correct(request: SignedInRequest, request_id: UUID, correction_id: UUID) -> HttpResponse:
    """Mend the one line that the office named."""
    row = _find(request_id)
    found = Correction.objects.select_related("asked_by").filter(pk=correction_id, request=row).first()
    if found is None and row.content is not None:
        raise Http404
    if found is None or found.answered_at is not None or not row.is_open or row.content is None:
        return _too_late(request, row)
    opened = _opened(row, [found])
    line = opened.line(found.line)
    if line is None:
        return _too_late(request, row)
    form = CorrectForm(request.POST or None, papers=_papers(line))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            paper = form.cleaned_data.get("paper")
            try:
                answering.correct(
                    correction=found,
                    by=request.user.pk,
                    text=form.cleaned_data["text"],
                    paper_id=UUID(paper) if paper else None,
                )
            except answering.PaperGone:
                form.add_error(None, _("Ce papier n’est plus dans votre coffre, ou a expiré. Rien n’est parti."))
            except (NotNow, UnknownLine):
                return _too_late(request, row)
            else:
                messages.success(request, _("Votre correction est partie. Le reste de la demande ne change pas."))
                return redirect("requests:request", request_id=row.pk)
    context = {
        "row": row,
        "form": form,
        "line": words.sent_lines(lines.Content("", "", [line]))[0],
        "asked": words.asked(row, [found], opened)[0],
        "paper": line.sort == lines.PAPER,
    }
    return render(request, "requests/correct.html", context, status=status)


@require_http_methods(["GET", "POST"])
def withdraw(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    row = _find(request_id)
    if row.grant is None or not row.grant.stands:
        return redirect("requests:request", request_id=row.pk)
    if request.method == "POST":
        answering.withdraw(request=row, by=request.user.pk)
        messages.success(request, _("C’est fait. Le service n’a plus de copie, et ne l’ouvre plus."))
        return redirect("requests:request", request_id=row.pk)
    return render(request, "requests/withdraw.html", {"row": row})


@require_safe
def letter(request: SignedInRequest, request_id: UUID, kind: str) -> HttpResponseBase:
    row = _find(request_id)
    found = get_object_or_404(Letter, request=row, kind=kind)
    stream = gate.open_kept(row=found, purpose=FOLLOW)
    name = f"demande-{row.number}-{found.kind}.pdf"
    return downloads.serve(request, stream, size=found.size, name=name, media_type="application/pdf")


@require_safe
def appeal(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Return the letter that asks the office to look again at a refusal, or at its silence."""
    row = _find(request_id)
    if not row.is_refused():
        raise Http404
    opened = _opened(row, ())
    try:
        pdf = drawing.draw_appeal(row, opened.decision, opened.content.applicant)
    except NotDrawn:
        messages.error(request, _("La lettre n’a pas pu être écrite. Réessayez dans un instant."))
        return redirect("requests:request", request_id=row.pk)
    return downloads.pdf(pdf, name=f"recours-{row.number}.pdf")


def _again(row: SentRequest) -> str:
    """Return where to ask for the same again: its dossier, or a new one. Empty while the request goes on."""
    if row.is_open or row.state == State.GRANTED and not row.ends_soon:
        return ""
    if Dossier.objects.filter(pk=row.dossier_id).exists():
        return reverse("dossiers:dossier", args=[row.dossier_id])
    return f"{reverse('dossiers:new')}?{urlencode([('aide', code) for code in row.aids])}"


def _find(request_id: UUID) -> SentRequest:
    rows = SentRequest.objects.select_related("organisation", "grant", "decided_by")
    found = get_object_or_404(rows, pk=request_id)
    check(found)
    return found


def _opened(row: SentRequest, corrections: Sequence[Correction]) -> Opened:
    """Return what the resident sent, the decision and the messages of `corrections`, with one journal entry.

    Without any of them, nothing is opened and no entry is written.
    """
    notes = {one.note_place: bytes(one.message) for one in corrections}
    if row.content is not None:
        notes[row.note_place] = bytes(row.content)
    if row.decision is not None and row.decided_at is not None:
        notes[row.decision_place] = bytes(row.decision)
    found = {}
    if notes:
        found = dict(gate.own_notes(resident_id=row.resident_id, purpose=FOLLOW, notes=notes, event="request_opened"))
    content = found.get(row.note_place)
    return Opened(
        lines.from_note(content) if content else lines.Content("", "", ()),
        {one.pk: found[one.note_place]["message"] for one in corrections},
        found.get(row.decision_place, {}),
        wanted=find_wanted_lines(corrections, found),
    )


def _send(request: SignedInRequest, dossier: Dossier, form: SendForm) -> HttpResponse | None:
    """Send the dossier. Return None if the page is to be shown again, with a message."""
    data = form.cleaned_data
    try:
        row = sending.send(
            resident_id=request.user.pk,
            by=request.user.pk,
            dossier=dossier,
            organisation_id=UUID(data["office"]),
            months=data["months"],
            token=data["token"],
            seen=data["seen"],
        )
    except sending.AlreadySent as error:
        return _already(request, error.request_id)
    except sending.NotReady:
        return _not_ready(request, dossier)
    except sending.OfficeClosed:
        messages.warning(request, _("Ce service vient de fermer : rien n’est parti. Choisissez-en un autre."))
        return None
    except Changed:
        messages.warning(request, _("Le dossier a changé entre-temps : rien n’est parti. Voici ce qui partirait."))
        return None
    messages.success(
        request,
        _("Votre demande est partie. %(office)s répond avant le %(day)s.")
        % {"office": row.organisation.name, "day": long_date(row.due_on)},
    )
    return redirect("requests:request", request_id=row.pk)


def _already(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    messages.info(request, _("Ce dossier est déjà parti : rien n’est envoyé deux fois. Voici où en est la demande."))
    return redirect("requests:request", request_id=request_id)


def _not_ready(request: SignedInRequest, dossier: Dossier) -> HttpResponse:
    messages.info(request, _("Ce dossier ne peut pas partir : il n’est pas fini, ou il a expiré. Refaites-le."))
    return redirect(reverse("dossiers:dossier", args=[dossier.pk]))


def _too_late(request: SignedInRequest, row: SentRequest) -> HttpResponse:
    messages.info(request, _("Cette ligne n’attend plus de correction : rien n’a changé."))
    return redirect("requests:request", request_id=row.pk)


def _papers(line: lines.Line) -> list[tuple[str, str]]:
    """Return the resident's papers that may go in place of a line's, by kind and date: no content is read."""
    kept = Paper.objects.kept().exclude(pk__in=Paper.objects.expired()).filter(replaced_by=None)
    found = sorted(kept.only("pk", "kind", "issued_on", "created_at"), key=lambda one: one.created_at, reverse=True)
    found.sort(key=lambda one: one.kind != line.kind)
    labels = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in={one.kind for one in found})}
    return [
        (
            str(one.pk),
            _("%(kind)s, du %(day)s")
            % {"kind": labels.get(one.kind, one.kind), "day": long_date(one.issued_on or one.created_at)},
        )
        for one in found[:OFFERED]
    ]
