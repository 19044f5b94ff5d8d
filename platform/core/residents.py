"""Preparation of a new resident in core, required before any of their data can be kept."""

from uuid import UUID

from core import keys

#: Up to so many residents, a number of them is not said; above, it is rounded down.
HIDDEN, ROUNDED = 10, 20


def prepare(resident_id: UUID) -> None:
    """Make the resident's key in the caller's transaction; idempotent."""
    keys.make_key(resident_id=resident_id)


def more_than(residents: int) -> int | None:
    """Return what is said of a number of residents: more than ten, then by twenties; up to ten, nothing."""
    if residents <= HIDDEN:
        return None
    return max(HIDDEN, (residents - 1) // ROUNDED * ROUNDED)
