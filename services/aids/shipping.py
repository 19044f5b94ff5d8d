"""Load the shipped local aids into the city's table."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from services.aids import catalogue
from services.aids.models import LocalAid

OWN = ("code", "label", "version", "valid_from", "valid_to", "review_on")


def load_local_aids(*, codes: Iterable[str] = catalogue.DEMONSTRATION) -> list[LocalAid]:
    """Write these shipped aids, except those that an agent has changed since (a higher version)."""
    wanted = set(codes)
    return [_write(item) for item in catalogue.local_aids() if item["code"] in wanted]


def _write(item: dict[str, Any]) -> LocalAid:
    found = LocalAid.objects.filter(code=item["code"]).first()
    if found is not None and found.version > item["version"]:
        return found
    aid = found or LocalAid(code=item["code"])
    aid.label, aid.version = item["label"], item["version"]
    aid.valid_from = date.fromisoformat(item["valid_from"])
    aid.valid_to = date.fromisoformat(item["valid_to"]) if item["valid_to"] else None
    aid.review_on = date.fromisoformat(item["review_on"])
    aid.rules = {name: value for name, value in item.items() if name not in OWN}
    aid.full_clean()
    aid.save()
    return aid
