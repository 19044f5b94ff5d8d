"""Aids keep no row about a resident: a computed result is a vault record."""

from core import leaving
from core.leaving import Rows

APP = leaving.App("aids", [Rows("aids.LocalAid", nobody="the city's own aids, the same for all")], level=40)
