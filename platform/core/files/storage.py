"""Sealed files on any Django storage, which receives only ciphertext.

A file's name is random. On local folders, a file is staged, fsynced and renamed, and its folder fsynced, *before* the
row that names it is committed. So a row always has its file, and `sweep` removes files without a row.

A model keeps a file by a field called `stored_name`, without any registration. A resident's says its kind (`FILE`,
core/models/files.py). The row has the file's name under its MAC, and the file has its name and kind under its seal: a
row that somebody makes name another file is refused, and a file of one kind does not open as another.
"""

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, Protocol, Self, cast, runtime_checkable
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db.models import Model
from django.utils import timezone
from django_scopes import scopes_disabled

from core.files.segments import SEGMENT, SegmentReader, SegmentWriter, Source
from core.keys import key_of
from core.keys.sealed import Unreadable
from core.whole_files import put, sync_folder

NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{32}")
STAGE = "stage"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
KEPT_FIELD = "stored_name"
#: The kind of a file that somebody sent: it becomes a paper or evidence, or nothing keeps it.
RECEIVED = "received"
DAY = timedelta(days=1)


class StorageFull(Exception):
    """The disk or quota is full (HTTP 507). Nothing of the file was kept."""


class RefusedStorage(Storage):
    """Default storage that refuses every call, because Django's would write plaintext. Use `sealed_storage`."""

    def _refuse(self, *_args: object, **_options: object) -> NoReturn:
        raise NotImplementedError("Files are kept by core.files.storage.sealed_storage only.")

    _open = _save = delete = exists = listdir = size = url = path = _refuse


class Stage(Protocol):
    """A place to write ciphertext before it gets its name."""

    file: BinaryIO

    def publish(self, name: str) -> None: ...
    def discard(self) -> None: ...


@runtime_checkable
class ListingStorage(Protocol):
    """A storage that lists all files in few requests and uploads in parts (core/files/s3.py)."""

    def listing(self) -> Iterator[tuple[str, datetime]]: ...
    def abandon(self, limit: datetime) -> int: ...


class SealedFile:
    """A file being sealed. Leaving the block without an exception makes it durable; an exception discards it.

    `name` is known at once; `size` and `sha256` (of the plaintext) once it is closed.
    """

    def __init__(self, stage: Stage, name: str, key: bytes, kind: str) -> None:
        self.name = name
        self.size = 0
        self.sha256 = ""
        self._stage: Stage | None = stage
        self._digest = hashlib.sha256()
        with _map_full_disk(self.abandon):
            self._segments = SegmentWriter(stage.file, key, _aad(name, kind))

    def write(self, data: bytes) -> int:
        with _map_full_disk(self.abandon):
            self._segments.write(data)
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def close(self) -> None:
        if self._stage is None:
            return
        with _map_full_disk(self.abandon):
            self._segments.close()
            self._stage.publish(self.name)
        self._stage = None
        self.sha256 = self._digest.hexdigest()

    def abandon(self) -> None:
        if self._stage is not None:
            self._stage.discard()
            self._stage = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


class SealedReader(io.BufferedReader):
    """A decrypted, seekable view of a sealed file. Each segment is authenticated when read."""

    def __init__(self, segments: SegmentReader) -> None:
        super().__init__(segments, SEGMENT)
        self.segments = segments
        self.size = segments.length
        self.without_kind = segments.without_kind


