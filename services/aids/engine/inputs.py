"""Convert a batch of households to OpenFisca's inputs: one numpy array per variable and month.

Three traps of the engine are closed here. Net, taxable and gross income are all given: one alone leaves the others at
0. Absent incomes are explicit zeros: otherwise the engine walks back through four years of taxes. A variable with a
formula is given for all rows of a batch or for none: given for some, the others silently take the default; see
`signature`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from services.aids import household as hh
from services.aids.household import Household, Person, months

STATUS: Final = {
    "employed": "actif",
    "apprentice": "actif",
    "self_employed": "actif",
    "unemployed": "chomeur",
    "student": "etudiant",
    "retired": "retraite",
    "inactive": "inactif",
}
HOUSING: Final = {
    "tenant_private_unfurnished": "locataire_vide",
    "tenant_private_furnished": "locataire_meuble",
    "tenant_social": "locataire_hlm",
    "owner": "proprietaire",
    "owner_mortgage": "primo_accedant",
    "free": "loge_gratuitement",
    "residence": "locataire_foyer",
    "homeless": "sans_domicile",
}
# Income type -> {engine variable: the amount of the document that feeds it}.
INCOME: Final[Mapping[str, Mapping[str, str]]] = {
    "salary": {"salaire_net": "net", "salaire_imposable": "taxable", "salaire_de_base": "gross"},
    "unemployment": {"chomage_net": "net", "chomage_imposable": "taxable", "chomage_brut": "gross"},
    "pension": {"retraite_nette": "net", "retraite_imposable": "taxable", "retraite_brute": "gross"},
    "disability_pension": {"pensions_invalidite": "net"},
    "alimony_received": {"pensions_alimentaires_percues": "net"},
    "apprentice_pay": {"remuneration_apprenti": "net"},
    "internship": {"indemnites_stage": "net"},
    "sick_pay": {
        "indemnites_journalieres": "net",
        "indemnites_journalieres_maladie": "net",
        "indemnites_journalieres_imposables": "taxable",
    },
    "micro_turnover_profit": {"rpns_auto_entrepreneur_benefice": "net"},
    "rents": {"revenus_locatifs": "net"},
}
INCOME_VARIABLES: Final = tuple(variable for figures in INCOME.values() for variable in figures)
# Incomes that no resident can record here: explicit zeros, so that no formula computes them.
ZERO_MONTHS: Final = (
    "indemnites_chomage_partiel",
    "revenus_stage_formation_pro",
    "bourse_recherche",
    "retraite_combattant",
    "prestation_compensatoire",
    "allocation_securisation_professionnelle",
    "dedommagement_victime_amiante",
    "gains_exceptionnels",
    "rente_accident_travail",
    "prime_forfaitaire_mensuelle_reprise_activite",
    "indemnites_compensatrices_conges_payes",
    "revenus_capital",
    "hsup",
)
ABSENT: Final = "absent"


@dataclass(slots=True)
class Layout:
    """The position of each person in the arrays, and their groups."""

    persons: list[tuple[int, Person | None]] = field(default_factory=list)
    famille: list[int] = field(default_factory=list)
    famille_role: list[str] = field(default_factory=list)
    foyer: list[int] = field(default_factory=list)
    foyer_role: list[str] = field(default_factory=list)
    menage: list[int] = field(default_factory=list)
    menage_role: list[str] = field(default_factory=list)
    familles: list[int | None] = field(default_factory=list)
    foyers: list[tuple[int, str] | None] = field(default_factory=list)
    menages: list[int | None] = field(default_factory=list)
    place: dict[tuple[int, str], int] = field(default_factory=dict)
    main_famille: list[int] = field(default_factory=list)
    main_menage: list[int] = field(default_factory=list)
    main_foyer: list[int] = field(default_factory=list)


def signature(household: Household) -> frozenset[str]:
    """Return the variables with a formula that this household gives. All households of a batch have the same
    signature.
    """
    given = {f"{name}:{notice.income_year}" for notice in household.tax_notices or () for name in _figures(notice)}
    if any(person.boursier is not None for person in household.people):
        given.add("boursier")
    return frozenset(given)


def _figures(notice: hh.TaxNotice) -> dict[str, float]:
    figures = {"rfr": notice.rfr, "nbptr": notice.parts, "rni": notice.rni, "rbg": notice.rbg}
    return {name: value for name, value in figures.items() if value is not None}


def layout(households: Sequence[Household]) -> Layout:
    seats = Layout()
    for row, household in enumerate(households):
        _seat(seats, row, household)
    return seats


def _seat(seats: Layout, row: int, household: Household) -> None:
    famille, menage = len(seats.familles), len(seats.menages)
    foyers = _foyers(household)
    first_foyer = len(seats.foyers)
    seats.main_famille.append(famille)
    seats.main_menage.append(menage)
    seats.main_foyer.append(first_foyer)
    seats.familles.append(row)
    seats.menages.append(row)
    seats.foyers.extend((row, name) for name in foyers)
    names = list(foyers)
    for person in household.people:
        seats.place[row, person.id] = len(seats.persons)
        seats.persons.append((row, person))
        seats.famille.append(famille)
        seats.menage.append(menage)
        _roles(seats, household, person)
        name = next(name for name, (declarants, dependents) in foyers.items() if person.id in declarants + dependents)
        seats.foyer.append(first_foyer + names.index(name))
        seats.foyer_role.append("declarant" if person.id in foyers[name][0] else "personne_a_charge")
    if not foyers["ff"][0]:
        _seat_absent_parent(seats, row, first_foyer)


def _roles(seats: Layout, household: Household, person: Person) -> None:
    seats.famille_role.append("enfant" if person.role == "child" else "parent")
    seats.menage_role.append(
        {"applicant": "personne_de_reference", "partner": "conjoint", "child": "enfant"}[person.role]
    )


def _seat_absent_parent(seats: Layout, row: int, foyer: int) -> None:
    """Add a parent who holds the tax notice and lives elsewhere, for a student alone in the household."""
    seats.place[row, ABSENT] = len(seats.persons)
    seats.persons.append((row, None))
    seats.foyer.append(foyer)
    seats.foyer_role.append("declarant")
    seats.famille.append(len(seats.familles))
    seats.famille_role.append("parent")
    seats.menage.append(len(seats.menages))
    seats.menage_role.append("personne_de_reference")
    seats.familles.append(None)
    seats.menages.append(None)


def _foyers(household: Household) -> dict[str, tuple[list[str], list[str]]]:
    """Return tax households as {"ff": (declarants, dependents)}, and "ff2" for a partner taxed separately."""
    dependents = [person.id for person in household.parents if person.tax_dependent_of_parents]
    declarants = [person.id for person in household.parents if person.id not in dependents]
    children = [person.id for person in household.children]
    if household.partner and household.partner_taxed_apart:
        return {"ff": ([household.applicant.id], children), "ff2": ([household.partner.id], [])}
    return {"ff": (declarants, children + dependents)}


Arrays = dict[tuple[str, str], Any]


def arrays(households: Sequence[Household], seats: Layout) -> Arrays:
    """Return {(variable, period): numpy array}. Enum columns hold names; dates are datetime64."""
    month = households[0].month
    filled: Arrays = {}
    window = _window(month)
    year = int(month[:4])
    _person_states(filled, seats, window, year)
    _incomes(filled, seats, month)
    _famille(filled, households, seats, window)
    _foyer(filled, households, seats)
    _menage(filled, households, seats, window=window, year=year)
    _past(filled, households, seats, month)
    return filled


def _spread(filled: Arrays, variable: str, periods: Iterable[str], values: Any) -> None:  # noqa: ANN401 - numpy column
    for period in periods:
        filled[variable, period] = values


def _column(seats: Layout, default: Any, read: Any, dtype: Any) -> Any:  # noqa: ANN401 - any numpy dtype
    return np.array([default if person is None else read(person) for _, person in seats.persons], dtype=dtype)


def _or(value: Any, default: Any) -> Any:  # noqa: ANN401 - same type in and out
    return default if value is None else value


def _activity(person: Person) -> str:
    """Return the engine's activity. Trap: pupils of 16 or more left "inactif" would be granted the youth contract."""
    return "etudiant" if person.school == "lycee" else STATUS[_or(person.status, "inactive")]


