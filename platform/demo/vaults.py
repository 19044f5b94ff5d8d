"""What each fictional resident's vault holds on the first day, as their holders would have sent it. Every date is relative to today.

Amounts are invented; the situations follow what social workers meet most often. Nobody here exists.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from vault.records.models import RESIDENT

Payload = dict[str, Any]

TOWN = {"commune": "Villebrume", "cog": "00042", "code_postal": "00420", "pays": "France"}
#: Incomes are given from January of the year before last: family benefits read that year.
CAF, FRANCE_TRAVAIL, EMPLOYER, MDPH = "caf", "france_travail", "employeur", "mdph"
#: The one whose tax notice of this year is not there yet: the tour uploads it.
BRINGS_THEIR_NOTICE = "nadia"
#: The one whose vault is empty: all that she has is what her holders answer (demo/holders), once she has come by FranceConnect.
COMES_BY_FRANCECONNECT = "ines"
WITH_A_DISABILITY = frozenset({"paul"})


@dataclass(frozen=True)
class Given:
    """One record as a holder gives it. `member` names a person of the household; empty for the resident."""

    type: str
    payload: Payload
    holder: str
    member: str = ""
    role: str = "self"
    declared: bool = False


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
    """A fictional resident's household and what happened to them, from which the records are written."""

    given_name: str
    family_name: str
    birth: date
    gender: str
    street: str
    housing: Mapping[str, Any]
    situation: Mapping[str, Any]
    members: tuple[Member, ...] = ()
    family: str = "C"
    records: Callable[["Calendar"], Iterator[Given]] = field(default=lambda calendar: iter(()))
    quotient: int | None = None
    income: tuple[int, int] | None = None  # reference income of the year before last, and of last year
    parts: float = 1


@dataclass(frozen=True)
class Calendar:
    today: date

    def months(self, first: int, last: int) -> list[str]:
        """Months as 2026-11, from `first` to `last` counted back from this one (0), oldest first."""
        number = self.today.year * 12 + self.today.month - 1
        return [f"{(number - back) // 12:04d}-{(number - back) % 12 + 1:02d}" for back in range(first, last - 1, -1)]

    @property
    def known(self) -> int:
        """How many months back the year before last starts."""
        return 24 + self.today.month - 1

    def birth(self, age: int, month: int = 3, day: int = 14) -> date:
        """A birth date that makes a person `age` years old today, whatever today is."""
        year = self.today.year - age
        return (
            date(year, month, day)
            if (month, day) <= (self.today.month, self.today.day)
            else date(year - 1, month, day)
        )


