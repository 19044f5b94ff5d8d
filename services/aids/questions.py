"""What is not known yet, and what each possible answer would change.

A question is an unknown of the household with the answers a person could give. The answers are run as extra households of the same
simulation; a question whose answers all give the same results is not asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Final

from django.utils.translation import gettext as _

from services.aids import months
from services.aids.household import TENANTS, Household, Housing, Income, Person, TaxNotice

Change = Callable[[Household], Household]
# Rows of the full product; further questions vary one at a time over each of them.
PRODUCT: Final = 48
NET_TO_TAXABLE: Final = 1.037
NET_TO_GROSS: Final = 1.282
AFTER_ALLOWANCE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Question:
    """`key` names it in addresses; `keys` are the figures it fills; `field` is where its answer is kept in the vault."""

    key: str
    text: str
    field: str
    person: str
    keys: tuple[str, ...]
    answers: tuple[Change, ...]
    hint: str = ""

    @property
    def place(self) -> str:
        """The key for this person: two adults may have the same unknown."""
        return f"{self.key}-{self.person}" if self.person else self.key


def open_questions(household: Household) -> list[Question]:
    """Every unknown that a rule may read, the widest first."""
    return [
        *_family(household),
        *_people(household),
        *_home(household),
        *_money(household),
        *_young(household),
        *_parenthood(household),
    ]


def assume(household: Household, questions: Sequence[Question]) -> Household:
    """The household with the first answer to each question: complete, so that it can be run."""
    for question in questions:
        household = question.answers[0](household)
    return household


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows to run: the first is the assumed household. `answered[row][q]` is the rank of the answer given to question q."""

    households: list[Household]
    answered: list[tuple[int, ...]]


def plan(household: Household, questions: Sequence[Question]) -> Plan:
    wide, size = [], 1
    for question in questions:
        if size * len(question.answers) > PRODUCT:
            break
        size *= len(question.answers)
        wide.append(question)
    ranks = list(product(*(range(len(question.answers)) for question in wide)))
    rest = len(questions) - len(wide)
    answered = [(*rank, *([0] * rest)) for rank in ranks]
    for index in range(len(wide), len(questions)):
        for other in range(1, len(questions[index].answers)):
            answered += [
                (*rank, *(other if place == index else 0 for place in range(len(wide), len(questions))))
                for rank in ranks
            ]
    return Plan([_answer(household, questions, ranks) for ranks in answered], answered)


def _answer(household: Household, questions: Sequence[Question], ranks: Sequence[int]) -> Household:
    for question, rank in zip(questions, ranks, strict=True):
        household = question.answers[rank](household)
    return household


