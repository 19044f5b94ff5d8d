"""Stock OpenFisca, run as its web API does: the reference for our runs."""

from typing import Any

from openfisca_core.simulation_builder import SimulationBuilder

from services.aids.engine import fast_periods, inputs
from services.aids.engine import run as engine
from services.aids.household import Household


def compute(document: dict[str, Any], month: str) -> dict[str, Any]:
    """Return every output of a web API document, with stock periods and simulation, without nulls ("to compute")."""
    cleaned = {
        plural: {name: _given(lines) for name, lines in entities.items()} for plural, entities in document.items()
    }
    fast_periods.uninstall()
    try:
        simulation = SimulationBuilder().build_from_entities(engine.system(True), cleaned)
        return {
            name: simulation.calculate(name, month[:4] if kind == "y" else month).tolist()
            for name, _, kind in engine.OUTPUTS
        }
    finally:
        fast_periods.install()


def _given(lines: dict[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, value in lines.items():
        if isinstance(value, dict):
            value = {period: one for period, one in value.items() if one is not None}
            if not value:
                continue
        kept[name] = value
    return kept


ROLES = {
    "parent": "parents",
    "enfant": "enfants",
    "declarant": "declarants",
    "personne_a_charge": "personnes_a_charge",
    "personne_de_reference": "personne_de_reference",
    "conjoint": "conjoint",
}


def document(household: Household) -> dict[str, Any]:
    """Return the web API's document of any household, with every input that our engine gives."""
    seats = inputs.layout([household])
    names = {
        "individu": [f"i{seat}" for seat in range(len(seats.persons))],
        "famille": [f"f{rank}" for rank in range(len(seats.familles))],
        "foyer_fiscal": [f"ff{rank}" for rank in range(len(seats.foyers))],
        "menage": [f"m{rank}" for rank in range(len(seats.menages))],
    }
    made: dict[str, dict[str, dict[str, Any]]] = {
        entity: {name: {} for name in found} for entity, found in names.items()
    }
    for entity, group, roles in (
        ("famille", seats.famille, seats.famille_role),
        ("foyer_fiscal", seats.foyer, seats.foyer_role),
        ("menage", seats.menage, seats.menage_role),
    ):
        for seat, (place, role) in enumerate(zip(group, roles, strict=True)):
            made[entity][names[entity][place]].setdefault(ROLES[role], []).append(f"i{seat}")
    for (variable, period), values in inputs.arrays([household], seats).items():
        entity = engine.system(True).get_variable(variable).entity.key
        for name, value in zip(names[entity], values, strict=True):
            made[entity][name].setdefault(variable, {})[period] = _as_json(value)
    plural = {"individu": "individus", "famille": "familles", "foyer_fiscal": "foyers_fiscaux", "menage": "menages"}
    return {plural[entity]: found for entity, found in made.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if hasattr(value, "dtype") and value.dtype.kind == "M":
        return str(value)
    return value.item() if hasattr(value, "item") else value
