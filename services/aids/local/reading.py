"""Which facts a rule of a local aid reads, and which of them an answer changes."""

from collections.abc import Mapping
from typing import Final

from services.aids.local import evaluation
from services.aids.local.evaluation import Facts, Rule

#: Facts that the rules of an aid may read besides those named by their conditions' types.
OTHERS: Final = frozenset(
    {"rfr", "parts", "consumption_units", "price", "on"}
    | {"commune", "epci", "departement", "region", "parents_commune", "postcode"}
)
#: Every fact that a case may state, of whatever aid: a case outlives a condition that its author took out.
FACTS: Final = OTHERS | frozenset(
    {"age", "qf", "profiles", "resources_month", "children_ages", "household_size", "single_parent", "family_status"}
    | {"resident_months", "study_year", "bac_honours", "scheme", "receives", "disability_rate", "housing_status"}
    | set(evaluation.FLAGS)
)


def facts_of(rule: Rule) -> list[str]:
    """Return the facts that the conditions and the amount read."""
    found: list[str] = []
    for leaf in evaluation.leaves(rule["conditions"]):
        found += _facts_of_leaf(leaf, rule)
    amount = rule["amount"]
    found += [evaluation.BASIS.get(amount["on"], amount["on"])] if "on" in amount else []
    found += ["price"] if amount["kind"] == "percent" else []
    found += ["children_ages"] if amount.get("per_child") else []
    return list(dict.fromkeys(name for name in found if name))


def strange_facts(rule: Rule) -> list[str]:
    """Return the facts of the cases that no aid reads, such as a misspelt one."""
    known = FACTS | {rule["institution"]["level"], *facts_of(rule)}
    return list(dict.fromkeys(name for test in rule.get("tests", ()) for name in test["facts"] if name not in known))


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
    return ["on"] if kind == "date" else [evaluation.FACT.get(kind, kind)]


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
            found |= {evaluation.FACT.get(kind, kind) for kind in kinds}
    return found
