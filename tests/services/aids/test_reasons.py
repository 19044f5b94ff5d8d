"""Each amount and each refusal has its reasons, with values, limits, sources and the law; the break-even is exact."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.aids import benefits, catalogue, reasons, results
from services.aids.asking import changes, questions
from services.aids.engine import run as engine
from services.aids.household import Household, months
from services.aids.household.from_json import read
from services.aids.presenting import why as presenting
from services.aids.reasons.common import Context, cents, euros
from services.aids.reasons.derived import christmas_bonus
from services.aids.results import sweep
from tests.services.aids import people
from vault import types

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "aids"
SAMPLES = sorted(FOLDER.glob("*.json"))
pytestmark = pytest.mark.slow
SPACES = str.maketrans("", "", "\u00a0\u202f€ ")
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.3, 1.7, 2.5, 4.0)


def own_households() -> list[Household]:
    student = people.person(
        people.single(), status="student", school="enseignement_superieur", school_status="public", incomes=[]
    )
    student["people"][0] |= {"birth_date": "2004-04-12", "crous_parent_resources": 20000}
    retired = people.person(people.single(), birth_date="1955-01-01", status="retired")
    retired["people"][0]["incomes"] = [
        {"type": "pension", "from": "2023-01", "to": "2025-11", "net": 600, "taxable": 615, "gross": 648}
    ]
    jobless = people.person(people.single(), status="unemployed", incomes=[], ass_open=True)
    disabled = people.person(people.single(), disability_rate=0.8, status="inactive", incomes=[])
    ill = people.person(people.single(), status="inactive", incomes=[])
    ill["people"][0]["incomes"] = [{"type": "disability_pension", "from": "2023-01", "to": "2025-11", "net": 400}]
    young = people.person(people.single(), birth_date="2005-01-01", status="unemployed", incomes=[])
    apprentice = people.person(
        people.single(), birth_date="2006-01-01", status="apprentice", apprentice_since="2024-09-01", incomes=[]
    )
    apprentice["people"][0]["incomes"] = [{"type": "apprentice_pay", "from": "2024-09", "to": "2025-11", "net": 900}]
    foreign = people.person(people.single(), nationality="MA", status="inactive", incomes=[])
    big = people.family()
    big["people"].append(
        {
            "id": "k3",
            "role": "child",
            "birth_date": "2010-05-05",
            "status": "inactive",
            "incomes": [],
            "school": "lycee",
        }
    )
    big["people"][1] |= {"disability_rate": 0.8, "aeeh_category": 2}
    couple = people.with_partner(people.family(), marital="marie")
    baby = people.family()
    baby["people"][2]["birth_date"] = "2024-06-02"
    homes = [
        people.single(housing={"status": status, "rent": 0, "insee": "17300"})
        for status in ("owner", "homeless", "free")
    ]
    residence = people.single(housing={"status": "residence", "rent": 300, "insee": "17300"})
    made = [
        people.single(),
        people.family(),
        student,
        retired,
        jobless,
        disabled,
        ill,
        young,
        apprentice,
        foreign,
        big,
        couple,
        baby,
        *homes,
        residence,
    ]
    return [read(one) for one in made]


def everyone() -> list[Household]:
    samples = [read(json.loads(file.read_text())) for file in SAMPLES]
    return [sweep.scaled(household, share) for household in [*own_households(), *samples] for share in SHARES]


@pytest.mark.parametrize("stock", [False, True], ids=["corrected", "published"])
def test_every_amount_meets_its_conditions_and_every_refusal_names_one(stock):
    """Check our households and the shared ones, at nine levels of income."""
    households = everyone()
    run = engine.run(households, stock=stock)
    wrong = []
    for row in range(len(households)):
        context = Context(run, row, stock)
        for code, explanation in reasons.explain_all(context).items():
            amount = reasons.amount_of(context, benefits.BY_CODE[code])
            if amount and (explanation.failed or explanation.open):
                wrong.append((row, code, amount, [reason.text for reason in [*explanation.failed, *explanation.open]]))
            if not amount and not explanation.failed and not explanation.open:
                wrong.append((row, code, amount, ["no reason"]))
    assert not wrong


def test_no_refusal_needs_the_general_sentence():
    """`_complete` adds the general sentence only as a last resort."""
    households = everyone()
    run = engine.run(households)
    texts = [
        reason.text
        for row in range(len(households))
        for one in reasons.explain_all(Context(run, row)).values()
        for reason in one.reasons
    ]
    assert not [text for text in texts if "barème complet" in text]


def explained(household: dict[str, Any], code: str) -> tuple[Any, Any]:
    found = people.computed(read(household))
    return found.get(code), found


def test_refusal_gives_the_gap_the_law_and_its_values():
    result, _ = explained(people.paid(people.single(), 1250), "rsa")
    reason = result.explanation.failed[0]
    assert result.status == "not_eligible"
    assert "au-dessus de la limite" in reason.text and reason.value > reason.limit
    assert reason.law.link.startswith("https://www.legifrance.gouv.fr/") and reason.law.since == "2025-04-01"
    assert reason.keys == ("people[p1].incomes.salary",)
    assert result.explanation.threshold.gap == pytest.approx(reason.value - reason.limit, abs=0.02)


def test_the_figures_of_a_calculation_add_up():
    result, _ = explained(people.single(), "cheque_energie")
    rfr, units, share = (figure.value for figure in result.explanation.figures)
    assert share == pytest.approx(rfr / units, abs=0.01)
    assert result.explanation.figures[0].key == "tax_notices[2023].rfr"


def test_the_resources_of_the_rsa_are_the_sum_of_its_lines():
    result, _ = explained(people.family(), "rsa")
    *lines, counted, _guaranteed = (figure.value for figure in result.explanation.figures)
    assert sum(lines) == pytest.approx(counted, abs=0.05)
    assert counted == pytest.approx(result.explanation.threshold.have, abs=0.05)


@pytest.mark.parametrize("code", ["rsa", "aide_logement", "c2s", "cheque_energie"])
def test_the_break_even_is_exact_to_a_few_euros(code):
    """The aid is paid two euros under the point, and not two euros above."""
    household = read(people.single())
    point: Any = results.break_even(people.computed(household), code)
    assert point.now == 900
    under, over = (sweep.scaled(household, (point.stops_above + gap) / 900) for gap in (-2, 2))
    run = engine.run([under, over])
    paid = [reasons.amount_of(Context(run, row), benefits.BY_CODE[code]) for row in range(2)]
    assert paid[0] > 0 and paid[1] == 0


def test_work_starts_the_prime_d_activite_and_too_much_of_it_stops_it():
    point: Any = results.break_even(people.computed(read(people.single())), "prime_activite")
    assert 0 < point.starts_above < 60 and 1800 < point.stops_above < 2200


def test_an_aid_that_income_never_changes_has_no_break_even():
    assert results.break_even(people.computed(read(people.single())), "cf") is None


def test_a_household_without_income_is_swept_by_a_wage():
    point: Any = results.break_even(
        people.computed(read(people.person(people.single(), status="inactive", incomes=[]))), "rsa"
    )
    assert point.now == 0 and 500 < point.stops_above < 700


@pytest.mark.parametrize(
    ("parents", "children", "amount"),
    [
        (1, 0, 152.45), (1, 1, 228.68), (1, 2, 274.41), (1, 3, 335.39), (1, 4, 396.37), (1, 5, 457.35),
        (2, 0, 228.68), (2, 1, 274.41), (2, 2, 320.14), (2, 3, 381.12),
    ],
)  # fmt: skip
def test_the_christmas_bonus_follows_its_scale(parents, children, amount):
    assert christmas_bonus(parents, children) == pytest.approx(amount, abs=0.02)


def test_the_christmas_bonus_goes_with_the_rsa():
    poor, _ = explained(people.person(people.single(), status="inactive", incomes=[]), "prime_noel")
    assert poor.status == "eligible" and poor.amount == 152.45
    worker, _ = explained(people.single(), "prime_noel")
    assert worker.status == "not_eligible" and worker.explanation.failed


def test_total_excludes_received_aids_rights_without_money_and_commitments():
    household = people.family(benefits_received=[{"type": "asf", "monthly": 400.37}])
    _, found = explained(household, "asf")
    codes = [result.code for result in found.claims]
    assert "asf" not in codes and "c2s" in codes
    expected = sum(result.low for result in found.claims if result.benefit.unit == "mois" and result.benefit.in_total)
    assert found.total("mois") == pytest.approx(expected, abs=0.01)
    assert not benefits.BY_CODE["cej"].in_total and not benefits.BY_CODE["c2s"].in_total


def test_the_shown_amount_is_the_steady_state():
    result, found = explained(people.single(), "prime_activite")
    assert result.amount == found.run.steady[0]["ppa"] != found.run.first[0]["ppa"]


def test_stored_payload_matches_its_type():
    found = people.computed(read(people.family()))
    sources = {"people[p1].incomes.salary": "3f0e7c52-0000-4000-8000-000000000001"}
    kept = results.payload(
        found, fingerprint="x" * 64, used=sources.values(), source=lambda key, span: sources.get(key)
    )
    assert types.validate("calcul.resultat", kept) == []
    rsa = next(line for line in kept["resultats"] if line["code"] == "rsa")
    assert rsa["raisons"][-1]["source_record"] == sources["people[p1].incomes.salary"]


def test_each_aid_of_the_catalogue_that_the_engine_knows_is_shown():
    assert {benefit.dossier for benefit in benefits.ALL if benefit.dossier} <= {
        aid.code for aid in catalogue.all_aids()
    }
    assert len({benefit.code for benefit in benefits.ALL}) == len(benefits.ALL)


def test_apprentice_is_advised_to_ask_the_employer():
    apprentice = people.person(
        people.single(), birth_date="2006-01-01", status="apprentice", apprentice_since="2024-09-01"
    )
    result, _ = explained(apprentice, "mobili_jeune")
    assert result.status == "unknown" and "employeur" in result.sentence


def test_an_aah_above_its_limit_names_the_supplement_that_it_contains():
    values: dict[str, Any] = {"birth_date": "1985-01-01", "status": "inactive", "incomes": [], "disability_rate": 0.85}
    alone = people.person(people.single(), **values)
    result, _ = explained(alone, "aah")
    lines = {figure.label: figure.value for figure in result.explanation.figures}
    assert lines["Majoration pour la vie autonome"] > 0
    assert lines["AAH"] + lines["Majoration pour la vie autonome"] == pytest.approx(result.amount, abs=0.02)


def test_the_minimum_pension_says_that_it_may_be_taken_back_from_the_estate():
    old = people.person(people.single(), birth_date="1950-01-01", status="retired", incomes=[])
    result, _ = explained(old, "aspa")
    assert result.amount > 0 and any("succession" in change for change in result.explanation.changes)


def test_moving_home_opens_visale():
    young = people.person(people.single(), birth_date="2002-01-01")
    settled, _ = explained(young, "visale")
    assert settled.status == "not_eligible" and settled.explanation.changes
    assert "si vous emménagez" in settled.explanation.failed[0].text
    moving = read({**young, "housing": {**young["housing"], "rent": 400, "moved_in": "2025-12-15"}})
    assert people.computed(moving).get("visale").status == "eligible"


def test_who_may_move_one_day_reads_when_to_ask_for_what_helps_to_move():
    lodged = {**people.person(people.single(), status="employed"), "housing": {"status": "free", "insee": "17300"}}
    result, _ = explained(lodged, "loca_pass")
    assert ["si vous emménagez" in reason.text for reason in result.explanation.failed] == [True]


def test_moving_home_into_too_high_a_rent_names_the_rent():
    young = people.person(people.single(), birth_date="2002-01-01")
    moving = {**young, "housing": {**young["housing"], "rent": 4000, "moved_in": "2025-12-15"}}
    result, _ = explained(moving, "visale")
    assert result.status == "not_eligible" and [reason.limit for reason in result.explanation.failed] != [None]
    assert "loyer" in result.explanation.failed[0].text


@pytest.mark.parametrize("status", ["employed", "retired"])
def test_after_thirty_visale_is_not_refused_to_who_moves(status):
    older = people.person(people.single(), birth_date="1980-01-01", status=status)
    moving = {**older, "housing": {**older["housing"], "rent": 400, "moved_in": "2025-12-15"}}
    result, _ = explained(moving, "visale")
    assert result.status == "unknown"


def test_the_energy_voucher_of_who_is_lodged_free_hangs_on_the_electricity_contract():
    lodged = {**people.single(), "housing": {"status": "free", "insee": "17300"}}
    result, _ = explained(lodged, "cheque_energie")
    assert result.status == "unknown" and any("électricité" in reason.text for reason in result.explanation.open)


def test_the_explanation_for_a_paid_person_wins_over_the_nearest_refusal():
    couple = people.with_partner(people.family(), disability_rate=0.8)
    result, _ = explained(couple, "aah")
    assert result.status == "eligible" and result.explanation.person == "p2"


def test_twenty_seven_aids_are_explained_for_one_person_alone_with_nothing():
    found = people.computed(replace(read(people.person(people.single(), status="inactive", incomes=[])), benefits=()))
    assert all(result.explanation.reasons for result in found.results)


@pytest.mark.parametrize("net", [300, 580, 900, 1600])
@pytest.mark.parametrize("code", ["rsa", "prime_activite"])
def test_the_formula_of_an_amount_gives_that_amount(net, code):
    found = people.computed(awa_earning(net)).get(code)
    if found.status != "eligible":
        assert found.explanation.formula == ""
        return
    high, low = (float(part.replace(",", ".").translate(SPACES)) for part in found.explanation.formula.split(" − "))
    assert high - low == pytest.approx(found.amount, abs=0.02)
    assert {round(figure.value, 2) for figure in found.explanation.figures} >= {high, low}
    assert found.explanation.threshold.limit == pytest.approx(high, abs=0.01)


def test_the_limit_of_the_activity_bonus_is_the_sum_of_its_steps():
    figures = {
        figure.label: figure.value
        for figure in people.computed(awa_earning(900)).get("prime_activite").explanation.figures
    }
    parts = ("Montant forfaitaire du foyer", "Part gardée de vos revenus de travail", "Bonification pour le travail")
    assert sum(figures[label] for label in parts) == pytest.approx(figures["Limite pour votre foyer"], abs=0.02)


def test_the_steps_of_the_housing_aid_lead_to_it():
    found = people.computed(awa_earning(900)).get("aide_logement")
    figures = {figure.label: figure.value for figure in found.explanation.figures}
    gross = (
        figures["Loyer retenu, dans la limite de la zone"]
        + figures["Charges comptées, un forfait"]
        - figures["Ce qui reste à votre charge"]
        - figures["Réduction forfaitaire"]
    )
    assert found.amount == math.floor(gross * 0.995) and "moins la CRDS" in found.explanation.formula


def pupil(household, birth_date="2010-05-05", **changes):
    """Add a child in secondary school."""
    child = {"id": f"k{birth_date}", "role": "child", "birth_date": birth_date, "incomes": []}
    household["people"].append(child | {"status": "inactive", "school": "lycee"} | changes)
    return household


def declaring(household, rfr):
    """Give the household this taxable income, this year and the year before last."""
    household["tax_notices"] = [{"income_year": year, "rfr": rfr, "parts": 3} for year in (2023, 2024)]
    return people.paid(household, round(rfr / 0.9 / 12 / 1.037, 2))


def alimony(household, net):
    pension = {"type": "alimony_received", "from": "2025-01", "to": people.MONTH, "net": net}
    household["people"][0]["incomes"].append(pension)
    return household


def shared_custody(household):
    household["people"][1]["shared_custody"] = True
    return household


def redone(operation):
    """Compute “173,15 € + 37,95 €”, as a reader with a calculator does."""
    words = re.sub(r"\([a-z][^)]*\)|[\s\u00a0\u202f€]", "", operation).replace(",", ".").replace("%", "/100")
    signs = {"×": "*", "−": "-", "÷": "/"}
    expression = "".join(signs.get(letter, letter) for letter in words)
    assert re.fullmatch(r"[0-9.+*/()-]+", expression), operation
    return eval(expression)


AMOUNTS = {
    "af": [
        people.family(),
        pupil(people.family()),
        pupil(pupil(people.family()), "2009-01-01"),
        pupil(people.family(), "2005-06-01"),
        shared_custody(people.family()),
        declaring(pupil(people.family()), 86000),
        declaring(pupil(people.family()), 130000),
        declaring(pupil(people.family(), "2005-06-01"), 100000),
    ],
    "asf": [people.family(), pupil(people.family()), alimony(people.family(), 120)],
    "ars": [
        people.family(),
        pupil(pupil(people.family()), "2013-02-02"),
        pupil(people.single(), "2007-11-02"),
        declaring(people.family(), 35200),
    ],
    "c2s": [people.paid(people.single(), 1000), people.paid(people.with_partner(people.single()), 1700)],
}


@pytest.mark.parametrize(("code", "case"), [(code, case) for code, cases in AMOUNTS.items() for case in cases])
def test_the_steps_of_a_benefit_give_its_amount_to_the_cent(code, case):
    """The last line gives the amount, and each operation gives the figure beside it."""
    result, _ = explained(case, code)
    amount = result.price if code == "c2s" else result.amount
    operation, tax, rate = result.explanation.formula.partition(", moins la CRDS de ")
    assert bool(tax) == (code != "c2s")
    left = 1 - redone(rate) if tax else 1
    assert amount > 0 and redone(operation) * left == pytest.approx(amount, abs=0.011)
    figures = result.explanation.figures
    parts = {redone(part) for part in re.split("[+−]", operation)}
    assert parts <= {round(figure.value, 2) for figure in figures}
    done = [figure for figure in figures if "€" in figure.rule]
    near = 0.5 if code == "c2s" else 0.011  # the limits of the cover are rounded to the euro
    assert done and all(redone(figure.rule) == pytest.approx(figure.value, abs=near) for figure in done)


def test_the_free_cover_says_under_which_limit_or_by_which_right():
    family, _ = explained(people.family(), "c2s")
    have, low = (figure.value for figure in family.explanation.figures[-3:-1])
    assert family.price == 0 and family.explanation.formula == f"{cents(have)} ≤ {cents(low)}"
    resources = next(figure for figure in family.explanation.figures if figure.label == "Ressources de douze mois")
    assert redone(resources.rule) == pytest.approx(resources.value, abs=0.1)


@pytest.mark.parametrize("net", [300, 900, 1600, 2200])
@pytest.mark.parametrize("code", ["rsa", "prime_activite", "aide_logement"])
def test_a_page_states_one_limit_and_only_differences_beside_it(net, code):
    found = people.computed(awa_earning(net))
    result = found.get(code)
    words = presenting._break_even_words(result, results.break_even(found, code))
    levels = {euros(result.explanation.threshold.limit)} if result.explanation.threshold else set()
    assert all("de revenus nets de" in text for text in words)
    assert not any(level in text for level in levels for text in words)


def awa_earning(net):
    case = people.single()
    case["people"][0]["incomes"][0] |= {"net": net, "taxable": net * 1.037, "gross": net * 1.282}
    return read(case)


def young(worked):
    """A jobseeker of 22, alone and without income, who says whether they worked two years; None: nobody asked."""
    case = people.person(people.single(), birth_date="2003-06-01", status="unemployed", incomes=[])
    household = read(case)
    return replace(household, people=(replace(household.applicant, worked_two_years=worked),))


def test_two_years_of_work_open_the_rsa_before_25():
    worked, other, unsaid = (people.computed(young(answer)).get("rsa") for answer in (True, False, None))
    assert worked.status == "eligible" and worked.amount > 500
    assert other.status == "not_eligible" and "deux ans de travail" in other.sentence
    assert unsaid.status == "unknown" and [one.key for one in unsaid.asks] == ["deux_ans"]
    assert [one.key for one in questions.open_questions(young(None))].count("deux_ans") == 1


def test_paid_unemployment_takes_a_part_of_earlier_wages_off_after_two_months():
    def aid(since):
        case = people.person(people.single(), status="unemployed")
        before = months.shift(since, -1)
        wage = {"type": "salary", "from": "2023-01", "to": before, "net": 1500, "taxable": 1555, "gross": 1923}
        paid = {"type": "unemployment", "from": since, "to": people.MONTH, "net": 900, "taxable": 927, "gross": 993}
        case["people"][0]["incomes"] = [wage, paid]
        return people.computed(read(case)).get("aide_logement")

    late, soon = aid("2025-08"), aid(months.shift(people.MONTH, -1))
    rules = [figure.rule for figure in late.explanation.figures]
    assert late.amount > soon.amount and any("30" in rule for rule in rules)
    assert not any("30" in figure.rule for figure in soon.explanation.figures)


@pytest.mark.parametrize(
    ("moved_in", "status"), [("", "unknown"), ("2016-05-01", "unknown"), ("2021-05-01", "not_eligible")]
)
def test_an_owner_with_an_old_loan_is_sent_to_the_caf(moved_in, status):
    case = people.single()
    case["housing"] = {"status": "owner_mortgage", "rent": 500, "charges": 0, "insee": "17300"}
    case["housing"] |= {"moved_in": moved_in} if moved_in else {}
    found = people.computed(read(case)).get("aide_logement")
    assert found.status == status and ("CAF" in found.sentence) is (status == "unknown")


def test_a_home_that_is_let_leaves_the_minimum_pension_to_be_checked():
    """R815-25 CSS: 3 % of its value counts, which nobody is asked for."""
    rents = [{"type": "rents", "from": "2023-01", "to": "2025-11", "net": 200}]
    owner = people.person(people.single(), birth_date="1950-01-01", status="retired", incomes=rents)
    result, _ = explained(owner, "aspa")
    assert result.status == "unknown" and [
        "caisse de retraite" in reason.text for reason in result.explanation.open
    ] == [True]


def test_a_pension_that_pays_no_contribution_counts_as_it_is_paid():
    """L136-8 CSS: none up to a reference income of 13,048 euros, 4.3 % up to 17,057, then 7.4 % mostly."""
    household = read(people.single())
    shown = {net: changes.income("pension", net, household) for net in (620.0, 1208.0, 1400.0, 1600.0)}
    assert [(one.taxable, one.gross) for one in shown.values()] == [
        (620.0, 620.0),
        (1208.0, 1208.0),
        (1407.0, 1462.9),
        (1640.0, 1727.86),
    ]


def test_of_two_one_who_is_no_student_is_said_to_be_one_of_two():
    couple = people.person(people.single(), status="student")
    couple["people"].append(
        {**couple["people"][0], "id": "p2", "role": "partner", "status": "inactive", "incomes": []}
    )
    result, _ = explained(couple, "rsa")
    assert "L’un de vous deux n’est pas étudiant." in [reason.text for reason in result.explanation.reasons]


def test_an_owner_with_a_loan_pays_no_rent():
    loan = {"status": "owner_mortgage", "rent": 600, "insee": "17300", "moved_in": "2020-05-01"}
    result, _ = explained({**people.single(), "housing": loan}, "aide_logement")
    assert result.status == "not_eligible"
    assert not any("payez un loyer" in reason.text for reason in result.explanation.reasons)
