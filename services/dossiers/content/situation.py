"""The resident's situation as the vault has it, to select the required papers. None means unknown, never no."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils import timezone

from vault.records.enums import Assurance, Role
from vault.records.values import persons
from vault.records.values.decrypted import Opened, Values

FIELDS = (
    *persons.FIELDS,
    "foyer.composition#/couple_depuis",
    "foyer.composition#/separation_recente",
    "foyer.situation#/activite",
    "foyer.situation#/nationalite",
    "foyer.situation#/enceinte",
    "logement.domicile#/statut_occupation",
    "emploi.revenu#/mois",
    "emploi.inscription_ft#/date_debut",
    "emploi.inscription_ft#/date_fin",
    "social.quotient_familial#/valeur",
    "social.prestation#/prestation",
    "social.prestation#/est_beneficiaire",
    "handicap.decision#/taux_incapacite",
    "etudes.inscription#/etablissement",
)
WAGES_COUNT_FOR = timedelta(days=120)
HOUSING_AIDS = {"apl", "alf", "als"}


@dataclass(frozen=True)
class Situation:
    values: Values
    resident_id: UUID

    @cached_property
    def people(self) -> list[persons.Person]:
        return persons.persons(self.values, resident_id=self.resident_id)

    @property
    def household_known(self) -> bool:
        return self.values.latest("foyer.composition") is not None

    @property
    def children(self) -> list[persons.Person] | None:
        return [person for person in self.people if person.role == Role.CHILD] if self.household_known else None

    @property
    def in_couple(self) -> bool | None:
        return any(person.role == Role.SPOUSE for person in self.people) if self.household_known else None

    def about(self, field_id: str) -> Any:  # noqa: ANN401 - a payload's own shape
        """Return a value of the resident's own records, never of another person's."""
        return self.values.value(field_id, self.resident_id)

    @property
    def activity(self) -> str | None:
        answer: str | None = self.about("foyer.situation#/activite")
        return answer

    @property
    def earns_wages(self) -> bool | None:
        since = (timezone.localdate() - WAGES_COUNT_FOR).isoformat()[:7]
        if any(record.payload.get("mois", "") >= since for record in self.values.of_type("emploi.revenu")):
            return True
        return {"actif": True, "apprenti": True, "retraite": False, "inactif": False}.get(self.activity or "")

    @property
    def gets_housing_aid(self) -> bool | None:
        paid = [record.payload for record in self.values.of_type("social.prestation")]
        found = [payload for payload in paid if str(payload.get("prestation", "")).lower() in HOUSING_AIDS]
        return any(payload.get("est_beneficiaire") for payload in found) if found else None

    def proven(self, type_code: str) -> bool:
        return any(
            Assurance(record.assurance).proven and not expired(record) for record in self.values.of_type(type_code)
        )


def expired(record: Opened, today: date | None = None) -> bool:
    return record.validity.end is not None and record.validity.end < (today or timezone.localdate())