def neighbours(plan: Plan, index: int) -> Iterator[list[int]]:
    """Groups of rows that differ by the answer to one question only."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, ranks in enumerate(plan.answered):
        groups.setdefault((*ranks[:index], *ranks[index + 1 :]), []).append(row)
    return (rows for rows in groups.values() if len(rows) > 1)


def _set(person: Person, **values: object) -> Change:
    return lambda household: household.with_person(person.id, **values)


def _who(household: Household, person: Person, you: str, partner: str) -> str:
    return you if person.role == "applicant" else partner


# The family


def _family(household: Household) -> Iterator[Question]:
    applicant = household.applicant
    birth = f"people[{applicant.id}].birth_date"
    if birth in household.unknown:
        ages = tuple(_set(applicant, birth_date=_born(household, age)) for age in (40, 22, 68))
        yield Question(
            "naissance", _("Quelle est votre date de naissance ?"), "identite.pivot#/birthdate", "", (birth,), ages
        )
    if "household.people" in household.unknown:
        choices = tuple(
            _with_family(couple, children) for couple, children in ((False, 0), (True, 0), (False, 2), (True, 2))
        )
        yield Question(
            "foyer",
            _("Qui vit avec vous ?"),
            "foyer.composition#/enfants",
            "",
            ("household.people", "household.partner"),
            choices,
        )


def _born(household: Household, age: int) -> date:
    return date(int(household.month[:4]) - age, 1, 1)


def _with_family(couple: bool, children: int) -> Change:
    def change(household: Household) -> Household:
        people = [household.applicant]
        born = household.applicant.birth_date
        if couple:
            people.append(
                Person(
                    "conjoint",
                    "partner",
                    born,
                    "inactive",
                    (),
                    "FR",
                    marital="pacse",
                    disability_rate=0.0,
                    pregnant=False,
                    ass_open=False,
                )
            )
        young = max(born.year + 18, int(household.month[:4]) - 8)
        for rank in range(children):
            people.append(
                Person(
                    f"enfant{rank + 1}",
                    "child",
                    date(min(young + 4 * rank, int(household.month[:4]) - 1), 1, 1),
                    "inactive",
                    (),
                    disability_rate=0.0,
                )
            )
        return replace(household, people=tuple(people))

    return change


# Each person


def _people(household: Household) -> Iterator[Question]:
    for person in household.parents:
        age = person.age(household.month)
        if person.status is None:
            yield _status(household, person, age)
        if person.incomes is None:
            yield _incomes(household, person)
        elif f"people[{person.id}].incomes" in household.unknown:
            yield _months(household, person)
        if person.nationality is None and person.role == "applicant":
            yield Question(
                "nationalite",
                _("Quelle est votre nationalité ?"),
                "foyer.situation#/nationalite",
                person.id,
                (f"people[{person.id}].nationality",),
                (_set(person, nationality="FR"), _set(person, nationality="MA", permit_years=0.0)),
            )
        if person.nationality not in {None, "FR"} and person.permit_years is None and person.role == "applicant":
            yield Question(
                "sejour",
                _("Depuis quand avez-vous le droit de séjourner et de travailler en France ?"),
                "foyer.situation#/titre_sejour_depuis",
                person.id,
                (f"people[{person.id}].nationality",),
                (_set(person, permit_years=0.0), _set(person, permit_years=6.0), _set(person, permit_years=11.0)),
            )
        if person.disability_rate is None:
            yield _disability(household, person)
        if (
            person.ass_open is None
            and person.status == "unemployed"
            and not person.received(household.month, "unemployment")
        ):
            yield Question(
                "ass",
                _("France Travail vous a-t-il ouvert l’allocation de solidarité spécifique ?"),
                "foyer.situation#/ass_ouverte",
                person.id,
                (f"people[{person.id}].ass_open",),
                (_set(person, ass_open=False), _set(person, ass_open=True)),
            )


def _status(household: Household, person: Person, age: int) -> Question:
    choices = [
        "inactive",
        "employed",
        "unemployed",
        *(["student"] if age < 30 else []),
        *(["retired"] if age >= 55 else []),
    ]
    text = _who(
        household, person, _("Quelle est votre activité aujourd’hui ?"), _("Quelle est l’activité de votre conjoint ?")
    )
    answers = tuple(_set(person, status=choice) for choice in choices)
    return Question(
        "activite", text, "foyer.situation#/activite", person.id, (f"people[{person.id}].status",), answers
    )


def _incomes(household: Household, person: Person) -> Question:
    """Four levels: nothing, part-time, minimum wage, twice that. `wages` follow the person's status when it is known."""
    text = _who(
        household,
        person,
        _("Quels sont vos revenus nets par mois ?"),
        _("Quels sont les revenus nets de votre conjoint par mois ?"),
    )
    answers = tuple(_with_income(person.id, net) for net in (0.0, 700.0, 1430.0, 3200.0))
    keys = (
        f"people[{person.id}].incomes",
        *(f"people[{person.id}].incomes.{type}" for type in ("salary", "unemployment", "pension")),
    )
    hint = _("Un bulletin de paie, un relevé de France Travail ou de retraite suffit.")
    return Question("revenus", text, "emploi.revenu#/net_social", person.id, keys, answers, hint)


def _with_income(id: str, net: float) -> Change:
    def change(household: Household) -> Household:
        if not net:
            return household.with_person(id, incomes=())
        status = household.person(id).status
        type = {"retired": "pension", "unemployed": "unemployment"}.get(status or "", "salary")
        return household.with_person(id, incomes=(income(type, net, household),))

    return change


def income(type: str, net: float, household: Household) -> Income:
    """The same every month since January of the year before last."""
    first = f"{household.reference_year}-01"
    return Income(
        type, first, household.month, round(net, 2), round(net * NET_TO_TAXABLE, 2), round(net * NET_TO_GROSS, 2)
    )


