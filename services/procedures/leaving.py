"""Procedures hold nothing of a resident."""

from core import leaving
from core.leaving import Rows

APP = leaving.App("procedures", [Rows("procedures.Procedure", nobody="what offices ask, the same for all")], level=40)
