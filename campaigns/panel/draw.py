"""The draw, without the database: which checkpoint is the seed, and the order that it gives. Anybody can repeat it.

The seed is the SHA-256 of the first checkpoint that was signed after the announced minute and has the frozen list in
the register that it signs. The order of a number is the SHA-256 of the text `seed-number`, lowest first.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core import canonical
from core.journal import signed_notes
from core.journal.signed_notes import Statement

#: Numbers of volunteers have seven digits, at random: they say neither who came first nor how many there are.
LOWEST, HIGHEST = 1_000_000, 9_999_999


@dataclass(frozen=True)
class Drawn:
    """A checkpoint as it is published, and the one before: which shows that it is the first. Empty: there is none."""

    note: str
    before: str

    @property
    def seed(self) -> str:
        return seed_of(self.note)


def seed_of(note: str) -> str:
    return hashlib.sha256(note.encode()).hexdigest()


def rank_hash(seed: str, number: int) -> str:
    return hashlib.sha256(f"{seed}-{number}".encode()).hexdigest()


def ordered(seed: str, numbers: Iterable[int]) -> list[int]:
    """Return the numbers in the order of the draw: the first ones sit, the others are their substitutes."""
    return sorted(numbers, key=lambda number: rank_hash(seed, number))


def sha256_of(numbers: Iterable[int]) -> str:
    """Return the hash of a list, in canonical JSON: the numbers from the lowest, without a blank."""
    return hashlib.sha256(canonical.encode(sorted(numbers))).hexdigest()


def may_be_seed(statement: Statement, *, draws_at: datetime, entry: int) -> bool:
    """Return whether a checkpoint comes after the announced minute and signs the frozen list.

    Args:
        entry: the number of the register's entry that froze the list.
    """
    return statement.at > draws_at and statement.register is not None and statement.register[0] >= entry


def is_first(drawn: Drawn, *, draws_at: datetime, entry: int) -> bool:
    """Return whether the note may be the seed, follows from the one before, and that one may not be the seed.

    Raises:
        signed_notes.Forged: this portal did not sign one of the two.
    """
    statement = signed_notes.read(drawn.note)
    if not may_be_seed(statement, draws_at=draws_at, entry=entry):
        return False
    if not drawn.before:
        return statement.previous == signed_notes.NOTHING_BEFORE
    earlier = signed_notes.read(drawn.before)
    follows = statement.previous == signed_notes.digest(drawn.before)
    return follows and not may_be_seed(earlier, draws_at=draws_at, entry=entry)


def sha256_of_text(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
