"""Questions about a household's unknown values, and the effect of each possible answer.

A question has an unknown value of the household and a few possible answers. Each answer becomes an extra household in
the same run; a question is skipped if all its answers give the same results. The pages of aids and the interview ask
these questions and no others.
"""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from services.aids.asking import family, people
from services.aids.asking.changes import declared, housed, same, tax_parts, with_home, with_parts
from services.aids.asking.variants import Question
from services.aids.household import TENANTS, Household


def open_questions(household: Household) -> list[Question]:
    """Return one question per unknown value that a rule may read, those with the widest effect first."""
    return [
        *family.family(household),
        *people.people(household),
        *family.disabilities(household),
        *_home(household),
        *_money(household),
        *people.young(household),
        *family.parenthood(household),
    ]


def received(household: Household) -> Question | None:
    """Return the question about the benefits paid today, unless they are known.

    It changes no amount, only what remains to be claimed.
    """
    if household.benefits is not None or household.receives:
        return None
    return Question(
        key="recu",
        text=_("Que recevez-vous déjà ?"),
        field="social.prestation#/prestation",
        keys=("benefits_received",),
        answers=(same,),
        hint=_("Pour ne vous montrer que ce que vous ne recevez pas"),
    )


def commune() -> Question:
    """Return the question about where the household lives. Nobody has to answer it: the city's commune is supposed."""
    return Question(
        key="commune",
        text=_("Dans quelle commune habitez-vous ?"),
        field="logement.domicile#/adresse",
        keys=("housing.insee",),
        answers=(same,),
    )


def _home(household: Household) -> Iterator[Question]:
    home = household.housing
    if home is None or home.status is None:
        likely = (("tenant_private_unfurnished", 550.0), ("tenant_social", 400.0), ("owner", 0.0), ("free", 0.0))
        yield Question(
            key="logement",
            text=_("Comment êtes-vous logé ?"),
            field="logement.domicile#/statut_occupation",
            keys=("housing", "housing.status", "housing.rent"),
            answers=tuple(housed(status, rent) for status, rent in likely),
        )
        return
    if home.rent is None and home.status in TENANTS:
        yield Question(
            key="loyer",
            text=_("Quel est votre loyer ?"),
            field="logement.domicile#/loyer",
            keys=("housing.rent",),
            answers=tuple(housed(home.status, rent) for rent in (550.0, 300.0, 900.0)),
            hint=_("Sans les charges. C’est la ligne « loyer » de votre quittance."),
        )
    if home.crous is None and home.status == "residence":
        yield Question(
            key="crous",
            text=_("Est-ce un logement du Crous ?"),
            field="logement.domicile#/logement_crous",
            keys=("housing.crous",),
            answers=(with_home(crous=True), with_home(crous=False)),
        )


def _money(household: Household) -> Iterator[Question]:
    year = household.reference_year
    notice = household.notice(year)
    if notice is not None and notice.parts is None and household.applicant.tax_dependent_of_parents:
        yield Question(
            key="parts",
            text=_("Combien de parts sur l’avis d’impôt de vos parents ?"),
            field="fiscal.avis_ir#/nombre_parts",
            keys=(f"tax_notices[{year}].parts",),
            answers=tuple(with_parts(year, parts) for parts in (2.5, 1.5, 4.0)),
            hint=_("C’est écrit sur l’avis, à côté du revenu fiscal de référence."),
        )
    if notice is None:
        near = next((notice.rfr for notice in household.tax_notices or ()), None)
        text = (
            _("Quels étaient les revenus de vos parents en %(year)s ?")
            if household.applicant.tax_dependent_of_parents
            else _("Quels étaient les revenus de votre foyer en %(year)s ?")
        )
        parts = tax_parts(household)
        yield Question(
            key="avis",
            text=text % {"year": year},
            field="fiscal.avis_ir#/revenu_fiscal_reference",
            keys=(f"tax_notices[{year}].rfr",),
            answers=tuple(declared(year, rfr, parts) for rfr in (near, 0.0, 60000.0)),
            hint=_("Le « revenu fiscal de référence », sur la première page de l’avis d’impôt reçu l’été suivant."),
        )


def is_asked(questions: Sequence[Question], key: str) -> bool:
    """Return True if a question fills this value or a value that contains it."""
    return any(key == asked or key.startswith(f"{asked}.") for question in questions for asked in question.keys)
