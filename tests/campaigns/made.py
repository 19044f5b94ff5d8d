"""Plans for tests: a town of two sectors with three quarters each, and its travel survey."""

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from campaigns.noise.plan import Plan
from campaigns.plans.drafting import OWN, from_template

#: The day before the plan's first one: it is submitted and approved on it.
EVE = date(2027, 1, 10)


def days_ahead() -> dict[str, Any]:
    """Return days to come for a plan that a page submits or approves, whatever day it is."""
    today = timezone.localdate()
    opens, *windows = ((today + timedelta(days=count)).isoformat() for count in (30, 58, 86))
    return {"opens": opens, "windows": windows}


def words(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


def zones() -> list[dict[str, Any]]:
    sectors = [{"code": f"s{one}", "label": words(f"Secteur {one}"), "population": 15_000} for one in (1, 2)]
    quarters = [
        {"code": f"q{one}{two}", "label": words(f"Quartier {one}{two}"), "population": 5_000, "parent": f"s{one}"}
        for one in (1, 2)
        for two in (1, 2, 3)
    ]
    return [*sectors, *quarters]


DOCUMENT: dict[str, Any] = {
    "version": 1,
    "code": "trajets",
    "title": words("Vos trajets"),
    "question": words("Comment vous déplacez-vous ?"),
    "purpose": words("Placer des arrêts de bus."),
    "sponsor": "Ville de Valbrune",
    "partners": [{"name": "Régie des bus", "role": words("Prête ses lignes.")}],
    "retention_months": 12,
    "unit": "resident",
    "sensitivity": "standard",
    "zoning": {"code": "quartiers", "label": words("Quartiers"), "source": "Insee, 2023", "zones": zones()},
    "dimensions": [
        {
            "code": "mode",
            "label": words("Moyen"),
            "kind": "choice",
            "source": "mobilite.trajet#/segments/*/mode",
            "cells": [
                {"code": "walk", "label": words("À pied"), "values": ["marche"]},
                {"code": "bike", "label": words("Vélo"), "values": ["velo", "vae"]},
                {"code": "car", "label": words("Voiture"), "values": ["voiture", "covoiturage"]},
            ],
        },
        {"code": "home", "label": words("Quartier"), "kind": "zone", "level": 1, "source": "mobilite.lieu#/iris"},
        {
            "code": "trip",
            "label": words("D’un secteur à l’autre"),
            "kind": "zone_pair",
            "level": 0,
            "most": 4,
            "source": "mobilite.trajet#/origine_zone",
            "to": "mobilite.trajet#/destination_zone",
        },
        {
            "code": "age",
            "label": words("Âge"),
            "kind": "number",
            "edges": [18, 65],
            "known_from": "Insee",
            "cells": [{"code": f"a{one}", "label": words(f"Tranche {one}")} for one in range(3)],
        },
    ],
    "measures": [
        {
            "code": "km",
            "label": words("Distance"),
            "unit": "km",
            "low": 0,
            "high": 40,
            "step": 0.5,
            "divide_by": 1000,
            "known_from": "Enquête nationale",
            "source": "mobilite.trajet#/segments/*/distance_m",
        }
    ],
    "tables": [
        {"code": "modes", "label": words("Moyen"), "dimensions": ["mode"], "rho": 0.02, "per_resident": 1},
        {
            "code": "mode-home",
            "label": words("Moyen par quartier"),
            "dimensions": ["home", "mode"],
            "rho": 0.05,
            "per_resident": 1,
        },
        {"code": "trips", "label": words("Trajets"), "dimensions": ["trip"], "rho": 0.05, "per_resident": 4},
        {
            "code": "km-home",
            "label": words("Distance par quartier"),
            "dimensions": ["home"],
            "measure": "km",
            "rho": 0.07,
            "per_resident": 1,
        },
        {"code": "ages", "label": words("Âge"), "dimensions": ["age"], "rho": 0.004, "per_resident": 1},
    ],
    "opens": "2027-01-11",
    "windows": ["2027-02-09", "2027-03-09"],
    "minimum": 100,
    "threshold": {"on": "noisy_residents", "residents": 11},
}


def document(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(DOCUMENT), **changes}


def own_survey(code: str) -> dict[str, Any]:
    """Return the draft of an agent's own question, whose answers are still the template's."""
    return from_template(
        OWN,
        code=code,
        title=words("Le marché"),
        sponsor="Ville de Valbrune",
        zoning=DOCUMENT["zoning"],
        today=timezone.localdate(),
    )


def plan(**changes: Any) -> Plan:
    return Plan.from_json(document(**changes))
