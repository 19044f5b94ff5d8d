"""Which facts a rule of a local aid reads, and which of them an answer changes."""

from collections.abc import Mapping
from typing import Final

from services.aids.local import amounts, evaluation
from services.aids.local.conditions import FACTS, KINDS
from services.aids.local.conditions.kinds import Facts, Rule

#: Every fact that a case may state, of whatever aid: a case outlives a condition that its author took out.
STATED: Final = frozenset(fact.name for fact in FACTS.values() if not fact.beside)


def facts_of(rule: Rule) -> list[str]:
    """Return the facts that the conditions and the amount read."""
    found: list[str] = []
    for leaf in evaluation.leaves(rule["conditions"]):
        found += KINDS[leaf["type"]].facts_of(leaf, rule)
    return list(dict.fromkeys([*found, *amounts.facts_of(rule["amount"])]))


def strange_facts(rule: Rule) -> list[str]:
    """Return the facts of the cases that no aid reads, such as a misspelt one."""
    known = STATED | {rule["institution"]["level"], *facts_of(rule)}
    return list(dict.fromkeys(name for test in rule.get("tests", ()) for name in test["facts"] if name not in known))


def changed(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> set[str] | None:
    """Return the names of the facts that differ for somebody, or None if the people themselves do."""
    if before.keys() != after.keys():
        return None
    found = {name for id, known in before.items() for name, value in known.items() if after[id].get(name) != value}
    found |= {FACTS[name].beside for name in found & FACTS.keys() if FACTS[name].beside}
    if "undecided" in found:
        for id, known in before.items():
            found |= known["undecided"].keys() | after[id]["undecided"].keys()
    return found
