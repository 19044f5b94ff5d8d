"""The town's nursery: a bill a month."""

from datetime import date
from typing import Any

from demo.holders.sending import holder


def known(today: date) -> list[tuple[str, dict[str, Any]]]:
    line = {"libelle": "Heures d’accueil", "quantite": 96, "prix_unitaire": "0.81", "montant": "77.76"}
    when = today.replace(day=1).isoformat()
    return [("achats.ticket", {"enseigne": "Crèche des Roseaux", "date": when, "total": "77.76", "lignes": [line]})]


APP = holder("creche", "Crèche des Roseaux", known)
