"""A household as benefits see it: people, roles, monthly incomes, housing, notices and past benefits.

`None` means unknown, never zero and never no. `questions` turns each unknown value into a question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext_noop

from services.aids.household import months

ROLES: Final = ("applicant", "partner", "child")
STATUSES: Final = ("employed", "apprentice", "self_employed", "unemployed", "student", "retired", "inactive")
HOUSINGS: Final = (
    "tenant_private_unfurnished",
    "tenant_private_furnished",
    "tenant_social",
    "owner",
    "owner_mortgage",
    "free",
    "residence",
    "homeless",
)
TENANTS: Final = ("tenant_private_unfurnished", "tenant_private_furnished", "tenant_social", "residence")
INCOMES: Final = (
    "salary",
    "unemployment",
    "pension",
    "disability_pension",
    "alimony_received",
    "apprentice_pay",
    "internship",
    "sick_pay",
    "micro_turnover_profit",
    "rents",
)
WORK: Final = ("salary", "apprentice_pay", "micro_turnover_profit")
SCHOOLS: Final = ("maternelle", "primaire", "college", "lycee", "enseignement_superieur")
SCHOOL_STATUSES: Final = ("public", "prive_sous_contrat", "prive_hors_contrat")
#: The nationality that stands for all of the EEA and Switzerland where a resident says no country.
EUROPEAN: Final = "ES"
#: Refugees, stateless persons and subsidiary protection; a resident card or the Algerian certificate of ten years.
PERMITS: Final = ("protected", "resident", "other")
MARITAL: Final = ("celibataire", "marie", "pacse", "divorce", "veuf")
# Benefits whose past months are inputs (paid or zero), never recomputed.
PAID_TO_FAMILY: Final = (
    "rsa",
    "ppa",
    "aide_logement",
    "apl",
    "als",
    "alf",
    "af",
    "cf",
    "asf",
    "paje_base",
    "paje_prepare",
    "paje_naissance",
    "aeeh",
    "aspa",
)
PAID_TO_PERSON: Final = ("aah", "caah", "asi", "ass")
BENEFITS: Final = (*PAID_TO_FAMILY, *PAID_TO_PERSON)
OLDEST: Final = 130


class BadHousehold(Exception):
    """An impossible household. `field` is the place in the input, `sentence` explains the problem."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Income:
    """Euros for each month of a span. Net, taxable and gross are three amounts of one payslip; the engine needs all
    three.
    """

    type: str
    first: str
    last: str
    net: float
    taxable: float | None = None
    gross: float | None = None


@dataclass(frozen=True, slots=True)
class CityFacts:
    """Facts of a person that only the city's own aids read. The law's engine sees none of them."""

    level: str | None = None
    engagement: str | None = None
    health_social_training: bool | None = None
    bac_honours: str | None = None
    scheme: str | None = None
    temp_agency: bool | None = None
    housing_difficulty: bool | None = None
    resident_since: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    role: str
    birth_date: date
    status: str | None = None
    incomes: tuple[Income, ...] | None = None
    nationality: str | None = None
    permit: str | None = None
    permit_years: float | None = None
    marital: str | None = None
    pregnant: bool | None = None
    due_date: date | None = None
    disability_rate: float | None = None
    rsdae: bool | None = None
    aeeh_category: int | None = None
    school: str | None = None
    study_year: str | None = None
    school_status: str | None = None
    boursier: bool | None = None
    lives_with_parents: bool | None = None
    tax_dependent_of_parents: bool | None = None
    crous_parent_resources: float | None = None
    apprentice_since: date | None = None
    shared_custody: bool | None = None
    orphan: bool | None = None
    ass_open: bool | None = None
    worked_two_years: bool | None = None
    city: CityFacts = CityFacts()

    def age(self, month: str) -> int:
        """Return the whole years at the end of the previous month, as family benefits count them; negative before
        birth.
        """
        year, rank = int(month[:4]), int(month[5:])
        return (
            year * 12 + rank - 1 - (self.birth_date.year * 12 + self.birth_date.month - 1) - (self.birth_date.day > 1)
        ) // 12

    def key(self, name: str) -> str:
        """Return the key of one of this person's values, such as "people[p1].status"."""
        return f"people[{self.id}].{name}"

    def received(self, month: str, *types: str) -> float:
        return sum(
            income.net
            for income in self.incomes or ()
            if income.type in types and income.first <= month <= income.last
        )


