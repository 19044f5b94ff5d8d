"""The school canteens: a bill a month."""

from datetime import date, timedelta
from typing import Any

from demo.holders.sending import holder


def known(today: date) -> list[tuple[str, dict[str, Any]]]:
    return [("achats.ticket", _bill(month)) for month in (today.replace(day=1) - timedelta(days=20), today)]


def _bill(day: date) -> dict[str, Any]:
    line = {"libelle": "Repas", "quantite": 14, "unite": "piece", "prix_unitaire": "1.90", "montant": "26.60"}
    when = day.replace(day=1).isoformat()
    return {"enseigne": "Cantines de Villebrume", "date": when, "total": "26.60", "lignes": [line]}


APP = holder("cantine", "Cantines de Villebrume", known)
