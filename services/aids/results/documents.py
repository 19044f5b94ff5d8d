"""Serialise a simulation as the JSON document printed by `manage.py simulate`."""

from typing import Any

from services.aids import results
from services.aids.household import Household
from services.aids.reasons.common import Figure, Reason
from services.aids.results import Asked, Result


def of(household: Household, *, stock: bool = False) -> dict[str, Any]:
    """Simulate a household and serialise the results.

    `amounts` is the first pass, with past benefits as paid; `steady` assumes that every aid is claimed. Keys are "rsa"
    or "p1.aah".
    """
    computed = results.compute(household, stock=stock)
    return {
        "period": computed.month,
        "amounts": computed.run.first[0],
        "steady": computed.run.steady[0],
        "reasons": {result.code: _result(result) for result in computed.results},
        "missing": [_asked(asked) for asked in computed.asked],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "status": result.status,
        "amount": result.amount,
        "low": result.low,
        "high": result.high,
        "unit": result.benefit.unit,
        "sentence": result.sentence,
        "conditions": [_reason(reason) for reason in result.explanation.reasons],
        "figures": [_figure(figure) for figure in result.explanation.figures],
        "changes": result.explanation.changes,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    law = {"title": reason.law.title, "link": reason.law.link, "since": reason.law.since} if reason.law else None
    return {
        "text": reason.text,
        "ok": reason.ok,
        "value": reason.value,
        "limit": reason.limit,
        "unit": reason.unit,
        "law": law,
        "figures": list(reason.keys),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {"label": figure.label, "value": figure.value, "unit": figure.unit, "key": figure.key, "rule": figure.rule}


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "key": asked.question.place,
        "question": asked.question.text,
        "field": asked.question.field,
        "most": asked.most,
        "unit": asked.unit,
        "changes": list(asked.codes),
    }
