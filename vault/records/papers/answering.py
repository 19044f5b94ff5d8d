"""What an uploaded file may answer, such as a request to a holder. The app that keeps it registers a look-up in `AppConfig.ready()`."""

from collections.abc import Callable
from dataclasses import dataclass

from vault.records.models import Paper


@dataclass(frozen=True)
class Asked:
    """Something that a file answers.

    `holder` is the code of the holder it was asked of. `received` writes down which paper came, in the transaction that adds the paper.
    """

    holder: str
    received: Callable[[Paper], None]


_look_ups: list[Callable[[str], Asked | None]] = []


def register(look_up: Callable[[str], Asked | None]) -> None:
    """Add a look-up by the id that stands in the URL of the upload page. It runs in the resident's scope."""
    _look_ups.append(look_up)


def find(identifier: str) -> Asked | None:
    """Return what this id names, or None if the resident has no such thing."""
    return next((asked for look_up in _look_ups if (asked := look_up(identifier)) is not None), None)
