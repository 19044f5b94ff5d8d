"""Aids keep nothing of a resident in tables of their own: what was computed is a record of the vault."""

from core import leaving
from core.leaving import Rows

APP = leaving.App("aids", [Rows("aids.LocalAid", nobody="the city's own aids, the same for all")], level=40)
