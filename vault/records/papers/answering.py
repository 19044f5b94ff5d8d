"""Look-ups of the request that an uploaded file answers, such as a data request to a holder.

The app that stores the requests registers a look-up in `AppConfig.ready()`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vault.records.models import Paper


@dataclass(frozen=True)
class Asked:
    """A request that a file may answer.

    `holder` is the code of its holder. `received` stores which paper arrived, in the transaction that adds the paper.
    """

    holder: str
    received: Callable[[Paper], None]


_look_ups: list[Callable[[str], Asked | None]] = []


def register(look_up: Callable[[str], Asked | None]) -> None:
    """Add a look-up by the id in the URL of the upload page. It runs in the resident's scope."""
    _look_ups.append(look_up)


def find(identifier: str) -> Asked | None:
    """Return the request with this id, or None if the resident has none."""
    return next((asked for look_up in _look_ups if (asked := look_up(identifier)) is not None), None)
