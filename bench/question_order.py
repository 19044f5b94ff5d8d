"""Measure how much each question of the interview changes what a household may receive.

    python bench/question_order.py            measures the committed respondents again and compares
    python bench/question_order.py --write    measures all, some minutes, and writes the table of content/

Fictional people answer the whole interview, by the shares below. Then each of their answers is replaced by every other
possible one, the questions that it opens are assumed, and the engine computes both households. The change is the mean
difference in euros a year, weighted by the shares. A context is what is known when a question is asked: the activity,
the family and the home, each of them known or not. Each line gives the mean change, the number of respondents and the
largest change that any answer made, those that the results try included: where it is 0, the question is not asked.
"""

import argparse
import json
import os
import random
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from services.aids.household import Household
    from services.aids.interview.chain import Chain

MONTH: Final = "2025-11"
STARTED: Final = "2025-11-20T10:00:00+01:00"
COMMUNE: Final = "17300"
RESPONDENTS: Final = 400
# Respondents whose measures are committed one by one, so that a test can measure them again.
PROOFS: Final = 3
BATCH: Final = 400
# The weight of a right without an amount, such as free health cover, in euros a year.
RIGHT: Final = 300.0
# Whoever does not know whether social housing is open to them asks for it all the same: no question is worth it.
ASKED_ANYWAY: Final = frozenset({"logement_social"})

Shares = Mapping[Any, float]
# Round shares of adults in France, good enough to compare questions: no result depends on them.
SHARES: Final[Mapping[str, Shares]] = {
    "couple": {False: 0.5, True: 0.5},
    "enfants": {"0": 0.55, "1": 0.2, "2": 0.17, "3": 0.08},
    "activite": {
        "actif": 0.42,
        "chomeur": 0.14,
        "inactif": 0.18,
        "retraite": 0.12,
        "etudiant": 0.08,
        "independant": 0.03,
        "apprenti": 0.03,
    },
    "nationalite": {"FR": 0.86, "UE": 0.05, "autre": 0.09},
    "handicap": {"none": 0.92, "half": 0.04, "high": 0.04},
    "handicap_enfant": {"none": 0.96, "half": 0.02, "high": 0.02},
    "rsdae": {False: 0.5, True: 0.5},
    "complement_aeeh": {"0": 0.6, "2": 0.3, "4": 0.1},
    "logement": {
        "locataire_vide": 0.27,
        "locataire_meuble": 0.1,
        "locataire_hlm": 0.22,
        "proprietaire": 0.2,
        "primo_accedant": 0.06,
        "loge_gratuitement": 0.09,
        "locataire_foyer": 0.03,
        "sans_domicile": 0.03,
    },
    "crous": {True: 0.5, False: 0.5},
    "ass": {False: 0.8, True: 0.2},
    "deux_ans": {False: 0.7, True: 0.3},
    "rattachement": {False: 0.5, True: 0.5},
    "parents": {False: 0.6, True: 0.4},
    "etudes": {"superieur": 0.8, "lycee": 0.2},
    "etablissement": {"public": 0.8, "prive": 0.2},
    "parts": {"1.5": 0.3, "2.5": 0.5, "4": 0.2},
    "seul_depuis": {False: 0.8, True: 0.2},
    "garde": {False: 0.8, True: 0.2},
    "grossesse": {False: 0.95, True: 0.05},
    "revenus": {"0.00": 0.15, "650.00": 0.2, "1100.00": 0.2, "1430.00": 0.2, "2000.00": 0.17, "3500.00": 0.08},
    "avant": {"0.00": 0.4, "1430.00": 0.4, "2200.00": 0.2},
    "invalidite": {"0.00": 0.85, "560.00": 0.15},
    "loyer": {"350.00": 0.3, "550.00": 0.4, "800.00": 0.3},
    "parents_revenus": {"12000.00": 0.3, "30000.00": 0.4, "80000.00": 0.3},
    "pension_alimentaire": {"0.00": 0.6, "180.00": 0.4},
    "avis": {"0.00": 0.2, "9000.00": 0.25, "16000.00": 0.25, "30000.00": 0.2, "60000.00": 0.1},
    "mois": {"longtemps": 0.7, "2025-07": 0.15, "2025-03": 0.15},
    "titre": {"protege": 0.1, "resident": 0.3, "autre": 0.6},
    "sejour": {"2024-09-01": 0.4, "2018-01-01": 0.3, "2010-01-01": 0.3},
    "terme": {"2026-01-15": 0.5, "2026-05-15": 0.5},
    "naissance_enfant": {"2023-05-05": 0.3, "2017-03-10": 0.4, "2010-06-02": 0.2, "2006-01-20": 0.1},
}
ADULTS: Final[Mapping[str, Shares]] = {
    "retraite": {"1957-02-02": 0.6, "1951-05-20": 0.4},
    "etudiant": {"2004-05-05": 1.0},
    "apprenti": {"2005-03-15": 1.0},
    "": {"2003-06-01": 0.15, "1996-11-30": 0.25, "1988-04-12": 0.35, "1975-07-07": 0.25},
}


