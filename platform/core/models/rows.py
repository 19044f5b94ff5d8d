# ruff: noqa: SLF001 - Django documents _meta and _base_manager
"""Authenticated rows: a model names the columns that decide something, and each row carries a MAC of them.

A row decides who signs in, sees or acts, or what is believed. Whoever writes to the database without the keyring
cannot make the MAC, so their row is refused (`Forged`) when it is loaded in order to decide.

- `decides = by_city(…)`: under the city's key. Each row is checked as it is loaded.
- `decides = by_resident(…)`: under the resident's own key, since their vault is closed until they or a grant open it.
  Who decides by such a row calls `check` first: the gate, the `across` modules, the verbs.
- `decides = nothing("the reason")`.

With `head=True`, the row is also in its resident's head while it may open something (core/journal/heads.py), so that
one that was stopped or used is not put back as it once was. With `ends=True`, the head has the row once it has ended:
withdrawn, replaced, used or deleted, it is never believed as a current one again; and the head has the number of those
that did not end, so that one that somebody deletes in the database is noticed. With `account=`, the row is one of
an account's, whose head has all of them as the portal last wrote them (core/journal/accounts.py).

A MAC names the version of its list of columns, so that a migration needs no key: `former` keeps the earlier lists. A
row under an earlier list is believed only while the columns added since hold their defaults; `manage.py rows sign`
then gives it a MAC of the longer list, once (core/signing.py). A model whose rows had no MAC has `former=[UNSIGNED]`.

Other rows are not put back as they once were either: each writing draws a salt, which is part of the MAC, and the
database refuses a MAC that was written before (core/models/written.py), and takes the MAC away if a column under it
changes alone (migration 0028). With `put_back=`, the model says why a former row obtains nothing.

`save`, `update` and `bulk_create` write columns and MAC together, and check the stored row first: a change by the
portal never makes a forged column genuine. `core.rows` gives the keys, and guards the rows of other packages.
"""

import hmac
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast
from uuid import UUID

from django.db import models, transaction

from core import canonical
from core.models.declaring import FROZEN, UNSIGNED, Decides, Forged, Key, Nothing, by_city, by_resident, nothing
from core.models.row_values import columns_of, encoded_in_two, values_of

__all__ = [
    "FROZEN",
    "UNSIGNED",
    "AuthenticatedRow",
    "Decides",
    "Forged",
    "Key",
    "Nothing",
    "RowQuerySet",
    "by_city",
    "by_resident",
    "nothing",
]

M = TypeVar("M", bound=models.Model)
#: Of a row's tag in a head.
TAG_BYTES = 16
#: Of a MAC: the version of its list of columns, and an HMAC-SHA256. A salt follows, if the model's rows have one.
MAC_BYTES, SALT_BYTES = 33, 8
#: Between the parts of a lot's name.
LOT = "|"


class Heads(Protocol):
    """Which rows may open something as they are, which ones ended, and how many did not (core/journal/heads.py)."""

    def check(self, rows: "Sequence[AuthenticatedRow]", *, locked: bool, genuine: bool) -> Mapping[Any, bytes]: ...
    def change(self, rows: "Sequence[AuthenticatedRow]", *, added: bool = False) -> None: ...
    def end(self, rows: Sequence[tuple[UUID, UUID, str]]) -> None: ...


class Accounts(Protocol):
    """Which rows of accounts are as the portal last wrote them (core/journal/accounts.py)."""

    def changing(self, accounts: Iterable[UUID], *, savepoint: bool = True) -> AbstractContextManager[None]: ...


_key_of: list[Callable[[models.Model], bytes]] = []
_heads: list[Heads] = []
_accounts: list[Accounts] = []
_are_salted: list[Callable[[], bool]] = []
_unchecked: ContextVar[bool] = ContextVar("unchecked", default=False)


def give_keys(
    key_of: Callable[[models.Model], bytes], heads: Heads, accounts: Accounts, are_salted: Callable[[], bool]
) -> None:
    """Register the function that returns the key of a row, the heads, and what returns whether each MAC that needs a
    salt has one. `core.rows` calls it once.
    """
    _key_of[:], _heads[:], _accounts[:], _are_salted[:] = [key_of], [heads], [accounts], [are_salted]


def changing(*rows: models.Model, savepoint: bool = True) -> AbstractContextManager[None]:
    """Change these rows, of one model, in the block: in one transaction with the heads of their accounts, if any.

    Args:
        savepoint: False if the caller's transaction ends with whatever is raised.

    Raises:
        Forged: a row of an account was put back before.
    """
    name = declared(type(rows[0])).account if rows else ""
    return _accounts[0].changing(_account_ids(rows, name), savepoint=savepoint) if name else nullcontext()


def _account_ids(rows: Iterable[models.Model], name: str) -> list[UUID]:
    return [getattr(row, columns_of(type(row), (name,))[0][0]) for row in rows]


