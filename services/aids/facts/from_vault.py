"""Build a household from the vault's values, and keep the record behind each value. Pure functions.

Values missing from the vault stay unknown. Three kinds are derived and reported as hypotheses: months without a
document, from months with one; months of a past year, from its tax notice; a child's school, from the birth year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from services.aids import household as hh
from services.aids.facts.vault_money import MoneyReader, maybe
from services.aids.household import EUROPEAN, CityFacts, Household, Housing, Income, Person, months
from services.aids.local.conditions import ASKED
from vault.records.values import persons as sharing_household
from vault.records.values.decrypted import Opened, Values
from vault.types.spans import latest_day, read_day

# Values that only the city's own aids read, and their fields of foyer.situation.
CITY: Final[Mapping[str, str]] = {
    asked.value.removeprefix("city."): asked.vault_field.removeprefix("foyer.situation#/")
    for asked, _fact in ASKED.values()
    if asked.value.startswith("city.")
}
FIELDS: Final = (
    *sharing_household.FIELDS,
    *(f"foyer.composition#/{name}" for name in ("couple_depuis", "separation_recente", "imposition_separee")),
    *(
        f"foyer.situation#/{name}"
        for name in (
            "activite",
            "nationalite",
            "titre_sejour",
            "titre_sejour_depuis",
            "enceinte",
            "date_terme",
            "scolarite",
            "annee_etude",
            "etablissement",
            "rattache_foyer_fiscal_parents",
            "vit_chez_parents",
            "garde_alternee",
            "ressources_parents_crous",
            "apprenti_depuis",
            "ass_ouverte",
            "deux_ans_de_travail",
            "statut_marital",
            # Those of CITY. They are in the text of the watch's agreement: another one needs a new version of it.
            "niveau_etude",
            "engagement",
            "formation_sanitaire_sociale",
            "mention_baccalaureat",
            "regime_social",
            "interimaire",
            "difficulte_logement",
            "commune_depuis",
        )
    ),
    *(
        f"logement.domicile#/{name}"
        for name in (
            "adresse",
            "depuis",
            "statut_occupation",
            "loyer",
            "charges",
            "colocation",
            "chambre",
            "logement_crous",
        )
    ),
    *(
        f"fiscal.avis_ir#/{name}"
        for name in (
            "annee_revenus",
            "revenu_fiscal_reference",
            "nombre_parts",
            "revenu_brut_global",
            "revenu_imposable",
            "situation_familiale",
        )
    ),
    *(f"emploi.revenu#/{name}" for name in ("mois", "brut", "net_avant_impot", "net_social", "net_imposable")),
    *(f"emploi.indemnite_ft#/{name}" for name in ("date_versement", "montant_total", "montant_allocations")),
    *(f"emploi.inscription_ft#/{name}" for name in ("date_debut", "date_fin", "categorie_code")),
    *(f"revenu.mensuel#/{name}" for name in ("mois", "nature", "net", "imposable", "brut")),
    *(f"etudes.inscription#/{name}" for name in ("date_debut", "date_fin", "est_inscrit")),
    "etudes.bourse#/est_boursier",
    "scolarite.eleve#/est_boursier",
    *(f"handicap.decision#/{name}" for name in ("taux_incapacite", "rsdae", "aeeh_categorie", "date_fin")),
    *(f"handicap.cmi#/{name}" for name in ("mentions", "date_fin")),
    *(f"social.paiement#/{name}" for name in ("mois", "lignes")),
    *(f"social.prestation#/{name}" for name in ("prestation", "est_beneficiaire")),
    *(f"social.quotient_familial#/{name}" for name in ("fournisseur", "valeur", "annee", "mois")),
    *(f"sante.c2s#/{name}" for name in ("est_beneficiaire", "date_fin_droit")),
)

STATUS: Final = {
    "actif": "employed",
    "apprenti": "apprentice",
    "independant": "self_employed",
    "chomeur": "unemployed",
    "etudiant": "student",
    "retraite": "retired",
    "inactif": "inactive",
}
HOUSING: Final = {
    "locataire_vide": "tenant_private_unfurnished",
    "locataire_meuble": "tenant_private_furnished",
    "locataire_hlm": "tenant_social",
    "proprietaire": "owner",
    "primo_accedant": "owner_mortgage",
    "loge_gratuitement": "free",
    "locataire_foyer": "residence",
    "sans_domicile": "homeless",
}
MARITAL: Final = {"C": "celibataire", "M": "marie", "O": "pacse", "D": "divorce", "V": "veuf"}
# The law distinguishes French, European and other nationals; any country of the right group will do.
NATIONALITY: Final = {"FR": "FR", "UE": EUROPEAN, "autre": "XX"}
PERMIT: Final = {"protege": "protected", "resident": "resident", "autre": "other"}


@dataclass(slots=True)
class Read:
    """A household, the records behind its values and the hypotheses made."""

    household: Household
    sources: dict[str, tuple[str, ...]]
    records: dict[str, Opened]
    hypotheses: list[str]
    quotient: int | None = None
    people: list[sharing_household.Person] = field(default_factory=list)

    def source(self, key: str, span: tuple[str, str] | None = None) -> Opened | None:
        """Return the newest record behind a value, preferably within `span`. A list's element falls back on the whole
        list's record.
        """
        found = self.sources.get(key) or self.sources.get(key.split("[")[0]) or ()
        records = [self.records[record] for record in found if record in self.records]
        if span:
            records = [
                record for record in records if span[0] <= str(record.payload.get("mois", "")) <= span[1]
            ] or records
        return records[-1] if records else None

    def source_id(self, key: str, span: tuple[str, str] | None) -> str | None:
        record = self.source(key, span)
        return str(record.record_id) if record else None


class Reader(MoneyReader):
    """Read people, their situation and their home; `MoneyReader` reads amounts."""

    def read(self) -> Read:
        people = sharing_household.persons(self.values, resident_id=self.resident_id)
        notices = self.notices()
        composition = self.values.latest("foyer.composition")
        self.unknown |= _unknown_family(composition)
        self.note("household.people", composition)
        self.note("household.partner", composition)
        members = [self.person(person, people, composition, bool(notices)) for person in people]
        household = Household(
            month=self.month,
            people=tuple(members),
            housing=self.housing(),
            tax_notices=notices or None,
            benefits=self.benefits(),
            partner_taxed_apart=self.apart(composition),
            recently_alone=self.recently_alone(composition, people),
            receives=self.receives(),
        )
        household = self.with_past_year(household)
        household = hh.check(replace(household, unknown=frozenset(self.unknown)))
        sources = {key: tuple(found) for key, found in self.sources.items()}
        return Read(
            household,
            sources=sources,
            records=self.records,
            hypotheses=self.hypotheses,
            quotient=self.quotient(),
            people=people,
        )

    def person(
        self,
        person: sharing_household.Person,
        people: Sequence[sharing_household.Person],
        composition: Opened | None,
        has_notice: bool,
    ) -> Person:
        key = f"people[{person.id}]"
        role = {"self": "applicant", "spouse": "partner", "child": "child"}[person.role]
        birth = person.birth_date or self._unknown_birth(key, role)
        self.note(
            f"{key}.birth_date",
            composition if role != "applicant" else self.of("identite.pivot", person.id) or composition,
        )
        incomes = self.incomes(person.id, key, role)
        age = Person("", role, birth).age(self.month)
        school = self.school(person.id, key, birth, role)
        status = self.status(person.id, key=key, incomes=incomes, role=role, age=age, school=school)
        alone = not any(other.role == "spouse" for other in people)
        return Person(
            id=str(person.id),
            role=role,
            birth_date=birth,
            status=status,
            incomes=incomes,
            **self.civil(person, key, role, age),  # type: ignore[arg-type]
            **self.health(person.id, key),  # type: ignore[arg-type]
            **self.studies(person.id, key),  # type: ignore[arg-type]
            **self.independence(person.id, key, role=role, age=age, has_notice=has_notice),  # type: ignore[arg-type]
            **self.work(person.id, key, role),  # type: ignore[arg-type]
            school=school,
            shared_custody=self.custody(person.id, key, role, alone),
            orphan=False,
            city=self.city(person.id, key),
        )

    def _unknown_birth(self, key: str, role: str) -> date:
        self.unknown.add(f"{key}.birth_date")
        return date(self.today.year - (8 if role == "child" else 40), 1, 1)

    def civil(self, person: sharing_household.Person, key: str, role: str, age: int) -> dict[str, object]:
        nationality = NATIONALITY.get(
            self.known("foyer.situation", "nationalite", person.id, f"{key}.nationality") or ""
        )
        permit = self.known("foyer.situation", "titre_sejour", person.id, f"{key}.nationality")
        since = read_day(self.known("foyer.situation", "titre_sejour_depuis", person.id, f"{key}.nationality"))
        years = None if since is None else (self.today - since).days / 365.25
        pregnant = self.known("foyer.situation", "enceinte", person.id, f"{key}.pregnant")
        if pregnant is None and (role == "child" or person.gender == "M" or not 15 <= age <= 50):
            pregnant = False
        return {
            "nationality": nationality if role != "child" else nationality or "FR",
            "permit": PERMIT.get(permit or ""),
            "permit_years": years,
            "marital": self.marital(person.id, role),
            "pregnant": pregnant,
            "due_date": read_day(self.known("foyer.situation", "date_terme", person.id, f"{key}.due_date"))
            if pregnant
            else None,
        }

    def marital(self, person: UUID, role: str) -> str | None:
        if role == "child":
            return "celibataire"
        code = self.known("foyer.situation", "statut_marital", person, "household.partner")
        code = (
            code
            or self.values.value("foyer.composition#/situation_familiale")
            or self.values.value("fiscal.avis_ir#/situation_familiale")
        )
        return MARITAL.get(str(code or ""))

    def health(self, person: UUID, key: str) -> dict[str, object]:
        decisions = [record for record in self.values.of_type("handicap.decision", person) if self.current(record)]
        if decisions:
            self.note(f"{key}.disability_rate", decisions[-1])
            payload = decisions[-1].payload
            return {
                "disability_rate": payload.get("taux_incapacite"),
                "rsdae": payload.get("rsdae"),
                "aeeh_category": payload.get("aeeh_categorie"),
            }
        card = self.of("handicap.cmi", person)
        if card is not None and "invalidite" in (card.payload.get("mentions") or ()) and self.current(card):
            self.note(f"{key}.disability_rate", card)
            return {"disability_rate": 0.8, "rsdae": False}  # the "invalidité" card is given from 80 %
        return {"disability_rate": None}

    def work(self, person: UUID, key: str, role: str) -> dict[str, object]:
        since = self.known("foyer.situation", "apprenti_depuis", person, f"{key}.status")
        return {
            "apprentice_since": read_day(since),
            "worked_two_years": role != "child"
            and self.known("foyer.situation", "deux_ans_de_travail", person, f"{key}.worked_two_years"),
            "ass_open": role != "child" and self.known("foyer.situation", "ass_ouverte", person, f"{key}.ass_open"),
        }

    def studies(self, person: UUID, key: str) -> dict[str, object]:
        year = self.known("foyer.situation", "annee_etude", person, f"{key}.study_year")
        kind = self.known("foyer.situation", "etablissement", person, f"{key}.school_status")
        resources = self.known("foyer.situation", "ressources_parents_crous", person, f"{key}.crous_parent_resources")
        grant = self.known("etudes.bourse", "est_boursier", person, f"{key}.boursier")
        return {
            "study_year": _study_year(year),
            "school_status": {"public": "public", "prive": "prive_sous_contrat"}.get(kind or ""),
            "crous_parent_resources": None if resources is None else float(resources),
            "boursier": grant,
        }

    def city(self, person: UUID, key: str) -> CityFacts:
        values = {
            name: self.known("foyer.situation", field, person, f"{key}.city.{name}") for name, field in CITY.items()
        }
        return CityFacts(**{**values, "resident_since": read_day(values["resident_since"])})

    def independence(self, person: UUID, key: str, role: str, age: int, has_notice: bool) -> dict[str, object]:
        """Assume independence from the parents over 25 or with a tax notice of one's own, unless the vault says
        otherwise.
        """
        if role == "child":
            return {"lives_with_parents": False, "tax_dependent_of_parents": False}
        attached = self.known(
            "foyer.situation", "rattache_foyer_fiscal_parents", person, f"{key}.tax_dependent_of_parents"
        )
        hosted = self.known("foyer.situation", "vit_chez_parents", person, f"{key}.lives_with_parents")
        grown = age >= 26
        return {
            "lives_with_parents": False if hosted is None and (grown or self.own_home()) else hosted,
            "tax_dependent_of_parents": False if attached is None and (grown or has_notice) else attached,
        }

    def own_home(self) -> bool:
        return HOUSING.get(self.values.value("logement.domicile#/statut_occupation") or "", "free") not in {
            "free",
            "homeless",
        }

    def custody(self, person: UUID, key: str, role: str, alone: bool) -> bool | None:
        if role != "child":
            return False
        found: bool | None = self.known("foyer.situation", "garde_alternee", person, f"{key}.shared_custody")
        return False if found is None and not alone else found

    def school(self, person: UUID, key: str, birth: date, role: str) -> str | None:
        declared = self.known("foyer.situation", "scolarite", person, f"{key}.school")
        if declared:
            return "enseignement_superieur" if declared == "superieur" else str(declared)
        enrolled = [
            record
            for record in self.values.of_type("etudes.inscription", person)
            if record.payload.get("est_inscrit") and self.current(record)
        ]
        if enrolled:
            self.note(f"{key}.school", enrolled[-1])
            return "enseignement_superieur"
        return self._school_of_age(birth) if role == "child" else None

    def _school_of_age(self, birth: date) -> str | None:
        start = self.today.year if self.today.month >= 9 else self.today.year - 1
        steps = ((3, "maternelle"), (6, "primaire"), (11, "college"), (15, "lycee"))
        age = start - birth.year
        if not 3 <= age <= 17:
            return None
        self.suppose(_("La classe des enfants est déduite de leur année de naissance."))
        return next(school for least, school in reversed(steps) if age >= least)

    def status(
        self, person: UUID, key: str, incomes: tuple[Income, ...] | None, role: str, age: int, school: str | None
    ) -> str | None:
        declared = self.known("foyer.situation", "activite", person, f"{key}.status")
        if declared:
            return STATUS[declared]
        if role == "child":
            return "student" if school in {"lycee", "enseignement_superieur"} else "inactive"
        return self._guessed_status(person, key, incomes, school)

    def _guessed_status(
        self, person: UUID, key: str, incomes: tuple[Income, ...] | None, school: str | None
    ) -> str | None:
        """Derive the status from current records: registered job seeker, enrolled, or paid within three months."""
        listed = [record for record in self.values.of_type("emploi.inscription_ft", person) if self.current(record)]
        if listed:
            self.note(f"{key}.status", listed[-1])
            return "unemployed"
        if school == "enseignement_superieur":
            self.sources[f"{key}.status"] += self.sources[f"{key}.school"]
            return "student"
        since = months.shift(self.month, -3)
        types = {income.type for income in incomes or () if income.last >= since and income.net > 0}
        for type, status in (
            ("salary", "employed"),
            ("apprentice_pay", "apprentice"),
            ("micro_turnover_profit", "self_employed"),
            ("pension", "retired"),
        ):
            if type in types:
                self.sources[f"{key}.status"] += self.sources[f"{key}.incomes.{type}"]
                return status
        return None

    def housing(self) -> Housing | None:
        home = self.values.latest("logement.domicile", self.resident_id) or self.values.latest("logement.domicile")
        if home is None:
            return None
        for name in ("status", "rent", "insee", "moved_in"):
            self.note(f"housing.{name}", home)
        self.note("housing", home)
        payload = home.payload
        code = (payload.get("adresse") or {}).get("cog") or self.default_commune
        status = HOUSING.get(payload.get("statut_occupation") or "")
        return Housing(
            status=status,
            rent=maybe(payload.get("loyer")) if status in hh.TENANTS or status is None else 0.0,
            charges=float(payload.get("charges") or 0),
            insee=self.communes.get(code, code),
            shared=bool(payload.get("colocation")),
            room=bool(payload.get("chambre")),
            crous=payload.get("logement_crous") if status == "residence" else bool(payload.get("logement_crous")),
            moved_in=latest_day(payload.get("depuis")),
        )

    def apart(self, composition: Opened | None) -> bool:
        return bool(composition and composition.payload.get("imposition_separee"))

    def recently_alone(self, composition: Opened | None, people: Sequence[sharing_household.Person]) -> bool | None:
        if (
            composition is None
            or any(person.role == "spouse" for person in people)
            or not any(person.role == "child" for person in people)
        ):
            return False
        self.note("household.recently_alone", composition)
        return composition.payload.get("separation_recente")


def read(values: Values, *, resident_id: UUID, month: str, communes: Mapping[str, str], default_commune: str) -> Read:
    """Build the household of `month`. `communes` maps a code missing from the law's zone table to a real commune of
    the same zone.
    """
    return Reader(
        values, resident_id=resident_id, month=month, communes=communes, default_commune=default_commune
    ).read()


def _unknown_family(composition: Opened | None) -> set[str]:
    """Return what the household's record does not say. A record of the vault says both."""
    payload = composition.payload if composition else {}
    unknown = {
        key
        for key, name in (("household.partner", "allocataires"), ("household.children", "enfants"))
        if name not in payload
    }
    return unknown | ({"household.people"} if unknown else set())


def _study_year(year: int | None) -> str | None:
    if year is None:
        return None
    return f"licence_{year}" if year <= 3 else f"master_{year - 3}" if year <= 5 else f"doctorat_{year - 5}"
