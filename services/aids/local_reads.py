"""Which facts a rule of a local aid reads, and which of them an answer changes."""

from collections.abc import Mapping

from services.aids import local
from services.aids.local import Facts, Rule


def facts_of(rule: Rule) -> list[str]:
    """Return the facts that the conditions and the amount read."""
    found: list[str] = []
    for leaf in local.leaves(rule["conditions"]):
        found += _facts_of_leaf(leaf, rule)
    amount = rule["amount"]
    found += [local.BASIS.get(amount["on"], amount["on"])] if "on" in amount else []
    found += ["price"] if amount["kind"] == "percent" else []
    found += ["children_ages"] if amount.get("per_child") else []
    return list(dict.fromkeys(name for name in found if name))


def _facts_of_leaf(leaf: Rule, rule: Rule) -> list[str]:
    kind: str = leaf["type"]
    if kind == "territory":
        return [rule["institution"]["level"] if leaf.get("attached") else leaf["level"]]
    if kind == "qf":
        return ["qf", *(["rfr", "parts"] if leaf.get("fallback") else [])]
    if kind == "resources":
        return ["resources_month", *(["consumption_units"] if leaf.get("per") == "consumption_unit" else [])]
    if kind == "manual":
        return []
    return ["on"] if kind == "date" else [local.FACT.get(kind, kind)]


def changed(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> set[str] | None:
    """Return the names of the facts that differ for somebody, or None if the people themselves do."""
    if before.keys() != after.keys():
        return None
    found = {name for id, known in before.items() for name, value in known.items() if after[id].get(name) != value}
    beside = {"person_resources_month": "resources_month", "resident_months_least": "resident_months"}
    found |= {beside[name] for name in found & beside.keys()}
    if "undecided" in found:
        for id, known in before.items():
            kinds = known["undecided"].keys() | after[id]["undecided"].keys()
            found |= {local.FACT.get(kind, kind) for kind in kinds}
    return found
