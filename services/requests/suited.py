"""Which offices suit a dossier: those that its procedures name, then those of its resident's commune.

A procedure names who handles it in words (“CCAS, puis conseil départemental”); no table links it to an
office. Names that share a word are close enough to put an office first, never to choose it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Organisation
from services.procedures.rules import Rules
from services.requests.lines import Content
from vault.types.names import words

#: Words that many offices have in their names.
COMMON = frozenset(
    words("service services ville mairie guichet commune agence portail maison accueil compte ligne pour")
)
LENGTH = 4


@dataclass(frozen=True)
class Suited:
    """An office. `handles`: the procedures name it; `nearby`: it is in the commune that the dossier says."""

    office: Organisation
    handles: bool
    nearby: bool


def in_order(offices: Sequence[Organisation], aids: Sequence[Rules], content: Content) -> list[Suited]:
    """Return the offices, those that suit best first. Pure."""
    handling = _of([aid.organisation for aid in aids])
    receiving = _of([text for aid in aids for text in aid.where_to_send])
    said = " ".join(f" {' '.join(words(line.text))} " for line in content.lines)

    def rank(office: Organisation) -> tuple[int, int, bool, str]:
        named = _of([office.name])
        return -len(named & handling), -len(named & receiving), not _nearby(office, said), office.name

    return [
        Suited(office, bool(_of([office.name]) & (handling | receiving)), _nearby(office, said))
        for office in sorted(offices, key=rank)
    ]


def _of(texts: Sequence[str]) -> set[str]:
    return {word for text in texts for word in words(text) if len(word) >= LENGTH and word not in COMMON}


def _nearby(office: Organisation, said: str) -> bool:
    """Return whether the town that ends the office's address, “3 place du Lavoir, 17000 Villebrume”, is said."""
    town = [word for word in words(office.address.rpartition(",")[2]) if not word.isdigit()]
    return bool(town) and f" {' '.join(town)} " in said