def member_id(slug: str, given_name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://villebrume.example/{slug}/{given_name}")


def wages(
    months: list[str],
    *,
    net: int,
    gross: int,
    member: str = "",
    role: str = "self",
    employer: str = "Ateliers du Lavoir",
) -> Iterator[Given]:
    for month in months:
        payload = {
            "mois": month,
            "employeur": employer,
            "brut": f"{gross}.00",
            "net_avant_impot": f"{net}.00",
            "net_social": f"{net}.00",
        }
        yield Given("emploi.revenu", payload | {"net_imposable": f"{round(net * 1.037)}.00"}, EMPLOYER, member, role)


def other(
    months: list[str],
    *,
    nature: str,
    net: int,
    holder: str,
    taxable: int | None = None,
    gross: int | None = None,
    member: str = "",
    role: str = "self",
) -> Iterator[Given]:
    figures = {"net": net, "imposable": taxable, "brut": gross}
    for month in months:
        payload = {"mois": month, "nature": nature} | {
            name: f"{value}.00" for name, value in figures.items() if value is not None
        }
        yield Given("revenu.mensuel", payload, holder, member, role)


def paid_by_caf(months: list[str], lines: Mapping[str, int]) -> Iterator[Given]:
    for month in months:
        payload = {
            "mois": month,
            "lignes": [{"libelle": label, "montant": f"{amount}.00"} for label, amount in lines.items()],
        }
        yield Given("social.paiement", payload, CAF, role="household")


def beneficiary(benefit: str, since: str, *, yes: bool = True) -> Given:
    return Given(
        "social.prestation",
        {"prestation": benefit, "est_beneficiaire": yes, "date_debut_droit": since if yes else None},
        CAF,
    )


def _nadia(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1180, gross=1513, employer="Ateliers du Lavoir")
    yield from paid_by_caf(
        calendar.months(14, 1), {"Allocations familiales": 151, "Aide personnalisée au logement": 287}
    )
    yield beneficiary("apl", calendar.months(26, 26)[0] + "-01")


def _paul(calendar: Calendar) -> Iterator[Given]:
    yield from wages(
        calendar.months(calendar.known, 1),
        net=1420,
        gross=1820,
        member="Irène",
        role="spouse",
        employer="Boulangerie du Port",
    )
    yield Given(
        "handicap.decision",
        {"taux_incapacite": 0.8, "rsdae": False, "date_debut": f"{calendar.today.year - 2}-02-01"},
        MDPH,
    )
    yield Given("handicap.cmi", {"mentions": ["stationnement"], "date_fin": f"{calendar.today.year + 3}-02-01"}, MDPH)
    yield from paid_by_caf(calendar.months(14, 1), {"Allocation aux adultes handicapés": 0})


def _samir(calendar: Calendar) -> Iterator[Given]:
    start = calendar.today.year if calendar.today.month >= 9 else calendar.today.year - 1
    inscription = {
        "date_debut": f"{start}-09-01",
        "date_fin": f"{start + 1}-08-31",
        "est_inscrit": True,
        "regime_code": "RF1",
        "etablissement": "Université de Villebrume",
    }
    yield Given("etudes.inscription", inscription, "mesri_men")
    yield Given(
        "etudes.bourse",
        {"est_boursier": True, "echelon": "5", "date_rentree": f"{start}-09-01", "duree_mois": 10},
        "crous",
    )
    yield from paid_by_caf(calendar.months(14, 1), {"Allocation de logement sociale": 0})


def _odette(calendar: Calendar) -> Iterator[Given]:
    yield from other(
        calendar.months(calendar.known, 1), nature="retraite", net=640, taxable=655, gross=690, holder="retraite"
    )


def _leo(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1250, gross=1602, employer="Librairie des Quais")
    yield from paid_by_caf(calendar.months(14, 1), {"Prime d'activité": 0})


def _karim(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 11), net=1780, gross=2282, employer="Transports Brumois")
    since = calendar.months(10, 10)[0]
    yield Given(
        "emploi.inscription_ft",
        {
            "date_debut": f"{since}-01",
            "date_fin": None,
            "categorie_code": 1,
            "categorie_libelle": "Sans emploi, à la recherche d’un emploi",
        },
        FRANCE_TRAVAIL,
    )
    for month in calendar.months(10, 1):
        yield Given(
            "emploi.indemnite_ft",
            {"date_versement": f"{month}-28", "montant_total": "1015.00", "montant_allocations": "1015.00"},
            FRANCE_TRAVAIL,
        )


def _elise(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1690, gross=2167, employer="Hôpital de Villebrume")
    yield from wages(
        calendar.months(calendar.known, 1),
        net=1850,
        gross=2372,
        member="Hugo",
        role="spouse",
        employer="Menuiserie Astier",
    )
    yield from paid_by_caf(calendar.months(14, 1), {"Allocations familiales": 344})


def _claire(calendar: Calendar) -> Iterator[Given]:
    """What Yann earns is in his vault, and only there."""
    yield from wages(calendar.months(calendar.known, 1), net=870, gross=1115, employer="Crèche des Berges")
    yield from paid_by_caf(calendar.months(14, 1), {"Prime d'activité": 0})


def _yann(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1485, gross=1904, employer="Brasserie du Lavoir")


def _mael(calendar: Calendar) -> Iterator[Given]:
    yield from other(calendar.months(14, 1), nature="apprentissage", net=860, holder=EMPLOYER)


