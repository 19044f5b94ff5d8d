"""Three places of a town, loaded as a file brings them."""

import json
from typing import Any

import pytest

from services.places import dataset

HALL: dict[str, Any] = {
    "id": "ville--mairie",
    "nom": "Mairie",
    "adresse": "1 place de la Brume",
    "code_postal": "00420",
    "commune": "Villebrume",
    "latitude": 46.0,
    "longitude": -1.15,
    "telephone": "+33 5 36 49 00 01",
    "horaires_accueil": "Mo-Fr 09:00-12:00,13:30-17:00; PH off",
    "reseaux_porteurs": ["communes"],
    "langues": ["fr", "en"],
    "acces": "yes",
    "a_savoir": "Tramway B.",
    "a_savoir_en": "Tram B.",
    "source": "Ville",
    "date_maj": "2026-11-02",
}
CCAS = HALL | {
    "id": "ville--ccas",
    "nom": "CCAS",
    "latitude": 46.01,
    "reseaux_porteurs": ["ccas"],
    "horaires_accueil": "24/7",
}
FAR = HALL | {
    "id": "etat--caf", "nom": "CAF", "code_postal": "00421", "latitude": 46.09, "reseaux_porteurs": ["caf"],
    "horaires_accueil": '"sur rendez-vous"',
}  # fmt: skip


def as_file(*rows: dict[str, Any]) -> bytes:
    return json.dumps(rows).encode()


@pytest.fixture
def town(db: None) -> None:
    assert dataset.load(as_file(HALL, CCAS, FAR)).added == 3
