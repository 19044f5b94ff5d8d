"""Compare our simulation with stock OpenFisca, on the same households, in the same run.

    python bench/simulate.py [--smoke] [FOLDER of households as JSON]

Stock is what openfisca-france's web API does for a request: its JSON builder and its simulation, one household, one
pass, no cache of periods. "Vault": with the same inputs as ours (past benefits and notices are data). "Naive": without
them. Ours gives the first pass and the steady state (three passes) in the measured time.
"""

import argparse
import copy
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from openfisca_core.simulation_builder import SimulationBuilder

from services.aids import household as hh
from services.aids import results
from services.aids.asking import questions, variants
from services.aids.engine import fast_periods
from services.aids.engine import run as engine
from services.aids.engine.inputs import HOUSING, INCOME, STATUS
from services.aids.household import Household, Person, months
from services.aids.household.from_json import read
from services.aids.results import sweep
from tests.services.aids import people

BUDGETS = {"vault": 0.5, "naive": 0.15, "batch_ms": 0.5}
GOAL = 0.150


def spread(value: object, span: list[str]) -> dict[str, object]:
    return dict.fromkeys(span, value)


def person_as_json(person: Person, household: Household, window: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"date_naissance": {"ETERNITY": person.birth_date.isoformat()}}
    found["activite"] = spread("etudiant" if person.school == "lycee" else STATUS[person.status or "inactive"], window)
    if person.school:
        found["scolarite"] = spread(person.school, window)
    if person.marital:
        found["statut_marital"] = spread(person.marital, window)
    for type, at, amounts in hh.incomes_by_month(person):
        for variable, name in INCOME[type].items():
            if name in amounts:
                year = dict.fromkeys(months.between(f"{household.reference_year}-01", household.month), 0)
                found.setdefault(variable, year)[at] = amounts[name]
    return found


def as_json(household: Household, *, past: bool, notices: bool) -> dict[str, Any]:
    """Return the web API's document of a household, as a stock caller would send it."""
    month = household.month
    window = months.between(months.shift(month, -4), month)
    individus = {person.id: person_as_json(person, household, window) for person in household.people}
    parents = [person.id for person in household.parents]
    children = [person.id for person in household.children]
    famille: dict[str, Any] = {
        "parents": parents,
        "enfants": children,
        "departement_experimentation_rsa": spread(True, window),
    }
    foyer: dict[str, Any] = {"declarants": parents, "personnes_a_charge": children}
    for notice in household.tax_notices or () if notices else ():
        foyer.setdefault("rfr", {})[str(notice.income_year)] = notice.rfr
        foyer.setdefault("nbptr", {})[str(notice.income_year)] = notice.parts
    home = household.housing or hh.Housing()
    occupied = [f"{month[:4]}-01", *window]
    menage: dict[str, Any] = {
        "personne_de_reference": parents[:1],
        "conjoint": parents[1:],
        "enfants": children,
        "statut_occupation_logement": spread(HOUSING[home.status or "free"], occupied),
        "depcom": spread(home.insee, window),
        "loyer": spread(home.rent or 0, window),
        "charges_locatives": spread(home.charges or 0, window),
    }
    if past:
        span = months.between(months.shift(month, -14), months.shift(month, -1))
        for variable in hh.PAID_TO_FAMILY:
            famille[variable] = spread(household.paid(variable), span)
        for variable in (*hh.PAID_TO_PERSON, "mva"):
            for person in household.people:
                individus[person.id][variable] = spread(household.paid(variable, person.id), span)
    return {
        "individus": individus,
        "familles": {"f": famille},
        "foyers_fiscaux": {"ff": foyer},
        "menages": {"m": menage},
    }


def run_stock(document: dict[str, Any], month: str) -> dict[str, Any]:
    simulation = SimulationBuilder().build_from_entities(engine.system(True), copy.deepcopy(document))
    return {
        name: simulation.calculate(name, month[:4] if kind == "y" else month).tolist()
        for name, _, kind in engine.OUTPUTS
    }


