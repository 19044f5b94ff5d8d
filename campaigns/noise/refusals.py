"""Why a plan is refused. Each rule is one that an attack on published tables made necessary (docs/campaigns.md)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from math import isclose
from pathlib import Path
from typing import Any

from core import canonical, schemas

#: Most that one resident may spend in one consultation, in ρ, by sensitivity.
BUDGETS = {"sensitive": 0.05, "standard": 0.2, "low": 0.5}
#: Inhabitants of the smallest zones, by public figures.
SMALLEST_ZONE = 2_000
#: Cells of all tables together.
MOST_CELLS = 20_000
#: ρ that a comparison of sums allows for rounding.
EXACT = 1e-9
#: ρ of one look at the noisy number of new contributions, which decides whether a window is published.
CHECK_RHO = 0.002
#: The column of a plan that names a holder, and its cells: sent and not yet due, answered, late.
REQUEST = "request"
REQUEST_STATES = ("sent", "answered", "late")
#: What a draft's texts say before their author wrote them.
UNWRITTEN = {"À écrire", "To be written"}
_WAY = r"(?:rue|av|avenue|bd|boulevard|all[ée]e|chemin|impasse|place|quai|street|road|lane)"
_BUILDING = r"(?:rue|all[ée]e|chemin|impasse|b[âa]timent|immeuble|r[ée]sidence|foyer|[ée]cole|coll[èe]ge|lyc[ée]e)"
_STREET = re.compile(rf"\d+(?: ?(?:bis|ter))?,? (?:\w+ )*{_WAY}\b|{_BUILDING}\b")
_IDENTITY = re.compile(
    r"\b(?:votre nom|vos noms?|nom de famille|(?:votre|vos) pr[ée]noms?|date de naissance|"
    r"(?:votre|vos) (?:adresses?|e-?mails?|courriels?|iban|t[ée]l[ée]phones?)|qui [êe]tes-vous|"
    r"num[ée]ros? (?:fiscal|de t[ée]l[ée]phone|de s[ée]curit[ée] sociale)|"
    r"your (?:first |last |full |family )?names?|surname|date of birth|your (?:e-?mail )?address|phone number|"
    r"social security number|who are you)\b"
)
#: ρ of the milestones of the number of contributions: each contribution is in the noisy increment of one day.
COUNTER_RHO = 0.02


@dataclass(frozen=True)
class Refusal:
    """One reason. `path` is where in the document, such as "tables/2/dimensions"; `values` are named by the words."""

    code: str
    path: str
    values: Mapping[str, Any]


class PlanRefused(Exception):
    def __init__(self, reasons: list[Refusal]) -> None:
        super().__init__(", ".join(f"{one.code} at {one.path or 'the plan'}" for one in reasons))
        self.reasons = reasons


@cache
def schema() -> dict[str, Any]:
    """Return the published JSON Schema of a plan."""
    found: dict[str, Any] = canonical.decode(Path(__file__).with_name("plan.schema.json").read_bytes())
    return found


@cache
def _validator() -> schemas.Validator:
    return schemas.validator(schema())


def of_shape(document: Any) -> list[Refusal]:  # noqa: ANN401 - anything may be sent
    """Return the reasons why a document is not of the schema's shape, at most twenty."""
    if isinstance(document, Mapping) and _is_huge(document):
        return [Refusal("too_many_cells", "dimensions", {"most": MOST_CELLS})]
    found = []
    for error in _validator().iter_errors(document):
        found.append(_of_error(error))
        if len(found) == 20:
            break
    return found


def _is_huge(document: Mapping[str, Any]) -> bool:
    """Return whether a list is so long that the schema would take minutes to say so."""
    dimensions = document.get("dimensions")
    if not isinstance(dimensions, list):
        return False
    return any(
        isinstance(one, Mapping) and isinstance(cells := one.get("cells"), list) and len(cells) > MOST_CELLS
        for one in dimensions
    )


