"""Values of a vault with answers laid over them, in memory. The vault's own verbs would write the same records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from django.utils import timezone

from services.aids.facts.answers import Put
from vault.records.enums import Assurance, Method
from vault.records.values.decrypted import Opened, Values
from vault.types.spans import Span

# Two records of one type about one person differ by one of these.
APART_BY: Final = ("mois", "date_versement", "annee_revenus", "prestation")


@dataclass(slots=True)
class Overlay:
    """`written` maps each new record to the vault's record that it corrects, None if it adds one."""

    values: Values
    resident_id: UUID
    # Records that the resident says are no longer true: not read, but completed by what is written.
    hidden: Values = field(default_factory=Values)
    at: datetime = field(default_factory=timezone.now)
    written: dict[UUID, Opened | None] = field(default_factory=dict)

    def put(self, puts: Iterable[Put]) -> None:
        for one in puts:
            self._put(one)

    def records(self) -> list[tuple[Opened, Opened | None]]:
        """Return the records to write, each with the one that it corrects."""
        return [(record, self.written[record.record_id]) for record in self.values if record.record_id in self.written]

    def _put(self, put: Put) -> None:
        before = self._before(put)
        payload = {**(before.payload if before and put.merge else {}), **put.payload}
        corrected = self.written.get(before.record_id, before) if before else self._hidden(put)
        record = self._record(put, payload)
        self.written.pop(before.record_id if before else record.record_id, None)
        self.written[record.record_id] = corrected if put.merge else None
        kept = [one for one in self.values if one is not before and one.record_id != record.record_id]
        self.values = Values([*kept, record])

    def _before(self, put: Put) -> Opened | None:
        if put.merge:
            return self.values.latest(put.type, put.person)
        person = put.person or self.resident_id
        found = [one for one in self.values.of_type(put.type, person) if _apart(one.payload) == _apart(put.payload)]
        return found[-1] if found and any(_apart(put.payload)) else None

    def _hidden(self, put: Put) -> Opened | None:
        return self.hidden.latest(put.type, put.person) if put.merge else None

    def _record(self, put: Put, payload: Mapping[str, Any]) -> Opened:
        person = put.person or self.resident_id
        name = "|".join([put.type, str(person), *_apart(payload)])
        return Opened(
            record_id=uuid5(self.resident_id, f"answer|{name}"),
            type=put.type,
            type_version="",
            person=person,
            role=put.role,
            period=Span[datetime](),
            validity=Span[date](),
            holder="",
            assurance=Assurance.DECLARED,
            method=Method.TYPED,
            retrieved_at=self.at,
            issued_at=None,
            paper_id=None,
            created_at=self.at,
            withdrawn_at=None,
            payload=payload,
        )


def _apart(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return (*(str(payload.get(name, "")) for name in APART_BY), str(payload.get("nature", "")))


def parted(values: Values, set_aside: Iterable[str]) -> tuple[Values, Values]:
    """Return the values to read, and those that the resident says are no longer true."""
    refused = set(set_aside)
    return (
        Values([record for record in values if str(record.record_id) not in refused]),
        Values([record for record in values if str(record.record_id) in refused]),
    )


def renamed(record: Opened, **payload: object) -> Opened:
    return replace(record, payload={**record.payload, **payload})
