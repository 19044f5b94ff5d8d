"""The records of each fictional resident's vault on the first day, as their holders would have sent them.

Every date is relative to today. Amounts are invented; the situations are those that social workers meet most often.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from demo.people import events
from demo.people.events import CAF, Calendar, Given, Payload
from vault.records.models import RESIDENT

TOWN = {"commune": "Villebrume", "cog": "00042", "code_postal": "00420", "pays": "France"}
#: The resident without this year's tax notice, which the tour uploads.
BRINGS_THEIR_NOTICE = "nadia"
#: The resident with an empty vault, filled by her holders (demo/holders) after she signs in by FranceConnect.
COMES_BY_FRANCECONNECT = "ines"
WITH_A_DISABILITY = frozenset({"paul"})


@dataclass(frozen=True)
class Member:
    given_name: str
    family_name: str
    birth: date
    gender: str
    role: str

    def as_listed(self, slug: str) -> Payload:
        return {
            "id": str(member_id(slug, self.given_name)),
            "prenoms": self.given_name,
            "nom_naissance": self.family_name,
            "date_naissance": self.birth.isoformat(),
            "sexe": "F" if self.gender == "female" else "M",
        }


@dataclass(frozen=True)
class Story:
    """A fictional resident's household and what happened to them; the records are made from it."""

    given_name: str
    family_name: str
    birth: date
    gender: str
    street: str
    housing: Mapping[str, Any]
    situation: Mapping[str, Any]
    members: tuple[Member, ...] = ()
    family: str = "C"
    records: Callable[[Calendar], Iterator[Given]] = field(default=lambda calendar: iter(()))
    quotient: int | None = None
    income: tuple[int, int] | None = None  # reference income of the year before last, and of last year
    parts: float = 1


