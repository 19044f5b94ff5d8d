# ruff: noqa: SLF001 - Django documents _meta and _base_manager
"""Keys of authenticated rows (core/models/rows.py), rows of other packages, and rows that the portal did not write.

The city's key is one row, protected by the keyring: made once, and read once in each process. It makes MACs and
decrypts nothing.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import cache as once
from typing import Any, TypeVar
from uuid import UUID

from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import CharField, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast
from django.db.models.signals import post_delete, post_save, pre_delete
from django.utils import timezone
from django_scopes import scopes_disabled

from core import journal, keys
from core.journal import heads
from core.journal.accounts import Accounts
from core.keys import protect
from core.models import CityKey, RowMac
from core.models.rows import (
    AuthenticatedRow,
    Forged,
    Key,
    by_city,
    changing,
    check,
    checking,
    declared,
    give_keys,
    is_genuine,
    mac_of,
    unchecked,
)

__all__ = ["Forged", "changing", "check", "unchecked"]

logger = logging.getLogger(__name__)

PURPOSE = "city's key of rows"
CHECK = "Vérifier les lignes de la base"
#: Kept with the key, where nobody changes it: the rows from before have their MACs, or there were none; the residents
#: from before have their heads too; those heads have what ended, and accounts have heads; and the heads count rows.
SIGNED, HEADED, WHOLE, COUNTED = "signed", "headed", "whole", "counted"
BATCH = 1_000
A_DAY = 86_400

M = TypeVar("M", bound=Model)
_guarded: list[type[Model]] = []


@once
def city_key() -> bytes:
    """Return the city's key; make it if there is none. Rows under a former one are then refused.

    Raises:
        KeyringError: the keyring cannot unwrap it.
    """
    return _read_key(_protected() or _make())[0]


def key_of(row: Model) -> bytes:
    """Return the key of a row's MAC; raises as `keys.key_of`."""
    if declared(type(row)).key is Key.CITY:
        return city_key()
    resident_id: UUID = row.resident_id  # type: ignore[attr-defined]  # each row under a resident's key has one
    return keys.row_key(keys.key_of(resident_id=resident_id))


def guard(model: type[Model], *columns: str, account: str) -> None:
    """Guard a model of another package by these columns. Each MAC lies beside, in `RowMac`.

    Its rows are checked as they are loaded. What changes them without `save`, as `update` does, makes them refused.
    `account` is as in `by_city`.
    """
    plain: Callable[..., Any] = model.from_db.__func__  # type: ignore[attr-defined]

    def from_db(cls: type[Model], *args: Any) -> Model:
        row: Model = plain(cls, *args)
        if not row.get_deferred_fields():
            _check_beside(row)
        return row

    plain_save: Callable[..., None] = model.save

    def save(self: Model, *args: Any, **options: Any) -> None:
        names = options.get("update_fields")
        with changing(self) if names is None or {*names} & {*columns} else nullcontext():
            plain_save(self, *args, **options)

    model.decides = by_city(*columns, account=account)  # type: ignore[attr-defined]
    model.from_db = classmethod(from_db)  # type: ignore[assignment, method-assign]
    model.save = save  # type: ignore[method-assign]
    post_save.connect(_write_beside, sender=model)
    pre_delete.connect(_before_deletion, sender=model)
    post_delete.connect(_forget_beside, sender=model)
    _guarded.append(model)


def load(rows: QuerySet[M]) -> list[M]:
    """Load rows of a guarded model, all with their MACs in one query. `rows` joins no other model.

    Raises:
        Forged
    """
    beside = RowMac.objects.filter(label=rows.model._meta.label, row=Cast(OuterRef("pk"), CharField()))
    with unchecked():
        found = list(rows.annotate(mac_beside=Subquery(beside.values("mac")[:1])))
    for row in found:
        if checking() and not is_genuine(row, row.mac_beside or b""):  # type: ignore[attr-defined]  # annotated
            raise Forged(row)
    return found


def report(forged: Forged) -> None:
    """Alert the operator, and journal the refusal for the resident whose row or account it is.

    Call it outside the transaction of what was refused. A row has one entry a day; the log has each refusal. An agent
    has no journal.
    """
    label = forged.row._meta.label
    logger.error("a row is not what the portal wrote", extra={"kind": label, "code": str(forged.row.pk)})
    if not cache.add(f"row-refused:{label}:{forged.row.pk}", 1, A_DAY):
        return
    for resident_id in _residents(forged.row):
        try:
            with transaction.atomic():
                journal.write(
                    resident_id=resident_id,
                    actor_id=resident_id,
                    event="row_refused",
                    purpose=CHECK,
                    details={"kind": label},
                    ground=journal.Ground.TASK,
                    means=journal.Means.SCHEDULER,
                )
        except keys.KeyMissing:
            continue


def each(act: Callable[[M], int], rows: Iterable[M]) -> int:
    """Call `act` for each row and return the sum. A row that the portal did not write is reported, and skipped."""
    done = 0
    for row in rows:
        try:
            done += act(row)
        except Forged as forged:
            report(forged)
    return done


def forged_rows() -> Iterator[Model]:
    """Yield every row that the portal did not write as it is."""
    for model in _all_models():
        yield from (row for row in _rows(model) if _has_key(row) and not is_genuine(row, _mac(row)))


def put_back() -> Iterator[str]:
    """Yield what differs between the rows that open a vault or an account, their heads, and the journals."""
    for resident_id in heads.residents():
        yield from heads.problems(resident_id, _followed(resident_id))
    yield from accounts.problems()