@contextmanager
def unchecked() -> Iterator[None]:
    """Load rows without a check, to give them a MAC or to list the forged ones. Only `core.rows` needs it."""
    before = _unchecked.set(True)
    try:
        yield
    finally:
        _unchecked.reset(before)


def checking() -> bool:
    return not _unchecked.get()


def mac_of(row: models.Model, *, key: bytes | None = None, version: int = 0, salt: bytes | None = None) -> bytes:
    """Return a MAC of a row: the version of its list of columns, an HMAC-SHA256, and a salt if the model has one.

    Args:
        salt: of the MAC that is compared; a new one else.
    """
    decides = declared(type(row))
    version = version or len(decides.lists)
    if salt is None:
        salt = secrets.token_bytes(SALT_BYTES) if decides.once else b""
    parts = [label_of(type(row)), version, str(row.pk), values_of(row, decides.lists[version - 1])]
    encoded = canonical.encode([*parts, salt.hex()] if salt else parts)
    return bytes([version]) + hmac.digest(key or _key_of[0](row), encoded, "sha256") + salt


def lot_of(model: type[models.Model], values: Iterable[object]) -> str:
    """Return the name of a lot of a model's rows, by the values of the columns `lot`."""
    return LOT.join([label_of(model), *map(str, values)])


@cache
def label_of(model: type[models.Model]) -> str:
    shown = model._meta.concrete_model or model  # a proxy shows the same rows
    return shown._meta.label


def is_genuine(row: models.Model, mac: bytes | memoryview, *, key: bytes | None = None, version: int = 0) -> bool:
    """Return whether the portal wrote a row as it is.

    Args:
        version: of the longest list under which rows were written, when it was not the present one.
    """
    mac, decides = bytes(mac), declared(type(row))
    lists, own, salt = decides.lists[: version or len(decides.lists)], mac[0] if mac else 0, mac[MAC_BYTES:]
    if not 1 <= own <= len(lists) or not lists[own - 1]:
        return False
    if not hmac.compare_digest(mac, mac_of(row, key=key, version=own, salt=salt)):
        return False
    if decides.once and not salt and _are_salted[0]():
        return False
    added = tuple(set(lists[-1]) - set(lists[own - 1])) if own < len(lists) else ()
    return not added or values_of(row, added) == values_of(type(row)(), added)


def check(*rows: "AuthenticatedRow", key: bytes | None = None, locked: bool = True, ended: bool = False) -> None:
    """Check rows in order to decide by them.

    Args:
        key: their resident's, if the caller has it.
        locked: False if somebody may change the rows meanwhile: one that changed since it was loaded gets its new
            values. Decide by it afterwards.
        ended: rows that ended may be among them, as in a history. Of a model with `ends`.

    Raises:
        Forged: the portal did not write a row as it is, or it was put back as it once was.
        KeyMissing: the resident's key was erased.
    """
    if not checking():
        return
    followed: list[AuthenticatedRow] = []
    others: list[AuthenticatedRow] = []
    for row in rows:
        (followed if row.decides.head or (row.decides.ends and not ended) else others).append(row)
    if key:
        for row in rows:
            _require_genuine(row, key)
    known = _heads[0].check(followed, locked=locked, genuine=key is not None) if followed else {}
    if key:
        return
    unread = [row for row in others if _reader(row) not in known]
    found = keys_of(unread)
    for row in others:
        _require_genuine(row, known.get(_reader(row)) or found[row])


def _reader(row: "AuthenticatedRow") -> UUID | None:
    """Return the resident under whose key the row's MAC is, if any."""
    return getattr(row, "resident_id", None) if row.decides.key is Key.RESIDENT else None


def _require_genuine(row: "AuthenticatedRow", key: bytes) -> None:
    if not is_genuine(row, row.mac, key=key):
        raise Forged(row)


def check_mac(row: models.Model) -> None:
    """Check the MAC of a resident's row, whatever became of it. A row of the city is checked as it is loaded.

    Raises:
        Forged: the portal did not write the row as it is.
        KeyMissing: the resident's key was erased.
    """
    if checking() and isinstance(row, AuthenticatedRow) and row.decides.key is Key.RESIDENT:
        _require_genuine(row, _key_of[0](row))


def check_encoded(rows: "Sequence[AuthenticatedRow]", columns: tuple[str, ...], *, key: bytes) -> list[str]:
    """Check current rows of one model as `check` does. Return, of each, the first columns of its list, `encoded`.

    Whoever decrypts what was sealed with them needs not encode them again: that is half of the cost.

    Raises:
        Forged: as `check`.
    """
    texts = []
    for row in rows:
        lists = row.decides.lists
        text, rest = encoded_in_two(row, lists[-1], len(columns))
        encoded = f'["{label_of(type(row))}",{len(lists)},"{row.pk}",[{text},{rest}]]'.encode()
        mac = bytes([len(lists)]) + hmac.digest(key, encoded, "sha256")
        if checking() and not hmac.compare_digest(row.mac, mac) and not is_genuine(row, row.mac, key=key):
            raise Forged(row)
        texts.append(text)
    check_current(*rows)
    return texts


