"""Map each question to its form, and each answer to the vault records that keep it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from services.aids.asking.changes import tax_parts
from services.aids.household import months
from services.aids.local.conditions import ASKED
from services.aids.local.conditions.kinds import Sort
from vault.types import geography

if TYPE_CHECKING:
    from services.aids.asking.variants import Question
    from services.aids.facts.from_vault import Read

YES_NO: Final = "yes_no"
AMOUNT: Final = "amount"
CHOICE: Final = "choice"
DATE: Final = "date"
SINCE: Final = "since"  # for more than a year, or one of the last twelve months
SEVERAL: Final = "several"  # any number of choices, none included
TYPED: Final = "typed"  # several fields: the vault's own pages ask for them
PAPER: Final = "paper"  # answered by adding a paper
PLACE: Final = "place"  # a commune, typed by its name


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
    """The form of a question: its kind, its choices and the function that writes the answer.

    `alone` is False for a question that only the interview can ask: its answer is a part of a record, kept with the
    others.
    """

    kind: str
    write: Write | None = None
    choices: tuple[str, ...] = ()
    alone: bool = True


def way_of(question: "Question", read: "Read") -> Way:
    """Return the form of a question asked alone. A home or household missing from the vault needs several answers, so
    the interview asks for it.
    """
    way = WAYS[question.key]
    needs = {"loyer": "housing.rent", "logement": "housing", "seul_depuis": "household.people"}.get(question.key)
    return Way(TYPED) if not way.alone or (needs and read.source(needs) is None) else way


def answer(question: "Question", value: Any, read: "Read") -> Answer:  # noqa: ANN401 - the form's cleaned value
    write = WAYS[question.key].write
    return Answer(write(question, value, read) if write else ())


def choices(question: "Question", read: "Read") -> tuple[str, ...]:
    """Return the values to choose from. People are named by their id."""
    if question.key == "handicap_foyer":
        unsure = [person for person in read.household.people if person.disability_rate is None]
        return (NOBODY, *(person.id for person in unsure), MANY)
    if question.key == "mois":
        return (LONG, *(months.shift(read.household.month, -ago) for ago in range(1, 13)))
    return WAYS[question.key].choices


NOBODY: Final = "personne"
MANY: Final = "plusieurs"
LONG: Final = "longtemps"


def _person_of(question: "Question", read: "Read") -> tuple[UUID, str]:
    person = next(person for person in read.people if str(person.id) == question.person)
    return person.id, person.role


def _field(field: str) -> Write:
    """Write a value of the person that the question is about."""
    type, _sep, name = field.partition("#/")

    def write(question: "Question", value: Any, read: "Read") -> list[Put]:  # noqa: ANN401 - the form's cleaned value
        person, role = _person_of(question, read)
        stored = (
            value.isoformat() if isinstance(value, date) else f"{value:.2f}" if isinstance(value, Decimal) else value
        )
        return [Put(type, {name: stored}, person, role)]

    return write


def _situation(name: str) -> Write:
    return _field(f"foyer.situation#/{name}")


def _disability(question: "Question", value: str, read: "Read") -> list[Put]:
    person, role = _person_of(question, read)
    rate = {"none": 0, "half": 0.5, "high": 0.8}[value]
    return [Put("handicap.decision", {"taux_incapacite": rate}, person, role, merge=False)]


def _nobody_else(question: "Question", value: str, read: "Read") -> list[Put]:
    """Write that the other people have no recognised disability. The person concerned is asked about next."""
    if value == MANY:
        return []
    unsure = [person.id for person in read.household.people if person.disability_rate is None and person.id != value]
    return [
        Put("handicap.decision", {"taux_incapacite": 0}, person.id, person.role, merge=False)
        for person in read.people
        if str(person.id) in unsure
    ]


def _decision(name: str) -> Write:
    """Complete the person's decision of the MDPH."""

    def write(question: "Question", value: Any, read: "Read") -> list[Put]:  # noqa: ANN401 - the form's cleaned value
        person, role = _person_of(question, read)
        stored = int(value) if isinstance(value, str) else value
        return [Put("handicap.decision", {name: stored}, person, role)]

    return write


