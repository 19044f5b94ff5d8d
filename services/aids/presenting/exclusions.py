"""Say of each aid of a page which others of that page exclude it."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.templatetags.civic import nbsp
from services.aids import catalogue
from services.aids.actions.simulations import Simulation


def exclusions(simulation: Simulation) -> Mapping[str, list[str]]:
    """Return, by code, a sentence for each other aid that is due or received and does not come together with it."""
    names = dict(_listed(simulation))
    found: dict[str, list[str]] = {code: [] for code in names}
    for one in catalogue.exclusions():
        if one.codes <= names.keys():
            first, second = sorted(one.codes)
            found[first].append(_sentence(names[second], f"{one.text} {one.law}."))
            found[second].append(_sentence(names[first], f"{one.text} {one.law}."))
    for first, second in _local(simulation, names):
        found[first].append(_sentence(names[second]))
        found[second].append(_sentence(names[first]))
    return {code: list(dict.fromkeys(sentences)) for code, sentences in found.items() if sentences}


def _listed(simulation: Simulation) -> Iterator[tuple[str, Any]]:
    for result in (*simulation.results.claims, *simulation.results.received):
        yield result.code, result.benefit.title
    for line in simulation.local:
        if line.is_granted:
            yield line.aid.code, line.aid.name


def _local(simulation: Simulation, names: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for line in simulation.local:
        if line.is_granted:
            yield from ((line.aid.code, code) for code in line.aid.rules.get("excludes", ()) if code in names)


def _sentence(name: object, why: str = "") -> str:
    text = _("Ne se cumule pas avec : %(aid)s.") % {"aid": name}
    return str(nbsp(f"{text} {why}".strip()))
