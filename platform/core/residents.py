"""Preparation of a new resident in core, required before any of their data can be kept."""

from uuid import UUID

from core import keys


def prepare(resident_id: UUID) -> None:
    """Make the resident's key in the caller's transaction; idempotent."""
    keys.make_key(resident_id=resident_id)