def _aeeh_category(person: Person) -> int:
    """Return the category of the child's education allowance; 0 for an adult or without a recognised disability."""
    return _or(person.aeeh_category, 0) if person.role == "child" and person.disability_rate else 0


def beside_stock(filled: Arrays, seats: Layout, month: str) -> Arrays:
    """Return what the published engine is not told, for `arrays`: see `services.aids.differences`.

    Since when each person is unemployed: two months of paid unemployment bring a deduction of 30 % from earlier wages
    in the housing aid (R822-13 CCH); two months without benefit, or with the ASS, leave earlier wages and benefits out
    (R822-15 CCH). The years of residence that a permit stands for, over the five months that benefits read. And who
    has the disability card of a rate of 80 %, whose incomes are lowered as article 157 bis CGI has it (R822-4 CCH,
    R532-3 CSS). And that the ASS, given by its amount of today, was not paid in the months of an unemployment benefit
    (L5423-1 of the labour code), which the health cover reads (R861-8 CSS).
    """
    year = int(month[:4])
    permits = _column(seats, 0.0, _years_of_permit, np.float32)
    return {
        ("date_debut_chomage", "ETERNITY"): _column(seats, NEVER, lambda p: _unemployed_since(p, month), DAY),
        **{("duree_possession_titre_sejour", one): permits for one in _window(month)},
        **{(box, str(of)): has for box, has in _cards(seats).items() for of in range(year - 2, year + 1)},
        **_ass_after_benefit(filled, seats, month),
    }


