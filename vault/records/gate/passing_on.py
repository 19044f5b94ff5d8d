"""What may not be passed on to a service: what an administration gave to the city for its own use (CRPA, L114-8).

It came by an API that the city calls with its own right. A service reads the vault as if it were not there; the
resident may add their own paper, and show that. The few holders that answer to the resident's own agreement, such as
those of energy, are registered: an unknown one is closed.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Q

from vault.records.enums import Method
from vault.records.grants import recipients
from vault.records.models import Grant, Record, RecordQuerySet
from vault.records.values.decrypted import Opened, Values

_open: set[str] = set()


def register(holders: Iterable[str]) -> None:
    """Register holders whose answers the resident may pass on to anybody."""
    _open.update(holders)


def is_closed(method: str, holder: str) -> bool:
    return method == Method.API_PULL and holder not in _open


def allowed(grant: Grant, records: RecordQuerySet) -> RecordQuerySet:
    """Return the records that the grant's recipient may see anything of."""
    if recipients.get(grant.recipient_kind).may_have_closed:
        return records
    return records.exclude(Q(method=Method.API_PULL) & ~Q(holder__in=_open))


def is_allowed(grant: Grant, record: Record) -> bool:
    """Return whether the grant's recipient may see anything of the record, as `allowed` selects them."""
    return recipients.get(grant.recipient_kind).may_have_closed or not is_closed(record.method, record.holder)


def allowed_part(grant: Grant, values: Values) -> Values:
    """Return the values without those that the recipient may not have: a corrected record keeps some of its former
    origin.
    """
    return values if recipients.get(grant.recipient_kind).may_have_closed else open_part(values)


def open_part(values: Values) -> Values:
    """Return what may be passed on to a service."""
    found = (_open_part(record) for record in values if not is_closed(record.method, record.holder))
    return Values([record for record in found if record.payload])


def _open_part(record: Opened) -> Opened:
    origins = {name: record.origin(name) for name in record.payload}
    closed = {name for name, origin in origins.items() if is_closed(origin.method, origin.holder)}
    if not closed:
        return record
    return replace(record, payload={name: value for name, value in record.payload.items() if name not in closed})
