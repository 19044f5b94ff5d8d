"""One record: its history, its correction, its withdrawal."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from vault import types
from vault.records import actions, gate, wording
from vault.records.forms.questions import QuestionForm
from vault.records.models import Record
from vault.records.presenting import values
from vault.records.values import questions
from vault.records.values.decrypted import Opened
from vault.records.views.typing import doubts_finder, next_page

HISTORY = gettext_noop("Afficher l’historique d’une valeur")
CORRECT = gettext_noop("Corriger une valeur de votre coffre")
WITHDRAW = gettext_noop("Retirer une valeur de votre coffre")
View = Callable[[SignedInRequest, UUID], HttpResponse]


def _redirect_if_superseded(view: View) -> View:
    """Redirect to the history if the record changed since its page was opened, or if its correction was sent twice."""

    @wraps(view)
    def checked(request: SignedInRequest, record_id: UUID) -> HttpResponse:
        try:
            return view(request, record_id)
        except actions.Superseded:
            messages.warning(request, _("Cette valeur a changé entre-temps. Voici où elle en est."))
            return redirect("records:history", record_id=record_id)

    return checked


@require_safe
def history(request: SignedInRequest, record_id: UUID) -> HttpResponse:
    chain = gate.own_history(resident_id=request.user.pk, purpose=HISTORY, record_id=record_id)
    if not chain:
        raise Http404
    current = chain[0] if chain[0].withdrawn_at is None else None
    context: dict[str, Any] = {
        "title": wording.heading(chain[0]),
        "current": current,
        "typed": questions.is_typed(chain[0].type),
        "steps": [
            {"record": record, "rows": values.record_rows(record), "words": _step(record, place)}
            for place, record in enumerate(chain)
        ],
    }
    return render(request, "records/history.html", context)


@require_http_methods(["GET", "POST"])
@_redirect_if_superseded
def correct(request: SignedInRequest, record_id: UUID) -> HttpResponse:
    """Correct a value. `champ` names it; without it, the page lists the record's values."""
    record = _open(request, record_id, CORRECT)
    name = request.GET.get("champ", "")
    if f"/{name}" not in types.get(record.type).fields:
        return render(
            request,
            "records/correct_which.html",
            {"record": record, "title": wording.heading(record), "fields": _fields(record)},
        )
    info = questions.field(record.type, name)
    if info.items:
        return _correct_list(request, record, name)
    doubting = doubts_finder(request, info, record.person)
    form = QuestionForm(info, request.POST or None, current=record.payload.get(name), find_doubts=doubting)
    if request.method == "POST" and form.is_valid():
        return _keep(request, record, name, form)
    return render(request, "records/correct.html", _question(record, name) | {"form": form})


@require_http_methods(["GET", "POST"])
@_redirect_if_superseded
def withdraw(request: SignedInRequest, record_id: UUID) -> HttpResponse:
    if request.method == "POST":
        actions.withdraw_record(record=get_object_or_404(Record.objects.all(), pk=record_id), by=request.user.pk)
        messages.success(request, _("La valeur est retirée. Elle reste visible dans l’historique."))
        return redirect("records:home")
    record = _open(request, record_id, WITHDRAW)
    return render(
        request,
        "records/withdraw.html",
        {"record": record, "title": wording.heading(record), "rows": values.record_rows(record)},
    )


def _open(request: SignedInRequest, record_id: UUID, purpose: str) -> Opened:
    record = gate.own_record(resident_id=request.user.pk, purpose=purpose, record_id=record_id)
    if record is None and Record.objects.filter(pk=record_id, superseded_by__isnull=False).exists():
        raise actions.Superseded
    if record is None or not questions.is_typed(record.type):
        raise Http404
    return record


def _keep(request: SignedInRequest, record: Opened, name: str, form: QuestionForm) -> HttpResponse:
    payload = {**record.payload, name: form.answer, **questions.implied(record.type, name, form.answer)}
    row = get_object_or_404(Record.objects.all(), pk=record.record_id)
    try:
        newer = actions.correct_record(record=row, by=request.user.pk, payload=payload)
    except actions.Invalid as error:
        for problem in error.problems:
            form.add_error(None, problem)
        return render(request, "records/correct.html", _question(record, name) | {"form": form})
    messages.success(request, _("La valeur est corrigée. L’ancienne reste visible dans l’historique."))
    return redirect(next_page(request) or reverse("records:history", args=[newer.pk]))


def _correct_list(request: SignedInRequest, record: Opened, name: str) -> HttpResponse:
    """Start a draft from the current list: its items are typed one by one."""
    draft = actions.start_draft(
        resident_id=request.user.pk,
        by=request.user.pk,
        type=record.type,
        person=record.person,
        role=record.role,
        only=[name],
        answers=dict(record.payload),
    )
    return redirect("records:question", draft_id=draft.pk, name=name)


def _question(record: Opened, name: str) -> dict[str, Any]:
    info = questions.field(record.type, name)
    current = record.payload.get(name)
    found = record.origin(name)
    return {
        "info": info,
        "record": record,
        "title": wording.heading(record),
        "now": wording.format_value(info, current) if current is not None else "",
        "origin": wording.origin(found),
        "proven": found.proven,
    }


def _fields(record: Opened) -> list[dict[str, str]]:
    return [
        {"key": row.label, "value": row.value, "href": row.href, "action": row.action}
        for row in values.record_rows(record)
    ]


def _step(record: Opened, place: int) -> str:
    if record.withdrawn_at is not None:
        return _("Retirée")
    return _("Valeur actuelle") if place == 0 else _("Remplacée")
