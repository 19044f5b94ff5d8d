"""Find social security and bank card numbers, which a paper should not show without need."""

import re

_GAP = "[ \u00a0]?"
#: Sex, year, month, department, town, rank and key, not within a longer number.
_SOCIAL = re.compile(
    rf"(?<![0-9A-Z])[1278]{_GAP}\d{{2}}{_GAP}\d{{2}}{_GAP}(?:\d{{2}}|2[AB])"
    rf"{_GAP}\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{2}}(?!{_GAP}\d)"
)
#: Four groups of four digits; in an account number they follow two letters or another group.
_CARD = re.compile(rf"(?<![0-9A-Z])(?<![0-9A-Z][ \u00a0])[3-6]\d{{3}}(?:[ \u00a0-]?\d{{4}}){{3}}(?!{_GAP}[0-9A-Z])")


def shows_one(text: str) -> bool:
    return any(is_social(found) for found in _SOCIAL.findall(text)) or any(
        is_card(found) for found in _CARD.findall(text)
    )


def is_social(written: str) -> bool:
    """Verify the key. Corsica's 2A and 2B are read as 19 and 18."""
    plain = re.sub(r"\s", "", written)
    number = int(plain[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - number % 97 == int(plain[13:])


def is_card(written: str) -> bool:
    """Verify Luhn's checksum."""
    digits = [int(one) for one in re.sub(r"\D", "", written)]
    doubled = [digit if place % 2 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0
