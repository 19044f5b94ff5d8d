"""Tagged PDF: `layout.py` renders, in a child that owns nothing; `apart.py` asks it for one page during a request."""

from pathlib import Path

#: The fonts of the documents, which are shipped with the portal.
FONTS = Path(__file__).with_name("fonts")
