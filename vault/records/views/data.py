"""Files of data: the summary, the column names, and the confirmation, after which a job keeps all the records."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from core.models import Job
from vault import types
from vault.records import actions, gate, wording
from vault.records.enums import PaperState, Role
from vault.records.forms.columns import ColumnsForm, DirectionForm
from vault.records.forms.questions import WhoForm
from vault.records.models import Paper
from vault.records.papers import data_files
from vault.records.papers.data_files import DataFile
from vault.records.presenting import data as data_rows
from vault.records.values import persons
from vault.records.values.decrypted import PaperOpened

LOOK = gettext_noop("Regarder ce que contient un fichier de données")


@require_http_methods(["GET", "POST"])
def keep_data(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    """Confirm all the records of the file at once: nobody compares 2,000 of them one by one."""
    row = _row(paper_id)
    if (job := _active_job(paper_id)) is not None:
        return redirect("job", job_id=job.pk)
    if row.state != PaperState.TO_CONFIRM:
        return redirect("records:paper", paper_id=paper_id)
    opened, data = _opened(request, paper_id)
    if data.awaits_columns:
        return redirect("records:name_columns", paper_id=paper_id)
    form = _whose(request, data)
    posted = request.POST if request.method == "POST" else None
    direction = DirectionForm(posted) if data.asks_direction else None
    if posted is not None and all(one.is_valid() for one in (form, direction) if one is not None):
        chosen = form.chosen if form else None
        job = actions.ask_to_keep(
            paper=row,
            by=request.user.pk,
            person=chosen.id if chosen else None,
            role=chosen.role if chosen else Role.SELF,
            direction=direction.cleaned_data["direction"] if direction else "",
        )
        return redirect("job", job_id=job.pk)
    context = {"paper": opened, "data": data, "form": form, "direction": direction}
    return render(request, "records/keep_data.html", context | shown(data))


@require_http_methods(["GET", "POST"])
def name_columns(request: SignedInRequest, paper_id: UUID) -> HttpResponse:
    """Name the columns. Our guess is only a suggestion."""
    row = _row(paper_id)
    if row.state != PaperState.TO_CONFIRM:
        return redirect("records:confirm_paper", paper_id=paper_id)
    opened, data = _opened(request, paper_id)
    if data.table is None:
        raise Http404
    form = ColumnsForm(data.table, data.columns, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return redirect("job", job_id=actions.name_columns(paper=row, by=request.user.pk, columns=form.columns).pk)
    context = {
        "paper": opened,
        "form": form,
        "table": data.table,
        "heads": [{"label": header} for header in data.table.headers],
    }
    return render(request, "records/name_columns.html", context | {"problem": _(data.problem) if data.problem else ""})


def data_paper(request: SignedInRequest, row: Paper) -> HttpResponse:
    """Render the page of a file of data that was kept, or is being read."""
    opened, data = _opened(request, row.pk)
    tag, tag_kind = wording.paper_state(opened)
    context = {
        "paper": opened,
        "data": data,
        "tag": tag,
        "tag_kind": tag_kind,
        "outcome": data_rows.outcome(data.written),
        "job": _active_job(row.pk),
    }
    return render(request, "records/data_paper.html", context | shown(data))


def shown(data: DataFile) -> dict[str, Any]:
    code = data.rows[0][0] if data.rows else ""
    return {
        "facts": data_rows.facts(data.facts),
        "lines": data_rows.lines_shown(data.lines),
        "held": [
            {"label": types.get(one.type).title, "text": data_rows.records(one.type, one.count), "type": one.type}
            for one in data.held
        ],
        "heads": data_rows.record_heads(code) if code else [],
        "rows": [data_rows.record_row(type_code, payload) for type_code, payload in data.rows],
        "rows_title": types.get(code).title if code else "",
        "warnings": [_(text) for text in data.warnings],
    }


def _whose(request: SignedInRequest, data: DataFile) -> WhoForm | None:
    """Return the form that asks whose data it is, if several people live together. No choice is preselected."""
    if not data.is_about_a_person:
        return None
    values = gate.read_own(resident_id=request.user.pk, purpose=LOOK, fields=persons.FIELDS)
    people = persons.persons(values, resident_id=request.user.pk)
    return WhoForm(people, request.POST if request.method == "POST" else None) if len(people) > 1 else None


def _row(paper_id: UUID) -> Paper:
    return get_object_or_404(Paper.objects.filter(kind=data_files.KIND), pk=paper_id)


def _opened(request: SignedInRequest, paper_id: UUID) -> tuple[PaperOpened, DataFile]:
    opened = gate.own_paper(resident_id=request.user.pk, purpose=LOOK, paper_id=paper_id)
    if opened is None or opened.data is None:
        raise Http404
    return opened, data_files.opened(opened.data)


def _active_job(paper_id: UUID) -> Job | None:
    active = Job.objects.filter(kind__in=["keep_data", "read_paper"], subject_id=paper_id)
    return active.filter(state__in=[Job.State.WAITING, Job.State.RUNNING]).first()