def stories(today: date) -> dict[str, Story]:
    """The residents, by the name in `people.PEOPLE`."""
    calendar = Calendar(today)
    birth = calendar.birth
    child = "child"
    return {
        "nadia": Story(
            "Nadia",
            "Kervella",
            birth(36),
            "female",
            "12 rue des Tanneurs",
            {"statut_occupation": "locataire_hlm", "loyer": "468.00", "charges": "62.00"},
            {"activite": "actif", "nationalite": "FR", "statut_marital": "D", "enceinte": False},
            (
                Member("Milo", "Kervella", birth(9, 6, 2), "male", child),
                Member("Lison", "Kervella", birth(6, 1, 20), "female", child),
            ),
            "D",
            _nadia,
            612,
            (13_890, 14_120),
            2.5,
        ),
        "paul": Story(
            "Paul",
            "Astruc",
            birth(47),
            "male",
            "3 quai des Chalands",
            {"statut_occupation": "locataire_hlm", "loyer": "421.00", "charges": "55.00"},
            {"activite": "inactif", "nationalite": "FR", "statut_marital": "M"},
            (Member("Irène", "Astruc", birth(45, 9, 9), "female", "spouse"),),
            "M",
            _paul,
            540,
            (15_740, 15_960),
            2.5,
        ),
        "samir": Story(
            "Samir",
            "Belhadj",
            birth(20),
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
            records=_samir,
        ),
        "odette": Story(
            "Odette",
            "Marchais",
            birth(74),
            "female",
            "1 chemin du Moulin",
            {"statut_occupation": "proprietaire", "loyer": "0.00", "charges": "0.00"},
            {"activite": "retraite", "nationalite": "FR", "statut_marital": "V"},
            family="V",
            records=_odette,
            income=(7_080, 7_140),
        ),
        "leo": Story(
            "Léo",
            "Fontanel",
            birth(29),
            "male",
            "27 rue du Pont-Neuf",
            {"statut_occupation": "locataire_meuble", "loyer": "520.00", "charges": "0.00"},
            {"activite": "actif", "nationalite": "FR", "statut_marital": "C"},
            records=_leo,
            quotient=1042,
            income=(14_000, 14_000),
        ),
        "karim": Story(
            "Karim",
            "Ouali",
            birth(41),
            "male",
            "5 place du Marché",
            {"statut_occupation": "locataire_hlm", "loyer": "398.00", "charges": "48.00"},
            {"activite": "chomeur", "nationalite": "FR", "statut_marital": "C"},
            records=_karim,
            quotient=790,
            income=(19_930, 20_150),
        ),
        "elise": Story(
            "Élise",
            "Garnier",
            birth(39),
            "female",
            "44 avenue de la Gare",
            {"statut_occupation": "locataire_vide", "loyer": "890.00", "charges": "95.00"},
            {"activite": "actif", "nationalite": "FR", "statut_marital": "M"},
            (
                Member("Hugo", "Garnier", birth(40, 5, 5), "male", "spouse"),
                Member("Jade", "Garnier", birth(13, 2, 2), "female", child),
                Member("Tom", "Garnier", birth(10, 8, 8), "male", child),
                Member("Anouk", "Garnier", birth(5, 4, 4), "female", child),
            ),
            "M",
            _elise,
            905,
            (39_650, 40_020),
            4,
        ),
        "claire": Story(
            "Claire",
            "Lemoine",
            birth(33),
            "female",
            "9 rue des Bateliers",
            {"statut_occupation": "locataire_vide", "loyer": "690.00", "charges": "60.00"},
            {"activite": "actif", "nationalite": "FR", "statut_marital": "M", "enceinte": False},
            (
                Member("Yann", "Lemoine", birth(35, 7, 19), "male", "spouse"),
                Member("Inès", "Lemoine", birth(4, 10, 10), "female", child),
            ),
            "M",
            _claire,
            698,
            (25_200, 25_440),
            2.5,
        ),
        "yann": Story(
            "Yann",
            "Lemoine",
            birth(35, 7, 19),
            "male",
            "9 rue des Bateliers",
            {"statut_occupation": "locataire_vide", "loyer": "690.00", "charges": "60.00"},
            {"activite": "actif", "nationalite": "FR", "statut_marital": "M"},
            (
                Member("Claire", "Lemoine", birth(33), "female", "spouse"),
                Member("Inès", "Lemoine", birth(4, 10, 10), "female", child),
            ),
            "M",
            _yann,
        ),
        "mael": Story(
            "Maël",
            "Tessier",
            birth(19),
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
            records=_mael,
            income=(0, 2_400),
        ),
        COMES_BY_FRANCECONNECT: Story(
            "Inès",
            "Caradec",
            birth(33, 7, 9),
            "female",
            "6 rue du Lavoir",
            {"statut_occupation": "locataire_hlm", "loyer": "441.00", "charges": "58.00"},
            {"activite": "actif", "nationalite": "FR", "statut_marital": "C"},
            (
                Member("Noé", "Caradec", birth(7, 4, 18), "male", child),
                Member("Zoé", "Caradec", birth(4, 10, 3), "female", child),
            ),
            "C",
            quotient=489,
            income=(12_900, 13_050),
            parts=2.5,
        ),
    }


def records(slug: str, today: date) -> Iterator[Given]:
    """Everything but Nadia's tax notice of this year, which she brings herself: the tour starts from it."""
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
    """The tax notice on the income of last year (1) or of the year before (2), as its 2D-Doc says it."""
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
    """What they said themselves when asked, so that no question stands in the way of the aids they look at first."""
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