def were_signed() -> bool:
    """Return True if what was there before has MACs and heads, or there was nothing: the portal wrote all since."""
    return _state() == COUNTED


def have_accounts_heads() -> bool:
    """Return True if each account has a head, also those from before heads."""
    return _state() in {WHOLE, COUNTED}


def give_macs(*, again: bool) -> int:
    """Give a MAC to each row without one, from before this version; with `again`, to each refused row. Then make the
    heads that are missing; with `again`, those that are refused. Each head then has what ended before, and counts the
    other rows: those that are there are believed to be all.

    Every such row is believed from then on: run it once, right after the migration, or after a restore without the
    city's key. Return their number.
    """
    given, state = 0, _state()
    key, before = city_key(), _protected() or ""
    _replace(1, before, _protect(key, COUNTED))
    for model in _all_models() if again or not state else ():
        for row in _rows(model):
            mac = _mac(row)
            if _has_key(row) and (not mac or (again and not is_genuine(row, mac))):
                _give_mac(row)
                given += 1
    for resident_id in heads.residents():
        followed = list(_followed(resident_id))
        if (again or state in {"", SIGNED}) and any(heads.problems(resident_id, followed)):
            heads.renew(resident_id, followed)
        heads.complete(resident_id, followed)
    accounts.complete(again=again)
    return given


def _state() -> str:
    city_key()
    return _read_key(_protected() or "")[1]


def _followed(resident_id: UUID) -> Iterator[AuthenticatedRow]:
    """Yield the resident's rows of each model that a head follows."""
    for model in apps.get_models():
        if issubclass(model, AuthenticatedRow) and model.decides.followed:
            with unchecked(), scopes_disabled():
                unused = [field.name for field in model._meta.concrete_fields if field.name == "content"]
                yield from list(model._base_manager.filter(resident_id=resident_id).defer(*unused))  # type: ignore[misc]  # a resident's


def _protected() -> str | None:
    return CityKey.objects.values_list("protected", flat=True).first()


def _make() -> str:
    """Make the key over a connection of its own: it stays, whatever becomes of the caller's transaction."""
    city_is_new = not apps.get_model("accounts", "User")._base_manager.exists()
    protected = _protect(secrets.token_bytes(keys.KEY_BYTES), COUNTED if city_is_new else "")
    apart = connection.copy()
    try:
        with apart.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_citykey (id, protected, made_at) VALUES (1, %s, %s) ON CONFLICT DO NOTHING",
                [protected, timezone.now()],
            )
    finally:
        apart.close()
    return CityKey.objects.get().protected


def _protect(key: bytes, state: str) -> str:
    return protect.protect(f"{key.hex()} {state}", purpose=PURPOSE)


@once
def _read_key(protected: str) -> tuple[bytes, str]:
    key, _space, state = protect.unprotect(protected, purpose=PURPOSE).partition(" ")
    return bytes.fromhex(key), state


def _replace(pk: int, old: str, new: str) -> int:
    return CityKey.objects.filter(pk=pk, protected=old).update(protected=new)


KEEPER = protect.Keeper(PURPOSE, lambda: CityKey.objects.values_list("pk", "protected"), _replace)


def _check_beside(row: Model) -> None:
    if checking() and not is_genuine(row, _mac(row)):
        raise Forged(row)


def _write_beside(sender: type[Model], instance: Model, update_fields: frozenset[str] | None, **_: object) -> None:
    if update_fields is None or update_fields & {*declared(sender).columns}:
        _give_mac(instance)


def _before_deletion(sender: type[Model], instance: Model, **_: object) -> None:
    instance.account_was_genuine = accounts.lock(_account(instance))  # type: ignore[attr-defined]


def _forget_beside(sender: type[Model], instance: Model, **_: object) -> None:
    RowMac.objects.filter(label=sender._meta.label, row=str(instance.pk)).delete()
    if instance.account_was_genuine:  # type: ignore[attr-defined]
        accounts.write(_account(instance))


def _account(row: Model) -> UUID:
    found: UUID = getattr(row, f"{declared(type(row)).account}_id")
    return found


def _mac(row: Model) -> bytes:
    if isinstance(row, AuthenticatedRow):
        return bytes(row.mac)
    beside = RowMac.objects.filter(label=row._meta.label, row=str(row.pk)).values_list("mac", flat=True).first()
    return bytes(beside or b"")


def _give_mac(row: Model) -> None:
    if isinstance(row, AuthenticatedRow):
        type(row)._base_manager.filter(pk=row.pk).update(mac=mac_of(row))
    else:
        beside = RowMac(label=row._meta.label, row=str(row.pk), mac=mac_of(row))
        RowMac.objects.bulk_create(
            [beside], update_conflicts=True, unique_fields=["label", "row"], update_fields=["mac"]
        )


def _all_models() -> list[type[Model]]:
    return [*(model for model in apps.get_models() if issubclass(model, AuthenticatedRow)), *_guarded]


def _rows(model: type[Model]) -> Iterator[Model]:
    with unchecked(), scopes_disabled():
        yield from model._base_manager.order_by("pk").iterator(chunk_size=BATCH)


def _has_key(row: Model) -> bool:
    try:
        key_of(row)
    except keys.KeyMissing:
        return False
    return True


def _residents(row: Model) -> list[UUID]:
    """Return the residents whom a row is about: its owner, or the user of an account's row."""
    names = ("resident_id", "user_id", "person_id", "agent_id")
    found = [getattr(row, name) for name in names if getattr(row, name, None)]
    return found or ([row.pk] if isinstance(row.pk, UUID) else [])


accounts = Accounts(city_key, have_accounts_heads)
give_keys(key_of, heads, accounts)
