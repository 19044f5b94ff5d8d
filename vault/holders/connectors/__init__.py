"""The APIs of the holders, one folder each, discovered automatically.

`available()` returns the holders that a resident can connect to.
"""

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
    """Return the operator's settings for the connector; empty if it is off."""
    found: Mapping[str, str] = settings.CONNECTORS.get(connector.code, {})
    return found


def missing(connector: Connector) -> list[str]:
    """Return the missing settings of a connector that is on."""
    found = config(connector)
    return [name for name in connector.settings if not found.get(name)] if found else []


def available() -> Mapping[str, Available]:
    """Return the connector and the offer by holder's code, for connectors that the operator has configured."""
    return {found.offer.code: found for found in _available()}


def of_holder(code: str) -> Available | None:
    """Return the connector of a holder, configured or not, so that existing connections keep a name."""
    return next(
        (Available(one, offer) for one in all_connectors().values() for offer in one.offers if offer.code == code),
        None,
    )


def passed_on() -> list[str]:
    """Return the holders whose answers the resident may pass on to a service."""
    return [offer.code for one in all_connectors().values() if one.passes_on for offer in one.offers]


def _available() -> Iterator[Available]:
    for connector in all_connectors().values():
        if connector.pushes or (config(connector) and not missing(connector)):
            yield from (Available(connector, offer) for offer in connector.offers)