def _months(household: Household, person: Person) -> Question:
    text = _who(
        household,
        person,
        _("Gagnez-vous à peu près la même chose chaque mois ?"),
        _("Votre conjoint gagne-t-il à peu près la même chose chaque mois ?"),
    )
    keys = (f"people[{person.id}].incomes",)
    hint = _("Nous avons complété les mois sans document avec les mois connus.")
    return Question(
        "mois",
        text,
        "emploi.revenu#/mois",
        person.id,
        keys,
        (lambda household: household, _only_recent(person.id)),
        hint,
    )


def _only_recent(id: str) -> Change:
    """As if the income had started four months ago."""

    def change(household: Household) -> Household:
        start = months.shift(household.month, -4)
        kept = tuple(
            replace(income, first=max(income.first, start))
            for income in household.person(id).incomes or ()
            if income.last >= start
        )
        return household.with_person(id, incomes=kept)

    return change


def _disability(household: Household, person: Person) -> Question:
    text = _who(
        household,
        person,
        _("La MDPH a-t-elle reconnu un handicap ?"),
        _("La MDPH a-t-elle reconnu un handicap à votre conjoint ?"),
    )
    answers = (_set(person, disability_rate=0.0), _set(person, disability_rate=0.8))
    return Question(
        "handicap",
        text,
        "handicap.decision#/taux_incapacite",
        person.id,
        (f"people[{person.id}].disability_rate",),
        answers,
    )


# Home


def _home(household: Household) -> Iterator[Question]:
    home = household.housing
    if home is None or home.status is None:
        yield Question(
            "logement",
            _("Comment êtes-vous logé ?"),
            "logement.domicile#/statut_occupation",
            "",
            ("housing", "housing.status", "housing.rent"),
            (
                _housed("tenant_private_unfurnished", 550.0),
                _housed("tenant_social", 400.0),
                _housed("owner", 0.0),
                _housed("free", 0.0),
            ),
        )
    elif home.rent is None and home.status in TENANTS:
        yield Question(
            "loyer",
            _("Quel est votre loyer ?"),
            "logement.domicile#/loyer",
            "",
            ("housing.rent",),
            tuple(_housed(home.status, rent) for rent in (550.0, 300.0, 900.0)),
        )


def _housed(status: str, rent: float) -> Change:
    return lambda household: replace(
        household, housing=replace(household.housing or Housing(), status=status, rent=rent)
    )


# Money


def _money(household: Household) -> Iterator[Question]:
    year = household.reference_year
    if household.notice(year) is None:
        near = next((notice.rfr for notice in household.tax_notices or ()), None)
        parts = 1 + 0.5 * len(household.children) + (household.partner is not None)
        answers = (_declared(year, near, parts), _declared(year, 0.0, parts), _declared(year, 60000.0, parts))
        yield Question(
            "avis",
            _("Quels étaient les revenus de votre foyer en %(year)s ?") % {"year": year},
            "fiscal.avis_ir#/revenu_fiscal_reference",
            "",
            (f"tax_notices[{year}].rfr",),
            answers,
            _("C’est écrit sur l’avis d’impôt reçu l’été suivant."),
        )


def _declared(year: int, rfr: float | None, parts: float) -> Change:
    """None: what today's incomes would have given."""

    def change(household: Household) -> Household:
        value = yearly_taxable(household) * AFTER_ALLOWANCE if rfr is None else rfr
        return replace(household, tax_notices=(*(household.tax_notices or ()), TaxNotice(year, round(value), parts)))

    return change


def yearly_taxable(household: Household) -> float:
    last = months.shift(household.month, -2)
    total = 0.0
    for person in household.people:
        for one in person.incomes or ():
            if one.first <= last <= one.last:
                total += 12 * (one.net if one.taxable is None else one.taxable)
    return total


# Young adults and students


