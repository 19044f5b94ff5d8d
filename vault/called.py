"""How the recipient of a grant is called, and what a resident wrote of a link: their own words, which lie sealed.

They are no value of the vault: naming a line of one's own list is not a reading, and leaves no line in the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core import sealed
from core.keys import KeyMissing
from vault.models import Grant, Link
from vault.models.grant import LINK_KIND


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


def called(grant: Grant, box: sealed.Box | None = None) -> str:
    """By the name that the resident typed, where they typed one. `box`: their key, if it is at hand."""
    if not grant.recipient_name:
        return grant.recipient_label
    try:
        opened = box or sealed.box(resident_id=grant.resident_id)
    except KeyMissing:
        return grant.recipient_label
    return opened.unseal(grant.recipient_name, place=grant.name_place).decode()


def names_of(grants: Sequence[Grant]) -> dict[UUID, Names]:
    """For a list of one resident's: their key is read once. Links must have come with their grants (`select_related`)."""
    typed = [grant for grant in grants if grant.recipient_name]
    try:
        box = sealed.box(resident_id=typed[0].resident_id) if typed else None
    except KeyMissing:
        box = None
    return {grant.pk: Names(grant.recipient_label) if box is None else _names(grant, box) for grant in grants}


def seal_name(grant: Grant, name: str) -> bytes:
    return sealed.seal(name.encode(), resident_id=grant.resident_id, place=grant.name_place) if name else b""


def seal_words(link: Link, *, title: str, why: str) -> bytes:
    return sealed.seal_json({"title": title, "why": why}, resident_id=link.resident_id, place=link.place)


def _names(grant: Grant, box: sealed.Box) -> Names:
    who = called(grant, box)
    if grant.recipient_kind != LINK_KIND:
        return Names(who)
    written = box.unseal_json(grant.link.content, place=grant.link.place)
    return Names(who, written["title"], written["why"])
