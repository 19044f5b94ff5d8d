"""Make the documents' three fonts from the variable Public Sans of frontend/node_modules.

Run it by hand when the font's version changes.

    python platform/core/pdf/make_fonts.py frontend/node_modules/@fontsource-variable/public-sans/files

TrueType, because unpacking WOFF2 costs half a second per document. Static, because subsetting a variable font at
render time writes the current time into it, and the same document would differ each second. One file for all Latin
letters, because a letter composed from two files loses its text.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["SOURCE_DATE_EPOCH"] = "1764028800"
from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

SUBSETS = ("latin", "latin-ext", "vietnamese")
NARROW_SPACE, SPACE = 0x202F, 0x00A0


def make(source: Path, weight: int, target: Path) -> None:
    with TemporaryDirectory() as folder:
        parts = []
        for subset in SUBSETS:
            font = instancer.instantiateVariableFont(
                TTFont(source / f"public-sans-{subset}-wght-normal.woff2"), {"wght": weight}
            )
            font.flavor = None
            parts.append(f"{folder}/{subset}.ttf")
            font.save(parts[-1])
        merged = Merger().merge(parts)
    for table in merged["cmap"].tables:
        if table.isUnicode():
            table.cmap[NARROW_SPACE] = table.cmap[SPACE]
    merged.flavor = None
    merged.save(target)


if __name__ == "__main__":
    for weight in (400, 600, 700):
        make(Path(sys.argv[1]), weight, Path(__file__).parent / "fonts" / f"public-sans-{weight}.ttf")
