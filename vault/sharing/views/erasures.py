"""Pages that ask a recipient to erase what it received, take its answer, and prepare a complaint to the CNIL."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import companions_only
from accounts.http import SignedInRequest
from core.pdf.apart import NotDrawn
from vault.records import downloads
from vault.records.grants.recipients import Erasing
from vault.records.models import Grant
from vault.sharing.across import erasures as across
from vault.sharing.actions import erasures as actions
from vault.sharing.forms.erasures import ErasureAnswerForm
from vault.sharing.models import ErasureRequest
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting import erasure_letters as letters
from vault.sharing.presenting import erasures as words
from vault.sharing.presenting.shares import share


@require_http_methods(["GET", "POST"])
def erasure(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Show what was asked of the recipient and its answers; ask it to erase what it read."""
    grant = _find_grant(grant_id)
    way = words.erasing(grant)
    if request.method == "POST":
        return _ask(request, grant, way)
    requests = list(ErasureRequest.objects.filter(grant=grant))
    rest = actions.received(grant)
    context = {
        "share": share(grant),
        "way": way.value,
        "requests": words.rows(requests, actions.reasons(requests)),
        "what": words.labels(rest.fields, rest.papers),
    }
    return render(request, "sharing/shares/erasure.html", context)


def _ask(request: SignedInRequest, grant: Grant, way: Erasing) -> HttpResponse:
    try:
        actions.ask(grant=grant, by=request.user.pk)
    except actions.NothingReceived:
        messages.info(request, _("Rien d’autre n’a été reçu : il n’y a rien de plus à demander."))
    else:
        messages.success(
            request,
            _("Votre lettre est prête : téléchargez-la, et envoyez-la.")
            if way is Erasing.LETTER
            else _("La demande est faite. La réponse sera ici."),
        )
    return redirect("sharing:erasure", grant_id=grant.pk)


@require_http_methods(["GET", "POST"])
def note_erasure(request: SignedInRequest, grant_id: UUID, request_id: UUID) -> HttpResponse:
    """Note what a recipient answered to the resident's letter."""
    asked = _find_request(grant_id, request_id)
    if words.erasing(asked.grant) is not Erasing.LETTER or asked.answer:
        raise Http404
    form = ErasureAnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actions.note_answer(request=asked, by=request.user.pk, **form.cleaned_data)
        messages.success(request, _("La réponse est notée."))
        return redirect("sharing:erasure", grant_id=grant_id)
    context = {"share": share(asked.grant), "form": form}
    return render(request, "sharing/shares/note_erasure.html", context)


@require_safe
def erasure_letter(request: SignedInRequest, grant_id: UUID, request_id: UUID) -> HttpResponse:
    """Download the letter of a request to a recipient who answers by letters only."""
    asked = _find_request(grant_id, request_id)
    if words.erasing(asked.grant) is not Erasing.LETTER:
        raise Http404
    return _drawn(request, letters.asking(asked, request.user.name), grant_id, "effacement")


@require_safe
def cnil_complaint(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Say how to complain to the CNIL, with the complaint as the portal can write it."""
    grant = _find_grant(grant_id)
    context = {"share": share(grant), "letter": _complaint(request, grant)}
    return render(request, "sharing/shares/complaint.html", context)


@require_safe
def cnil_letter(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    grant = _find_grant(grant_id)
    return _drawn(request, _complaint(request, grant), grant_id, "plainte-cnil")


@companions_only
@require_http_methods(["GET", "POST"])
def answer_erasure(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Take a companion's answer, also after the mandate has ended: what they kept is theirs to erase."""
    asked = across.find(COMPANION_KIND, request.user.pk, request_id)
    if asked is None or asked.answer:
        raise Http404
    form = ErasureAnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actions.answer(request=asked, by=request.user.pk, kind=COMPANION_KIND, **form.cleaned_data)
        messages.success(request, _("Votre réponse est partie."))
        return redirect("sharing:accompanying")
    context = {"form": form, "what": words.labels(asked.fields, asked.papers), "asked": asked}
    return render(request, "sharing/companion/erasure.html", context | {"name": across.called(asked)})


def _complaint(request: SignedInRequest, grant: Grant) -> letters.Letter:
    requests = list(ErasureRequest.objects.filter(grant=grant).order_by("created_at"))
    found = actions.reasons(requests)
    reasons = [found.get(one.pk, "") for one in requests]
    return letters.complaint(grant, requests, reasons, request.user.name)


def _drawn(request: SignedInRequest, letter: letters.Letter, grant_id: UUID, name: str) -> HttpResponse:
    try:
        return downloads.pdf(letters.pdf(letter), name=f"{name}.pdf")
    except NotDrawn:
        messages.warning(request, _("Le PDF n’a pas pu être fait. Recommencez dans un moment."))
        return redirect("sharing:erasure", grant_id=grant_id)


def _find_grant(grant_id: UUID) -> Grant:
    """Return a grant whose recipient can be asked to erase."""
    found: Grant = get_object_or_404(
        Grant.objects.select_related("link").prefetch_related("fields", "papers", "documents"), pk=grant_id
    )
    if words.erasing(found) is Erasing.NEVER:
        raise Http404
    return found


def _find_request(grant_id: UUID, request_id: UUID) -> ErasureRequest:
    found: ErasureRequest = get_object_or_404(
        ErasureRequest.objects.select_related("grant"), pk=request_id, grant=grant_id
    )
    return found
