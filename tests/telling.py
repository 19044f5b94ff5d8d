"""Whether a page or a file tells a figure. Ids, tokens and times hold every short number by chance, and no figure stands inside one."""

import re


def tells(content: str, figure: str) -> bool:
    return re.search(rf"(?<![\w:.-]){re.escape(figure)}(?![\w-])", content) is not None
