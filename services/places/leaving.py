"""Places are public: no row is about a resident."""

from core import leaving
from core.leaving import Rows

APP = leaving.App("places", [Rows("places.Place", nobody="public places, the same for all")], level=40)
