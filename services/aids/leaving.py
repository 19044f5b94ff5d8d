"""Aids keep no row about a resident: a computed result is a vault record."""

from core import leaving
from core.leaving import Rows

PUBLIC = "the city's own aids, the same for all"
ROWS = [Rows(f"aids.{name}", nobody=PUBLIC) for name in ("LocalAid", "LocalAidCase", "LinkState")]
APP = leaving.App("aids", ROWS, level=40)
