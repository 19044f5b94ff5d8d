"""Names of recipients, and the words that a resident wrote about a link, sealed under the resident's key.

They are not values of the vault: naming an item of one's own list writes no journal entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.keys import KeyMissing, sealed
from vault.records.grants import recipients
from vault.records.models import Grant


@dataclass(frozen=True)
class Names:
    """The names of one grant. Only a link has a `title` and a `why`."""

    who: str
    title: str = ""
    why: str = ""

    @property
    def label(self) -> str:
        """Return the name with the title, which distinguishes two links to the same person."""
        return f"{self.who} ({self.title})" if self.title else self.who


def recipient_name(grant: Grant, box: sealed.Box | None = None) -> str:
    """Return the name typed by the resident, else `recipient_label`.

    Args:
        box: the resident's key, if the caller has it.
    """
    if not grant.recipient_name:
        return grant.recipient_label
    try:
        opened = box or sealed.box(resident_id=grant.resident_id)
    except KeyMissing:
        return grant.recipient_label
    return opened.unseal(grant.recipient_name, place=grant.name_place).decode()


def names_of(grants: Sequence[Grant]) -> dict[UUID, Names]:
    """Return the names of a list of grants of one resident. Their key is read once.

    Cost: one query for each kind of recipient that has words of its own (`RecipientKind.written`).
    """
    typed = [grant for grant in grants if grant.recipient_name]
    try:
        box = sealed.box(resident_id=typed[0].resident_id) if typed else None
    except KeyMissing:
        box = None
    if box is None:
        return {grant.pk: Names(grant.recipient_label) for grant in grants}
    written: dict[UUID, recipients.Written] = {}
    for kind in recipients.kinds():
        if of_kind := [grant for grant in grants if grant.recipient_kind == kind.code]:
            written |= kind.written(of_kind, box)
    return {grant.pk: Names(recipient_name(grant, box), *written.get(grant.pk, ())) for grant in grants}


def seal_name(grant: Grant, name: str) -> bytes:
    return sealed.seal(name.encode(), resident_id=grant.resident_id, place=grant.name_place) if name else b""
