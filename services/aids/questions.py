"""Questions about a household's unknown values, and the effect of each possible answer.

A question has an unknown value of the household and a few possible answers. Each answer becomes an extra household in
the same run; a question is skipped if all its answers give the same results.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from services.aids import months
from services.aids.household import TENANTS, Household, Housing, Income, Person, TaxNotice
from services.aids.variants import Change, Question

NET_TO_TAXABLE: Final = 1.037
NET_TO_GROSS: Final = 1.282
AFTER_ALLOWANCE: Final = 0.9


def open_questions(household: Household) -> list[Question]:
    """Return one question per unknown value that a rule may read, those with the widest effect first."""
    return [
        *_family(household),
        *_people(household),
        *_home(household),
        *_money(household),
        *_young(household),
        *_parenthood(household),
    ]


def _set(person: Person, **values: object) -> Change:
    return lambda household: household.with_person(person.id, **values)


def _no_or_yes(person: Person, name: str) -> tuple[Change, Change]:
    return _set(person, **{name: False}), _set(person, **{name: True})


def _who(person: Person, you: str, partner: str) -> str:
    return you if person.role == "applicant" else partner


# The family


def _family(household: Household) -> Iterator[Question]:
    applicant = household.applicant
    birth = applicant.key("birth_date")
    if birth in household.unknown:
        yield Question(
            key="naissance",
            text=_("Quelle est votre date de naissance ?"),
            field="identite.pivot#/birthdate",
            keys=(birth,),
            answers=tuple(_set(applicant, birth_date=_born(household, age)) for age in (40, 22, 68)),
        )
    if "household.people" in household.unknown:
        yield Question(
            key="foyer",
            text=_("Qui vit avec vous ?"),
            field="foyer.composition#/enfants",
            keys=("household.people", "household.partner"),
            answers=tuple(
                _with_family(couple, children) for couple, children in ((False, 0), (True, 0), (False, 2), (True, 2))
            ),
        )


def _born(household: Household, age: int) -> date:
    return date(int(household.month[:4]) - age, 1, 1)


def _with_family(couple: bool, children: int) -> Change:
    def change(household: Household) -> Household:
        partner = [_partner(household)] if couple else []
        return replace(
            household, people=(household.applicant, *partner, *(_child(household, rank) for rank in range(children)))
        )

    return change


def _partner(household: Household) -> Person:
    return Person(
        id="conjoint",
        role="partner",
        birth_date=household.applicant.birth_date,
        status="inactive",
        incomes=(),
        nationality="FR",
        marital="pacse",
        disability_rate=0.0,
        pregnant=False,
        ass_open=False,
    )


def _child(household: Household, rank: int) -> Person:
    """Return a child of 8, then one of 4; younger if the applicant would have been a minor."""
    first = max(household.applicant.birth_date.year + 18, int(household.month[:4]) - 8)
    year = min(first + 4 * rank, int(household.month[:4]) - 1)
    return Person(
        id=f"enfant{rank + 1}",
        role="child",
        birth_date=date(year, 1, 1),
        status="inactive",
        incomes=(),
        disability_rate=0.0,
    )


# Each person


def _people(household: Household) -> Iterator[Question]:
    for person in household.parents:
        if person.status is None:
            yield _status(household, person)
        if person.incomes is None:
            yield _incomes(household, person)
        elif person.key("incomes") in household.unknown:
            yield _months(household, person)
        if person.role == "applicant":
            yield from _nationality(person)
        if person.disability_rate is None:
            yield _disability(household, person)
        if (
            person.ass_open is None
            and person.status == "unemployed"
            and not person.received(household.month, "unemployment")
        ):
            yield _ass(person)


def _status(household: Household, person: Person) -> Question:
    age = person.age(household.month)
    choices = [
        "inactive",
        "employed",
        "unemployed",
        *(["student"] if age < 30 else []),
        *(["retired"] if age >= 55 else []),
    ]
    return Question(
        key="activite",
        text=_who(
            person, _("Quelle est votre activité aujourd’hui ?"), _("Quelle est l’activité de votre conjoint ?")
        ),
        field="foyer.situation#/activite",
        person=person.id,
        keys=(person.key("status"),),
        answers=tuple(_set(person, status=choice) for choice in choices),
    )


def _incomes(household: Household, person: Person) -> Question:
    """Try four levels: none, part-time, the minimum wage and twice that."""
    return Question(
        key="revenus",
        text=_who(
            person,
            _("Quels sont vos revenus nets par mois ?"),
            _("Quels sont les revenus nets de votre conjoint par mois ?"),
        ),
        field="emploi.revenu#/net_social",
        person=person.id,
        keys=(
            person.key("incomes"),
            *(person.key(f"incomes.{type}") for type in ("salary", "unemployment", "pension")),
        ),
        answers=tuple(_with_income(person.id, net) for net in (0.0, 700.0, 1430.0, 3200.0)),
        hint=_("Un bulletin de paie, un relevé de France Travail ou de retraite suffit."),
    )


def _with_income(id: str, net: float) -> Change:
    def change(household: Household) -> Household:
        if not net:
            return household.with_person(id, incomes=())
        status = household.person(id).status
        type = {"retired": "pension", "unemployed": "unemployment"}.get(status or "", "salary")
        return household.with_person(id, incomes=(income(type, net, household),))

    return change


def income(type: str, net: float, household: Household) -> Income:
    """Return an income that is the same every month since January of the year before last."""
    return Income(
        type,
        first=f"{household.reference_year}-01",
        last=household.month,
        net=round(net, 2),
        taxable=round(net * NET_TO_TAXABLE, 2),
        gross=round(net * NET_TO_GROSS, 2),
    )


def _months(household: Household, person: Person) -> Question:
    return Question(
        key="mois",
        text=_who(
            person,
            _("Gagnez-vous à peu près la même chose chaque mois ?"),
            _("Votre conjoint gagne-t-il à peu près la même chose chaque mois ?"),
        ),
        field="emploi.revenu#/mois",
        person=person.id,
        keys=(person.key("incomes"),),
        answers=(lambda household: household, _only_recent(person.id)),
        hint=_("Nous avons complété les mois sans document avec les mois connus."),
    )


def _only_recent(id: str) -> Change:
    """Change the household as if the person's incomes had started four months ago."""

    def change(household: Household) -> Household:
        start = months.shift(household.month, -4)
        kept = tuple(
            replace(income, first=max(income.first, start))
            for income in household.person(id).incomes or ()
            if income.last >= start
        )
        return household.with_person(id, incomes=kept)

    return change


