"""The limited process that opens official forms: their facts, or a filled copy. It never sees a key or a file.

Run by path with `python -I`, as vault/readers/child.py is; it owns nothing but its code, as that one.
"""

import sys
from pathlib import Path
from typing import Any

LOOK, FILL = "look", "fill"


def _look(data: bytes, settings: dict[str, Any]) -> None:
    from services.official_forms.pdf import blank
    from vault.readers import child

    child.write_message({"facts": blank.look(data)})


def _fill(data: bytes, settings: dict[str, Any]) -> None:
    from services.official_forms.pdf import blank
    from vault.readers import child

    size = int(settings["blank"])
    filled, flat = blank.fill(data[:size], drawn=data[size:], marks=settings["marks"], ticks=settings["ticks"])
    child.write_message({"bytes": len(filled) + len(flat), "filled": len(filled)})
    sys.stdout.buffer.write(filled)
    sys.stdout.buffer.write(flat)


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[3]
    sys.path[:0] = [str(root), str(root / "platform")]
    from vault.readers import child

    child.serve({LOOK: _look, FILL: _fill}, sys.argv[1], sys.argv[2], reads=[*child.CODE, root / "services"])
