"""The local transport card: its subscription, and the week's trips."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from demo.holders.sending import holder


def known(today: date) -> list[tuple[str, dict[str, Any]]]:
    card = {"service": "Carte Brume", "produit": "Mensuel", "debut": today.replace(day=1).isoformat(), "prix": "29.00"}
    return [("mobilite.abonnement", card)] + [
        ("mobilite.usage", _trip(today - timedelta(days=day))) for day in (1, 2, 3)
    ]


def _trip(day: date) -> dict[str, Any]:
    start = datetime.combine(day, time(7, 40), UTC).isoformat()
    return {"service": "Carte Brume", "mode": "bus", "debut": start, "lieu_debut": "Gare", "ligne": "4"}


APP = holder("transport", "Carte Brume", known)
