# ruff: noqa: SLF001 - Django documents _meta
"""Heads of accounts: the rows that decide who signs in and acts, so that none is put back as it once was.

A model declared with `account=` has rows of accounts: the account itself, its addresses, passkeys, second factors,
identities and places. Each change of one of them appends a leaf to the account's chain, in the table of the journals'
leaves: an HMAC, under the city's key, of the account, the leaf's number, and the MACs of all its rows. The last leaf
is the account's head. It is compared with the rows in the query that loads the account of a session, and at each
sign-in. If one row was put back, removed or added, the account opens nothing.

The chain has no content, no actor and no name: its id is an HMAC of the account's, of version 8, which no resident's
id has. As any journal's, it refuses a change or deletion, and lies under the checkpoints. So rows that are put back
together with the chain's end are found by `verify_journal`.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Field, Model, TextField
from django.db.models.expressions import RawSQL
from django.utils import timezone

from core import canonical
from core.database import locks
from core.models.rows import AuthenticatedRow, Decides, Forged, checking

#: Of the UUIDs of chains: RFC 9562 leaves it to each application. Residents have version 4.
VERSION = 8
CHAINS = r"^.{14}8"
START = bytes(32)
# An account's chain's last leaf and, in a steady order, its rows with their MACs. A row without a MAC is none of them:
# it is refused as it is loaded, and a migration may have added it.
STATE = """(
SELECT coalesce((SELECT number || ':' || encode(leaf, 'hex') || ':' || encode(chain, 'hex') FROM core_journalleaf
    WHERE resident_id = %s ORDER BY number DESC LIMIT 1), '0::') || ' ' ||
coalesce((SELECT string_agg(item, ',' ORDER BY item COLLATE "C") FROM ({rows}) found), '')
)"""
ROWS = """SELECT '{label}:' || one."{pk}" || ':' || encode(one.mac, 'hex') AS item
FROM "{table}" one WHERE one."{owner}" = %s AND length(one.mac) > 0"""
ROWS_BESIDE = """SELECT '{label}:' || one."{pk}" || ':' || coalesce(encode(beside.mac, 'hex'), '') AS item
FROM "{table}" one LEFT JOIN core_rowmac beside ON beside.label = '{label}' AND beside.row = one."{pk}"::text
WHERE one."{owner}" = %s"""

# No earlier than the leaf before, whose time a clock that was set back may not have reached.
NEXT = """
INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain) VALUES (%(chain_of)s, %(number)s,
    greatest(%(now)s, (SELECT at FROM core_journalleaf WHERE resident_id = %(chain_of)s AND number = %(number)s - 1)),
    %(leaf)s, %(chain)s)
"""


class State(NamedTuple):
    """The last leaf of an account's chain, and its rows with their MACs. Without a leaf `number` is 0."""

    number: int
    leaf: bytes
    chain: bytes
    rows: str

    @classmethod
    def read(cls, text: str) -> "State":
        last, _space, rows = text.partition(" ")
        number, leaf, chain = last.split(":")
        return cls(int(number), bytes.fromhex(leaf), bytes.fromhex(chain), rows)

    def has(self, model: type[Model]) -> bool:
        """Return whether a row is of this model."""
        return any(row.startswith(f"{model._meta.label}:") for row in self.rows.split(","))


def is_chain(id: UUID) -> bool:
    """Return whether this is the id of an account's chain, and of no resident."""
    return id.version == VERSION


def link(before: bytes, leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + before + leaf).digest()


