import unicodedata
from pathlib import PurePosixPath

NAME_LENGTH = 150


def clean_name(name: str) -> str:
    """Return the last part of the path without unprintable characters, long enough for a person to recognise their
    file.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in unicodedata.normalize("NFC", last) if letter.isprintable())
    return kept.strip()[-NAME_LENGTH:] or "document"
