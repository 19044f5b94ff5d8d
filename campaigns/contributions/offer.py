"""A resident's offer to a campaign: their records, and the one row that these become once coarsened."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from campaigns.contributions.agreements import columns_of, fields_of
from campaigns.noise.plan import Plan
from campaigns.noise.rows import Row, coarsen
from campaigns.plans.values import values_of
from core import canonical
from vault.records.values.decrypted import Opened


@dataclass(frozen=True)
class Without:
    """Parts that the resident took out: records, and columns of the plan by their code."""

    records: frozenset[UUID] = frozenset()
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Offer:
    """The row, and the records that it is made of. `records` has those that were taken out as well."""

    row: Row
    records: Sequence[Opened] = ()
    without: Without = field(default_factory=Without)

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in self.row.values())

    @property
    def seen(self) -> str:
        """Return the fingerprint of the row, to know that what leaves is what the page showed."""
        return hashlib.sha256(canonical.encode(dict(self.row))).hexdigest()


def of_records(plan: Plan, records: Iterable[Opened], without: Without) -> Offer:
    read = {source.partition("#/")[0] for source in plan.sources}
    found = [record for record in records if record.type in read]
    kept = [record for record in found if record.record_id not in without.records]
    row = coarsen(plan, values_of(plan.sources, kept))
    return Offer(emptied(row, without.columns), found, without)


def of_answers(plan: Plan, answers: Mapping[str, int | list[int] | None]) -> Offer:
    """Return the offer of typed answers; a column without an answer is empty."""
    names = [one.code for one in columns_of(plan)]
    return Offer({name: answers.get(name) for name in names})


def emptied(row: Row, columns: Collection[str]) -> Row:
    return {name: None if name in columns else value for name, value in row.items()}


def columns_from_records(plan: Plan) -> list[str]:
    """Return the codes of the columns that records fill."""
    return [one.code for one in columns_of(plan) if fields_of(one)]