@dataclass(frozen=True, slots=True)
class TaxNotice:
    income_year: int
    rfr: float
    parts: float | None = None
    rni: float | None = None
    rbg: float | None = None
    household: str = "ff"


@dataclass(frozen=True, slots=True)
class Housing:
    status: str | None = None
    rent: float | None = None
    charges: float | None = None
    insee: str | None = None
    shared: bool | None = None
    room: bool | None = None
    crous: bool | None = None
    moved_in: date | None = None


@dataclass(frozen=True, slots=True)
class PaidBenefit:
    """Euros paid in each of the last fourteen months."""

    type: str
    monthly: float
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Household:
    month: str
    people: tuple[Person, ...]
    housing: Housing | None = None
    tax_notices: tuple[TaxNotice, ...] | None = None
    benefits: tuple[PaidBenefit, ...] | None = None
    partner_taxed_apart: bool | None = None
    recently_alone: bool | None = None
    # Benefits received whose amount is unknown.
    receives: frozenset[str] = frozenset()
    # Keys of assumed values ("people[…].birth_date", "household.people"): never displayed, always asked.
    unknown: frozenset[str] = frozenset()
    # True if several people are disabled: each of them is then asked about.
    apart: bool = False
    id: str = ""
    title: str = ""

    @property
    def applicant(self) -> Person:
        return next(person for person in self.people if person.role == "applicant")

    @property
    def partner(self) -> Person | None:
        return next((person for person in self.people if person.role == "partner"), None)

    @property
    def insee(self) -> str:
        """The INSEE code of the commune, empty if not known."""
        return (self.housing and self.housing.insee) or ""

    @property
    def parents(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role != "child")

    @property
    def children(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role == "child")

    @property
    def reference_year(self) -> int:
        """Return the year before last, whose income counts for family benefits, grants and the energy voucher."""
        return int(self.month[:4]) - 2

    def person(self, id: str) -> Person:
        return next(person for person in self.people if person.id == id)

    def notice(self, year: int) -> TaxNotice | None:
        return next(
            (notice for notice in self.tax_notices or () if notice.income_year == year and notice.household == "ff"),
            None,
        )

    def with_person(self, id: str, **changes: Any) -> "Household":
        people = tuple(replace(person, **changes) if person.id == id else person for person in self.people)
        return replace(self, people=people)

    def paid(self, type: str, person: str | None = None) -> float:
        if not self.benefits:
            return 0.0
        return sum(
            benefit.monthly
            for benefit in self.benefits or ()
            if benefit.type == type and (person is None or (benefit.person or self.applicant.id) == person)
        )


def check(household: Household) -> Household:
    """Raise BadHousehold if the household is impossible. The engine would accept each of these faults silently."""
    if not months.is_month(household.month):
        raise BadHousehold("date", "écrivez un mois comme 2025-11")
    _check_roles(household)
    for rank, person in enumerate(household.people):
        _check_person(household, person, f"people[{rank}]")
    _check_generations(household)
    _check_money(household)
    return household


def _check_roles(household: Household) -> None:
    roles = [person.role for person in household.people]
    if roles.count("applicant") != 1:
        raise BadHousehold("people", "il faut un demandeur (applicant), et un seul")
    if roles.count("partner") > 1:
        raise BadHousehold("people", "il y a plus d’un conjoint (partner)")
    ids = [person.id for person in household.people]
    for rank, id in enumerate(ids):
        if id in ids[:rank]:
            raise BadHousehold(f"people[{rank}].id", f"l’identifiant « {id} » sert deux fois")


