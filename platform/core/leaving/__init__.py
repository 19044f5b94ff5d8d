"""Leaving: the files that each app adds to a resident's copy, and the rows that it erases when they close their vault.

In its `leaving.py`, an app declares one `Rows` per model and calls `register` in `AppConfig.ready()`. Each field of
each model is declared exactly once. There is no default, and a test rejects an undeclared field.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django_scopes import scope

from core import journal, rows
from core.files.storage import KEPT_FIELD, keepers_of_residents, sealed_storage
from core.keys import KeyMissing
from core.keys.sealed import Unreadable
from core.models import FileRow, ResidentKey
from core.models.rows import check_mac

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rows:
    """Treatment of each field of one model, by names separated by spaces. A field left out of the copy needs a reason.

    copied: in the copy, then erased.
    erased: erased without a copy.
    kept: kept, under the resident's number only.
    nobody: why no field concerns a resident; then no field is named.
    """

    model: str
    copied: str = ""
    erased: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    nobody: str = ""

    @property
    def names(self) -> list[str]:
        return [name for group in (self.copied, *self.erased, *self.kept) for name in group.split()]


@dataclass(frozen=True)
class Entry:
    """One file of the copy. `chunks` is read once, when the file is written; `packed` is True to compress it."""

    path: str
    chunks: Iterable[bytes]
    packed: bool = True


class Copying(Protocol):
    """Access to a resident's sealed data while their copy is made.

    Its journal entry is already written (vault/records/gate/copying.py).
    """

    resident_id: UUID

    def unseal(self, content: bytes | memoryview, place: str, former: str = "") -> dict[str, Any]: ...
    def open(self, row: FileRow) -> BinaryIO: ...


@dataclass(frozen=True)
class App:
    """The part of one app in leaving. Every callable may run twice.

    `stop` ends other people's access, in its own transactions. `hold` takes the locks and `erase` deletes the rows, in
    the transaction of the closing. `purge` removes expired data (docs/operations.md). Apps of a higher `level` are
    called before the apps that they import.
    """

    name: str
    rows: Sequence[Rows]
    level: int
    copy: Callable[[Copying], Iterator[Entry]] = lambda copying: iter(())
    stop: Callable[[UUID], None] = lambda resident_id: None
    hold: Callable[[UUID], None] = lambda resident_id: None
    erase: Callable[[UUID], None] = lambda resident_id: None
    purge: Callable[[], object] = lambda: None


#: The column of core/models/rows.py proves the others of its row, and is erased with it.
MAC = "mac"

_apps: dict[str, App] = {}


def register(app: App) -> None:
    _apps[app.name] = app


def registered() -> list[App]:
    """Return the apps, from the highest layer to the lowest."""
    return sorted(_apps.values(), key=lambda app: -app.level)


def declared() -> list[Rows]:
    return [rows for app in registered() for rows in app.rows]


def entries(copying: Copying) -> Iterator[Entry]:
    for app in reversed(registered()):
        yield from app.copy(copying)


def export_row(row: Model, **more: object) -> dict[str, Any]:
    """Return the copied fields of a row as JSON values. `more` gives the decrypted values of sealed fields.

    Raises:
        Forged: the portal did not write the row as it is. Whoever reads the copy believes it by its signature.
    """
    check_mac(row)
    found = _declaration(row)
    values = {name: _plain(getattr(row, name)) for name in found.copied.split() if name not in more}
    return {**values, **more}


def stop(*, resident_id: UUID) -> None:
    """End other people's access, and the agreements of the people living with the resident, before any erasure.

    An app stops at a row that the portal did not write, or that no key opens any more. The erasure follows all the
    same, and ends the access to everything that is erased.
    """
    for app in registered():
        try:
            app.stop(resident_id)
        except (KeyMissing, Unreadable) as error:
            logger.error("other people's access was not stopped one by one", exc_info=error, extra={"kind": app.name})
        except rows.Forged as forged:
            rows.report(forged)


def purge() -> None:
    """Remove expired data in every app."""
    for app in registered():
        app.purge()


def erase(*, resident_id: UUID, purpose: str) -> bool:
    """Erase a resident's data in the caller's durable transaction; idempotent. Return whether the key was still there.

    After the commit nothing can be decrypted. Takes the apps' locks first and the journal's last, to wait for current
    reads and writes. Then it writes the last entry, deletes the key, then every row. The journal's leaves stay, and
    the chain still verifies.
    """
    for app in registered():
        app.hold(resident_id)
    with scope(resident=resident_id):
        key = ResidentKey.objects.filter(pk=resident_id)
        has_key = key.exists()
        if has_key:
            journal.write(resident_id=resident_id, actor_id=resident_id, event="vault_closed", purpose=purpose)
        key.delete()
        names = _stored_names()
    for app in registered():
        app.erase(resident_id)
    transaction.on_commit(lambda: sealed_storage.forget(names), robust=True)
    return has_key


def remains(*, resident_id: UUID) -> bool:
    """Return True if a row that should be erased remains: after a restore, or written by a concurrent request."""
    gone = [apps.get_model(rows.model) for rows in declared() if "resident_id" in rows.names and not rows.kept]
    with scope(resident=resident_id):
        return any(
            model._default_manager.filter(resident_id=resident_id).exists()  # noqa: SLF001 - Django documents it
            for model in gone
        )


def delete_rows(resident_id: UUID, *models: type[Model]) -> None:
    """Delete the resident's rows, in this order of models."""
    with scope(resident=resident_id):
        for model in models:
            model._default_manager.filter(resident_id=resident_id).delete()  # noqa: SLF001 - Django's documented name


def undeclared() -> list[str]:
    """Return one sentence per field that is undeclared, declared twice or missing from its model."""
    by_model = {rows.model: rows for rows in declared()}
    found: list[str] = []
    for model in apps.get_models():
        label = model._meta.label  # noqa: SLF001 - Django's documented name
        fields = [one.attname for one in model._meta.concrete_fields]  # noqa: SLF001 - Django's documented name
        found += _problems(label, fields, by_model.pop(label, None))
    return [
        *found,
        *(f"{label} is declared in a leaving.py and does not exist any more: take it out." for label in by_model),
    ]


def _problems(label: str, fields: Sequence[str], rows: Rows | None) -> Iterator[str]:
    if rows is None:
        yield (
            f"{label}: say what becomes of its fields when a resident leaves,"
            f" with a Rows(“{label}”, …) in its app's leaving.py."
        )
        return
    if rows.nobody:
        return
    for name in fields:
        if name == MAC:
            continue
        count = rows.names.count(name)
        if count != 1:
            how = "is not named" if count == 0 else "is named more than once"
            yield (
                f"{label}.{name} {how} in its app's leaving.py:"
                " put it in copied, or in erased or kept with the reason."
            )
    for name in sorted({*rows.names} - {*fields}):
        yield f"{label}.{name} is named in its app's leaving.py and does not exist: take it out."


def _declaration(row: Model) -> Rows:
    label = row._meta.label  # noqa: SLF001 - Django's documented name
    return next(rows for rows in declared() if rows.model == label)


def _plain(value: object) -> object:
    match value:
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
    return value


def _stored_names() -> list[str]:
    """Return the names of the resident's sealed files. Call it in the resident's scope."""
    return [
        name
        for model in keepers_of_residents()
        for name in model._default_manager.exclude(  # noqa: SLF001 - as documented
            **{KEPT_FIELD: ""}
        ).values_list(KEPT_FIELD, flat=True)
    ]
