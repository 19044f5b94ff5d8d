"""Pages of the journal, for its resident. Reading it writes no entry, since it contains no value."""

import io
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from core import journal, rows
from core.pdf.apart import NotDrawn
from vault.journal import copies, sentences
from vault.journal.actions import contests
from vault.journal.actions import journal as actions
from vault.journal.actions.alerts import choose_alerts
from vault.journal.enums import CopyFormat
from vault.journal.forms.journal import AlertsForm, ContestForm, CopyForm
from vault.journal.models import Alerts, Contest
from vault.journal.presenting import page, verification
from vault.records import downloads

#: How many of the last contests are listed beside the journal.
CONTESTS = 5
MEDIA = {
    CopyFormat.PDF: "application/pdf",
    CopyFormat.CSV: "text/csv; charset=utf-8",
    CopyFormat.JSON: "application/json",
}


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    query = {name: request.GET[name][:80] for name in request.GET}
    context = page.context(reader=request.user.pk, query=query)
    context["lasting"] = journal.lasting(resident_id=request.user.pk)
    context["contests"] = list(Contest.objects.sent()[:CONTESTS])
    rows.check(*context["contests"])
    return render(request, "journal/journal.html", context)


@require_safe
def entry(request: SignedInRequest, entry_id: UUID) -> HttpResponse:
    """Show one entry in full, with its contest decrypted through the gate.

    The contest of a purged entry is still shown, with its answer.
    """
    found = journal.find(resident_id=request.user.pk, entry_id=entry_id)
    contest = _contest_of(entry_id)
    if found is None and contest and contest.content:
        return render(
            request, "journal/contest_of_gone_line.html", {"contest": contest, "said": contests.open_contest(contest)}
        )
    if found is None:
        raise Http404
    context = {
        "line": sentences.present_entry(found, sentences.paper_kinds([found]), request.user.pk),
        "at": found.at,
        "rows": page.rows(found, request.user.pk),
        "fields": sentences.by_type(found.fields),
        "contest": contest,
        "said": contests.open_contest(contest) if contest and contest.content else None,
    }
    return render(request, "journal/journal_line.html", context)


@require_http_methods(["GET", "POST"])
def contest(request: SignedInRequest, entry_id: UUID) -> HttpResponse:
    found = _find_entry(request, entry_id)
    if Contest.objects.open().filter(entry_id=entry_id).exists():
        return redirect("journal:journal_line", entry_id=entry_id)
    form = ContestForm(request.POST or None)
    if form.is_valid():
        contests.contest_line(
            resident_id=request.user.pk, by=request.user.pk, entry_id=entry_id, message=form.cleaned_data["message"]
        )
        messages.success(
            request, _("Votre contestation est envoyée. Vous pouvez la retirer tant qu’il n’y a pas de réponse.")
        )
        return redirect("journal:journal_line", entry_id=entry_id)
    return render(
        request,
        "journal/contest.html",
        {"form": form, "entry_id": entry_id, "sent": contests.as_sent(found, request.user.pk)},
    )


@require_POST
def withdraw_contest(request: SignedInRequest, entry_id: UUID) -> HttpResponse:
    _find_entry(request, entry_id)
    held = _contest_of(entry_id)
    if held is None:
        raise Http404
    try:
        contests.withdraw_contest(contest=held, by=request.user.pk)
    except contests.Over:
        messages.warning(request, _("La réponse est déjà arrivée : elle est ici."))
    else:
        messages.success(request, _("Votre contestation est retirée. Son message est effacé."))
    return redirect("journal:journal_line", entry_id=entry_id)


@require_http_methods(["GET", "POST"])
def alerts(request: SignedInRequest) -> HttpResponse:
    held = Alerts.objects.first()
    chosen = [name for name in ("readings", "refusals") if held and getattr(held, name)]
    form = AlertsForm(request.POST if request.method == "POST" else None, initial={"wanted": chosen})
    if form.is_valid():
        wanted = form.cleaned_data["wanted"]
        choose_alerts(
            resident_id=request.user.pk,
            by=request.user.pk,
            readings="readings" in wanted,
            refusals="refusals" in wanted,
        )
        messages.success(request, _("Votre choix est enregistré."))
        return redirect("journal:journal")
    address = request.user.contact_email or request.user.email
    return render(request, "journal/alerts.html", {"form": form, "address": address})


@require_safe
def check(request: SignedInRequest) -> HttpResponse:
    return render(request, "journal/journal_check.html", {"checked": verification.check(request.user.pk)})


@require_http_methods(["GET", "POST"])
def copy(request: SignedInRequest) -> HttpResponseBase:
    form = CopyForm(request.POST or None)
    if not form.is_valid():
        return render(request, "journal/journal_copy.html", {"form": form, "most": copies.PDF_ENTRIES})
    chosen = CopyFormat(form.cleaned_data["format"])
    try:
        content = actions.copy_journal(resident_id=request.user.pk, by=request.user.pk, form=chosen)
    except NotDrawn:
        messages.warning(
            request, _("Le PDF n’a pas pu être fait. Recommencez, ou prenez une autre forme : rien n’est perdu.")
        )
        return redirect("journal:copy_journal")
    return downloads.serve(
        request, io.BytesIO(content), size=len(content), name=f"journal.{chosen.value}", media_type=MEDIA[chosen]
    )


def _contest_of(entry_id: UUID) -> Contest | None:
    """Return the last contest of an entry.

    Raises:
        Forged: the portal did not write one of the resident's contests as it is: it may be of this entry.
    """
    found = list(Contest.objects.all())
    rows.check(*found)
    return next((one for one in found if one.entry_id == entry_id), None)


def _find_entry(request: SignedInRequest, entry_id: UUID) -> journal.Line:
    found = journal.find(resident_id=request.user.pk, entry_id=entry_id)
    if found is None:
        raise Http404
    return found
