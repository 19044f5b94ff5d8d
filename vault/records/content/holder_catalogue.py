"""The organisations that hold residents' data, as rows: loaded from the content file, then the city's own to adapt and to add to."""

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
#: Every value on a page says its holder: the table is read once for them all. An agent's edit shows within this time, in seconds.
REMEMBERED = 20


@dataclass(frozen=True)
class _Names:
    """Short names by what records say, in small letters: (French, English)."""

    read_at: float
    by_code: dict[str, tuple[str, str]]


_names: _Names | None = None


def load() -> tuple[int, int]:
    forget_names()
    return default_rows.load(Holder.objects, {item["code"]: _columns(item) for item in _items()})


def name(code: str) -> str:
    """“CAF” for CNAF. What is in no row, a shop or an employer, is already a name."""
    found = _current_names().get(code.lower())
    return found[get_language() == "en"] if found else code


def forget_names() -> None:
    global _names
    _names = None


def _current_names() -> dict[str, tuple[str, str]]:
    global _names
    now = time.monotonic()
    if _names is None or now - _names.read_at > REMEMBERED:
        rows = Holder.objects.values_list("code", "record_codes", "short_fr", "short_en")
        edited = {said.lower(): (fr, en) for code, codes, fr, en in rows for said in [code, *codes]}
        _names = _Names(now, {**_shipped_names(), **edited})
    return _names.by_code


@cache
def _shipped_names() -> dict[str, tuple[str, str]]:
    """Names are readable before the content is loaded, and after an agent has removed a row."""
    return {
        said.lower(): (item["short"]["fr"], item["short"]["en"])
        for item in _items()
        for said in [item["code"], *item["record_codes"]]
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
    said = {
        f"{name}_{language}": item[name][language]
        for name in ("name", "short", "identity_proof", "note")
        for language in ("fr", "en")
    }
    return {**{name: item[name] for name in same}, **said}
