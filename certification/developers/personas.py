"""The twenty personas: who they are, and what their vaults hold. Names, addresses and amounts are invented."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from certification.labels.models.charter import in_language
from vault.records.enums import Role
from vault.records.models import RESIDENT
from vault.types.spans import month_end

FILE = Path(__file__).parent / "content" / "personas.json"
TOWN = {"commune": "Villebrume", "cog": "00042", "code_postal": "00420", "pays": "France"}
#: Codes of the town's quarters, as its map has them.
QUARTERS = (
    *("les-chalands", "quai-du-lavoir", "pres-bas", "vieux-bourg", "gare"),
    *("les-roseaux", "hauts-vents", "la-brumaille", "zone-des-forges"),
)
CAF, TAX, EMPLOYER, MDPH, STATE = "caf", "dgfip", "employeur", "mdph", "mesri_men"
Payload = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """One record of a persona, from its holder or typed by themselves."""

    type: str
    payload: Payload
    holder: str = RESIDENT
    person: UUID | None = None
    role: str = Role.SELF


@dataclass(frozen=True)
class Persona:
    """A fictional resident."""

    slug: str
    story: Mapping[str, Any]

    @property
    def id(self) -> UUID:
        """Return the number of their account, the same in every installation."""
        return uuid5(NAMESPACE_URL, f"https://garant.example/personas/{self.slug}")

    @property
    def name(self) -> str:
        return f"{self.story['given_name']} {self.story['family_name']}"

    @property
    def about(self) -> str:
        return in_language(self.story["about"]["fr"], self.story["about"]["en"])


@cache
def everyone() -> tuple[Persona, ...]:
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Persona(one["slug"], one) for one in found)


def find(slug: str) -> Persona | None:
    return next((one for one in everyone() if one.slug == slug), None)


def records(persona: Persona, today: date, quarters: Sequence[str] = QUARTERS) -> Iterator[Given]:
    """Yield what the persona's vault holds. Dates follow today, so that what is up to date stays so.

    Args:
        quarters: codes of the zones where the personas live and go, those of the fictional town by default.
    """
    story = persona.story
    if "situation" not in story:
        return
    if "income" in story or "grant" in story:
        yield Given("identite.pivot", _identity(story, today), "FranceConnect")
    if "home" in story:
        street, status, rent, charges = story["home"]
        home = {"statut_occupation": status, "loyer": f"{rent}.00", "charges": f"{charges}.00"}
        yield Given("logement.domicile", {"adresse": {"voie": street} | TOWN} | home)
    yield Given("foyer.situation", {"nationalite": "FR"} | story["situation"])
    yield from _family(persona, today)
    yield from _work(story, today)
    yield from _rights(story, today)
    yield from _daily(story, today, quarters)


def _identity(story: Mapping[str, Any], today: date) -> Payload:
    return {
        "given_name": story["given_name"],
        "family_name": story["family_name"],
        "birthdate": _born(today, story["age"]),
        "gender": story["gender"],
        "birthplace": "00042",
        "birthcountry": "99100",
    }


def _family(persona: Persona, today: date) -> Iterator[Given]:
    story = persona.story
    children = list(zip(story.get("children", [])[::2], story.get("children", [])[1::2], strict=True))
    if not children and "spouse" not in story:
        return
    me = _listed(story["given_name"], story["family_name"], _born(today, story["age"]), story["gender"])
    adults = [me]
    if "spouse" in story:
        other = "male" if story["gender"] == "female" else "female"
        adults.append(_listed(story["spouse"], story["family_name"], _born(today, story["age"] + 1), other))
    listed = [_listed(name, story["family_name"], _born(today, age), "female") for name, age in children]
    status = story["situation"]["statut_marital"]
    household = {"allocataires": adults, "enfants": listed, "situation_familiale": status}
    yield Given("foyer.composition", household, CAF, role=Role.HOUSEHOLD)
    for name, age in children:
        if age >= 6:
            year = today.year if today.month >= 9 else today.year - 1
            payload = {"annee_scolaire": f"{year}-{year + 1}", "est_scolarise": True, "est_boursier": False}
            yield Given("scolarite.eleve", payload, STATE, uuid5(persona.id, name), Role.CHILD)


def _work(story: Mapping[str, Any], today: date) -> Iterator[Given]:
    for back in range(3, 0, -1):
        month = _month(today, back)
        if "wages" in story:
            net, gross = story["wages"]
            amounts = {"brut": f"{gross}.00", "net_avant_impot": f"{net}.00", "net_social": f"{net}.00"}
            yield Given("emploi.revenu", {"mois": month, "employeur": "Ateliers du Lavoir"} | amounts, EMPLOYER)
        if "monthly" in story:
            nature, net = story["monthly"]
            yield Given("revenu.mensuel", {"mois": month, "nature": nature, "net": f"{net}.00"}, CAF)
    incomes = [(2, story["before"])] if "before" in story else []
    incomes += [(1, story["income"])] if "income" in story else []
    for years, income in incomes:
        notice = {
            "annee_revenus": today.year - years,
            "revenu_fiscal_reference": income,
            "nombre_parts": story["parts"],
            "declarant1": f"{story['family_name']} {story['given_name']}".upper(),
            "type_document": "avis_ir",
        }
        yield Given("fiscal.avis_ir", notice, TAX)


def _rights(story: Mapping[str, Any], today: date) -> Iterator[Given]:
    year = today.year if today.month >= 9 else today.year - 1
    if "grant" in story:
        dates = {"date_debut": f"{year}-09-01", "date_fin": f"{year + 1}-08-31"}
        yield Given("etudes.inscription", dates | {"est_inscrit": True, "etablissement": "Université de Brume"}, STATE)
        grant = {"est_boursier": True, "echelon": story["grant"], "date_rentree": f"{year}-09-01", "duree_mois": 10}
        yield Given("etudes.bourse", grant, "crous")
    if "quotient" in story:
        month = _month(today, 0)
        quotient = {"fournisseur": "CNAF", "valeur": story["quotient"]}
        yield Given(
            "social.quotient_familial",
            quotient | {"annee": int(month[:4]), "mois": int(month[5:])},
            CAF,
            role=Role.HOUSEHOLD,
        )
    if "benefit" in story:
        since = {"date_debut_droit": f"{today.year - 2}-02-01"}
        yield Given("social.prestation", {"prestation": story["benefit"], "est_beneficiaire": True} | since, CAF)
    if "ended" in story:
        yield Given("social.prestation", {"prestation": story["ended"], "est_beneficiaire": False}, CAF)
    if "disability" in story:
        decision = {"taux_incapacite": story["disability"], "rsdae": False, "date_debut": f"{today.year - 1}-03-01"}
        yield Given("handicap.decision", decision | {"date_fin": f"{today.year + 4}-02-28"}, MDPH)
    began = today.year - (today.month < 2)
    for name, first in (("c2s", began), ("c2s_ended", began - 2)):
        if name in story:
            dates = {"date_debut_droit": f"{first}-02-01", "date_fin_droit": f"{first + 1}-01-31"}
            yield Given("sante.c2s", {"est_beneficiaire": name == "c2s", "avec_participation": False} | dates, "cnam")
    if "bus" in story:
        pass_ = {"service": "Réseau de bus de Villebrume", "produit": "Abonnement mensuel", "tarif_social": True}
        dates = {"debut": f"{today:%Y-%m}-01", "fin": month_end(today).isoformat()}
        yield Given("mobilite.abonnement", pass_ | dates | {"prix": "14.00"})
    if "car" in story:
        yield Given("mobilite.vehicule", {"genre": "VP", "energie_code": "ES", "crit_air": "2", "statut": "titulaire"})


def _daily(story: Mapping[str, Any], today: date, quarters: Sequence[str]) -> Iterator[Given]:
    """Yield a month of daily life: where the persona lives and goes, energy, shopping, leisure."""
    month = _month(today, 1)
    if "quarter" in story:
        home = quarters[story["quarter"] % len(quarters)]
        yield Given("mobilite.lieu", {"etiquette": "domicile", "cog": "00042", "iris": home}, "Carnet de trajets")
        for day, (mode, metres, there) in enumerate(story.get("trips", ()), start=3):
            times = {"debut": f"{month}-{day:02d}T07:50:00+01:00", "fin": f"{month}-{day:02d}T08:20:00+01:00"}
            zones = {"origine_zone": home, "destination_zone": quarters[there % len(quarters)]}
            segments = [{"mode": mode, "mode_confirme": True, "distance_m": metres}]
            yield Given("mobilite.trajet", times | zones | {"segments": segments}, "Carnet de trajets")
    for day, fare in enumerate(story.get("fares", ()), start=3):
        ride = {"service": "Réseau de bus de Villebrume", "mode": "bus", "montant": fare}
        yield Given(
            "mobilite.usage", ride | {"debut": f"{month}-{day:02d}T07:50:00+01:00"}, "Transports de Villebrume"
        )
    for back, (kwh, amount) in enumerate(story.get("bills", ()), start=1):
        dates = {"periode_debut": f"{_month(today, back)}-01", "periode_fin": f"{_month(today, back)}-28"}
        bill = {"fournisseur": "Énergies de la Brume", "montant_ttc": amount, "kwh": kwh}
        yield Given("energie.facture", bill | dates, "Énergies de la Brume", role=Role.HOUSEHOLD)
    for day, total in enumerate(story.get("baskets", ()), start=5):
        ticket = {"enseigne": "Épicerie du Port", "date": f"{month}-{day:02d}", "total": total}
        lines = [{"libelle": "Courses", "montant": total}]
        yield Given("achats.ticket", ticket | {"lignes": lines}, "Épicerie du Port", role=Role.HOUSEHOLD)
    if "club" in story:
        club, activity, fee = story["club"]
        year = today.year if today.month >= 9 else today.year - 1
        season = {"organisme": club, "activite": activity, "saison": f"{year}-{year + 1}", "tarif": fee}
        yield Given("loisirs.adhesion", season, club)


def _listed(given: str, family: str, born: str, gender: str) -> Payload:
    sex = "F" if gender == "female" else "M"
    return {"prenoms": given, "nom_naissance": family, "date_naissance": born, "sexe": sex}


def _born(today: date, age: int) -> str:
    """Return a birth date in January, so that the age holds all year."""
    return f"{today.year - age}-01-01"


def _month(today: date, back: int) -> str:
    number = today.year * 12 + today.month - 1 - back
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
