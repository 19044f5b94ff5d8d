"""Requests that residents sent themselves to offices outside Garant: note them, follow them, delete the notes."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from core.models.rows import check
from core.templatetags.civic import long_date
from services.dossiers import presenting as dossier_words
from services.dossiers import recipients
from services.dossiers.enums import State as DossierState
from services.dossiers.models import Dossier
from services.procedures import finding
from services.requests.actions import outside as actions
from services.requests.enums import OutsideStep
from services.requests.forms import NumberForm, OutsideForm, OutsideStepForm
from services.requests.models import OutsideRequest
from services.requests.presenting import outside as words

NUMBER = "numero"


@require_http_methods(["GET", "POST"])
def note(request: SignedInRequest, dossier_id: UUID) -> HttpResponse:
    """Note that a finished dossier was sent to an office outside Garant."""
    dossier = get_object_or_404(Dossier, pk=dossier_id, state=DossierState.READY)
    form = OutsideForm(request.POST if request.method == "POST" else None, initial={"office": recipients.of(dossier)})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = actions.note_sent(
                resident_id=request.user.pk,
                by=request.user.pk,
                dossier=dossier,
                office=data["office"],
                number=data["number"],
                on=data["on"],
                token=data["token"],
            )
        except actions.WrongDay as error:
            form.add_error("on", str(error))
        else:
            text = _("C’est noté. L’organisme a jusqu’au %(day)s pour répondre.")
            messages.success(request, text % {"day": long_date(row.due_on)})
            return redirect("requests:outside", request_id=row.pk)
    status = 400 if request.method == "POST" else 200
    return render(request, "requests/outside/note.html", {"dossier": dossier, "form": form}, status=status)


@require_safe
def request_page(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    row = _find(request_id)
    context = {
        "row": row,
        "opened": actions.opened(row),
        "gist": words.gist(row),
        "steps": words.steps(row),
        "days": words.days(row),
        "may_appeal": words.may_appeal(row),
        "again": words.again(row),
        "aids": [dossier_words.after(one) for one in finding.latest(row.aids)],
    }
    return render(request, "requests/outside/request.html", context)


@require_http_methods(["GET", "POST"])
def step(request: SignedInRequest, request_id: UUID, slug: str) -> HttpResponse:
    """Note, change or take back the day of a step; or the office's name and number."""
    row = _find(request_id)
    if slug == NUMBER:
        return _number(request, row)
    if slug not in words.STEPS:
        raise Http404
    what = words.STEPS[slug]
    noted = getattr(row, f"{what}_on")
    form = OutsideStepForm(what, row, request.POST if request.method == "POST" else None)
    undo = "undo" in request.POST and what != OutsideStep.SENT
    if undo or (request.method == "POST" and form.is_valid()):
        said = {} if undo else form.cleaned_data
        try:
            actions.note_step(
                request=row,
                by=request.user.pk,
                step=what,
                on=said.get("on"),
                answer=said.get("answer", ""),
                ends_on=said.get("ends_on"),
            )
        except actions.WrongEnd as error:
            form.add_error("ends_on", str(error))
        except actions.WrongDay as error:
            form.add_error("on", str(error))
        else:
            messages.success(request, _("C’est effacé.") if undo else _("C’est noté."))
            return redirect("requests:outside", request_id=row.pk)
    context = {"row": row, "form": form, "title": form.title, "noted": noted and what != OutsideStep.SENT}
    return render(request, "requests/outside/step.html", context)


@require_http_methods(["GET", "POST"])
def forget(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    row = _find(request_id)
    if request.method == "POST":
        actions.forget(request=row, by=request.user.pk)
        messages.success(request, _("C’est effacé. Votre demande continue chez l’organisme."))
        return redirect("requests:home")
    return render(request, "requests/outside/forget.html", {"row": row})


def _number(request: SignedInRequest, row: OutsideRequest) -> HttpResponse:
    form = NumberForm(request.POST if request.method == "POST" else None, initial=actions.opened(row))
    if request.method == "POST" and form.is_valid():
        actions.note_number(request=row, by=request.user.pk, **form.cleaned_data)
        messages.success(request, _("C’est noté."))
        return redirect("requests:outside", request_id=row.pk)
    context = {"row": row, "form": form, "title": _("L’organisme et son numéro"), "noted": False}
    return render(request, "requests/outside/step.html", context)


def _find(request_id: UUID) -> OutsideRequest:
    found = get_object_or_404(OutsideRequest.objects.all(), pk=request_id)
    check(found)
    return found
