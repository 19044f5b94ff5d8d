"""What may not be passed on to a service, whatever the resident agreed to.

Two things: what an administration gave to the city for its own use (CRPA, L114-8), by an API that the city calls with
its own right; and what a holder sent whose terms say that it stays here. A service reads the vault as if it were not
there; the resident may add their own paper, and show that. The few holders that answer to the resident's own
agreement, such as those of energy, are registered: an unknown one is closed.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import cached_property

from django.db.models import Q

from vault.records.enums import Method
from vault.records.grants import recipients
from vault.records.models import Grant, Record, RecordQuerySet
from vault.records.values.decrypted import Opened, Values

_open: set[str] = set()
#: One function: which holders that send lots do not let them go on.
_kept: list[Callable[[], Collection[str]]] = []


def register(holders: Iterable[str], kept: Callable[[], Collection[str]]) -> None:
    """Register holders whose answers the resident may pass on to anybody.

    Args:
        kept: returns the holders that send lots which stay here, by their terms of today.
    """
    _open.update(holders)
    _kept[:] = [kept]


class Terms:
    """What a service may have, as the law and holders' terms are today: one for each reading. Cost: one query.

    Args:
        open: whoever reads is no service, and may have all that was granted.
    """

    def __init__(self, *, open: bool = False) -> None:
        self._all_open = open

    def is_closed(self, method: str, holder: str) -> bool:
        if self._all_open:
            return False
        return self.is_closed_by_law(method, holder) or (method == Method.API_PUSH and holder in self.kept)

    def is_closed_by_law(self, method: str, holder: str) -> bool:
        return method == Method.API_PULL and holder not in _open

    @cached_property
    def kept(self) -> frozenset[str]:
        return frozenset(holder for kept in _kept for holder in kept())

    def allowed(self, records: RecordQuerySet) -> RecordQuerySet:
        """Return the records of which a service may see anything."""
        if self._all_open:
            return records
        by_law, by_terms = Q(method=Method.API_PULL) & ~Q(holder__in=_open), Q(method=Method.API_PUSH)
        return records.exclude(by_law | by_terms & Q(holder__in=self.kept))

    def allows(self, record: Record) -> bool:
        """Return whether a service may see anything of the record, as `allowed` selects them."""
        return not self.is_closed(record.method, record.holder)

    def part(self, values: Values) -> Values:
        """Return what a service may have of the values: a corrected record keeps some of its former origin."""
        if self._all_open:
            return values
        found = (self._part(record) for record in values if not self.is_closed(record.method, record.holder))
        return Values([record for record in found if record.payload])

    def why(self, values: Values) -> tuple[bool, list[str]]:
        """Return whether the law keeps any of the values here, and the holders whose terms do."""
        origins = {(record.method, record.holder) for record in values}
        origins |= {
            (origin.method, origin.holder) for record in values for origin in map(record.origin, record.payload)
        }
        by_terms = {holder for method, holder in origins if method == Method.API_PUSH and holder in self.kept}
        return any(self.is_closed_by_law(*one) for one in origins), sorted(by_terms)

    def _part(self, record: Opened) -> Opened:
        origins = {name: record.origin(name) for name in record.payload}
        closed = {name for name, origin in origins.items() if self.is_closed(origin.method, origin.holder)}
        if not closed:
            return record
        return replace(record, payload={name: value for name, value in record.payload.items() if name not in closed})


def terms_for(grant: Grant) -> Terms:
    return Terms(open=recipients.get(grant.recipient_kind).may_have_closed)
