"""The organisations that hold residents' data, as rows loaded from the content file; the city adapts them and adds
others.
"""

import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

from vault.records.content import default_rows
from vault.records.models import Holder

CONTENT = Path(__file__).with_name("holders.json")
#: Seconds during which the names are cached, since every value on a page names its holder. An edit appears after it.
REMEMBERED = 20


@dataclass(frozen=True)
class _Names:
    """Short names (French, English), by the lower-case names used in records."""

    read_at: float
    by_code: dict[str, tuple[str, str]]


_names: _Names | None = None


def load() -> tuple[int, int]:
    forget_names()
    return default_rows.load(Holder.objects, {item["code"]: _columns(item) for item in _items()})


def name(code: str) -> str:
    """Return the short name of a holder, such as “CAF” for CNAF.

    A shop or an employer has no row: its code is its name.
    """
    found = _current_names().get(code.lower())
    return found[get_language() == "en"] if found else code


def forget_names() -> None:
    global _names
    _names = None


def _current_names() -> dict[str, tuple[str, str]]:
    global _names
    now = time.monotonic()
    if _names is None or now - _names.read_at > REMEMBERED:
        edited = {
            known.lower(): (holder.short_fr, holder.short_en)
            for holder in Holder.objects.all()
            for known in [holder.code, *holder.record_codes]
        }
        _names = _Names(now, {**_shipped_names(), **edited})
    return _names.by_code


@cache
def _shipped_names() -> dict[str, tuple[str, str]]:
    """Return the names in the content file, for use before it is loaded and after an agent removes a row."""
    return {
        known.lower(): (item["short"]["fr"], item["short"]["en"])
        for item in _items()
        for known in [item["code"], *item["record_codes"]]
    }


def _items() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(CONTENT.read_text(encoding="utf-8"))["items"]
    return items


def _columns(item: dict[str, Any]) -> dict[str, Any]:
    same = (
        "theme",
        "several",
        "record_codes",
        "brands",
        "holds",
        "papers",
        "downloads",
        "channels",
        "rights",
        "source",
    )
    translated = {
        f"{name}_{language}": item[name][language]
        for name in ("name", "short", "identity_proof", "note")
        for language in ("fr", "en")
    }
    return {**{name: item[name] for name in same}, **translated}