def check_current(*rows: "AuthenticatedRow") -> None:
    """Check that rows of a model with `ends`, whose MACs the caller has checked and which it has locked, did not end.

    Raises:
        Forged: a row had ended, and was put back.
    """
    if rows and checking():
        _heads[0].check(rows, locked=True, genuine=True)


def keys_of(rows: Sequence[M]) -> dict[M, bytes]:
    """Return the key of each row. Each resident's is unwrapped once."""
    found: dict[object, bytes] = {}
    owners = [(declared(type(row)).key, getattr(row, "resident_id", None)) for row in rows]
    for row, owner in zip(rows, owners, strict=True):
        if owner not in found:
            found[owner] = _key_of[0](row)
    return {row: found[owner] for row, owner in zip(rows, owners, strict=True)}


def declared(model: type[models.Model]) -> Decides:
    decides: Decides = model.decides  # type: ignore[attr-defined]  # `core.rows` sets it on other packages' models
    return decides


class RowQuerySet(models.QuerySet[M]):
    """Writes the MAC with the columns that it covers."""

    def update(self, **columns: Any) -> int:
        """Update rows; of columns that decide, one by one under their locks.

        Raises:
            Forged: a row was not as the portal wrote it.
            TypeError: a column that decides would be computed by the database.
        """
        if not issubclass(self.model, AuthenticatedRow) or not self.model.covers(columns):
            return super().update(**columns)
        if any(hasattr(value, "resolve_expression") for value in columns.values()):
            raise TypeError(f"{self.model.__name__}: a column under a MAC is not computed by the database")
        with transaction.atomic():
            rows = cast("list[AuthenticatedRow]", list(self.select_for_update(of=("self",), no_key=True)))
            keys = keys_of(rows)
            with changing(*rows):
                changed = [row for row in rows if row._write(keys[row], columns)]
            if changed:
                _heads[0].change(changed)
        return len(rows)

    def delete(self) -> tuple[int, dict[str, int]]:
        if not issubclass(self.model, AuthenticatedRow):
            return super().delete()
        if name := self.model.decides.account:
            with _accounts[0].changing(self.values_list(name, flat=True)):
                return super().delete()
        if not self.model.decides.ends:
            return super().delete()
        with transaction.atomic():
            rows = list(self.values_list("resident_id", "pk", *self.model.decides.lot))
            deleted = super().delete()
            _heads[0].end([(owner, pk, lot_of(self.model, lot)) for owner, pk, *lot in rows])
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        rows = list(objs)
        if issubclass(self.model, AuthenticatedRow):
            if options.get("update_conflicts") or (options.get("ignore_conflicts") and self.model.decides.followed):
                raise TypeError(f"{self.model.__name__}: rows under a MAC are not merged by the database")
            if any(row.pk is None for row in rows):
                return self._create_numbered(rows)
            keys = keys_of(rows)
            for row in rows:
                row.mac = mac_of(row, key=keys[row])  # type: ignore[attr-defined]
            if self.model.decides.followed:
                with transaction.atomic(savepoint=False):
                    made = super().bulk_create(rows, *args, **options)
                    _heads[0].change(cast("list[AuthenticatedRow]", made), added=True)
                return made
            with changing(*rows):
                return super().bulk_create(rows, *args, **options)
        return super().bulk_create(rows, *args, **options)

    def _create_numbered(self, rows: list[M]) -> list[M]:
        """Insert rows that the database numbers: their MACs name the numbers, so they follow."""
        with transaction.atomic():
            made = super().bulk_create(rows)
            for row in made:
                row.mac = mac_of(row)  # type: ignore[attr-defined]
            super().bulk_update(made, ["mac"])
        return made


