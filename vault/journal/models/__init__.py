"""Residents' alerts about their journal, and their contests of its entries."""

from vault.journal.models.alerts import Alerts
from vault.journal.models.contest import Contest

__all__ = [
    "Alerts",
    "Contest",
]
