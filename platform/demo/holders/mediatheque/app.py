"""The town's library: a reader's card."""

from datetime import date
from typing import Any

from demo.holders.sending import holder


def known(today: date) -> list[tuple[str, dict[str, Any]]]:
    year = today.year - (today.month < 9)
    season = f"{year}-{year + 1}"
    card = {"organisme": "Médiathèque de Villebrume", "activite": "Lecteur", "saison": season, "numero": "MB-204117"}
    return [("loisirs.adhesion", card | {"tarif": "0.00", "tarif_plein": "12.00"})]


APP = holder("mediatheque", "Médiathèque de Villebrume", known)
