from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from vault.records.enums import GrantChannel, Mode


@dataclass(frozen=True)
class Terms:
    """The terms that the resident chose: the items, the mode, and a length in months or a single reading.

    `lasts` is a length under a month, and replaces the months; so does `until`, a date that the agreement names.

    `shown` holds the values of each item as the page
    displayed them; they are kept, sealed, with the text.
    """

    items: Sequence[str]
    mode: Mode
    months: int = 0
    once: bool = False
    lasts: timedelta | None = None
    until: datetime | None = None
    papers: Sequence[UUID] = ()
    documents: Sequence[UUID] = ()
    writes: Sequence[str] = ()
    channel: GrantChannel = GrantChannel.PAGE
    shown: Mapping[str, str] = field(default_factory=dict)