@dataclass(frozen=True)
class Accounts:
    """Heads of all accounts. `core.rows` makes the only one.

    Args:
        key: returns the city's key.
        are_complete: returns whether each account has a head, also those from before this version.
    """

    key: Callable[[], bytes]
    are_complete: Callable[[], bool]

    def state(self, account: UUID) -> RawSQL:
        """Return the state of an account, to be loaded with it in one query and then given to `check`."""
        return RawSQL(self._sql, self._values(account), output_field=TextField())  # noqa: S611 - names of our models

    def check(self, account: UUID, text: str | None = None) -> State:
        """Check that an account's rows are those that the portal wrote last, and return them.

        Args:
            text: the account's `state`, loaded with it.

        Raises:
            Forged: one was put back, removed or added.
        """
        state = State.read(text) if text else self._read(account)
        if checking() and not self._is_current(account, state):
            raise _forged(account)
        return state

    @contextmanager
    def changing(self, accounts: Iterable[UUID], *, savepoint: bool = True) -> Iterator[None]:
        """Change rows of accounts in the block, in one transaction with their heads. Nothing forged becomes genuine.

        Args:
            savepoint: as in `core.models.rows.changing`.

        Raises:
            Forged: a row was put back before.
        """
        ids = sorted(set(accounts))
        with transaction.atomic(savepoint=savepoint):
            before = {account: self.lock(account) for account in ids}
            yield
            for account, genuine in before.items():
                if genuine:
                    self.write(account)

    def lock(self, account: UUID) -> bool:
        """Lock an account's chain until the transaction ends, and check the account.

        Return False if it is forged, and rows are loaded unchecked: its head then stays as it is.
        """
        genuine = self._is_current(account, self._read(account, lock=True))
        if checking() and not genuine:
            raise _forged(account)
        return genuine

    def write(self, account: UUID) -> bool:
        """Append the account's rows as they are now to its chain, if they differ. Return whether they did."""
        state = self._read(account)
        if hmac.compare_digest(state.leaf, self._leaf(account, state.number, state.rows)):
            return False
        number = state.number + 1
        leaf = self._leaf(account, number, state.rows)
        with connection.cursor() as cursor:
            cursor.execute(
                NEXT,
                {
                    "chain_of": self.chain_of(account),
                    "number": number,
                    "now": timezone.now(),
                    "leaf": leaf,
                    "chain": link(state.chain or START, leaf),
                },
            )
        return True

    def problems(self) -> Iterator[str]:
        """Yield the accounts whose rows are not those that the portal wrote last."""
        for account in everyone():
            if not self._is_current(account, self._read(account)):
                yield f"account {account}: a row of it was put back, removed or added"

    def complete(self, *, again: bool) -> None:
        """Make the heads that are missing; with `again`, those that are refused. Only `rows sign` calls this."""
        for account in everyone():
            with transaction.atomic():
                locks.hold("account", account)
                if again or self._read(account).number == 0:
                    self.write(account)

    def chain_of(self, account: UUID) -> UUID:
        found = bytearray(hmac.digest(self.key(), b"chain of account " + account.bytes, "sha256")[:16])
        found[6] = (found[6] & 0x0F) | VERSION << 4
        found[8] = (found[8] & 0x3F) | 0x80
        return UUID(bytes=bytes(found))

    def _is_current(self, account: UUID, state: State) -> bool:
        if state.number == 0:
            return not state.rows or not self.are_complete()
        return hmac.compare_digest(state.leaf, self._leaf(account, state.number, state.rows))

    def _leaf(self, account: UUID, number: int, rows: str) -> bytes:
        parts = ["account", str(account), number, hashlib.sha256(rows.encode()).hexdigest()]
        return hmac.digest(self.key(), canonical.encode(parts), "sha256")

    def _read(self, account: UUID, *, lock: bool = False) -> State:
        """Read the state of an account; with `lock`, take its chain's lock first.

        Two statements in one round trip: only the second one sees what was committed during the wait.
        """
        first, taken = "", list[int]()
        if lock:
            first, taken = "SELECT pg_advisory_xact_lock(%s);", [locks.key("account", account)]
        with connection.cursor() as cursor:
            cursor.execute(f"{first} SELECT {self._sql}", [*taken, *self._values(account)])
            if lock:
                cursor.nextset()
            return State.read(cursor.fetchone()[0])

    def _values(self, account: UUID) -> list[UUID]:
        return [self.chain_of(account), *[account] * len(self._sources)]

    @cached_property
    def _sql(self) -> str:
        return STATE.format(rows=" UNION ALL ".join(self._sources))

    @cached_property
    def _sources(self) -> list[str]:
        found = []
        for model in apps.get_models():
            decides = getattr(model, "decides", None)
            if isinstance(decides, Decides) and decides.account:
                owner, pk = model._meta.get_field(decides.account), model._meta.pk
                sql = ROWS if issubclass(model, AuthenticatedRow) else ROWS_BESIDE
                names = {"pk": _column(pk), "owner": _column(owner), "table": model._meta.db_table}
                found.append(sql.format(label=model._meta.label, **names))
        return found


def everyone() -> list[UUID]:
    return list(get_user_model()._base_manager.order_by("pk").values_list("pk", flat=True))


def _column(field: object) -> str:
    if not isinstance(field, Field):
        raise TypeError(field)
    return str(field.column)


def _forged(account: UUID) -> Forged:
    return Forged(get_user_model()(pk=account))