def _pregnancy(question: "Question", value: bool, read: "Read") -> list[Put]:
    """Write the answer for the person asked about, and no for the other adult whose answer is unknown."""
    unsure = {person.id for person in read.household.parents if person.pregnant is None}
    return [
        Put(
            "foyer.situation",
            {"enceinte": value and str(person.id) == question.person},
            person.id,
            person.role,
        )
        for person in read.people
        if str(person.id) in unsure
    ]


def _custody(question: "Question", value: bool, read: "Read") -> list[Put]:
    return [
        Put("foyer.situation", {"garde_alternee": value}, person.id, person.role)
        for person in read.people
        if person.role == "child"
    ]


def _last_month(read: "Read") -> str:
    return months.shift(read.household.month, -1)


def _income(question: "Question", value: Decimal, read: "Read") -> list[Put]:
    """Write last month's income, of the kinds that match the person's status."""
    return _paid_in(question, read, _last_month(read), f"{value:.2f}")


def _paid_in(question: "Question", read: "Read", month: str, net: str) -> list[Put]:
    person, role = _person_of(question, read)
    status = read.household.person(question.person).status
    if status == "unemployed" and float(net):
        return [_unemployment(month, net, person, role)]
    if status in {"retired", "self_employed"}:
        return [_other({"retired": "retraite", "self_employed": "micro_entreprise"}[status], month, net, person, role)]
    wage = [_wage(month, net, person, role)]
    return [*wage, _other("apprentissage", month, net, person, role)] if status == "apprentice" else wage


def _wage(month: str, net: str, person: UUID, role: str) -> Put:
    payload = {"mois": month, "net_avant_impot": net, "net_social": net}
    return Put("emploi.revenu", payload, person, role, merge=False)


def _other(nature: str, month: str, net: str, person: UUID, role: str) -> Put:
    return Put("revenu.mensuel", {"mois": month, "nature": nature, "net": net}, person, role, merge=False)


def _unemployment(month: str, net: str, person: UUID, role: str) -> Put:
    """France Travail pays a month at the start of the next one."""
    payload = {
        "date_versement": f"{months.shift(month, 1)}-01",
        "montant_total": net,
        "montant_allocations": net,
    }
    return Put("emploi.indemnite_ft", payload, person, role, merge=False)


def _since(question: "Question", value: str, read: "Read") -> list[Put]:
    """Write the months that the answer gives: the first one of the window, or the first paid and the one before it."""
    person, role = _person_of(question, read)
    first = months.shift(read.household.month, -13)
    if value == LONG:
        incomes = [one for one in read.household.person(question.person).incomes or () if one.first == first]
        return [_again(income.type, first, f"{income.net:.2f}", person, role) for income in incomes]
    before = months.shift(value, -1)
    nets = {one.type: one.net for one in read.household.person(question.person).incomes or () if one.last >= value}
    if not any(nets.values()):
        return [_wage(month, "0.00", person, role) for month in (value, read.household.month)]
    return [
        put
        for type, net in nets.items()
        if type not in {"alimony_received", "disability_pension"}
        for put in (
            _again(type, before, "0.00", person, role),
            _again(type, value, f"{net:.2f}", person, role),
        )
    ]


def _again(type: str, month: str, net: str, person: UUID, role: str) -> Put:
    if type == "unemployment":
        return _unemployment(month, net, person, role)
    nature = NATURES.get(type)
    return _other(nature, month, net, person, role) if nature else _wage(month, net, person, role)


