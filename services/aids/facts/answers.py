"""Map each question to its form, and each answer to the vault records that keep it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.aids import months

if TYPE_CHECKING:
    from services.aids.facts.from_vault import Read
    from services.aids.variants import Question

YES_NO: Final = "yes_no"
AMOUNT: Final = "amount"
CHOICE: Final = "choice"
DATE: Final = "date"
TYPED: Final = "typed"  # several fields: the vault's own pages ask for them
PAPER: Final = "paper"  # answered by adding a paper


@dataclass(frozen=True, slots=True)
class Put:
    """One record to write. `merge` completes the person's record of this type instead of adding one."""

    type: str
    payload: Mapping[str, Any]
    person: UUID | None = None
    role: str = "self"
    merge: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    puts: Sequence[Put]


Write = Callable[["Question", Any, "Read"], list[Put]]


@dataclass(frozen=True, slots=True)
class Way:
    """The form of a question: its kind, its choices and the function that writes the answer."""

    kind: str
    write: Write | None = None
    choices: tuple[str, ...] = ()


def way_of(question: "Question", read: "Read") -> Way:
    """Return the form of a question. A home or household missing from the vault needs several fields, so the vault's
    pages ask for it.
    """
    way = WAYS[question.key]
    needs = {"loyer": "housing.rent", "logement": "housing", "seul_depuis": "household.people"}.get(question.key)
    return Way(TYPED) if needs and read.source(needs) is None else way


def answer(question: "Question", value: Any, read: "Read") -> Answer:  # noqa: ANN401 - the form's cleaned value
    write = way_of(question, read).write
    return Answer(write(question, value, read) if write else ())


def _person_of(question: "Question", read: "Read") -> tuple[UUID, str]:
    person = next(person for person in read.people if str(person.id) == question.person)
    return person.id, person.role


def _situation(name: str) -> Write:
    def write(question: "Question", value: Any, read: "Read") -> list[Put]:  # noqa: ANN401 - the form's cleaned value
        person, role = _person_of(question, read)
        stored = (
            value.isoformat() if isinstance(value, date) else f"{value:.2f}" if isinstance(value, Decimal) else value
        )
        return [Put("foyer.situation", {name: stored}, person, role)]

    return write


def _disability(question: "Question", value: str, read: "Read") -> list[Put]:
    person, role = _person_of(question, read)
    rate = {"none": 0, "half": 0.5, "high": 0.8}[value]
    return [Put("handicap.decision", {"taux_incapacite": rate}, person, role, merge=False)]


def _custody(question: "Question", value: bool, read: "Read") -> list[Put]:
    return [
        Put("foyer.situation", {"garde_alternee": value}, person.id, person.role)
        for person in read.people
        if person.role == "child"
    ]


def _last_month(read: "Read") -> str:
    return months.shift(read.household.month, -1)


def _income(question: "Question", value: Decimal, read: "Read") -> list[Put]:
    """Write last month's income, of the kind that matches the person's status."""
    person, role = _person_of(question, read)
    status = read.household.person(question.person).status
    month, net = _last_month(read), f"{value:.2f}"
    if status == "retired":
        return [Put("revenu.mensuel", {"mois": month, "nature": "retraite", "net": net}, person, role, merge=False)]
    if status == "unemployed" and value:
        paid = f"{read.household.month}-01"
        return [
            Put(
                "emploi.indemnite_ft",
                {"date_versement": paid, "montant_total": net, "montant_allocations": net},
                person,
                role,
                merge=False,
            )
        ]
    return [
        Put("emploi.revenu", {"mois": month, "net_avant_impot": net, "net_social": net}, person, role, merge=False)
    ]


