"""Links of a consultation's sheet: apps above register them, such as the page where a resident takes part."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from campaigns.plans.models import Campaign


@dataclass(frozen=True)
class Way:
    """`text`: what is already known there, in a sentence."""

    label: str | Promise
    href: str
    text: str = ""


#: What is said of a consultation beside its ways.
_sentences: list[Callable[[Campaign], str]] = []
_registered: dict[str, Callable[[Campaign], Way | None]] = {}
_of_agents: dict[str, Callable[[Campaign], Way | None]] = {}


def register(name: str, way: Callable[[Campaign], Way | None], *, for_agents: bool = False) -> None:
    """Register what returns the way of a consultation, or None while there is none. Call it in `AppConfig.ready`.

    Args:
        for_agents: the way is on the plan's page of agents, not on public ones.
    """
    (_of_agents if for_agents else _registered)[name] = way


def say(sentence: Callable[[Campaign], str]) -> None:
    """Register what returns a sentence of a consultation's sheet, or "" while there is none."""
    _sentences.append(sentence)


def sentences(campaign: Campaign) -> list[str]:
    return [found for one in _sentences if (found := one(campaign))]


def of(campaign: Campaign, *, without: str = "") -> list[Way]:
    """Return the ways of a consultation, without the one that leads to the page itself."""
    return [found for name, one in _registered.items() if name != without and (found := one(campaign))]


def for_agents(campaign: Campaign) -> list[Way]:
    return [found for one in _of_agents.values() if (found := one(campaign))]
