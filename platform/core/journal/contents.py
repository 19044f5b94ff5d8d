"""The content of an entry: a salt, then its payload in canonical JSON, sealed for its place."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from core import canonical

SALT_BYTES = 32
#: How long content is kept: three years, the longest duration in the CNIL's recommendation on journals (2021-122).
#: docs/operations.md gives the reasons. The database has the same value plus a day (migrations/0002_guards.py).
KEPT = timedelta(days=1096)


def place_of(entry_id: UUID) -> str:
    return f"core_journalentry|{entry_id}|1|content"


def payload_of(salted: bytes) -> dict[str, Any]:
    payload: dict[str, Any] = canonical.decode(salted[SALT_BYTES:])
    return payload


def named_head(claim: str | None) -> tuple[int, str] | None:
    """Return the counter and the MAC of the head that an entry names; None: it names none."""
    counter, _dot, mac = claim.partition(".") if claim else ("", "", "")
    return (int(counter), mac) if claim else None
