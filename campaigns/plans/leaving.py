"""Leaving: consultations hold no resident's data. Their contributions are another app's."""

from core import leaving
from core.leaving import Rows

PUBLIC = "a consultation and its steps, public"

ROWS = [*(Rows(f"plans.{name}", nobody=PUBLIC) for name in ("Campaign", "CampaignEvent"))]
APP = leaving.App("plans", ROWS, level=50)