def _before(question: "Question", value: Decimal, read: "Read") -> list[Put]:
    """Write the wage of the months before the present situation began."""
    person, role = _person_of(question, read)
    incomes = read.household.person(question.person).incomes or ()
    earning = {one.type for one in incomes if one.net > 0}
    first = min(_documented(question, read), default=_last_month(read))
    began = months.shift(first, 1) if earning else first
    net = f"{value:.2f}"
    over = [_wage(began, "0.00", person, role)] if earning and "salary" not in earning else []
    since = min(months.shift(read.household.month, -13), months.shift(began, -2))
    return [_wage(since, net, person, role), _wage(months.shift(began, -1), net, person, role), *over]


def _documented(question: "Question", read: "Read") -> list[str]:
    """Return the months of the records behind the person's incomes."""
    found = []
    for record in read.sources.get(f"people[{question.person}].incomes", ()):
        payload = read.records[record].payload
        paid = payload.get("date_versement")
        found.append(months.shift(paid[:7], -1) if paid else payload["mois"])
    return found


def _separate(nature: str) -> Write:
    def write(question: "Question", value: Decimal, read: "Read") -> list[Put]:
        person, role = _person_of(question, read)
        return [_other(nature, _last_month(read), f"{value:.2f}", person, role)]

    return write


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


def _home(name: str) -> Write:
    def write(question: "Question", value: Any, read: "Read") -> list[Put]:  # noqa: ANN401 - the form's cleaned value
        stored = f"{value:.2f}" if isinstance(value, Decimal) else value
        home: dict[str, Any] = {} if read.source("housing") else {"adresse": {}}
        return [Put("logement.domicile", {**home, name: stored})]

    return write


def _commune(question: "Question", value: str, read: "Read") -> list[Put]:
    """Write the commune alone, unless it is the same: a street of the vault would be that of the former home."""
    home = read.source("housing.insee")
    if home is not None and (home.payload.get("adresse") or {}).get("cog") == value:
        return []
    place = geography.find(geography.COMMUNE, value)
    named = {"commune": place.name} if place else {}
    return [Put("logement.domicile", {"adresse": {**named, "cog": value}})]


def _notice(question: "Question", value: Decimal, read: "Read") -> list[Put]:
    payload: dict[str, Any] = {
        "annee_revenus": read.household.reference_year,
        "revenu_fiscal_reference": round(value),
    }
    if (parts := tax_parts(read.household)) is not None:
        payload["nombre_parts"] = parts
    return [Put("fiscal.avis_ir", payload, merge=False)]


def _parts(question: "Question", value: str, read: "Read") -> list[Put]:
    return [Put("fiscal.avis_ir", {"nombre_parts": float(value)})]


# The household. Its members are written with an id each, and a name that says who they are until a paper names them.


def _adults(read: "Read") -> list[dict[str, Any]]:
    record = read.source("household.people")
    found = [dict(adult) for adult in (record.payload.get("allocataires") if record else None) or []]
    me = read.people[0]
    return found or [{"id": str(me.id), "nom_naissance": me.family_name, "prenoms": me.given_name or _("Moi")}]


def _children(read: "Read") -> list[dict[str, Any]]:
    record = read.source("household.people")
    return [dict(child) for child in (record.payload.get("enfants") if record else None) or []]


def _couple(question: "Question", value: bool, read: "Read") -> list[Put]:
    adults = _adults(read)[:1]
    if value:
        id = uuid5(read.people[0].id, "conjoint")
        adults.append({"id": str(id), "nom_naissance": "", "prenoms": _("Mon conjoint")})
    return [Put("foyer.composition", {"allocataires": adults}, role="household")]


def _how_many_children(question: "Question", value: str, read: "Read") -> list[Put]:
    children = [
        {
            "id": str(uuid5(read.people[0].id, f"enfant {rank}")),
            "nom_naissance": "",
            "prenoms": _("Enfant %(rank)s") % {"rank": rank},
        }
        for rank in range(1, int(value) + 1)
    ]
    return [Put("foyer.composition", {"enfants": children}, role="household")]


