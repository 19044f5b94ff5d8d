"""What a resident needs in core before anything of theirs can be kept."""

from uuid import UUID

from core import keys


def prepare(resident_id: UUID) -> None:
    """Make the resident's key, in the caller's transaction. Doing it twice changes nothing."""
    keys.make_key(resident_id=resident_id)
