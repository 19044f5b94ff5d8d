"""Search for a value in a page or a file.

Ids, tokens and times contain short numbers by chance, so a value inside such a word does not count.
"""

import re


def tells(content: str, value: str) -> bool:
    return re.search(rf"(?<![\w:.-]){re.escape(value)}(?![\w-])", content) is not None
