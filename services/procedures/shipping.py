"""Load the city procedures that come with the portal, as versions in force that no agent wrote."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from accounts.models import Organisation
from services.procedures import denied, rules
from services.procedures.models import Procedure
from services.versions.models import State
from services.versions.shipping import Faulty, kept, put_in_force
from vault.records.content import paper_kinds

FILE: Final = Path(__file__).parent / "content" / "city.json"


def shipped() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))["items"]
    return items


def load() -> list[Procedure]:
    """Write the shipped procedures, except those that the city has in the same version or in versions of its own."""
    return [write(item) for item in shipped()]


@transaction.atomic
def write(item: Mapping[str, Any]) -> Procedure:
    held = Procedure.objects.filter(code=item["code"])
    if (current := kept(held, item)) is not None:
        return current
    refused = denied.refusals(item, paper_kinds.unsaved()) if not rules.problems(item) else []
    if faults := [*rules.problems(item), *(one.sentence for one in refused)]:
        raise Faulty(item["code"], *faults)
    row = Procedure.objects.create(shipped=True, state=State.TESTED, **columns(item))
    put_in_force(row, held)
    return row


def columns(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a version, of the format that files have. An office that this portal lacks is left out."""
    days = {
        name: date.fromisoformat(item[name]) if item[name] else None for name in ("opens_on", "closes_on", "review_on")
    }
    kept: dict[str, Any] = {"code": item["code"], "version": item["version"], "label": item["title"]}
    if item.get("office"):
        kept["office"] = Organisation.objects.offices().filter(name=item["office"]).first()
    return {**kept, **days, "rules": {name: value for name, value in item.items() if name not in rules.COLUMNS}}
