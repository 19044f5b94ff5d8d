"""Text that PostgreSQL stores in no column: with a NUL, or with one half of a surrogate pair."""

import re
from typing import Final

UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def is_unstorable(value: object) -> bool:
    """Return whether a value, as JSON gives it, has such a text at any depth."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            if UNSTORABLE.search(part):
                return True
        elif isinstance(part, dict):
            waiting += [*part, *part.values()]
        elif isinstance(part, list):
            waiting += part
    return False
