# ruff: noqa: SLF001 - Django documents _meta and _base_manager
"""Keys of authenticated rows (core/models/rows.py), rows of other packages, and rows that the portal did not write.

The city's key is one row, protected by the keyring: made once, and read once in each process. It makes MACs and
decrypts nothing.
"""

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from functools import cache as once
from itertools import islice
from typing import Any, NamedTuple, TypeVar
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
from core.database import cache as shared_cache
from core.journal import heads, register
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
#: What `rows sign` has done, kept with the key: rows have MACs; residents have heads too; those heads have what ended,
#: and accounts have heads; the heads count rows; each MAC that needs a salt has one. Empty: nothing yet.
SIGNED, HEADED, WHOLE, COUNTED, SALTED = "signed", "headed", "whole", "counted", "salted"
#: The lists under which a city whose key names none has signed, where they were not the first: November 2026.
LISTS_THEN = {
    "accounts.User": 3,
    "accounts.Organisation": 2,
    "accounts.Membership": 2,
    "accounts.PendingAccount": 2,
    "records.Grant": 2,
    "holders.Connection": 2,
    "holders.Sender": 2,
    "labels.LabelRequest": 2,
    "labels.Purpose": 2,
    "labels.Review": 2,
    "labels.Label": 2,
    "labels.LabelChange": 2,
    "access.Client": 2,
    "developers.Endpoint": 2,
    "debates.Vote": 2,
}
BATCH = 1_000
A_DAY = 86_400

M = TypeVar("M", bound=Model)
_guarded: list[type[Model]] = []
_counters: dict[str, Callable[[], int]] = {}


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


def believed(rows: QuerySet[M]) -> list[M]:
    """Return the rows under the city's key that the portal wrote. Another one is reported, and left out.

    `rows` joins no other model, since nothing is checked as it is loaded.
    """
    with unchecked():
        found = list(rows)
    kept = []
    for row in found:
        if is_genuine(row, mac_beside(row)):
            kept.append(row)
        else:
            report(Forged(row))
    return kept


def report(forged: Forged) -> None:
    """Alert the operator, and journal the refusal for the resident whose row or account it is.

    Call it outside the transaction of what was refused; a refusal that was reported is not again. A row has one entry
    a day; the log has each refusal. An agent has no journal.
    """
    if forged.reported:
        return
    forged.reported = True
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
    for model in models():
        yield from (row for row in stored(model) if has_key(row) and not is_genuine(row, mac_beside(row)))


def put_back() -> Iterator[str]:
    """Yield what differs between the rows that open a vault or an account, their heads, and the journals."""
    for resident_id in heads.residents():
        yield from heads.problems(resident_id, followed(resident_id))
    yield from accounts.problems()


def were_signed() -> bool:
    """Return True if what was there before has MACs of the present lists and heads, or there was nothing."""
    state = read_state()
    return state.word == SALTED and all(len(declared(model).lists) == state.list_of(model) for model in models())


def have_accounts_heads() -> bool:
    """Return True if each account has a head, also those from before heads."""
    return read_state().word in {WHOLE, COUNTED, SALTED}


def are_salted() -> bool:
    """Return True if each MAC that needs a salt has one: one without was put back."""
    return read_state().word == SALTED


class State(NamedTuple):
    """What `rows sign` has done. It is protected with the key, so that nobody has it done again.

    Args:
        lists: by model, the version of the list under which all its rows were signed, unless it is the first.
        bounds: by name, the last number that there was before (`bound`).
    """

    word: str
    lists: Mapping[str, int]
    bounds: Mapping[str, int]

    def list_of(self, model: type[Model]) -> int:
        """Return the version of the list under which the model's rows were signed, or 0 if they never were."""
        return self.lists.get(model._meta.label, 1) if self.word else 0

    def after(self, word: str, signed: Iterable[type[Model]]) -> "State":
        """Return the state once these models' rows were signed under their present lists."""
        lists = {model._meta.label: len(declared(model).lists) for model in signed}
        known = {**self.lists, **lists}
        longer = {label: known[label] for label in sorted(known) if known[label] > 1}
        counted = {name: count() for name, count in _counters.items() if name not in self.bounds}
        return State(word, longer, {**counted, **self.bounds})


def state_of_new_city() -> State:
    """Return the state in which the portal wrote every row."""
    return State("", {}, dict.fromkeys(_counters, 0)).after(SALTED, models())


def read_state() -> State:
    city_key()
    return _read_key(_protected() or "")[1]


def note_signed(word: str, signed: Iterable[type[Model]]) -> None:
    """Keep with the key that these models' rows were signed. A rotation may rewrap it meanwhile."""
    changed = 0
    while not changed:
        before = _protected() or ""
        key, state = _read_key(before)
        changed = _replace(1, before, protect_key(key, state.after(word, signed)))


