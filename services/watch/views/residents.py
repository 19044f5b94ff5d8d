"""A resident's watch: turn it on, see what it found, answer, say the one yes. Another resident's finding is a 404."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import recently_authenticated
from accounts.http import SignedInRequest
from core.models import City
from core.templatetags.civic import long_date
from services.requests.actions import sending
from services.requests.presenting import words as request_words
from services.watch import presenting
from services.watch.actions import accepting, answering, one_yes
from services.watch.agreements import AGREEMENT
from services.watch.enums import Answer
from services.watch.forms import AcceptForm, AnswerForm, YesForm
from services.watch.models import Finding, Watch
from vault.records.actions.grants import Changed
from vault.sharing.presenting import household as household_rows

#: Findings on the page.
SHOWN = 30


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """Show what the watch does and found; the agreement while it is off, or may be given again."""
    watch = _watch()
    if watch is None or watch.grant is None:
        return _agreement(request, *_page(request))
    findings = list(watch.findings.all()[:SHOWN])
    rows: dict[str, Any] = {"fresh": [], "older": []}
    if findings:
        notes = answering.open_findings(resident_id=request.user.pk, by=request.user.pk, findings=findings)
        rows = presenting.sorted_rows(findings, notes)
    context = rows | {"grant": watch.grant, "state": presenting.state(watch, watch.grant)}
    return render(request, "watch/home.html", context)


@require_http_methods(["GET", "POST"])
def accept(request: SignedInRequest) -> HttpResponse:
    """Show the agreement with today's values, and give it. A page whose values changed since is shown again."""
    form, held = _page(request)
    if request.method != "POST":
        return _agreement(request, form, held)
    if not form.is_valid():
        return _agreement(request, form, held, status=400)
    if form.cleaned_data["seen"] != form.initial["seen"]:
        messages.warning(
            request, _("Une valeur a changé depuis que vous avez ouvert cette page. Voici celles d’aujourd’hui.")
        )
        return _agreement(request, AcceptForm(held=held, seen=form.initial["seen"]), held, status=409)
    accepting.accept(resident_id=request.user.pk, by=request.user.pk, items=form.cleaned_data["items"], shown=held)
    messages.success(request, _("La veille est active. Vous pouvez l’arrêter ici à tout moment."))
    return redirect("watch:home")


@require_http_methods(["GET", "POST"])
def finding(request: SignedInRequest, finding_id: UUID) -> HttpResponse:
    """Show one change with why, and what to do; ask whether the right was asked for."""
    row, note = _opened(request, finding_id)
    form = AnswerForm(request.POST if request.method == "POST" else None, initial={"answer": note["answer"] or None})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                answering.answer(finding=row, by=request.user.pk, said=Answer(form.cleaned_data["answer"]))
            except answering.NoQuestion:
                messages.info(request, _("Ce changement n’attend pas de réponse."))
                return redirect("watch:home")
            messages.success(request, _("C’est noté. Nous ne vous le redemanderons pas."))
            return redirect("watch:finding", finding_id=row.pk)
    context = {
        "finding": row,
        "note": note,
        "title": presenting.title(note),
        "what": presenting.sum_up(note),
        "why": presenting.why(note),
        "causes": presenting.causes(note),
        "links": presenting.links(note),
        "form": form if note["kind"] == "new" else None,
        "answered": note["answer"],
        "stuck": note["answer"] == Answer.STUCK,
        "one_yes": presenting.question_is_open(row, note) and one_yes.is_offered(note),
        "city": City.current(),
    }
    return render(request, "watch/finding.html", context, status=status)


@require_POST
def prepare(request: SignedInRequest, finding_id: UUID) -> HttpResponse:
    """Make the dossier, so that the page of the one yes can show what would leave."""
    row, note = _opened(request, finding_id)
    try:
        dossier, job = one_yes.prepare(finding=row, by=request.user.pk, note=note)
    except one_yes.NotOffered:
        return _not_offered(request, row)
    if sending.may_send(dossier):
        return redirect("watch:one_yes", finding_id=row.pk)
    if job is None:
        messages.info(request, _("Il manque quelque chose pour cette demande : le voici. Rien n’est parti."))
    return redirect("dossiers:dossier", dossier.pk)