def member_id(slug: str, given_name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://villebrume.example/{slug}/{given_name}")


def _nadia(calendar: Calendar) -> Story:
    return Story(
        "Nadia",
        "Kervella",
        calendar.birth(36),
        "female",
        "12 rue des Tanneurs",
        {"statut_occupation": "locataire_hlm", "loyer": "468.00", "charges": "62.00"},
        {"activite": "actif", "nationalite": "FR", "statut_marital": "D", "enceinte": False},
        (
            Member("Milo", "Kervella", calendar.birth(9, 6, 2), "male", "child"),
            Member("Lison", "Kervella", calendar.birth(6, 1, 20), "female", "child"),
        ),
        "D",
        events.nadia,
        612,
        (13_890, 14_120),
        2.5,
    )


def _paul(calendar: Calendar) -> Story:
    return Story(
        "Paul",
        "Astruc",
        calendar.birth(47),
        "male",
        "3 quai des Chalands",
        {"statut_occupation": "locataire_hlm", "loyer": "421.00", "charges": "55.00"},
        {"activite": "inactif", "nationalite": "FR", "statut_marital": "M"},
        (Member("Irène", "Astruc", calendar.birth(45, 9, 9), "female", "spouse"),),
        "M",
        events.paul,
        540,
        (15_740, 15_960),
        2.5,
    )


def _samir(calendar: Calendar) -> Story:
    return Story(
        "Samir",
        "Belhadj",
        calendar.birth(20),
        "male",
        "8 allée des Tilleuls",
        {
            "statut_occupation": "locataire_foyer",
            "loyer": "265.00",
            "charges": "0.00",
            "chambre": True,
            "logement_crous": True,
        },
        {
            "activite": "etudiant",
            "nationalite": "FR",
            "scolarite": "superieur",
            "annee_etude": 2,
            "etablissement": "public",
            "rattache_foyer_fiscal_parents": True,
            "vit_chez_parents": False,
            "statut_marital": "C",
        },
        records=events.samir,
    )


def _odette(calendar: Calendar) -> Story:
    return Story(
        "Odette",
        "Marchais",
        calendar.birth(74),
        "female",
        "1 chemin du Moulin",
        {"statut_occupation": "proprietaire", "loyer": "0.00", "charges": "0.00"},
        {"activite": "retraite", "nationalite": "FR", "statut_marital": "V"},
        family="V",
        records=events.odette,
        income=(7_080, 7_140),
    )


def _leo(calendar: Calendar) -> Story:
    return Story(
        "Léo",
        "Fontanel",
        calendar.birth(29),
        "male",
        "27 rue du Pont-Neuf",
        {"statut_occupation": "locataire_meuble", "loyer": "520.00", "charges": "0.00"},
        {"activite": "actif", "nationalite": "FR", "statut_marital": "C"},
        records=events.leo,
        quotient=1042,
        income=(14_000, 14_000),
    )


def _karim(calendar: Calendar) -> Story:
    return Story(
        "Karim",
        "Ouali",
        calendar.birth(41),
        "male",
        "5 place du Marché",
        {"statut_occupation": "locataire_hlm", "loyer": "398.00", "charges": "48.00"},
        {"activite": "chomeur", "nationalite": "FR", "statut_marital": "C"},
        records=events.karim,
        quotient=790,
        income=(19_930, 20_150),
    )


def _elise(calendar: Calendar) -> Story:
    return Story(
        "Élise",
        "Garnier",
        calendar.birth(39),
        "female",
        "44 avenue de la Gare",
        {"statut_occupation": "locataire_vide", "loyer": "890.00", "charges": "95.00"},
        {"activite": "actif", "nationalite": "FR", "statut_marital": "M"},
        (
            Member("Hugo", "Garnier", calendar.birth(40, 5, 5), "male", "spouse"),
            Member("Jade", "Garnier", calendar.birth(13, 2, 2), "female", "child"),
            Member("Tom", "Garnier", calendar.birth(10, 8, 8), "male", "child"),
            Member("Anouk", "Garnier", calendar.birth(5, 4, 4), "female", "child"),
        ),
        "M",
        events.elise,
        905,
        (39_650, 40_020),
        4,
    )


def _claire(calendar: Calendar) -> Story:
    return Story(
        "Claire",
        "Lemoine",
        calendar.birth(33),
        "female",
        "9 rue des Bateliers",
        {"statut_occupation": "locataire_vide", "loyer": "690.00", "charges": "60.00"},
        {"activite": "actif", "nationalite": "FR", "statut_marital": "M", "enceinte": False},
        (
            Member("Yann", "Lemoine", calendar.birth(35, 7, 19), "male", "spouse"),
            Member("Inès", "Lemoine", calendar.birth(4, 10, 10), "female", "child"),
        ),
        "M",
        events.claire,
        698,
        (25_200, 25_440),
        2.5,
    )


def _yann(calendar: Calendar) -> Story:
    return Story(
        "Yann",
        "Lemoine",
        calendar.birth(35, 7, 19),
        "male",
        "9 rue des Bateliers",
        {"statut_occupation": "locataire_vide", "loyer": "690.00", "charges": "60.00"},
        {"activite": "actif", "nationalite": "FR", "statut_marital": "M"},
        (
            Member("Claire", "Lemoine", calendar.birth(33), "female", "spouse"),
            Member("Inès", "Lemoine", calendar.birth(4, 10, 10), "female", "child"),
        ),
        "M",
        events.yann,
    )


def _mael(calendar: Calendar) -> Story:
    return Story(
        "Maël",
        "Tessier",
        calendar.birth(19),
        "male",
        "16 rue Basse",
        {"statut_occupation": "locataire_meuble", "loyer": "410.00", "charges": "0.00"},
        {
            "activite": "apprenti",
            "nationalite": "FR",
            "apprenti_depuis": calendar.months(14, 14)[0] + "-01",
            "rattache_foyer_fiscal_parents": False,
            "vit_chez_parents": False,
            "statut_marital": "C",
        },
        records=events.mael,
        income=(0, 2_400),
    )


def _ines(calendar: Calendar) -> Story:
    return Story(
        "Inès",
        "Caradec",
        calendar.birth(33, 7, 9),
        "female",
        "6 rue du Lavoir",
        {"statut_occupation": "locataire_hlm", "loyer": "441.00", "charges": "58.00"},
        {"activite": "actif", "nationalite": "FR", "statut_marital": "C"},
        (
            Member("Noé", "Caradec", calendar.birth(7, 4, 18), "male", "child"),
            Member("Zoé", "Caradec", calendar.birth(4, 10, 3), "female", "child"),
        ),
        "C",
        quotient=489,
        income=(12_900, 13_050),
        parts=2.5,
    )


STORIES: Mapping[str, Callable[[Calendar], Story]] = {
    "nadia": _nadia,
    "paul": _paul,
    "samir": _samir,
    "odette": _odette,
    "leo": _leo,
    "karim": _karim,
    "elise": _elise,
    "claire": _claire,
    "yann": _yann,
    "mael": _mael,
    COMES_BY_FRANCECONNECT: _ines,
}


def stories(today: date) -> dict[str, Story]:
    """Return the residents' stories, by the slug in `people.PEOPLE`."""
    return {slug: story(Calendar(today)) for slug, story in STORIES.items()}


def records(slug: str, today: date) -> Iterator[Given]:
    """Yield all records of a resident, except Nadia's tax notice of this year: the tour uploads it."""
    story, calendar = stories(today)[slug], Calendar(today)
    yield Given("identite.pivot", _identity(story), "FranceConnect")
    yield Given("foyer.composition", _household(slug, story), CAF, role="household")
    address = {"voie": story.street} | TOWN
    yield Given("logement.domicile", {"adresse": address} | dict(story.housing), RESIDENT, declared=True)
    yield Given("foyer.situation", dict(story.situation), RESIDENT, declared=True)
    yield from _answers(slug, story)
    for member in story.members:
        yield from _situation(slug, member, calendar)
    if story.quotient is not None:
        month = calendar.months(0, 0)[0]
        quotient = {"fournisseur": "CNAF", "valeur": story.quotient, "annee": int(month[:4]), "mois": int(month[5:])}
        yield Given("social.quotient_familial", quotient, CAF, role="household")
    yield from story.records(calendar)
    yield from _notices(slug, story, today)


def notice(story: Story, today: date, *, years_back: int) -> Payload:
    """Return the tax notice on the income of last year (1) or of the year before (2), as in its 2D-Doc."""
    if story.income is None:
        raise LookupError(f"{story.given_name} has no notice of their own")
    spouse = next((member for member in story.members if member.role == "spouse"), None)
    return {
        "annee_revenus": today.year - years_back,
        "revenu_fiscal_reference": story.income[2 - years_back],
        "nombre_parts": story.parts,
        "declarant1": f"{story.family_name} {story.given_name}".upper(),
        "declarant2": f"{spouse.family_name} {spouse.given_name}".upper() if spouse else None,
        "adresse": {"voie": story.street} | TOWN,
        "type_document": "avis_ir",
    }


def _notices(slug: str, story: Story, today: date) -> Iterator[Given]:
    if story.income is None:
        return
    for years_back in (2,) if slug == BRINGS_THEIR_NOTICE else (2, 1):
        yield Given("fiscal.avis_ir", notice(story, today, years_back=years_back), "dgfip", role="household")


def _answers(slug: str, story: Story) -> Iterator[Given]:
    """Yield the resident's own answers, so that no question precedes the aids."""
    if slug not in WITH_A_DISABILITY:
        yield Given("handicap.decision", {"taux_incapacite": 0}, RESIDENT, declared=True)
    for member in story.members:
        yield Given(
            "handicap.decision", {"taux_incapacite": 0}, RESIDENT, member.given_name, member.role, declared=True
        )


def _identity(story: Story) -> Payload:
    return {
        "given_name": story.given_name,
        "family_name": story.family_name,
        "birthdate": story.birth.isoformat(),
        "gender": story.gender,
        "birthplace": "00042",
        "birthcountry": "99100",
    }


def _household(slug: str, story: Story) -> Payload:
    me = Member(story.given_name, story.family_name, story.birth, story.gender, "self").as_listed(slug)
    listed = {
        role: [member.as_listed(slug) for member in story.members if member.role == role]
        for role in ("spouse", "child")
    }
    del me["id"]  # the resident's own id is that of the account
    composed: Payload = {
        "allocataires": [me, *listed["spouse"]],
        "enfants": listed["child"],
        "situation_familiale": story.family,
    }
    return composed | {"separation_recente": False} if story.family == "D" else composed


def _situation(slug: str, member: Member, calendar: Calendar) -> Iterator[Given]:
    if member.role == "spouse":
        yield Given(
            "foyer.situation",
            {"activite": "actif", "nationalite": "FR", "statut_marital": "M"},
            RESIDENT,
            member.given_name,
            "spouse",
            declared=True,
        )
        return
    age = calendar.today.year - member.birth.year
    level = "maternelle" if age < 6 else "primaire" if age < 11 else "college" if age < 15 else "lycee"
    start = calendar.today.year if calendar.today.month >= 9 else calendar.today.year - 1
    yield Given(
        "scolarite.eleve",
        {"annee_scolaire": f"{start}-{start + 1}", "est_scolarise": True, "est_boursier": False},
        "mesri_men",
        member.given_name,
        "child",
    )
    yield Given(
        "foyer.situation",
        {"scolarite": level, "etablissement": "public", "garde_alternee": False},
        RESIDENT,
        member.given_name,
        "child",
        declared=True,
    )
