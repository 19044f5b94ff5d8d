"""Documents of procedures for tests, and versions made of them by two agents."""

import copy
from typing import Any

from services.procedures import shipping
from services.procedures.actions import procedures as actions
from services.procedures.models import Procedure
from services.versions.actions import versions

CANTEEN, NURSERY, RENTAL = ("inscription-cantine", "ville_creche", "logement-ville")


def document(code: str = CANTEEN, **changes: Any) -> dict[str, Any]:
    item = next(one for one in shipping.shipped() if one["code"] == code)
    return {**copy.deepcopy(item), **changes}


def paper(kind: str, **changes: Any) -> dict[str, Any]:
    plain = {"kind": kind, "who": "applicant", "count": 1, "period": None, "condition": None, "alternatives": []}
    return {**plain, "required": True, "each": None, "note": None, "basis": "", **changes}


def asking(*fields: str, **changes: Any) -> dict[str, Any]:
    """Return a procedure of the city about nothing special, which asks for these fields."""
    sections = [{"title": "Vous", "fields": list(fields or ["identite.contact#/email"])}]
    return document(subject="other", papers=[], sections=sections, for_aids=[]) | changes


def published(author: Any, second: Any, item: dict[str, Any]) -> Procedure:
    draft = actions.begin(by=author, item=item)
    return versions.publish(row=versions.try_out(row=draft, by=author), by=second)