def _same_all_year(question: "Question", value: bool, read: "Read") -> list[Put]:
    """For yes, copy the nearest known income to the first month of the window. For no, write nothing: each month is
    typed.
    """
    if not value:
        return []
    person, role = _person_of(question, read)
    first = months.shift(read.household.month, -13)
    incomes = [income for income in read.household.person(question.person).incomes or () if income.first == first]
    puts = []
    for income in incomes:
        net = f"{income.net:.2f}"
        nature = NATURES.get(income.type)
        payload = (
            {"mois": first, "nature": nature, "net": net}
            if nature
            else {"mois": first, "net_avant_impot": net, "net_social": net}
        )
        puts.append(Put("revenu.mensuel" if nature else "emploi.revenu", payload, person, role, merge=False))
    return puts


NATURES: Final = {
    "pension": "retraite",
    "disability_pension": "pension_invalidite",
    "sick_pay": "indemnites_journalieres",
    "apprentice_pay": "apprentissage",
    "internship": "stage",
    "micro_turnover_profit": "micro_entreprise",
    "rents": "loyers_percus",
    "alimony_received": "pension_alimentaire_recue",
}


def _alimony(question: "Question", value: Decimal, read: "Read") -> list[Put]:
    person, role = _person_of(question, read)
    payload = {"mois": _last_month(read), "nature": "pension_alimentaire_recue", "net": f"{value:.2f}"}
    return [Put("revenu.mensuel", payload, person, role, merge=False)]


def _home(name: str) -> Write:
    def write(question: "Question", value: Any, read: "Read") -> list[Put]:  # noqa: ANN401 - the form's cleaned value
        stored = f"{value:.2f}" if isinstance(value, Decimal) else value
        return [Put("logement.domicile", {name: stored})]

    return write


def _separated(question: "Question", value: bool, read: "Read") -> list[Put]:
    return [Put("foyer.composition", {"separation_recente": value})]


def received(codes: Sequence[str], asked: Sequence[str]) -> Answer:
    """Write a yes or a no for each benefit of `asked`."""
    return Answer(
        [
            Put("social.prestation", {"prestation": code, "est_beneficiaire": code in codes}, merge=False)
            for code in asked
        ]
    )


RECEIVED: Final = ("rsa", "prime_activite", "apl", "asf", "aeeh", "aah")
WAYS: Final[Mapping[str, Way]] = {
    "naissance": Way(TYPED),
    "foyer": Way(TYPED),
    "activite": Way(
        CHOICE,
        _situation("activite"),
        ("actif", "apprenti", "independant", "chomeur", "etudiant", "retraite", "inactif"),
    ),
    "revenus": Way(AMOUNT, _income),
    "mois": Way(YES_NO, _same_all_year),
    "nationalite": Way(CHOICE, _situation("nationalite"), ("FR", "UE", "autre")),
    "sejour": Way(DATE, _situation("titre_sejour_depuis")),
    "ass": Way(YES_NO, _situation("ass_ouverte")),
    "handicap": Way(CHOICE, _disability, ("none", "half", "high")),
    "handicap_enfant": Way(CHOICE, _disability, ("none", "half", "high")),
    "logement": Way(
        CHOICE,
        _home("statut_occupation"),
        (
            "locataire_vide",
            "locataire_meuble",
            "locataire_hlm",
            "proprietaire",
            "primo_accedant",
            "loge_gratuitement",
            "locataire_foyer",
            "sans_domicile",
        ),
    ),
    "loyer": Way(AMOUNT, _home("loyer")),
    "avis": Way(PAPER),
    "rattachement": Way(YES_NO, _situation("rattache_foyer_fiscal_parents")),
    "parents": Way(YES_NO, _situation("vit_chez_parents")),
    "etablissement": Way(CHOICE, _situation("etablissement"), ("public", "prive")),
    "parents_revenus": Way(AMOUNT, _situation("ressources_parents_crous")),
    "pension_alimentaire": Way(AMOUNT, _alimony),
    "seul_depuis": Way(YES_NO, _separated),
    "garde": Way(YES_NO, _custody),
    "grossesse": Way(YES_NO, _situation("enceinte")),
}
