"""The APIs that the vault can ask: one folder each, found by itself. `available()` says which holders a resident can connect to."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from vault.holders.connectors.frame import Connector, Offer

FOLDER = Path(__file__).parent


class Available(NamedTuple):
    connector: Connector
    offer: Offer


@cache
def all_connectors() -> Mapping[str, Connector]:
    names = sorted(file.parent.name for file in FOLDER.glob("*/connector.py"))
    found: list[Connector] = [import_module(f"vault.holders.connectors.{name}.connector").CONNECTOR for name in names]
    return {connector.code: connector for connector in found}


def config(connector: Connector) -> Mapping[str, str]:
    """What the operator set for it; empty: it is off."""
    said: Mapping[str, str] = settings.CONNECTORS.get(connector.code, {})
    return said


def missing(connector: Connector) -> list[str]:
    """What is not set of a connector that is on."""
    said = config(connector)
    return [name for name in connector.settings if not said.get(name)] if said else []


def available() -> Mapping[str, Available]:
    """Holder's code -> who asks it, for those that the operator has set up."""
    return {found.offer.code: found for found in _available()}


def of_holder(code: str) -> Available | None:
    """Set up or not: what was connected once keeps its name."""
    return next(
        (Available(one, offer) for one in all_connectors().values() for offer in one.offers if offer.code == code),
        None,
    )


def _available() -> Iterator[Available]:
    for connector in all_connectors().values():
        if config(connector) and not missing(connector):
            yield from (Available(connector, offer) for offer in connector.offers)