def _check_person(household: Household, person: Person, field: str) -> None:
    age = person.age(household.month)
    if age > OLDEST:
        raise BadHousehold(f"{field}.birth_date", gettext_noop("cette personne aurait plus de 130 ans"))
    if person.role != "child" and age < 0:
        raise BadHousehold(
            f"{field}.birth_date", gettext_noop("un adulte ne peut pas être né ce mois-ci, ni plus tard")
        )
    if age < -1:
        raise BadHousehold(f"{field}.birth_date", gettext_noop("cette naissance est attendue dans plus d’un an"))
    for rank, income in enumerate(person.incomes or ()):
        _check_income(income, f"{field}.incomes[{rank}]")


def _check_income(income: Income, field: str) -> None:
    for name in ("first", "last"):
        if not months.is_month(getattr(income, name)):
            raise BadHousehold(f"{field}.{'from' if name == 'first' else 'to'}", "écrivez un mois comme 2025-11")
    if income.last < income.first:
        raise BadHousehold(f"{field}.to", "le dernier mois vient avant le premier")
    for name in ("net", "taxable", "gross"):
        if (getattr(income, name) or 0) < 0:
            raise BadHousehold(f"{field}.{name}", "un revenu ne peut pas être négatif")


def _check_generations(household: Household) -> None:
    """Compare known birth dates only: one that is assumed would refuse true ones."""
    known = [person for person in household.people if person.key("birth_date") not in household.unknown]
    oldest = min((person.birth_date for person in known if person.role != "child"), default=None)
    if oldest is None or any(person not in known for person in household.parents):
        return
    for rank, person in enumerate(household.people):
        if person.role == "child" and person in known and person.birth_date <= oldest:
            raise BadHousehold(
                f"people[{rank}].birth_date", gettext_noop("cet enfant serait plus âgé que ses parents")
            )


def _check_money(household: Household) -> None:
    figures: list[tuple[str, float | None]] = []
    if household.housing:
        figures += [("housing.rent", household.housing.rent), ("housing.charges", household.housing.charges)]
    figures += [
        (f"benefits_received[{rank}].monthly", paid.monthly) for rank, paid in enumerate(household.benefits or ())
    ]
    for rank, notice in enumerate(household.tax_notices or ()):
        figures += [(f"tax_notices[{rank}].rfr", notice.rfr), (f"tax_notices[{rank}].parts", notice.parts)]
    for field, figure in figures:
        if figure is not None and figure < 0:
            raise BadHousehold(field, "ce montant ne peut pas être négatif")
    _check_notices(household)
    known = {person.id for person in household.people}
    for rank, paid in enumerate(household.benefits or ()):
        if paid.person and paid.person not in known:
            raise BadHousehold(
                f"benefits_received[{rank}].person", f"« {paid.person} » n’est pas une personne du foyer"
            )


def _check_notices(household: Household) -> None:
    seen: set[tuple[int, str]] = set()
    for rank, notice in enumerate(household.tax_notices or ()):
        if notice.parts is not None and not 0 < notice.parts <= 30:
            raise BadHousehold(f"tax_notices[{rank}].parts", "le nombre de parts n’est pas possible")
        if (key := (notice.income_year, notice.household)) in seen:
            raise BadHousehold(f"tax_notices[{rank}].income_year", f"il y a deux avis pour {notice.income_year}")
        seen.add(key)


def incomes_by_month(person: Person) -> Iterator[tuple[str, str, Mapping[str, float]]]:
    """Yield the known amounts of each income and month, as (type, month, amounts)."""
    for income in person.incomes or ():
        figures = {"net": income.net, "taxable": income.taxable, "gross": income.gross}
        known = {name: value for name, value in figures.items() if value is not None}
        for month in months.between(income.first, income.last):
            yield income.type, month, known
