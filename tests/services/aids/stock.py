"""Stock OpenFisca, run as its web API does: the reference for our runs."""

from typing import Any

from openfisca_core.simulation_builder import SimulationBuilder

from services.aids.engine import fast_periods
from services.aids.engine import run as engine


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
