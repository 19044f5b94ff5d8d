"""Drafts: from a template of `content/templates.json`, and the shares by which a plan's budget is divided."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from campaigns.noise.refusals import BUDGETS, beside_tables
from core import canonical

#: The template of an agent's own question, and its column, whose answers they write.
OWN, ANSWER = "empty", "answer"


@cache
def templates() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = canonical.decode(
        (Path(__file__).parent / "content" / "templates.json").read_bytes()
    )
    return found


def from_template(
    name: str, *, code: str, title: Mapping[str, str], sponsor: str, zoning: dict[str, Any] | None, today: date
) -> dict[str, Any]:
    """Return a draft of a template, with dates in three months and its tables' usual shares."""
    template = templates()[name]
    opens = today + timedelta(days=90)
    document = {
        "version": 1,
        "code": code,
        "title": dict(title),
        "question": template["question"],
        "purpose": template["purpose"],
        "sponsor": sponsor,
        "partners": [],
        "retention_months": 12,
        "unit": template["unit"],
        # Of a sensitive budget, milestones would take almost half.
        "milestones": template["sensitivity"] != "sensitive",
        "zoning": zoning,
        "dimensions": template["dimensions"],
        "measures": template["measures"],
        "opens": opens.isoformat(),
        "windows": [(opens + timedelta(days=after)).isoformat() for after in (29, 57)],
        "minimum": 100,
        "threshold": {"on": "noisy_residents", "residents": 11},
    }
    if "holder" in template:
        document["holder"] = template["holder"]
    usual = {table["code"]: table["share"] for table in template["tables"]}
    return with_shares({**document, "sensitivity": template["sensitivity"], "tables": []}, name, usual)


def with_shapes(zones: list[dict[str, Any]], former: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return zones that were typed again, with the shapes that zones of the same codes had."""
    shapes = {zone["code"]: zone.get("geometry") for zone in former["zones"]} if former else {}
    return [
        zone | {"geometry": shapes[zone["code"]]} if not zone.get("geometry") and shapes.get(zone["code"]) else zone
        for zone in zones
    ]


def with_shares(document: Mapping[str, Any], template: str, shares: Mapping[str, int]) -> dict[str, Any]:
    """Return the draft with the template's tables of these shares, in percent of what its sensitivity allows.

    Milestones and the looks at the number of contributions are paid first. A table without a share is not published,
    and what no published table needs is not asked.
    """
    whole = BUDGETS[document["sensitivity"]] - beside_tables(document)
    tables = [
        {name: value for name, value in table.items() if name != "share"}
        | {"rho": math.floor(whole * shares[table["code"]] * 10_000) / 1_000_000}
        for table in templates()[template]["tables"]
        if shares.get(table["code"], 0) > 0
    ]
    used = {code for table in tables for code in (*table["dimensions"], table.get("measure"))}
    columns = {
        name: [keep_answers(document, one) for one in templates()[template][name] if one["code"] in used]
        for name in ("dimensions", "measures")
    }
    return {**document, **(columns if tables else {}), "tables": tables}


def keep_answers(document: Mapping[str, Any], column: dict[str, Any]) -> dict[str, Any]:
    """Return a template's column with the answers that the draft's author wrote, if they wrote theirs."""
    return next(
        (
            column | {"cells": one["cells"]}
            for one in document.get("dimensions", ())
            if one["code"] == column["code"] == ANSWER and "cells" in one
        ),
        column,
    )


def with_answers(document: Mapping[str, Any], answers: list[dict[str, str]]) -> dict[str, Any]:
    """Return the draft of a survey whose author writes the answers, in both languages and in this order."""
    cells = [{"code": f"answer-{number}", "label": label} for number, label in enumerate(answers, start=1)]
    columns = [one | {"cells": cells} if one["code"] == ANSWER else one for one in document["dimensions"]]
    return {**document, "dimensions": columns}


def with_sensitivity(document: Mapping[str, Any], sensitivity: str) -> dict[str, Any]:
    """Return the plan as it would be with another sensitivity, each table with the same share."""
    spent = beside_tables(document)
    scale = (BUDGETS[sensitivity] - spent) / (BUDGETS[document["sensitivity"]] - spent)
    tables = [
        {**table, "rho": math.floor(table["rho"] * scale * 1_000_000) / 1_000_000} for table in document["tables"]
    ]
    return {**document, "sensitivity": sensitivity, "tables": tables}


def shares_of(document: Mapping[str, Any]) -> dict[str, int]:
    """Return the share of each table in percent of what the draft's sensitivity allows."""
    whole = BUDGETS[document["sensitivity"]] - beside_tables(document)
    return {table["code"]: round(100 * table["rho"] / whole) for table in document["tables"]}
