"""The kinds of paper, as rows loaded from the content file; the city adapts them."""

import json
from pathlib import Path
from typing import Any

from vault.records.content import default_rows
from vault.records.models import PaperKind

CONTENT = Path(__file__).with_name("paper_kinds.json")
OTHER = "autre_document"


def load() -> tuple[int, int]:
    return default_rows.load(PaperKind.objects, {code: _columns(item) for code, item in as_shipped().items()})


def as_shipped() -> dict[str, dict[str, Any]]:
    """Return the kinds that come with the software, by code."""
    items: list[dict[str, Any]] = json.loads(CONTENT.read_text(encoding="utf-8"))["items"]
    return {item["code"]: item for item in items}


def unsaved() -> dict[str, PaperKind]:
    """Return the kinds that come with the software, for what is checked before a city has any."""
    return {code: PaperKind(code=code, **_columns(item)) for code, item in as_shipped().items()}


def by_code() -> dict[str, PaperKind]:
    return {kind.code: kind for kind in PaperKind.objects.all()}


def _columns(item: dict[str, Any]) -> dict[str, Any]:
    validity = item["validity"]
    same = (
        "label_fr",
        "label_en",
        "theme",
        "holder",
        "pages",
        "renewal_notice_days",
        "sensitive",
        "machine_readable",
        "readable_fields",
    )
    return {
        **{name: item[name] for name in (*same, "proves", "who_may_ask", "source", "verified")},
        "validity": validity["rule"],
        "validity_months": validity["months"],
        "validity_note": validity["note"] or "",
        "sensitive_why": item["sensitive_why"] or "",
        "legal_minimum_fr": item["legal_minimum_fr"] or "",
        "legal_minimum_en": item["legal_minimum_en"] or "",
    }
