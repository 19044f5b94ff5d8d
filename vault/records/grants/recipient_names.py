"""How the recipient of a grant is called, and what a resident wrote of a link: their own words, which lie sealed.

They are no value of the vault: naming a line of one's own list is not a reading, and leaves no line in the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.keys import KeyMissing, sealed
from vault.records.grants import recipients
from vault.records.models import Grant


@dataclass(frozen=True)
class Names:
    """`title` and `why`: of a link."""

    who: str
    title: str = ""
    why: str = ""

    @property
    def label(self) -> str:
        """Tells one link to somebody from another."""
        return f"{self.who} ({self.title})" if self.title else self.who


def recipient_name(grant: Grant, box: sealed.Box | None = None) -> str:
    """By the name that the resident typed, where they typed one. `box`: their key, if it is at hand."""
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