def _birth(question: "Question", value: date, read: "Read") -> list[Put]:
    return [Put("identite.pivot", {"birthdate": value.isoformat()})]


def _birth_of_partner(question: "Question", value: date, read: "Read") -> list[Put]:
    return [Put("foyer.composition", {"allocataires": _dated(_adults(read), question, value)}, role="household")]


def _birth_of_child(question: "Question", value: date, read: "Read") -> list[Put]:
    return [Put("foyer.composition", {"enfants": _dated(_children(read), question, value)}, role="household")]


def _dated(members: list[dict[str, Any]], question: "Question", born: date) -> list[dict[str, Any]]:
    for member in members:
        if member.get("id") == question.person:
            member["date_naissance"] = born.isoformat()
    return members


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
#: How a question of the city's aids is answered.
OF_SORT: Final = {Sort.FLAG: YES_NO, Sort.LIST: CHOICE, Sort.DAY: DATE}
WAYS: Final[Mapping[str, Way]] = {
    "naissance": Way(DATE, _birth, alone=False),
    "couple": Way(YES_NO, _couple, alone=False),
    "naissance_conjoint": Way(DATE, _birth_of_partner),
    "enfants": Way(CHOICE, _how_many_children, tuple(str(count) for count in range(9)), alone=False),
    "naissance_enfant": Way(DATE, _birth_of_child),
    "activite": Way(
        CHOICE,
        _situation("activite"),
        ("actif", "apprenti", "independant", "chomeur", "etudiant", "retraite", "inactif"),
    ),
    "revenus": Way(AMOUNT, _income),
    "mois": Way(SINCE, _since),
    "avant": Way(AMOUNT, _before),
    "invalidite": Way(AMOUNT, _separate("pension_invalidite")),
    "nationalite": Way(CHOICE, _situation("nationalite"), ("FR", "UE", "autre")),
    "titre": Way(CHOICE, _situation("titre_sejour"), ("protege", "resident", "autre")),
    "sejour": Way(DATE, _situation("titre_sejour_depuis")),
    "ass": Way(YES_NO, _situation("ass_ouverte")),
    "deux_ans": Way(YES_NO, _situation("deux_ans_de_travail")),
    "handicap_foyer": Way(CHOICE, _nobody_else, alone=False),
    "handicap": Way(CHOICE, _disability, ("none", "half", "high")),
    "handicap_enfant": Way(CHOICE, _disability, ("none", "half", "high")),
    "rsdae": Way(YES_NO, _decision("rsdae")),
    "complement_aeeh": Way(CHOICE, _decision("aeeh_categorie"), tuple(str(category) for category in range(7))),
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
    "crous": Way(YES_NO, _home("logement_crous")),
    "avis": Way(PAPER, _notice),
    "parts": Way(CHOICE, _parts, ("1", "1.5", "2", "2.5", "3", "3.5", "4", "5"), alone=False),
    "rattachement": Way(YES_NO, _situation("rattache_foyer_fiscal_parents")),
    "parents": Way(YES_NO, _situation("vit_chez_parents")),
    "etudes": Way(CHOICE, _situation("scolarite"), ("superieur", "lycee")),
    "etablissement": Way(CHOICE, _situation("etablissement"), ("public", "prive")),
    "parents_revenus": Way(AMOUNT, _situation("ressources_parents_crous")),
    "pension_alimentaire": Way(AMOUNT, _separate("pension_alimentaire_recue")),
    "seul_depuis": Way(YES_NO, _separated),
    "garde": Way(YES_NO, _custody),
    "grossesse": Way(YES_NO, _pregnancy),
    "terme": Way(DATE, _situation("date_terme")),
    **{
        key: Way(OF_SORT[one.sort], _field(one.vault_field), tuple(one.choices)) for key, (one, _fact) in ASKED.items()
    },
    "commune": Way(PLACE, _commune, alone=False),
    "recu": Way(SEVERAL, lambda question, value, read: list(received(value, RECEIVED).puts)),
}