def _ass_after_benefit(filled: Arrays, seats: Layout, month: str) -> Arrays:
    """Return the ASS of the past months in which somebody had an unemployment benefit: none for them."""
    found: Arrays = {}
    for place, (_row, person) in enumerate(seats.persons):
        for income in (person.incomes or ()) if person is not None and person.ass_open else ():
            for one in _past_months(month) if income.type == "unemployment" else ():
                if income.first <= one <= income.last:
                    found.setdefault(("ass", one), filled["ass", one].copy())[place] = 0.0
    return found


def _cards(seats: Layout) -> dict[str, Any]:
    """Return the boxes P and F of each tax return: whether the first and the second declarant have the card."""
    cards = {box: np.zeros(len(seats.foyers), dtype=bool) for box in ("caseP", "caseF")}
    first: set[int] = set()
    for foyer, role, (_, person) in zip(seats.foyer, seats.foyer_role, seats.persons, strict=True):
        if role == "declarant":
            box = "caseF" if foyer in first else "caseP"
            cards[box][foyer] = person is not None and (person.disability_rate or 0.0) >= CARD
            first.add(foyer)
    return cards


def _past_months(month: str) -> list[str]:
    return months.between(months.shift(month, -14), months.shift(month, -1))


def _window(month: str) -> list[str]:
    return months.between(months.shift(month, -4), month)


def _years_of_permit(person: Person) -> float:
    """Return the years of residence as the RSA and the ASPA count them.

    Refugees, stateless persons and beneficiaries of subsidiary protection are asked for none (L262-4 CASF, L816-1
    CSS). With a resident card, or the Algerian certificate of ten years, the RSA asks for none, the ASPA for ten.
    """
    years: float = _or(person.permit_years, 0.0)
    return {"protected": ALWAYS, "resident": max(years, FIVE_YEARS)}.get(person.permit or "", years)


def _unemployed_since(person: Person, month: str) -> Any:  # noqa: ANN401 - numpy day
    """Return the first day of the unbroken months of unemployment benefit that last until `month`; without benefit, of
    the month after the last wages or benefit. `NEVER` if there were none.
    """
    if person.status != "unemployed":
        return NEVER
    benefit, wages = _paid(person, "unemployment", month), _paid(person, "salary", month)
    if month not in benefit:
        last = max(benefit | wages, default=None)
        return NEVER if last in {None, month} else np.datetime64(f"{months.shift(last, 1)}-01")
    first = month
    while (before := months.shift(first, -1)) in benefit:
        first = before
    return np.datetime64(f"{first}-01")


def _paid(person: Person, kind: str, month: str) -> set[str]:
    """Return the months until `month` of which an income of this kind is known."""
    return {
        one
        for income in person.incomes or ()
        if income.type == kind and income.net > 0 and income.first <= month
        for one in months.between(income.first, min(income.last, month))
    }