def _nationality(person: Person) -> Iterator[Question]:
    if person.nationality is None:
        yield Question(
            key="nationalite",
            text=_("Quelle est votre nationalité ?"),
            field="foyer.situation#/nationalite",
            person=person.id,
            keys=(person.key("nationality"),),
            answers=(_set(person, nationality="FR"), _set(person, nationality="MA", permit_years=0.0)),
        )
    elif person.nationality != "FR" and person.permit_years is None:
        yield Question(
            key="sejour",
            text=_("Depuis quand avez-vous le droit de séjourner et de travailler en France ?"),
            field="foyer.situation#/titre_sejour_depuis",
            person=person.id,
            keys=(person.key("nationality"),),
            answers=tuple(_set(person, permit_years=years) for years in (0.0, 6.0, 11.0)),
        )


def _disability(household: Household, person: Person) -> Question:
    return Question(
        key="handicap",
        text=_who(
            person,
            _("La MDPH a-t-elle reconnu un handicap ?"),
            _("La MDPH a-t-elle reconnu un handicap à votre conjoint ?"),
        ),
        field="handicap.decision#/taux_incapacite",
        person=person.id,
        keys=(person.key("disability_rate"),),
        answers=(_set(person, disability_rate=0.0), _set(person, disability_rate=0.8)),
    )


def _ass(person: Person) -> Question:
    return Question(
        key="ass",
        text=_("France Travail vous a-t-il ouvert l’allocation de solidarité spécifique ?"),
        field="foyer.situation#/ass_ouverte",
        person=person.id,
        keys=(person.key("ass_open"),),
        answers=_no_or_yes(person, "ass_open"),
    )


# Home