def _of_error(error: schemas.Broken) -> Refusal:
    parts = [str(part) for part in error.absolute_path]
    path, first, last = schemas.place(error), parts[0] if parts else "", parts[-1] if parts else ""
    if error.validator == "additionalProperties":
        known = set(error.schema["properties"])
        return Refusal("unknown_field", path, {"names": sorted(set(error.instance) - known)})
    if error.validator == "required":
        return Refusal("missing_field", path, {"names": sorted(set(error.validator_value) - set(error.instance))})
    if first == "zoning" and last == "zoning" and isinstance(error.instance, list):
        return Refusal("two_zonings", path, {})
    if first == "tables" and last == "dimensions" and error.validator == "maxItems":
        return Refusal("three_dimensions", path, {"count": len(error.instance)})
    if first == "dimensions" and last == "cells" and error.validator == "maxItems":
        return Refusal("too_many_cells", path, {"most": error.validator_value})
    if first == "windows" and error.validator in {"type", "pattern"} or path in {"opens", "group/votes_until"}:
        return Refusal("dates_from_data", path, {})
    if first == "holder":
        return Refusal("no_holder", path, {})
    if first == "threshold":
        return Refusal("other_threshold", path, {})
    if first == "dimensions" and "edges" in parts and error.validator == "type":
        return Refusal("edges_from_data", path, {})
    if first == "measures" and last in {"low", "high"} and error.validator == "type":
        return Refusal("edges_from_data", path, {})
    if error.validator == "maxItems":
        return Refusal("too_many", path, {"most": error.validator_value})
    return Refusal("wrong_shape", path, {"rule": str(error.validator)})


def of_zoning(plan: Mapping[str, Any]) -> list[Refusal]:
    """Return what is wrong with the tree of zones: an unknown or repeated code, a cycle, zones that are not nested."""
    if plan["zoning"] is None:
        return []
    zones = plan["zoning"]["zones"]
    path = "zoning/zones"
    if doubles := _doubles(zone["code"] for zone in zones):
        return [Refusal("double_code", path, {"codes": doubles})]
    parents = {zone["code"]: zone.get("parent") for zone in zones}
    if unknown := sorted({parent for parent in parents.values() if parent and parent not in parents}):
        return [Refusal("unknown_zone", path, {"codes": unknown})]
    if cyclic := [code for code in parents if _is_in_a_circle(code, parents)]:
        return [Refusal("cyclic_zoning", path, {"codes": cyclic})]
    if max(len(_ancestors(code, parents)) for code in parents) > 3:
        return [Refusal("too_deep", path, {"most": 3})]
    if doubles := _doubles(code for zone in zones for code in zone.get("codes") or [zone["code"]]):
        return [Refusal("two_zonings", path, {"codes": doubles})]
    return [*_small_zones(zones), *_unnested(zones)]


def _is_in_a_circle(code: str, parents: Mapping[str, str | None]) -> bool:
    seen, current = set(), parents[code]
    while current is not None and current not in seen:
        seen.add(current)
        current = parents[current]
    return current is not None


def _ancestors(code: str, parents: Mapping[str, str | None]) -> list[str]:
    found, current = [code], parents[code]
    while current is not None:
        found.append(current)
        current = parents[current]
    return found


def _small_zones(zones: list[dict[str, Any]]) -> Iterator[Refusal]:
    for number, zone in enumerate(zones):
        if zone["population"] < SMALLEST_ZONE:
            values = {"zone": zone["label"]["fr"], "population": zone["population"], "least": SMALLEST_ZONE}
            yield Refusal("small_zone", f"zoning/zones/{number}", values)


def _unnested(zones: list[dict[str, Any]]) -> Iterator[Refusal]:
    """Zones that divide another one have its population together: otherwise their borders are others."""
    for number, zone in enumerate(zones):
        inside = [one["population"] for one in zones if one.get("parent") == zone["code"]]
        if inside and sum(inside) != zone["population"]:
            yield Refusal("two_zonings", f"zoning/zones/{number}", {"codes": [zone["code"]]})


def of_content(plan: Mapping[str, Any]) -> list[Refusal]:
    """Return the reasons of a document of the right shape, whose zones are a tree."""
    return [
        *_codes(plan),
        *_dimensions(plan),
        *_measures(plan),
        *_tables(plan),
        *_dates(plan),
        *_group(plan),
        *_portability(plan),
        *_budget(plan),
    ]