def shares(name: str, chain: "Chain", given: Mapping[str, Any]) -> Shares:
    key, _dash, person = name.partition("-")
    if key in {"naissance", "naissance_conjoint"}:
        activity = given.get("activite" if not person else "activite-conjoint", "")
        return ADULTS.get(activity, ADULTS[""])
    if key == "handicap_foyer":
        unsure = [one.id for one in chain.household.people if one.disability_rate is None]
        return {"personne": 0.9} | {id: 0.1 / len(unsure) for id in unsure}
    return SHARES[key]


@dataclass(frozen=True, slots=True)
class Respondent:
    rank: int
    answers: Mapping[str, Any]
    # Name of each question, with the context in which it is asked and the weighted alternatives.
    others: Mapping[str, Sequence[tuple[float, "Household"]]]
    # The households that the results try while the question is open.
    tried: Mapping[str, Sequence["Household"]]
    household: "Household"
    context: tuple[str, str, str]


def _follow(answers: Mapping[str, Any]) -> "Chain":
    from services.aids.interview import chain, order
    from services.aids.interview.state import Interview
    from vault.records.values.decrypted import Values

    interview = Interview(started=STARTED, answers=dict(answers))
    return chain.follow(interview, Values(), chain.VISITOR, COMMUNE, arrange=order.unmeasured)


def _complete(chain: "Chain") -> "Household":
    from services.aids.asking.variants import assume

    return assume(chain.household, [question for _name, question in chain.waiting])


def answer_all(rank: int) -> Respondent:
    """Let a respondent answer everything, then each question otherwise."""
    from services.aids.interview import order

    chance = random.Random(f"respondent {rank}")
    given: dict[str, Any] = {}
    # The activity comes first, so that the birth date suits it.
    asked = {"activite": SHARES["activite"]}
    given["activite"] = _draw(chance, SHARES["activite"])
    chain = _follow(given)
    while chain.waiting:
        name = chain.next
        asked[name] = shares(name, chain, given)
        given[name] = _draw(chance, asked[name])
        chain = _follow(given)
    others = {
        name: [(weight, _complete(_follow(_otherwise(given, name, value)))) for value, weight in options.items()]
        for name, options in asked.items()
    }
    tried = {name: _tried(given, name) for name in asked if name.partition("-")[0] not in order.FIRST}
    complete = _complete(chain)
    return Respondent(rank, given, others, tried=tried, household=complete, context=order.context(chain.household))


def _tried(given: Mapping[str, Any], name: str) -> list["Household"]:
    from services.aids.asking.variants import assume

    chain = _follow({other: value for other, value in given.items() if other != name})
    question = next((one for other, one in chain.waiting if other == name), None)
    if question is None:
        return []
    rest = [one for other, one in chain.waiting if other != name]
    return [assume(change(chain.household), rest) for change in question.answers]