class SealedStorage:
    """Wrapper of `settings.STORAGES["sealed"]`."""

    @property
    def inner(self) -> Storage:
        return storages["sealed"]

    def create(self, *, resident_id: UUID, kind: str = RECEIVED) -> SealedFile:
        """Create a sealed file.

        Raises:
            StorageFull: now, or at any later write.
            KeyMissing: the resident's key was erased or never made.
        """
        return self.create_under(key_of(resident_id=resident_id), kind=kind)

    def create_under(self, key: bytes, *, kind: str = RECEIVED) -> SealedFile:
        """Create a file that is no resident's, sealed under another data key; raises StorageFull."""
        inner = self.inner
        token = secrets.token_hex(16)
        with _map_full_disk():
            stage = _stage(inner, token)
        return SealedFile(stage, f"{token[:2]}/{token[2:4]}/{token}", key, kind)

    def open(self, name: str, *, resident_id: UUID, kind: str = RECEIVED) -> SealedReader:
        """Open a sealed file for reading. One from before kinds opens as any (`without_kind`).

        Raises:
            Unreadable: missing, truncated, changed, moved, of another kind or another resident's.
            KeyMissing: the resident's key was erased.
        """
        return self.open_under(name, key_of(resident_id=resident_id), kind=kind)

    def open_under(self, name: str, key: bytes, *, kind: str = RECEIVED) -> SealedReader:
        """Open a file of `create_under`; raises Unreadable."""
        _check(name)
        try:
            source = self.inner.open(name, "rb")
        except FileNotFoundError:
            raise Unreadable(name) from None
        try:
            aad, former = _aad(name, kind), _aad_without_kind(name)
            return SealedReader(SegmentReader(cast(Source, source), key, aad, source.size, former=former))
        except Unreadable:
            source.close()
            raise Unreadable(name) from None

    def delete(self, name: str) -> None:
        """Delete a file; idempotent. Call it after the row's deletion is committed: `transaction.on_commit`."""
        _check(name)
        self.inner.delete(name)

    def forget(self, names: Collection[str]) -> int:
        """Delete the files that no row keeps; return their number."""
        orphans = set(names) - _kept(names)
        for name in orphans:
            self.delete(name)
        return len(orphans)

    def sweep(self, *, older_than: timedelta = DAY) -> int:
        """Delete what a crash left: staged files, and files without a row.

        `older_than` spares uploads in progress.
        """
        inner, limit = self.inner, timezone.now() - older_than
        if isinstance(inner, ListingStorage):
            pieces = inner.abandon(limit)
            return pieces + self.forget([name for name, at in inner.listing() if at < limit and NAME.fullmatch(name)])
        staged = [f"{STAGE}/{name}" for name in _listed(inner, STAGE)[1]]
        lost = [name for name in staged if _changed_before(inner, name, limit.timestamp())]
        for name in lost:
            inner.delete(name)
        return len(lost) + self.forget(
            [name for name in self.names() if _changed_before(inner, name, limit.timestamp())]
        )

    def names(self) -> Iterator[str]:
        """Yield the name of every file, in no order."""
        inner = self.inner
        every = (name for name, _at in inner.listing()) if isinstance(inner, ListingStorage) else _names(inner)
        return (name for name in every if NAME.fullmatch(name))

    def copy_sealed(self, name: str, target: BinaryIO) -> None:
        """Copy the ciphertext to `target`; a backup needs no key.

        Raises:
            FileNotFoundError: the file was deleted meanwhile.
        """
        with self.inner.open(name, "rb") as source:
            shutil.copyfileobj(source, target, SEGMENT)

    def put_back(self, name: str, sealed: BinaryIO) -> bool:
        """Write a file back, atomically. Return False if the name exists; the existing file is unchanged."""
        _check(name)
        if self.inner.exists(name):
            return False
        stage = _stage(self.inner, secrets.token_hex(16))
        with _map_full_disk(stage.discard):
            shutil.copyfileobj(sealed, stage.file, SEGMENT)
            stage.publish(name)
        return True


sealed_storage = SealedStorage()


class LocalStage:
    """Staging file under `stage/` of the same folder, so that renaming it is atomic."""

    def __init__(self, storage: FileSystemStorage, token: str) -> None:
        self._root = Path(storage.location)
        self._path = self._root / STAGE / token
        _make_folder(self._path.parent)
        self.file: BinaryIO = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def publish(self, name: str) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        target = self._root / name
        _make_folder(target.parent)
        put(self._path, target)

    def discard(self) -> None:
        with contextlib.suppress(OSError):  # closing flushes, and the disk may be full
            self.file.close()
        self._path.unlink(missing_ok=True)


class RemoteStage:
    """Staging in an unnamed temporary file of ciphertext, until the storage saves it whole."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.file: BinaryIO = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - closed by publish or discard

    def publish(self, name: str) -> None:
        self.file.seek(0)
        saved = self._storage.save(name, File(self.file))
        self.discard()
        if saved != name:
            self._storage.delete(saved)
            raise FileExistsError(name)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self.file.close()


def _stage(storage: Storage, token: str) -> Stage:
    return LocalStage(storage, token) if isinstance(storage, FileSystemStorage) else RemoteStage(storage)


@contextlib.contextmanager
def _map_full_disk(undo: Callable[[], None] = lambda: None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        undo()
        if error.errno in FULL:
            raise StorageFull from None
        raise


def _aad(name: str, kind: str) -> bytes:
    return f"file|{kind}|{name}".encode()


def _aad_without_kind(name: str) -> bytes:
    return f"file|{name}".encode()


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Unreadable(name)


def _make_folder(folder: Path) -> None:
    """Create the folder and its parents, and fsync each parent."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


def _listed(storage: Storage, folder: str) -> tuple[list[str], list[str]]:
    try:
        return storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _names(storage: Storage, folder: str = "") -> Iterator[str]:
    folders, files = _listed(storage, folder)
    yield from (f"{folder}{name}" for name in files)
    for name in folders:
        if name != STAGE:
            yield from _names(storage, f"{folder}{name}/")


def _changed_before(storage: Storage, name: str, limit: float) -> bool:
    try:
        return storage.get_modified_time(name).timestamp() < limit
    except FileNotFoundError:
        return False


def _kept(names: Collection[str]) -> set[str]:
    found: set[str] = set()
    with scopes_disabled():
        for model in keepers():
            rows = model._default_manager.filter(**{f"{KEPT_FIELD}__in": list(names)})  # noqa: SLF001 - as documented
            found |= set(rows.values_list(KEPT_FIELD, flat=True))
    return found


def keepers_of_residents() -> Iterator[type[Model]]:
    """Yield those models whose files are residents'."""
    for model in keepers():
        if any(field.attname == "resident_id" for field in model._meta.concrete_fields):  # noqa: SLF001 - documented
            yield model


def keepers() -> Iterator[type[Model]]:
    """Yield the models whose rows keep a sealed file."""
    for model in apps.get_models():
        with contextlib.suppress(FieldDoesNotExist):
            model._meta.get_field(KEPT_FIELD)  # noqa: SLF001 - Django's documented name
            yield model