DAY: Final = "datetime64[D]"
#: The disability rate of the card "invalidité" (L241-3 CASF).
CARD: Final = 0.8
#: Years of residence: what the RSA asks for, and more than any rule asks for.
FIVE_YEARS: Final = 5.0
ALWAYS: Final = 100.0
NEVER: Final = np.datetime64("9999-12-31")
UNBORN: Final = np.datetime64("1970-01-01")
# (engine variable, its value in an empty seat, how to read a person, numpy type). Each holds for the whole window.
STATES: Final[Sequence[tuple[str, Any, Callable[[Person], Any], Any]]] = (
    ("activite", "inactif", _activity, None),
    ("nationalite", "FR", lambda p: _or(p.nationality, "FR"), "S"),
    ("duree_possession_titre_sejour", 0.0, lambda p: _or(p.permit_years, 0.0), np.float32),
    ("apprenti", False, lambda p: p.status == "apprentice", bool),
    ("apprentissage_contrat_debut", UNBORN, lambda p: np.datetime64(_or(p.apprentice_since, UNBORN)), DAY),
    ("scolarite", "inconnue", lambda p: _or(p.school, "inconnue"), None),
    ("annee_etude", "autre", lambda p: _or(p.study_year, "autre"), None),
    ("statuts_etablissement_scolaire", "inconnu", lambda p: _or(p.school_status, "inconnu"), None),
    ("enceinte", False, lambda p: _or(p.pregnant, False), bool),
    ("habite_chez_parents", False, lambda p: _or(p.lives_with_parents, False), bool),
    ("garde_alternee", False, lambda p: _or(p.shared_custody, False), bool),
    ("orphelin", False, lambda p: _or(p.orphan, False), bool),
    ("handicap", False, lambda p: bool(p.disability_rate), bool),
    ("taux_incapacite", 0.0, lambda p: _or(p.disability_rate, 0.0), np.float32),
    (
        "aah_restriction_substantielle_durable_acces_emploi",
        False,
        lambda p: bool(p.disability_rate and p.rsdae),
        bool,
    ),
    ("aeeh_niveau_handicap", 0, _aeeh_category, np.int32),
    ("rsa_jeune_condition_heures_travail_remplie", False, lambda p: _or(p.worked_two_years, False), bool),
    ("ass_precondition_remplie", False, lambda p: _or(p.ass_open, False), bool),
    (
        "bourse_criteres_sociaux_base_ressources_parentale",
        0.0,
        lambda p: _or(p.crous_parent_resources, 0.0),
        np.float32,
    ),
)


def _person_states(filled: Arrays, seats: Layout, window: list[str], year: int) -> None:
    birth_dates = _column(seats, UNBORN, lambda p: np.datetime64(p.birth_date), DAY)
    filled["date_naissance", "ETERNITY"] = birth_dates
    # No formula runs that early, and article 157 bis CGI is for who was born by then.
    filled["age", f"{year - 2}-01"] = (
        (np.datetime64(f"{year - 2}-01-01") - birth_dates).astype("timedelta64[Y]").astype(int)
    )
    for variable, default, read, dtype in STATES:
        _spread(filled, variable, window, _column(seats, default, read, dtype))
    # The engine computes this one, unless it is given for someone.
    if any(person is not None and person.boursier is not None for _, person in seats.persons):
        _spread(filled, "boursier", window, _column(seats, False, lambda p: _or(p.boursier, False), bool))
    _spread(filled, "statut_marital", window, _marital(seats))
    for income_year in (year - 2, year - 1, year):
        filled["enfant_a_charge", str(income_year)] = _tax_dependents(seats, income_year, window)


def _marital(seats: Layout) -> Any:  # noqa: ANN401 - numpy column
    """Return marital statuses. If unknown, two declarants on one notice count as a civil union, as in the engine."""
    declarants = Counter(
        foyer for foyer, role in zip(seats.foyer, seats.foyer_role, strict=True) if role == "declarant"
    )
    default = ["pacse" if declarants[foyer] > 1 else "celibataire" for foyer in seats.foyer]
    return np.array([(person and person.marital) or default[seat] for seat, (_, person) in enumerate(seats.persons)])


def _tax_dependents(seats: Layout, year: int, window: list[str]) -> Any:  # noqa: ANN401 - numpy column
    """Return True for a dependent: a minor in January, disabled in December, or an adult on the parents' notice."""
    column = np.zeros(len(seats.persons), dtype=bool)
    for seat, (_, person) in enumerate(seats.persons):
        if person is not None and seats.foyer_role[seat] == "personne_a_charge":
            disabled = bool(person.disability_rate) and f"{year}-12" in window
            column[seat] = bool(person.tax_dependent_of_parents) or person.age(f"{year}-01") < 18 or disabled
    return column


