"""Codes that people copy by hand."""

import secrets

# No I, L, O or U: no letter looks like a digit, and no word appears by chance.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("ILOU", "110V")


def symbols(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def new_code() -> str:
    """Return a code of 60 random bits: at sixty tries a minute, finding one of a million takes 20,000 years."""
    return "-".join(symbols(4) for _ in range(3))


def read_code(typed: str) -> str:
    """Return the code of what people type: with spaces, small letters, or an O for a zero."""
    kept = "".join(letter for letter in typed.upper().translate(LOOKALIKES) if letter in ALPHABET)[:12]
    return "-".join(kept[start : start + 4] for start in range(0, len(kept), 4))