def count_before(name: str, last: Callable[[], int]) -> None:
    """Register what returns the last number of rows that never change, whose earlier ones have no stamp."""
    _counters[name] = last


def bound(name: str) -> int:
    """Return the last number that there was when `rows sign` was first run with it: it may lack a stamp.

    Until then nothing is believed without one.
    """
    return read_state().bounds.get(name, 0)


def followed(resident_id: UUID) -> Iterator[AuthenticatedRow]:
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
    is_new = not apps.get_model("accounts", "User")._base_manager.exists()
    state = state_of_new_city() if is_new else State("", {}, {})
    protected = protect_key(secrets.token_bytes(keys.KEY_BYTES), state)
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


def protect_key(key: bytes, state: State) -> str:
    """Protect the key and the state. A key service may refuse more than four kilobytes."""
    kept = json.dumps([state.lists, state.bounds], separators=(",", ":"))
    return protect.protect(f"{key.hex()} {state.word} {kept}", purpose=PURPOSE)


@once
def _read_key(protected: str) -> tuple[bytes, State]:
    key, word, *kept = protect.unprotect(protected, purpose=PURPOSE).split(" ", 2)
    lists, bounds = json.loads(kept[0]) if kept else (LISTS_THEN if word else {}, {})
    return bytes.fromhex(key), State(word, lists, bounds)


def _replace(pk: int, old: str, new: str) -> int:
    return CityKey.objects.filter(pk=pk, protected=old).update(protected=new)


KEEPER = protect.Keeper(PURPOSE, lambda: CityKey.objects.values_list("pk", "protected"), _replace)


def _check_beside(row: Model) -> None:
    if checking() and not is_genuine(row, mac_beside(row)):
        raise Forged(row)


def _write_beside(sender: type[Model], instance: Model, update_fields: frozenset[str] | None, **_: object) -> None:
    if update_fields is None or update_fields & {*declared(sender).columns}:
        give_mac(instance)


def _before_deletion(sender: type[Model], instance: Model, **_: object) -> None:
    instance.account_was_genuine = accounts.lock(_account(instance))  # type: ignore[attr-defined]


def _forget_beside(sender: type[Model], instance: Model, **_: object) -> None:
    RowMac.objects.filter(label=sender._meta.label, row=str(instance.pk)).delete()
    if instance.account_was_genuine:  # type: ignore[attr-defined]
        accounts.write(_account(instance))


def _account(row: Model) -> UUID:
    found: UUID = getattr(row, f"{declared(type(row)).account}_id")
    return found


def mac_beside(row: Model) -> bytes:
    if isinstance(row, AuthenticatedRow):
        return bytes(row.mac)
    beside = RowMac.objects.filter(label=row._meta.label, row=str(row.pk)).values_list("mac", flat=True).first()
    return bytes(beside or b"")


def give_mac(row: Model) -> None:
    """Believe a row as it is. Only `rows sign` calls this for one that the portal did not just write."""
    if isinstance(row, AuthenticatedRow):
        row.mac = mac_of(row)
        type(row)._base_manager.filter(pk=row.pk).update(mac=row.mac)
    else:
        beside = RowMac(label=row._meta.label, row=str(row.pk), mac=mac_of(row))
        RowMac.objects.bulk_create(
            [beside], update_conflicts=True, unique_fields=["label", "row"], update_fields=["mac"]
        )


def models() -> list[type[Model]]:
    """Return the models whose rows have MACs."""
    ours = (model for model in apps.get_models() if issubclass(model, AuthenticatedRow) and not model._meta.proxy)
    return [*ours, *_guarded]


def stored(model: type[Model]) -> Iterator[Model]:
    """Yield all rows of a model without a check, those of each owner (`owner_of`) together."""
    found = model._base_manager.order_by(_owner_field(model) or "pk", "pk").iterator(chunk_size=BATCH)
    batch: list[Model] | None = None
    while batch is None or batch:
        with unchecked(), scopes_disabled():
            batch = list(islice(found, BATCH))
        yield from batch


def owner_of(row: Model) -> UUID | None:
    """Return the resident under whose key a row's MAC is, or the account whose row it is."""
    name = _owner_field(type(row))
    return row.serializable_value(name) if name else None


def _owner_field(model: type[Model]) -> str:
    decides = declared(model)
    return "resident_id" if decides.key is Key.RESIDENT else decides.account


def has_key(row: Model) -> bool:
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
give_keys(key_of, heads, accounts, are_salted)
shared_cache.give_key(city_key)
register.give_key(city_key, lambda: bound("register"))
count_before("register", register.last_number)