def _incomes(filled: Arrays, seats: Layout, month: str) -> None:
    span = months.between(f"{int(month[:4]) - 2}-01", month)
    rank = {name: index for index, name in enumerate(span)}
    blocks = {variable: np.zeros((len(span), len(seats.persons)), dtype=np.float32) for variable in INCOME_VARIABLES}
    # Of each variable: the months, the seats and the euros. Added at once, since most incomes are of one month.
    added: dict[str, tuple[list[int], list[int], list[float]]] = defaultdict(lambda: ([], [], []))
    for seat, (_, person) in enumerate(seats.persons):
        for income in (person.incomes or ()) if person else ():
            first, last = max(income.first, span[0]), min(income.last, span[-1])
            if first <= last:
                ranks = range(rank[first], rank[last] + 1)
                for variable, figure in INCOME[income.type].items():
                    in_months, in_seats, euros = added[variable]
                    in_months.extend(ranks)
                    in_seats.extend([seat] * len(ranks))
                    euros.extend([_or(getattr(income, figure), 0.0)] * len(ranks))
    for variable, (in_months, in_seats, euros) in added.items():
        np.add.at(blocks[variable], (in_months, in_seats), np.array(euros, dtype=np.float32))
    nothing = np.zeros(len(seats.persons), dtype=np.float32)
    for index, name in enumerate(span):
        for variable, block in blocks.items():
            filled[variable, name] = block[index]
        for variable in ZERO_MONTHS:
            filled[variable, name] = nothing


def _famille(filled: Arrays, households: Sequence[Household], seats: Layout, window: list[str]) -> None:
    """Set the "experiment" switch: since March 2025, the CAF reads months M-4 to M-2 everywhere."""
    _spread(filled, "departement_experimentation_rsa", window, np.ones(len(seats.familles), dtype=bool))
    alone = np.array([row is not None and bool(households[row].recently_alone) for row in seats.familles])
    _spread(filled, "rsa_isolement_recent", window, alone)


def _foyer(filled: Arrays, households: Sequence[Household], seats: Layout) -> None:
    columns: dict[tuple[str, str], Any] = defaultdict(lambda: np.zeros(len(seats.foyers), dtype=np.float32))
    for index, place in enumerate(seats.foyers):
        if place is None:
            continue
        for notice in households[place[0]].tax_notices or ():
            if notice.household == place[1]:
                for variable, value in _figures(notice).items():
                    columns[variable, str(notice.income_year)][index] = value
    filled.update(columns)


def _menage(filled: Arrays, households: Sequence[Household], seats: Layout, *, window: list[str], year: int) -> None:
    homes = [None if row is None else households[row].housing for row in seats.menages]
    status = np.array([HOUSING[home.status] if home and home.status else "non_renseigne" for home in homes])
    _spread(filled, "statut_occupation_logement", [f"{year}-01", *window], status)  # the energy voucher reads January
    _spread(
        filled, "depcom", [f"{year}-01", *window], np.array([(home and home.insee) or "" for home in homes], dtype="S")
    )
    for variable, name in (("loyer", "rent"), ("charges_locatives", "charges")):
        amounts = [float(_or(getattr(home, name), 0.0)) if home else 0.0 for home in homes]
        _spread(filled, variable, window, np.array(amounts, dtype=np.float32))
    for variable, name in (("coloc", "shared"), ("logement_chambre", "room"), ("logement_crous", "crous")):
        _spread(filled, variable, window, np.array([bool(home and getattr(home, name)) for home in homes]))
    entered = [
        np.datetime64(home.moved_in) if home and home.moved_in else np.datetime64("1970-01-01") for home in homes
    ]
    _spread(filled, "date_entree_logement", window, np.array(entered, dtype="datetime64[D]"))


def _past(filled: Arrays, households: Sequence[Household], seats: Layout, month: str) -> None:
    """Give past benefits as paid or zero in M-14..M-1. This cuts every recursion between benefits."""
    history = _past_months(month)
    for variable in hh.PAID_TO_FAMILY:
        paid = [0.0 if row is None else households[row].paid(variable) for row in seats.familles]
        _spread(filled, variable, history, np.array(paid, dtype=np.float32))
    for variable in (*hh.PAID_TO_PERSON, "mva"):
        paid = [0.0 if person is None else households[row].paid(variable, person.id) for row, person in seats.persons]
        _spread(filled, variable, history, np.array(paid, dtype=np.float32))