class AuthenticatedRow(models.Model):
    """A row whose columns `decides` are under a MAC."""

    decides: ClassVar[Decides]
    mac = models.BinaryField(default=bytes, editable=False, help_text="of the columns that decide")

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:
        names = options.get("update_fields")
        if names is not None and not self.covers(names):
            return super().save(**options)
        if self._state.adding:
            return self._insert(options)
        key = _key_of[0](self)
        with transaction.atomic():
            stored = self._with_stored(names, key)
            self.mac = stored.mac = mac_of(stored, key=key)
            if names is not None:
                options["update_fields"] = [*names, "mac"]
            with changing(stored):
                super().save(**options)
            if self.decides.followed:
                _heads[0].change([stored])
        return None

    def _insert(self, options: dict[str, Any]) -> None:
        if self.pk is None:
            return self._save_numbered(options)
        self.mac = mac_of(self)
        if not self.decides.followed:
            with changing(self):
                return super().save(**options)
        with transaction.atomic(savepoint=False):
            super().save(**options)
            _heads[0].change([self], added=True)
        return None

    def _save_numbered(self, options: dict[str, Any]) -> None:
        """Insert a row that the database numbers: its MAC names the number, so it follows."""
        with transaction.atomic():
            super().save(**options)
            self.mac = mac_of(self)
            type(self)._base_manager.filter(pk=self.pk).update(mac=self.mac)

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        row = super().from_db(db, field_names, values, **options)
        if cls.decides.at_load and checking() and not cls._without_covered(row) and not is_genuine(row, row.mac):
            raise Forged(row)
        return row

    @classmethod
    def covers(cls, names: Iterable[str]) -> bool:
        """Return True if a name, of a field or of its column, is under the MAC."""
        fields = {cls._meta.get_field("id" if name == "pk" else name).name for name in names}
        return bool(fields & {*cls.decides.columns})

    @classmethod
    def _without_covered(cls, row: Self) -> bool:
        """Return True if the row was loaded without any covered column, as `refresh_from_db(fields=…)` does.

        Raises:
            TypeError: only a part of them was loaded, so they cannot be checked.
        """
        deferred = row.get_deferred_fields()
        if not deferred:
            return False
        covered = {attname for attname, _to_python in columns_of(cls, cls.decides.columns)} | {"mac"}
        if covered - deferred and covered & deferred:
            raise TypeError(f"{cls.__name__}: load the whole row, or none of the columns under its MAC")
        return covered <= deferred

    def write(self, *, key: bytes | None = None, checked: bool = False, **columns: Any) -> None:
        """Write these columns of a row that the caller has locked and just loaded, with its MAC, in one statement.

        Args:
            checked: the caller has called `check` for the row since it loaded it.

        Raises:
            Forged: the row was not as the portal wrote it.
        """
        with changing(self, savepoint=False):
            changed = self._write(key, columns, checked=checked)
        if changed:
            _heads[0].change([self])

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        if not self.decides.ends:
            with changing(self):
                return super().delete(*args, **options)
        with transaction.atomic():
            row = self.resident_id, self.pk, self.lot  # type: ignore[attr-defined]  # each model with a head is a resident's
            deleted = super().delete(*args, **options)
            _heads[0].end([row])
        return deleted

    def _write(self, key: bytes | None, columns: dict[str, Any], *, checked: bool = False) -> bool:
        """Write as `write`. Return whether the head must follow."""
        if not checked:
            check(self, key=key, ended=True)
        version = self.mac[:1]
        for name, value in columns.items():
            setattr(self, name, value)
        self.mac = mac_of(self, key=key)
        type(self)._base_manager.filter(pk=self.pk).update(**columns, mac=self.mac)
        if self.decides.ends:
            return bool(self.ended_ids)
        return self.decides.head and bool(columns.keys() & {*self.followed()} or version != self.mac[:1])

    @property
    def is_live(self) -> bool:
        """Return whether the row may still open something: its resident's head then has it."""
        return True

    @property
    def ended_ids(self) -> tuple[UUID, ...]:
        """Return the ids of the rows that this one, as it is, ends: its own, or that of the one that it replaces."""
        return ()

    @property
    def lot(self) -> str:
        """Return the lot in which the head counts the row, until it ends."""
        return lot_of(type(self), [getattr(self, name) for name in self.decides.lot])

    def followed(self) -> tuple[str, ...]:
        """Return the columns that the head follows, in the list that the row's MAC names."""
        return self.decides.lists[self.mac[0] - 1]

    def tag(self, key: bytes) -> bytes:
        """Return what the head has of this row."""
        encoded = canonical.encode([label_of(type(self)), "head", str(self.pk), values_of(self, self.followed())])
        return hmac.digest(key, encoded, "sha256")[:TAG_BYTES]

    def take(self, stored: Self) -> None:
        """Take the values of the stored row, and keep the objects that it refers to."""
        for field in self._meta.concrete_fields:
            setattr(self, field.attname, getattr(stored, field.attname))

    def _with_stored(self, names: Iterable[str] | None, key: bytes) -> Self:
        """Return the stored row with the columns `names` of this one. The stored row stays locked.

        Columns that this instance does not write are those stored, which a concurrent request may have changed.
        """
        stored = type(self)._base_manager.select_for_update(no_key=True).filter(pk=self.pk).first()
        if stored is None:
            return self
        check(stored, key=key, ended=True)
        for attname, _to_python in columns_of(type(self), tuple(self.decides.columns if names is None else names)):
            setattr(stored, attname, getattr(self, attname))
        return stored
