"""What the database says of a text that it cannot store (core/unstorable.py)."""

from typing import Final

from django.db import DataError

#: What psycopg and PostgreSQL say of such a text.
REFUSALS: Final = ("NUL (0x00)", "surrogates not allowed", "unsupported Unicode escape sequence")


def is_refusal(fault: BaseException | None) -> bool:
    """Return whether the database, or its driver, refused such a text. Nothing was written by that statement."""
    return isinstance(fault, DataError | ValueError) and any(words in str(fault) for words in REFUSALS)
