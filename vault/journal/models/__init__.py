"""What residents choose about their journal, and what they contest in it."""

from vault.journal.models.alerts import Alerts
from vault.journal.models.contest import Contest

__all__ = [
    "Alerts",
    "Contest",
]