def _young(household: Household) -> Iterator[Question]:
    person = household.applicant
    if person.age(household.month) < 26 and not household.children:
        if person.tax_dependent_of_parents is None:
            yield Question(
                "rattachement",
                _("Êtes-vous sur la déclaration d’impôt de vos parents ?"),
                "foyer.situation#/rattache_foyer_fiscal_parents",
                person.id,
                (f"people[{person.id}].tax_dependent_of_parents",),
                (_set(person, tax_dependent_of_parents=False), _set(person, tax_dependent_of_parents=True)),
            )
        if person.lives_with_parents is None:
            yield Question(
                "parents",
                _("Vivez-vous chez vos parents ?"),
                "foyer.situation#/vit_chez_parents",
                person.id,
                (f"people[{person.id}].lives_with_parents",),
                (_set(person, lives_with_parents=False), _set(person, lives_with_parents=True)),
            )
    for student in household.people:
        if student.school != "enseignement_superieur" or student.status == "apprentice":
            continue
        if student.school_status is None:
            yield Question(
                "etablissement",
                _("Votre établissement est-il public ou privé ?"),
                "foyer.situation#/etablissement",
                student.id,
                (f"people[{student.id}].school_status",),
                (_set(student, school_status="public"), _set(student, school_status="prive_hors_contrat")),
            )
        if student.crous_parent_resources is None and student.boursier is None:
            yield Question(
                "parents_revenus",
                _("Quel est le revenu brut global de vos parents ?"),
                "foyer.situation#/ressources_parents_crous",
                student.id,
                (f"people[{student.id}].crous_parent_resources",),
                tuple(_set(student, crous_parent_resources=value) for value in (20000.0, 0.0, 90000.0)),
                _("C’est écrit sur leur avis d’impôt."),
            )


# Parents


def _parenthood(household: Household) -> Iterator[Question]:
    alone = household.partner is None and bool(household.children)
    applicant = household.applicant
    alimony = f"people[{applicant.id}].incomes.alimony_received"
    if alone and alimony in household.unknown:
        yield Question(
            "pension_alimentaire",
            _("Recevez-vous une pension alimentaire ?"),
            "revenu.mensuel#/net",
            applicant.id,
            (alimony,),
            (lambda household: household, _with_alimony(applicant.id, 300.0)),
        )
    if alone and household.recently_alone is None:
        yield Question(
            "seul_depuis",
            _("Vous êtes-vous séparé il y a moins de 18 mois ?"),
            "foyer.composition#/separation_recente",
            "",
            ("household.recently_alone",),
            (
                lambda household: replace(household, recently_alone=False),
                lambda household: replace(household, recently_alone=True),
            ),
        )
    custody = [child for child in household.children if child.shared_custody is None]
    if alone and custody:
        yield Question(
            "garde",
            _("Vos enfants vivent-ils une semaine sur deux chez l’autre parent ?"),
            "foyer.situation#/garde_alternee",
            custody[0].id,
            tuple(f"people[{child.id}].shared_custody" for child in custody),
            (_custody(False), _custody(True)),
        )
    for person in household.parents:
        if person.pregnant is None:
            yield _pregnancy(household, person)
    for child in household.children:
        if child.disability_rate is None and child.age(household.month) >= 0:
            yield Question(
                "handicap_enfant",
                _("La MDPH a-t-elle reconnu un handicap à votre enfant de %(age)s ans ?")
                % {"age": child.age(household.month)},
                "handicap.decision#/taux_incapacite",
                child.id,
                (f"people[{child.id}].disability_rate",),
                (_set(child, disability_rate=0.0), _set(child, disability_rate=0.5)),
            )


def _with_alimony(id: str, net: float) -> Change:
    def change(household: Household) -> Household:
        received = Income("alimony_received", f"{household.reference_year}-01", household.month, net)
        return household.with_person(id, incomes=(*(household.person(id).incomes or ()), received))

    return change


def _custody(value: bool) -> Change:
    def change(household: Household) -> Household:
        people = tuple(
            replace(person, shared_custody=value) if person.role == "child" else person for person in household.people
        )
        return replace(household, people=people)

    return change


def _pregnancy(household: Household, person: Person) -> Question:
    due = date.fromisoformat(f"{months.shift(household.month, 2)}-15")
    text = _who(household, person, _("Attendez-vous un enfant ?"), _("Votre conjointe attend-elle un enfant ?"))
    answers = (_set(person, pregnant=False), _set(person, pregnant=True, due_date=due))
    keys = (f"people[{person.id}].pregnant", f"people[{person.id}].due_date")
    return Question("grossesse", text, "foyer.situation#/enceinte", person.id, keys, answers)


def is_asked(questions: Mapping[str, Question] | Sequence[Question], key: str) -> bool:
    """Whether a figure waits for an answer: its own key, or one that holds it."""
    listed = questions.values() if isinstance(questions, Mapping) else questions
    return any(key == asked or key.startswith(f"{asked}.") for question in listed for asked in question.keys)
