"""The words of checks: what the last run saw, for the publisher and for agents."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.labels.checks.sentences import NAMES, SENTENCES
from certification.labels.models import CheckResult, CheckRun, Label, LabelRequest
from certification.labels.states import is_looked_at
from core.templatetags.civic import clock, long_date
from vault import types
from vault.records.enums import Outcome
from vault.records.models import PaperKind

Row = dict[str, str]
TAGS = {Outcome.PASSED: "ok", Outcome.FAILED: "soon", Outcome.INCONCLUSIVE: ""}
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: What is to be done comes first.
ORDER = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.PASSED)


def tag(outcome: str) -> str:
    return {Outcome.PASSED: _("Réussi"), Outcome.FAILED: _("À corriger"), Outcome.INCONCLUSIVE: _("Non vérifié")}[
        Outcome(outcome)
    ]


def shown(request: LabelRequest) -> dict[str, Any]:
    """Return what the last run that ended saw, by outcome, and whether another is under way."""
    state, results = _state(request)
    words = {one.code: one.words for one in request.charter.criteria.all()}
    groups = [
        {
            "title": title,
            "id": f"g{outcome}",
            "rows": [row(one, words.get(one.code, "")) for one in results if one.outcome == outcome],
        }
        for outcome, title in zip(ORDER, _titles(), strict=True)
    ]
    return state | {"groups": [group for group in groups if group["rows"]]}


def brief(request: LabelRequest) -> dict[str, Any]:
    """Return one sentence, and the lines to correct, for the page of the request."""
    state, results = _state(request)
    words = {one.code: one.words for one in request.charter.criteria.all()} if results else {}
    return state | {"rows": [row(one, words.get(one.code, "")) for one in results if one.outcome == Outcome.FAILED]}


def of_criterion(request: LabelRequest, code: str) -> str:
    """Return what the machine saw for one criterion, or a dash."""
    _run, results = _last(request)
    found = next((one for one in results if one.code == code), None)
    return f"{tag(found.outcome)}. {sentence(found)}" if found else "–"


def summary(last: CheckRun | None, results: list[CheckResult]) -> str:
    if last is None or last.finished_at is None:
        return _("Aucun contrôle n’a encore eu lieu.")
    counts = [sum(one.outcome == outcome for one in results) for outcome in ORDER]
    said = [
        ngettext("%(count)s à corriger", "%(count)s à corriger", counts[0]) % {"count": counts[0]},
        ngettext("%(count)s non vérifié", "%(count)s non vérifiés", counts[1]) % {"count": counts[1]},
        ngettext("%(count)s réussi", "%(count)s réussis", counts[2]) % {"count": counts[2]},
    ]
    return _("Contrôle du %(day)s à %(hour)s : %(counts)s.") % {
        "day": long_date(last.finished_at),
        "hour": clock(last.finished_at),
        "counts": ", ".join(said),
    }


def row(one: CheckResult, words: str) -> Row:
    return {
        "label": f"{one.code}. {words}",
        "text": sentence(one),
        "tag": tag(one.outcome),
        "tag_kind": TAGS[Outcome(one.outcome)],
    }


def sentence(one: CheckResult) -> str:
    """Return the sentence of a finding. A code that this version does not know says nothing."""
    text = SENTENCES.get(one.finding)
    if text is None:
        return ""
    details = {name: _said(name, value) for name, value in one.details.items()}
    return str(text) % details


def failing(labels: Collection[Label]) -> list[Row]:
    """Return the labels whose last daily run saw something to correct, for the agents' list."""
    return [
        {
            "label": run.request.service.name,
            "text": _("Contrôle du %(day)s, à corriger : %(codes)s.")
            % {"day": long_date(run.finished_at), "codes": ", ".join(codes)},
            "href": reverse("labels:examine_checks", args=[run.request_id]),
        }
        for run in CheckRun.objects.last_daily(labels)
        if (codes := sorted(one.code for one in run.results.all() if one.outcome == Outcome.FAILED))
    ]


def _state(request: LabelRequest) -> tuple[dict[str, Any], list[CheckResult]]:
    """Return whether a run is under way or may be asked for, the last one in a sentence, and what it saw."""
    last, results = _last(request)
    running = CheckRun.objects.open().filter(request=request).exists()
    askable = not running and is_looked_at(request.state)
    return {"running": running, "askable": askable, "summary": summary(last, results)}, results


def _last(request: LabelRequest) -> tuple[CheckRun | None, list[CheckResult]]:
    last = CheckRun.objects.done().filter(request=request).first()
    return last, list(last.results.all()) if last else []


def _titles() -> Iterator[str]:
    yield _("À corriger")
    yield _("Non vérifié par la machine")
    yield _("Contrôles réussis")


def _said(name: str, value: Any) -> Any:  # noqa: ANN401 - a value of the finding's JSON
    if isinstance(value, list):
        return _listed(name, value)
    return long_date(value) if name == "day" and ISO_DAY.fullmatch(value) else value


def _listed(name: str, values: list[str]) -> str:
    if name == "asked":
        kinds = {kind.code: str(kind) for kind in PaperKind.objects.filter(code__in=values)}
        return ", ".join(
            str(types.field(one).label) if types.field_exists(one) else kinds.get(one, one) for one in values
        )
    return ", ".join(str(NAMES.get(one, one)) for one in values)
