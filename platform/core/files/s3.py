"""django-storages' `S3Storage`, with reads of byte ranges.

    {"BACKEND": "core.files.s3.RangeS3Storage", "OPTIONS": {"bucket_name": …}}

Options, credentials and `AWS_…` settings are those of `S3Storage`, whose own file downloads the whole object before
its first byte can be read. Memory: under 2 MB per file being read, 20 MB per file being written.

Importing this module loads boto3 (24 MB, 0.4 s). Only `STORAGES` names it, so a portal with local folders never
imports it.
"""

import errno
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import IO, Any, cast

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import S3Transfer, TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

#: The first request fetches a sealed file's header and its whole first segment, enough for a small paper.
FIRST = 65_536 + 1
#: Maximum bytes to read ahead while reads are sequential.
MOST = 1_048_576
#: Two parts of 5 MB (S3's minimum) are sent concurrently while a third is read.
PART, AT_ONCE = 5 * 1_048_576, 2
GONE = {"404", "NoSuchKey", "NotFound"}
FULL = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"}
#: Error codes of a store that does not implement versions.
NO_VERSIONS = {"NotImplemented", "MethodNotAllowed", "501"}
#: Defaults for the option `client_config`. The stored bytes are authenticated ciphertext (core/files/storage.py), so
#: the store's own checksums are not needed.
CLIENT = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 3},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
TRANSFER = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=AT_ONCE)
# boto3 has no argument for it; its default is ten.
TRANSFER.max_in_memory_upload_chunks = AT_ONCE


@contextmanager
def _system_errors(name: str) -> Iterator[None]:
    """Translate the store's errors into system errors: FileNotFoundError, ENOSPC, else EIO."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in GONE:
            raise FileNotFoundError(errno.ENOENT, "no such object", name) from None
        raise OSError(errno.ENOSPC if code in FULL else errno.EIO, f"the store refused: {code}") from None
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(errno.EIO, f"the store did not answer: {type(error).__name__}") from None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _translated(method: Callable[..., Any]) -> Callable[..., Any]:
    def translated(storage: S3Storage, name: str, *args: object) -> Any:  # noqa: ANN401 - what the method returns
        with _system_errors(name):
            return method(storage, name, *args)

    return translated


class RangeS3Storage(S3Storage):
    """S3 storage that never overwrites an object and raises system errors."""

    file_overwrite = False
    exists = _translated(S3Storage.exists)
    size = _translated(S3Storage.size)
    get_modified_time = _translated(S3Storage.get_modified_time)
    listdir = _translated(S3Storage.listdir)
    _save = _translated(S3Storage._save)  # noqa: SLF001 - Django's documented name

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.client_config: Config = CLIENT.merge(self.client_config)
        self.opening = Lock()
        self.opened: Any = None

    @property
    def connection(self) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        """One connection for all threads, which boto3 allows. django-storages opens one per thread (17 MB, 0.2 s)."""
        with self.opening:
            self.opened = self.opened or super().connection
        return self.opened

    def get_default_settings(self) -> dict[str, Any]:
        defaults: dict[str, Any] = super().get_default_settings()
        return defaults | {"transfer_config": defaults["transfer_config"] or TRANSFER}

    def read_range(self, name: str, start: int, length: int) -> tuple[bytes, int]:
        """Return up to `length` bytes from `start`, and the size of the whole object."""
        parameters = {
            key: value
            for key, value in self.get_object_parameters(name).items()
            if key in S3Transfer.ALLOWED_DOWNLOAD_ARGS
        }
        with _system_errors(name):
            answer = self.connection.meta.client.get_object(
                Bucket=self.bucket_name,
                Key=self._normalize_name(name),
                Range=f"bytes={start}-{start + length - 1}",
                **parameters,
            )
            return answer["Body"].read(), int(answer["ContentRange"].rpartition("/")[2])

    def listing(self) -> Iterator[tuple[str, datetime]]:
        """Yield each name and its time of writing. Cost: one request per thousand objects."""
        prefix = self._normalize_name("")
        with _system_errors(prefix):
            for found in self.bucket.objects.filter(Prefix=prefix):
                yield found.key.removeprefix(prefix), found.last_modified

    def abandon(self, limit: datetime) -> int:
        """Abort the multipart uploads that a crash left before `limit`: the store hides them but charges for them."""
        prefix = self._normalize_name("")
        with _system_errors(prefix):
            left = [found for found in self.bucket.multipart_uploads.filter(Prefix=prefix) if found.initiated < limit]
            for upload in left:
                upload.abort()
        return len(left)

    def delete(self, name: str) -> None:
        """Delete every version, so that no erased paper remains in the store's history."""
        key = self._normalize_name(name)
        with _system_errors(name):
            try:
                versions = [
                    found for found in self.bucket.object_versions.filter(Prefix=key) if found.object_key == key
                ]
                for version in versions:
                    version.delete()
            except ClientError as error:
                if _code(error) not in NO_VERSIONS:
                    raise
                super().delete(name)

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        return File(cast(IO[bytes], RangeFile(self, name)), name)


class RangeFile(io.RawIOBase):
    """An object readable from any offset. Caches its first bytes and the bytes read ahead."""

    def __init__(self, storage: RangeS3Storage, name: str) -> None:
        super().__init__()
        self._storage, self._name = storage, name
        self._first, self.size = storage.read_range(name, 0, FIRST)
        self._ahead, self._start, self._reach = b"", 0, FIRST
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence] + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the kind of buffer that callers give
        done = 0
        while done < len(buffer) and self._at < self.size:
            piece = self._bytes_at_position()[: len(buffer) - done]
            buffer[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def _bytes_at_position(self) -> memoryview:
        """Return the cached bytes from the current position, at least one; fetch them if needed."""
        if self._at < len(self._first):
            return memoryview(self._first)[self._at :]
        end = self._start + len(self._ahead)
        if not self._start <= self._at < end:
            follows = self._at in {end, len(self._first)}
            self._reach = min(2 * self._reach, MOST) if follows else FIRST
            self._ahead, _size = self._storage.read_range(self._name, self._at, self._reach)
            self._start = self._at
        if not self._ahead:
            raise OSError(errno.EIO, "the store gave nothing where there must be something")
        return memoryview(self._ahead)[self._at - self._start :]
