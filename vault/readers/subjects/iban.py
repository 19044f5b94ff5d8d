import re


def iban_is_valid(iban: str) -> bool:
    """Verify ISO 13616: with country and key moved to the end and letters as 10 to 35, the number modulo 97 is 1."""
    plain = re.sub(r"\s", "", iban).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", plain):
        return False
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1
