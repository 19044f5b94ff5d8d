"""Objects in S3, or a store with the same interface, as a Django storage: `s3://BUCKET/PREFIX?region=…&endpoint=https://…`.

django-storages' own file fetches the whole object before its first byte can be read; here a range is one demand, and memory stays under
2 MB to read, 20 MB to write. What comes is ciphertext (core/storage.py): the store's own checksums and encryption add nothing.
"""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import IO, Any, cast

from django.core.files.base import File
from django.core.files.storage import Storage

#: The first demand brings a sealed file's header and first segment whole: a small paper is read in one.
FIRST = 65_536 + 1
#: Read ahead, up to this, while what is asked follows what was read.
MOST = 1_048_576
#: Two parts of 8 MB on their way at once.
PART, AT_ONCE = 8 * 1_048_576, 2
GONE = {"404", "NoSuchKey", "NotFound"}
FULL = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"}
#: A store without versions may not know the question.
NO_VERSIONS = {"NotImplemented", "MethodNotAllowed", "501"}


class S3Storage(Storage):
    """Its faults are the system's: FileNotFoundError, ENOSPC, else EIO, whatever the store calls them."""

    def __init__(self, bucket: str, prefix: str = "", region: str | None = None, endpoint: str | None = None) -> None:
        self.bucket, self.region, self.endpoint = bucket, region, endpoint
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @cached_property
    def client(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        import boto3  # here: 20 MB and 0.3 s for who keeps files in folders
        from botocore.config import Config

        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"} if self.endpoint else None,
        )
        return boto3.client("s3", region_name=self.region, endpoint_url=self.endpoint, config=config)

    def get(self, name: str, start: int, length: int) -> tuple[bytes, int]:
        """These bytes, or those up to the end, and the size of the whole."""
        with _faults(name):
            answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name, Range=f"bytes={start}-{start + length - 1}")
            return answer["Body"].read(), int(answer["ContentRange"].rpartition("/")[2])

    def listing(self) -> Iterator[tuple[str, float]]:
        """Every name with the time it was written: a thousand for one demand."""
        for page in self._pages("list_objects_v2", Prefix=self.prefix):
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(self.prefix), found["LastModified"].timestamp()

    def abandon(self, limit: float) -> int:
        """Uploads in parts that a crash left before `limit`: nobody sees them, and they are paid for."""
        left = [
            found
            for page in self._pages("list_multipart_uploads", Prefix=self.prefix)
            for found in page.get("Uploads", ())
            if found["Initiated"].timestamp() < limit
        ]
        for found in left:
            with _faults(found["Key"]):
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=found["Key"], UploadId=found["UploadId"])
        return len(left)

    def delete(self, name: str) -> None:
        """With every version of it: an erased paper must not wait in the store's history."""
        key = self.prefix + name
        try:
            versions = [
                found["VersionId"]
                for page in self._pages("list_object_versions", Prefix=key)
                for found in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                if found["Key"] == key
            ]
        except NotImplementedError:
            with _faults(name):
                self.client.delete_object(Bucket=self.bucket, Key=key)
            return
        for version in versions:
            with _faults(name):
                self.client.delete_object(Bucket=self.bucket, Key=key, VersionId=version)

    def exists(self, name: str) -> bool:
        try:
            self._head(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self._head(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        found: datetime = self._head(name)["LastModified"]
        return found

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        under = self.prefix + (f"{path.strip('/')}/" if path.strip("/") else "")
        folders: list[str] = []
        files: list[str] = []
        for page in self._pages("list_objects_v2", Prefix=under, Delimiter="/"):
            folders += [found["Prefix"].removeprefix(under).rstrip("/") for found in page.get("CommonPrefixes", ())]
            files += [found["Key"].removeprefix(under) for found in page.get("Contents", ())]
        return folders, files

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        return File(cast(IO[bytes], Ranges(self, name)), name)

    def _save(self, name: str, content: IO[Any]) -> str:
        from boto3.s3.transfer import TransferConfig

        config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=AT_ONCE)
        with _faults(name):
            self.client.upload_fileobj(content, self.bucket, self.prefix + name, Config=config)
        return name

    def _head(self, name: str) -> dict[str, Any]:
        with _faults(name):
            found: dict[str, Any] = self.client.head_object(Bucket=self.bucket, Key=self.prefix + name)
        return found

    def _pages(self, verb: str, **demand: str) -> Iterator[dict[str, Any]]:
        with _faults(verb):
            yield from self.client.get_paginator(verb).paginate(Bucket=self.bucket, **demand)


class Ranges(io.RawIOBase):
    """An object's bytes from any offset. It keeps the first ones, and what was read ahead."""

    def __init__(self, storage: S3Storage, name: str) -> None:
        super().__init__()
        self._storage, self._name = storage, name
        self._first, self.size = storage.get(name, 0, FIRST)
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
            piece = self._here()[: len(buffer) - done]
            buffer[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def _here(self) -> memoryview:
        """What is at hand from this place on, at least a byte of it."""
        if self._at < len(self._first):
            return memoryview(self._first)[self._at :]
        end = self._start + len(self._ahead)
        if not self._start <= self._at < end:
            follows = self._at in {end, len(self._first)}
            self._reach = min(2 * self._reach, MOST) if follows else FIRST
            self._ahead, _size = self._storage.get(self._name, self._at, self._reach)
            self._start = self._at
        if not self._ahead:
            raise OSError(errno.EIO, "the store gave nothing where there must be something")
        return memoryview(self._ahead)[self._at - self._start :]


@contextmanager
def _faults(name: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in GONE:
            raise FileNotFoundError(errno.ENOENT, "no such object", name) from None
        if code in NO_VERSIONS:
            raise NotImplementedError from None
        raise OSError(errno.ENOSPC if code in FULL else errno.EIO, f"the store refused: {code}") from None
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(errno.EIO, f"the store did not answer: {type(error).__name__}") from None
