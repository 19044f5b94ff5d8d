"""Leaving with everything: what each app puts in a resident's copy, and what it erases when they close their vault.

An app calls `register` in `AppConfig.ready()` with one `Rows` per model, in its `leaving.py`. Every field of every model is named there
once, with what becomes of it; nothing is a default, and a test refuses a field that nobody thought of.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django_scopes import scope

from core import journal
from core.files.storage import KEPT_FIELD, keepers, sealed_storage
from core.models import ResidentKey


@dataclass(frozen=True)
class Rows:
    """What becomes of each field of one model. Names are separated by spaces; a reason stands beside what is not in the copy.

    `copied`: in the copy, and erased. `erased`: erased without a copy. `kept`: stays, under the resident's number alone.
    `nobody`: why no field says anything of a resident; then no field is named.
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
    """One file of the copy. `chunks` is read once, when its turn comes; `packed` where it is worth compressing."""

    path: str
    chunks: Iterable[bytes]
    packed: bool = True


class Copying(Protocol):
    """What may open a resident's sealed things while their copy is made: its journal line is written already (vault/records/gate/copying.py)."""

    resident_id: UUID

    def unseal(self, content: bytes | memoryview, place: str) -> dict[str, Any]: ...
    def open(self, stored_name: str) -> BinaryIO: ...


@dataclass(frozen=True)
class App:
    """`stop` ends what others can do, in transactions of its own. `hold` takes the locks and `erase` deletes rows, in the transaction of
    the closing. `purge` removes what has lasted its time (docs/operations.md). All may run twice. Apps above are asked before those that
    they import."""

    name: str
    rows: Sequence[Rows]
    level: int
    copy: Callable[[Copying], Iterator[Entry]] = lambda copying: iter(())
    stop: Callable[[UUID], None] = lambda resident_id: None
    hold: Callable[[UUID], None] = lambda resident_id: None
    erase: Callable[[UUID], None] = lambda resident_id: None
    purge: Callable[[], object] = lambda: None


_apps: dict[str, App] = {}


def register(app: App) -> None:
    _apps[app.name] = app


def registered() -> list[App]:
    """From the highest of the house to the lowest."""
    return sorted(_apps.values(), key=lambda app: -app.level)


def declared() -> list[Rows]:
    return [rows for app in registered() for rows in app.rows]


def entries(copying: Copying) -> Iterator[Entry]:
    for app in reversed(registered()):
        yield from app.copy(copying)


def export_row(row: Model, **more: object) -> dict[str, Any]:
    """The fields of a row that are declared as copied, as JSON has them; `more` is what was sealed in one of them, opened."""
    found = _declaration(row)
    values = {name: _plain(getattr(row, name)) for name in found.copied.split() if name not in more}
    return {**values, **more}


def stop(*, resident_id: UUID) -> None:
    """Before anything is erased: nobody reads any more, nobody who lived with them is left with an agreement that leads nowhere."""
    for app in registered():
        app.stop(resident_id)


def purge() -> None:
    """What has lasted its time, in every app."""
    for app in registered():
        app.purge()


def erase(*, resident_id: UUID, purpose: str) -> None:
    """In the caller's durable transaction: once it has committed nothing of theirs can be opened. Erasing twice changes nothing.

    The locks are taken first, the journal's last, so that whoever reads or writes has finished; its last line is written; the key goes,
    then every row. Leaves of the journal stay, and the chain still verifies.
    """
    for app in registered():
        app.hold(resident_id)
    with scope(resident=resident_id):
        key = ResidentKey.objects.filter(pk=resident_id)
        if key.exists():
            journal.write(resident_id=resident_id, actor_id=resident_id, event="vault_closed", purpose=purpose)
        key.delete()
        names = _stored_names()
    for app in registered():
        app.erase(resident_id)
    transaction.on_commit(lambda: sealed_storage.forget(names), robust=True)


def remains(*, resident_id: UUID) -> bool:
    """Is there a row of theirs that should not be: after a restore, or written by a request that was under way?"""
    gone = [apps.get_model(rows.model) for rows in declared() if "resident_id" in rows.names and not rows.kept]
    with scope(resident=resident_id):
        return any(model._default_manager.filter(resident_id=resident_id).exists() for model in gone)  # noqa: SLF001 - Django's documented name


def delete_rows(resident_id: UUID, *models: type[Model]) -> None:
    """In this order."""
    with scope(resident=resident_id):
        for model in models:
            model._default_manager.filter(resident_id=resident_id).delete()  # noqa: SLF001 - Django's documented name


def undeclared() -> list[str]:
    """A sentence for each field of a model that no declaration names, or that two do, or that is gone."""
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
        yield f"{label}: say what becomes of its fields when a resident leaves, with a Rows(“{label}”, …) in its app's leaving.py."
        return
    if rows.nobody:
        return
    for name in fields:
        count = rows.names.count(name)
        if count != 1:
            how = "is not named" if count == 0 else "is named more than once"
            yield f"{label}.{name} {how} in its app's leaving.py: put it in copied, or in erased or kept with the reason."
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
    """In the resident's scope."""
    return [
        name
        for model in keepers()
        for name in model._default_manager.exclude(**{KEPT_FIELD: ""}).values_list(KEPT_FIELD, flat=True)  # noqa: SLF001 - Django's documented name
    ]
