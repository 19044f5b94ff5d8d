"""Where the sheet of a consultation leads: apps above register it, such as the page where a resident takes part."""

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


_registered: dict[str, Callable[[Campaign], Way | None]] = {}


def register(name: str, way: Callable[[Campaign], Way | None]) -> None:
    """Register what returns the way of a consultation, or None while there is none. Call it in `AppConfig.ready`."""
    _registered[name] = way


def of(campaign: Campaign) -> list[Way]:
    return [found for one in _registered.values() if (found := one(campaign))]