def timed(run: Callable[[], object], rounds: int) -> float:
    """Return the median processor time in seconds, which other processes do not affect."""
    run()
    found = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return statistics.median(found)


def equal(household: Household) -> list[str]:
    """Return the keys where our first pass differs from stock by more than a cent."""
    fast_periods.uninstall()
    stock = run_stock(as_json(household, past=True, notices=True), household.month)
    fast_periods.install()
    ours = engine.run([household], stock=True, steady=False).first[0]
    ids = [person.id for person in household.people]
    wrong = []
    for name, entity, _ in engine.OUTPUTS:
        keys = [(f"{id}.{name}", rank) for rank, id in enumerate(ids)] if entity == "individu" else [(name, 0)]
        wrong += [key for key, rank in keys if abs(float(ours[key]) - float(stock[name][rank])) > 0.01]
    return wrong


def measure(household: Household, rounds: int, many: int) -> dict[str, float]:
    engine.system(True), engine.system()
    fast_periods.uninstall()
    naive, vault = as_json(household, past=False, notices=False), as_json(household, past=True, notices=True)
    found = {
        "naive": timed(lambda: run_stock(naive, household.month), max(1, rounds // 3)),
        "vault": timed(lambda: run_stock(vault, household.month), rounds),
    }
    fast_periods.install()
    unsure = household.with_person(household.applicant.id, disability_rate=None, nationality=None)
    found |= {
        "ours, one pass": timed(lambda: engine.run([household], steady=False), rounds),
        "ours, steady": timed(lambda: engine.run([household]), rounds),
        "page, all known": timed(lambda: results.compute(household), rounds),
        f"page, {len(variants.plan(unsure, questions.open_questions(unsure)).households)} variants": timed(
            lambda: results.compute(unsure), rounds
        ),
    }
    copies = [sweep.scaled(household, 0.5 + rank / many) for rank in range(many)]
    found[f"{many} households"] = timed(lambda: engine.run(copies, steady=False), 3)
    found[f"{many}, steady"] = timed(lambda: engine.run(copies), 3)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument(
        "--smoke", action="store_true", help="few rounds: only that it runs, equals stock and keeps the budgets"
    )
    options = parser.parse_args()
    household = read(people.family())
    many, rounds = 1000, 2 if options.smoke else 9
    found = measure(household, rounds, many)
    for name, seconds in found.items():
        each = f"   {seconds / many * 1000:.3f} ms each" if name.startswith(str(many)) else ""
        print(
            f"{name:24} {seconds * 1000:9.1f} ms"
            f"   × stock {seconds / found['vault']:5.2f}   × naive {seconds / found['naive']:5.2f}{each}"
        )
    files = sorted(options.folder.glob("*.json")) if options.folder else []
    wrong = {
        "family": equal(household),
        **{file.name: equal(read(json.loads(file.read_text()))) for file in files if simple(file)},
    }
    print(f"equal to stock to the cent: {sum(not keys for keys in wrong.values())} of {len(wrong)}")
    return report(found, wrong, many)


def simple(file: Path) -> bool:
    """Return True if the plain web API document can express the household (no disability, for instance)."""
    case = json.loads(file.read_text())["case"]
    known = {"id", "role", "birth_date", "status", "incomes", "school", "marital"}
    return all(set(person) <= known for person in case["people"])


def report(found: dict[str, float], wrong: dict[str, list[str]], many: int) -> int:
    ours, batch = found["ours, one pass"], found[f"{many} households"] / many * 1000
    failed = [f"not equal to stock: {name}: {keys}" for name, keys in wrong.items() if keys]
    failed += [f"over {BUDGETS['vault']} × stock"] if ours > BUDGETS["vault"] * found["vault"] else []
    failed += [f"over {BUDGETS['naive']} × naive"] if ours > BUDGETS["naive"] * found["naive"] else []
    failed += [f"over {BUDGETS['batch_ms']} ms each"] if batch > BUDGETS["batch_ms"] else []
    print("\n".join(failed) or f"within budget (goal {GOAL * 1000:.0f} ms: {found['ours, steady'] * 1000:.0f} ms)")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
