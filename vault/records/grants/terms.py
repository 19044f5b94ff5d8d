from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from vault.records.enums import GrantChannel, Mode


@dataclass(frozen=True)
class Terms:
    """What the resident chose: the codes of the items, how they are used, for how many months, or for one reading within them.

    `lasts`: a length under a month, instead of the months.
    `shown`: the values of each item, as the page said them. They are kept, sealed, with the words that were read.
    """

    items: Sequence[str]
    mode: Mode
    months: int = 0
    once: bool = False
    lasts: timedelta | None = None
    papers: Sequence[UUID] = ()
    documents: Sequence[UUID] = ()
    channel: GrantChannel = GrantChannel.PAGE
    shown: Mapping[str, str] = field(default_factory=dict)
