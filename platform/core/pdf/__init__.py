"""Tagged PDF: `layout.py` renders a service's document in a worker; `apart.py` renders one page during a request."""

from pathlib import Path

#: The fonts of the documents, which are shipped with the portal.
FONTS = Path(__file__).with_name("fonts")