def _otherwise(given: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - an answer as JSON
    """Replace one answer. Whoever is said to be disabled is so at 80 %, as the next question would learn."""
    changed = {**given, name: value}
    if name == "handicap_foyer" and value != "personne":
        people = ("handicap", "handicap-conjoint", *(f"handicap_enfant-enfant-{rank}" for rank in range(1, 4)))
        changed |= dict.fromkeys(people, "high")
    return changed


def _draw(chance: random.Random, options: Shares) -> Any:  # noqa: ANN401 - an answer as JSON
    return chance.choices(list(options), weights=list(options.values()))[0]


def yearly(amounts: Mapping[str, float]) -> float:
    """Return the euros of a year; a right without an amount counts `RIGHT`."""
    from services.aids import benefits

    total = 0.0
    for benefit in benefits.ALL:
        amount = amounts[benefit.code]
        if benefit.money:
            total += amount * (12 if benefit.unit == benefits.MONTH else 1)
        elif benefit.code not in ASKED_ANYWAY:
            total += RIGHT * (amount > 0)
    return total


def compute(households: Sequence["Household"]) -> list[float]:
    from services.aids import benefits, reasons
    from services.aids.engine import run as engine
    from services.aids.reasons.common import Context

    found: list[float] = []
    for start in range(0, len(households), BATCH):
        run = engine.run(households[start : start + BATCH])
        for row in range(len(run.households)):
            context = Context(run, row)
            found.append(yearly({one.code: reasons.amount_of(context, one) for one in benefits.ALL}))
    return found


Change = tuple[float, float]


def measure(respondents: Sequence[Respondent]) -> list[dict[str, Change]]:
    """Return, for each respondent, the mean and the largest change in euros a year of each question."""
    rows: list[Household] = []
    for one in respondents:
        for name, options in one.others.items():
            rows += [household for _weight, household in options]
            rows += one.tried.get(name, ())
    totals = iter(compute(rows))
    found = []
    for one in respondents:
        changes = {}
        for name, options in one.others.items():
            paid = [(weight, next(totals)) for weight, _household in options]
            tried = [next(totals) for _household in one.tried.get(name, ())]
            changes[name] = (_mean_change(paid), max(_spread([total for _w, total in paid]), _spread(tried)))
        found.append(changes)
    return found


def _mean_change(paid: Sequence[tuple[float, float]]) -> float:
    mean = sum(weight * total for weight, total in paid)
    return round(sum(weight * abs(total - mean) for weight, total in paid), 2)


def _spread(totals: Sequence[float]) -> float:
    return round(max(totals) - min(totals), 2) if totals else 0.0


def table(respondents: Sequence[Respondent], measured: Sequence[Mapping[str, Change]]) -> dict[str, Any]:
    """Gather the changes by context, the unknown parts of a context included."""
    gathered: dict[str, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for one, changes in zip(respondents, measured, strict=True):
        for known in product((True, False), repeat=3):
            context = "|".join(part if keep else "?" for part, keep in zip(one.context, known, strict=True))
            for name, change in changes.items():
                gathered[context][name.partition("-")[0]].append(change)
    contexts = {
        context: {key: _line(found) for key, found in sorted(by_key.items())}
        for context, by_key in sorted(gathered.items())
    }
    proofs = [
        {"respondent": one.rank, "changes": dict(changes)}
        for one, changes in list(zip(respondents, measured, strict=True))[:PROOFS]
    ]
    return {"month": MONTH, "respondents": len(respondents), "contexts": contexts, "proofs": proofs}


def _line(found: Sequence[Change]) -> list[int]:
    mean = sum(change for change, _most in found) / len(found)
    return [round(mean), len(found), round(max(most for _change, most in found))]


def written(found: Mapping[str, Any]) -> str:
    """Write one context a line, so that a change of the law reads as a change of lines."""
    lines = [f'  "{name}": {json.dumps(values)}' for name, values in found["contexts"].items()]
    proofs = [f"  {json.dumps(proof)}" for proof in found["proofs"]]
    parts = [
        f'"month": "{found["month"]}"',
        f'"respondents": {found["respondents"]}',
        '"contexts": {\n' + ",\n".join(lines) + "\n }",
        '"proofs": [\n' + ",\n".join(proofs) + "\n ]",
    ]
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def changed() -> list[str]:
    """Measure the committed respondents again. Return what differs by more than a euro."""
    from services.aids.interview import order

    proofs = order.table()["proofs"]
    respondents = [answer_all(proof["respondent"]) for proof in proofs]
    found = []
    for proof, now in zip(proofs, measure(respondents), strict=True):
        for name in sorted({*proof["changes"], *now}):
            before, after = proof["changes"].get(name, (-1, -1)), now.get(name, (-1, -1))
            if max(abs(one - other) for one, other in zip(before, after, strict=True)) > 1:
                found.append(f"respondent {proof['respondent']}, {name}: {list(before)} became {list(after)}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="the same: three respondents are few already")
    if not parser.parse_args().write:
        differences = changed()
        print("\n".join(differences) or "The order of the questions is what the engine gives.")
        return int(bool(differences))
    from services.aids.catalogue import FOLDER

    respondents = [answer_all(rank) for rank in range(RESPONDENTS)]
    (FOLDER / "question_order.json").write_text(written(table(respondents, measure(respondents))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    ROOT = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    import django

    django.setup()
    raise SystemExit(main())