def of_submission(plan: Mapping[str, Any], today: date) -> list[Refusal]:
    """Return why a plan that could be published is neither submitted nor approved on a day.

    A plan that was approved before one of these rules is read all the same.
    """
    return [*_unwritten(plan), *_unused(plan), *_identity(plan), *_streets(plan), *_past(plan, today)]


def _unwritten(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    for name in ("question", "purpose"):
        if UNWRITTEN & set(plan[name].values()):
            yield Refusal("unwritten", name, {})


def _unused(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    """Residents are asked nothing that no table publishes (article 5(1)(c) of the GDPR)."""
    used = {code for table in plan["tables"] for code in (*table["dimensions"], table.get("measure"))}
    for name in ("dimensions", "measures"):
        for number, one in enumerate(plan[name]):
            if one["code"] not in used:
                yield Refusal("unused_column", f"{name}/{number}", {"column": one["label"]["fr"]})


def _identity(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    """A consultation asks nobody who they are: no table could be published of the answers."""
    columns = [*plan["dimensions"], *plan["measures"]]
    asked = [plan["title"], plan["question"], *(one["label"] for one in columns)]
    asked += [cell["label"] for one in columns for cell in one.get("cells", ())]
    for text in (text for label in asked for text in label.values()):
        if _IDENTITY.search(text.casefold()):
            yield Refusal("identity", "question", {"text": text})


def _streets(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    """A zone that is named as a street or a building has not the inhabitants that its line says."""
    for number, zone in enumerate(plan["zoning"]["zones"] if plan["zoning"] else ()):
        if _STREET.match(zone["label"]["fr"].casefold()):
            yield Refusal("street", f"zoning/zones/{number}", {"zone": zone["label"]["fr"]})


def _past(plan: Mapping[str, Any], today: date) -> Iterator[Refusal]:
    if date.fromisoformat(plan["opens"]) <= today:
        yield Refusal("opens_in_the_past", "opens", {})


def _doubles(codes: Any) -> list[str]:  # noqa: ANN401 - any strings
    return sorted(code for code, times in Counter(codes).items() if times > 1)


def _codes(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    for name in ("dimensions", "tables"):
        listed = [*plan[name], *(plan["measures"] if name == "dimensions" else [])]
        if doubles := _doubles(one["code"] for one in listed):
            yield Refusal("double_code", name, {"codes": doubles})
    for number, one in enumerate(plan["dimensions"]):
        if doubles := _doubles(cell["code"] for cell in one.get("cells", ())):
            yield Refusal("double_code", f"dimensions/{number}/cells", {"codes": doubles})
        values = (value for cell in one.get("cells", ()) for value in cell.get("values") or [cell["code"]])
        if doubles := _doubles(values):
            yield Refusal("double_code", f"dimensions/{number}/cells", {"codes": doubles})


def _dimensions(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    for number, one in enumerate(plan["dimensions"]):
        path = f"dimensions/{number}"
        if one["kind"] in {"zone", "zone_pair"}:
            if plan["zoning"] is None:
                yield Refusal("no_zoning", path, {})
            if "cells" in one:
                # Zones that the zoning does not have would be a second zoning.
                yield Refusal("two_zonings", f"{path}/cells", {"codes": [cell["code"] for cell in one["cells"]]})
            if one["kind"] == "zone_pair" and bool(one.get("source")) != bool(one.get("to")):
                yield Refusal("half_a_pair", path, {})
        elif "cells" not in one:
            yield Refusal("missing_field", path, {"names": ["cells"]})
        if one["kind"] == "number":
            yield from _edges(one, path)


def _edges(one: Mapping[str, Any], path: str) -> Iterator[Refusal]:
    if not one.get("known_from"):
        yield Refusal("edges_from_data", path, {})
    edges = one.get("edges", [])
    if len(edges) != len(one.get("cells", ())) - 1 or any(low >= high for low, high in pairwise(edges)):
        yield Refusal("edges_and_cells", f"{path}/edges", {"cells": len(one.get("cells", ()))})


def _measures(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    for number, one in enumerate(plan["measures"]):
        steps = (one["high"] - one["low"]) / one["step"]
        if not (1 <= steps <= 10_000 and isclose(steps, round(steps), abs_tol=1e-6)):
            yield Refusal("bounds_and_step", f"measures/{number}", {"low": one["low"], "high": one["high"]})


def _tables(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    dimensions = {one["code"]: one for one in plan["dimensions"]}
    measures = {one["code"] for one in plan["measures"]}
    cells = 0
    for number, one in enumerate(plan["tables"]):
        path = f"tables/{number}"
        if unknown := [code for code in one["dimensions"] if code not in dimensions]:
            yield Refusal("unknown_dimension", path, {"codes": unknown})
            continue
        if one.get("measure") and one["measure"] not in measures:
            yield Refusal("unknown_measure", path, {"codes": [one["measure"]]})
        most = [dimensions[code].get("most", 1) for code in one["dimensions"]]
        if len(most) == 2 and min(most) > 1:
            yield Refusal("two_lists", path, {})
        elif one["per_resident"] != max(most):
            yield Refusal("per_resident", path, {"most": max(most)})
        elif one.get("measure") and max(most) > 1:
            yield Refusal("mean_of_lists", path, {})
        size = 1
        for code in one["dimensions"]:
            size *= 1 + _cells_of(dimensions[code], plan)
        cells += size
    if cells > MOST_CELLS:
        yield Refusal("too_many_cells", "tables", {"most": MOST_CELLS, "cells": cells})


def _cells_of(dimension: Mapping[str, Any], plan: Mapping[str, Any]) -> int:
    if dimension["kind"] not in {"zone", "zone_pair"}:
        return len(dimension.get("cells", ()))
    level: int = dimension.get("level", 0)
    zones = plan["zoning"]["zones"] if plan["zoning"] else []
    parents = {zone["code"]: zone.get("parent") for zone in zones}
    inner = set(parents.values())
    depths = {code: len(_ancestors(code, parents)) - 1 for code in parents}
    count = sum(depth == level or (depth < level and code not in inner) for code, depth in depths.items())
    return count * count if dimension["kind"] == "zone_pair" else count


def _dates(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    try:
        days = [date.fromisoformat(text) for text in (plan["opens"], *plan["windows"])]
    except ValueError:
        yield Refusal("dates_from_data", "windows", {})
        return
    if any((after - before).days < 8 for before, after in pairwise(days)):
        yield Refusal("dates_in_order", "windows", {"days": 8})


def _group(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    group = plan.get("group")
    if group is None:
        return
    if max(group["quorum"], plan["minimum"]) > group["invited"]:
        yield Refusal("group_too_small", "group", {"invited": group["invited"]})
    try:
        in_time = date.fromisoformat(group["votes_until"]) < date.fromisoformat(plan["opens"])
    except ValueError:
        in_time = False
    if not in_time:
        yield Refusal("group_votes_late", "group/votes_until", {})


def _portability(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    """A plan that names a holder has one column, the state of a resident's request, which no record fills."""
    if "holder" not in plan:
        return
    columns = [*plan["dimensions"], *plan["measures"]]
    states = [[cell["code"] for cell in one.get("cells", ())] for one in columns if one["code"] == REQUEST]
    if len(columns) != 1 or states != [list(REQUEST_STATES)] or plan["unit"] != "resident" or _reads(columns[0]):
        yield Refusal("portability_shape", "dimensions", {})


def _reads(column: Mapping[str, Any]) -> bool:
    return bool(column.get("source")) or column.get("most", 1) != 1


def beside_tables(plan: Mapping[str, Any]) -> float:
    """Return the ρ that a plan's document spends beside its tables: looks at the number, and milestones."""
    return CHECK_RHO * len(plan["windows"]) + (COUNTER_RHO if plan.get("milestones") else 0.0)


def _budget(plan: Mapping[str, Any]) -> Iterator[Refusal]:
    most = BUDGETS[plan["sensitivity"]]
    spent = sum(one["rho"] for one in plan["tables"]) + beside_tables(plan)
    if spent > most + EXACT:
        yield Refusal("over_budget", "tables", {"rho": round(spent, 6), "most": most})