@recently_authenticated
@require_http_methods(["GET", "POST"])
def yes(request: SignedInRequest, finding_id: UUID) -> HttpResponse:
    """Show exactly what would be sent, and to whom; one yes sends it."""
    row, note = _opened(request, finding_id)
    try:
        offer = one_yes.offer(finding=row, by=request.user.pk, note=note)
    except one_yes.NotOffered:
        return _not_offered(request, row)
    if offer is None:
        messages.info(request, _("Le dossier n’est pas prêt, ou a expiré : rien n’est parti."))
        return redirect("watch:finding", finding_id=row.pk)
    status, form = 200, YesForm(offer=offer)
    if request.method == "POST":
        status = 400
        form = YesForm(request.POST, offer=offer)
        if form.is_valid():
            answer = _send(request, row, note, form)
            if answer is not None:
                return answer
            status, form = 409, YesForm(offer=offer)
    context = {
        "finding": row,
        "title": presenting.title(note),
        "offer": offer,
        "lines": request_words.sent_lines(offer.content),
        "form": form,
        "months": one_yes.MONTHS,
    }
    return render(request, "watch/one_yes.html", context, status=status)


def _send(request: SignedInRequest, row: Finding, note: dict[str, Any], form: YesForm) -> HttpResponse | None:
    """Send, or return None if the page is to be shown again, with a message."""
    try:
        sent = one_yes.say_yes(
            finding=row,
            by=request.user.pk,
            note=note,
            office_id=form.cleaned_data["office"],
            seen=form.cleaned_data["seen"],
        )
    except sending.AlreadySent as error:
        messages.info(request, _("Ce dossier est déjà parti : rien n’est envoyé deux fois."))
        return redirect("requests:request", request_id=error.request_id)
    except (one_yes.NotOffered, sending.NotReady):
        return _not_offered(request, row)
    except sending.OfficeClosed:
        messages.warning(request, _("Ce service vient de fermer : rien n’est parti."))
        return None
    except Changed:
        messages.warning(request, _("Le dossier a changé entre-temps : rien n’est parti. Voici ce qui partirait."))
        return None
    messages.success(
        request,
        _("Votre demande est partie. %(office)s répond avant le %(day)s.")
        % {"office": sent.organisation.name, "day": long_date(sent.due_on)},
    )
    return redirect("requests:request", request_id=sent.pk)


def _not_offered(request: SignedInRequest, row: Finding) -> HttpResponse:
    messages.info(request, _("Cette demande ne peut pas partir d’ici. Rien n’est parti."))
    return redirect("watch:finding", finding_id=row.pk)


def _watch() -> Watch | None:
    watch = Watch.objects.select_related("grant").first()
    return watch if watch is not None and watch.grant is not None and watch.grant.stands else None


def _opened(request: SignedInRequest, finding_id: UUID) -> tuple[Finding, dict[str, Any]]:
    row = get_object_or_404(Finding, pk=finding_id)
    note = answering.open_findings(resident_id=request.user.pk, by=request.user.pk, findings=[row])[0]
    return row, note


def _page(request: SignedInRequest) -> tuple[AcceptForm, dict[str, str]]:
    """Return the form of the agreement, and today's value of each item, with one entry."""
    values = accepting.values_today(resident_id=request.user.pk)
    held = household_rows.values_by_item(AGREEMENT, values)
    sent = request.POST if request.method == "POST" else None
    return AcceptForm(sent, held=held, seen=accepting.fingerprint(values)), held


def _agreement(request: SignedInRequest, form: AcceptForm, held: dict[str, str], *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "words": AGREEMENT.rendered_words(City.current().label),
        "required": presenting.required(held),
        "again": _watch() is not None,
    }
    return render(request, "watch/accept.html", context, status=status)
