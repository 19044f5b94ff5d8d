"""Conditions to open a consultation: apps above register them, such as the keys of its contributions."""

from collections.abc import Callable
from dataclasses import dataclass

from campaigns.plans.models import Campaign


class NotPrepared(Exception):
    """A condition to open a consultation is not met yet: it opens later."""


@dataclass(frozen=True)
class Preparation:
    """One thing to prepare.

    Attributes:
        refusal: returns why no consultation may open on this installation, in the reader's language, or "".
        prepare: prepares one consultation, in the transaction that opens it, or raises NotPrepared. Idempotent.
    """

    refusal: Callable[[], str]
    prepare: Callable[[Campaign], None]


_registered: dict[str, Preparation] = {}


def register(name: str, preparation: Preparation) -> None:
    _registered[name] = preparation


def refusals() -> list[str]:
    return [reason for one in _registered.values() if (reason := one.refusal())]


def prepare(campaign: Campaign) -> None:
    for one in _registered.values():
        one.prepare(campaign)