def _home(household: Household) -> Iterator[Question]:
    home = household.housing
    if home is None or home.status is None:
        likely = (("tenant_private_unfurnished", 550.0), ("tenant_social", 400.0), ("owner", 0.0), ("free", 0.0))
        yield Question(
            key="logement",
            text=_("Comment êtes-vous logé ?"),
            field="logement.domicile#/statut_occupation",
            keys=("housing", "housing.status", "housing.rent"),
            answers=tuple(_housed(status, rent) for status, rent in likely),
        )
    elif home.rent is None and home.status in TENANTS:
        yield Question(
            key="loyer",
            text=_("Quel est votre loyer ?"),
            field="logement.domicile#/loyer",
            keys=("housing.rent",),
            answers=tuple(_housed(home.status, rent) for rent in (550.0, 300.0, 900.0)),
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
        yield Question(
            key="avis",
            text=_("Quels étaient les revenus de votre foyer en %(year)s ?") % {"year": year},
            field="fiscal.avis_ir#/revenu_fiscal_reference",
            keys=(f"tax_notices[{year}].rfr",),
            answers=tuple(_declared(year, rfr, parts) for rfr in (near, 0.0, 60000.0)),
            hint=_("C’est écrit sur l’avis d’impôt reçu l’été suivant."),
        )


def _declared(year: int, rfr: float | None, parts: float) -> Change:
    """Add a tax notice. Without `rfr`, derive it from the current incomes."""

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
    if household.applicant.age(household.month) < 26 and not household.children:
        yield from _independence(household.applicant)
    for person in household.people:
        if person.school == "enseignement_superieur" and person.status != "apprentice":
            yield from _studies(person)


def _independence(person: Person) -> Iterator[Question]:
    if person.tax_dependent_of_parents is None:
        yield Question(
            key="rattachement",
            text=_("Êtes-vous sur la déclaration d’impôt de vos parents ?"),
            field="foyer.situation#/rattache_foyer_fiscal_parents",
            person=person.id,
            keys=(person.key("tax_dependent_of_parents"),),
            answers=_no_or_yes(person, "tax_dependent_of_parents"),
        )
    if person.lives_with_parents is None:
        yield Question(
            key="parents",
            text=_("Vivez-vous chez vos parents ?"),
            field="foyer.situation#/vit_chez_parents",
            person=person.id,
            keys=(person.key("lives_with_parents"),),
            answers=_no_or_yes(person, "lives_with_parents"),
        )


def _studies(student: Person) -> Iterator[Question]:
    if student.school_status is None:
        yield Question(
            key="etablissement",
            text=_("Votre établissement est-il public ou privé ?"),
            field="foyer.situation#/etablissement",
            person=student.id,
            keys=(student.key("school_status"),),
            answers=(_set(student, school_status="public"), _set(student, school_status="prive_hors_contrat")),
        )
    if student.crous_parent_resources is None and student.boursier is None:
        yield Question(
            key="parents_revenus",
            text=_("Quel est le revenu brut global de vos parents ?"),
            field="foyer.situation#/ressources_parents_crous",
            person=student.id,
            keys=(student.key("crous_parent_resources"),),
            answers=tuple(_set(student, crous_parent_resources=value) for value in (20000.0, 0.0, 90000.0)),
            hint=_("C’est écrit sur leur avis d’impôt."),
        )


# Parents


def _parenthood(household: Household) -> Iterator[Question]:
    if household.partner is None and household.children:
        yield from _single_parent(household)
    for person in household.parents:
        if person.pregnant is None:
            yield _pregnancy(household, person)
    for child in household.children:
        if child.disability_rate is None and child.age(household.month) >= 0:
            yield _child_disability(child, child.age(household.month))


def _single_parent(household: Household) -> Iterator[Question]:
    applicant = household.applicant
    alimony = applicant.key("incomes.alimony_received")
    if alimony in household.unknown:
        yield Question(
            key="pension_alimentaire",
            text=_("Recevez-vous une pension alimentaire ?"),
            field="revenu.mensuel#/net",
            person=applicant.id,
            keys=(alimony,),
            answers=(lambda household: household, _with_alimony(applicant.id, 300.0)),
        )
    if household.recently_alone is None:
        yield Question(
            key="seul_depuis",
            text=_("Vous êtes-vous séparé il y a moins de 18 mois ?"),
            field="foyer.composition#/separation_recente",
            keys=("household.recently_alone",),
            answers=(
                lambda household: replace(household, recently_alone=False),
                lambda household: replace(household, recently_alone=True),
            ),
        )
    if custody := [child for child in household.children if child.shared_custody is None]:
        yield _custody(custody)


def _with_alimony(id: str, net: float) -> Change:
    def change(household: Household) -> Household:
        received = Income("alimony_received", f"{household.reference_year}-01", household.month, net)
        return household.with_person(id, incomes=(*(household.person(id).incomes or ()), received))

    return change


def _custody(children: Sequence[Person]) -> Question:
    return Question(
        key="garde",
        text=_("Vos enfants vivent-ils une semaine sur deux chez l’autre parent ?"),
        field="foyer.situation#/garde_alternee",
        person=children[0].id,
        keys=tuple(child.key("shared_custody") for child in children),
        answers=(_with_custody(False), _with_custody(True)),
    )


def _with_custody(shared: bool) -> Change:
    def change(household: Household) -> Household:
        people = tuple(
            replace(person, shared_custody=shared) if person.role == "child" else person for person in household.people
        )
        return replace(household, people=people)

    return change


def _pregnancy(household: Household, person: Person) -> Question:
    due = date.fromisoformat(f"{months.shift(household.month, 2)}-15")
    return Question(
        key="grossesse",
        text=_who(person, _("Attendez-vous un enfant ?"), _("Votre conjointe attend-elle un enfant ?")),
        field="foyer.situation#/enceinte",
        person=person.id,
        keys=(person.key("pregnant"), person.key("due_date")),
        answers=(_set(person, pregnant=False), _set(person, pregnant=True, due_date=due)),
    )


def _child_disability(child: Person, age: int) -> Question:
    return Question(
        key="handicap_enfant",
        text=_("La MDPH a-t-elle reconnu un handicap à votre enfant de %(age)s ans ?") % {"age": age},
        field="handicap.decision#/taux_incapacite",
        person=child.id,
        keys=(child.key("disability_rate"),),
        answers=(_set(child, disability_rate=0.0), _set(child, disability_rate=0.5)),
    )


def is_asked(questions: Sequence[Question], key: str) -> bool:
    """Return True if a question fills this value or a value that contains it."""
    return any(key == asked or key.startswith(f"{asked}.") for question in questions for asked in question.keys)
