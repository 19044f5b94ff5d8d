"""Uploads in parts, over several connections and days. Each part is sealed as it arrives.

    start -> receive, receive, … -> join (by `sealed_upload`, when the form names it) -> used
       -> drop, or a day without a part -> sweep

Once `receive` returns, the part is durable: its row was committed after its file. If a connection breaks, the bytes
received before the break are kept.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core.files import quota
from core.files.storage import SealedFile, sealed_storage
from core.keys import sealed
from core.keys.sealed import Unreadable
from core.models import Upload, UploadPart
from core.models.rows import check

KEPT = timedelta(hours=24)
AT_ONCE = 10
#: Enough for a file of 64 MB in parts of 160 KB. More parts would only fill the disk with small files.
MOST_PARTS = 400
CHUNK = 65_536


class Digest(Protocol):
    def update(self, data: bytes, /) -> object: ...
    def digest(self) -> bytes: ...


class TooMany(Exception):
    """The resident has too many uploads in progress, or the upload has too many parts."""


class Moved(Exception):
    """Another connection sent this part, or the upload was deleted. The client must ask for the current offset."""


class WrongSum(Exception):
    """The checksum of the part is wrong; nothing of it is kept."""


class Gone(Exception):
    """The upload is expired, cancelled or another resident's."""


class Unfinished(Exception):
    """Parts are missing."""


@dataclass(frozen=True)
class Joined:
    """The complete file, sealed as one. After the upload was used, `became` is the result's id and `file` is None."""

    upload_id: UUID
    name: str
    file: SealedFile | None = None
    became: UUID | None = None


def start(*, resident_id: UUID, length: int, metadata: dict[str, str]) -> Upload:
    """Start an upload in parts. `metadata` comes from the client (the file's name) and is sealed.

    Raises:
        TooMany: too many uploads are in progress.
        OverQuota: the file does not fit.
    """
    row = Upload(pk=uuid4(), resident_id=resident_id, length=length, expires_at=timezone.now() + KEPT)
    row.content = sealed.seal_json(dict(metadata), resident_id=resident_id, place=row.place)
    with transaction.atomic(), scope(resident=resident_id):
        quota.require(resident_id=resident_id, size=length)
        if under_way(resident_id=resident_id).count() >= AT_ONCE:
            raise TooMany
        row.save(force_insert=True)
    return row


def under_way(*, resident_id: UUID) -> QuerySet[Upload]:
    return Upload.objects.filter(resident_id=resident_id, became=None, expires_at__gt=timezone.now()).order_by(
        "created_at"
    )


def receive(
    *, upload: Upload, offset: int, chunks: Iterator[bytes], sum: tuple[Digest, bytes] | None = None
) -> Upload:
    """Seal the incoming bytes as one part, then count it. No transaction is open while waiting for the sender.

    Raises:
        Moved, WrongSum, TooMany, StorageFull: nothing of the part is kept.
    """
    if upload.parts.count() >= MOST_PARTS:
        raise TooMany
    with sealed_storage.create(resident_id=upload.resident_id, kind=UploadPart.FILE) as file:
        for chunk in chunks:
            if file.size + len(chunk) > upload.length - offset:
                raise Moved
            file.write(chunk)
            if sum is not None:
                sum[0].update(chunk)
        if sum is not None and not hmac.compare_digest(sum[0].digest(), sum[1]):
            raise WrongSum
    try:
        return _count_part(upload, offset, file)
    finally:
        sealed_storage.forget([file.name])


def _count_part(upload: Upload, offset: int, file: SealedFile) -> Upload:
    with transaction.atomic(), scope(resident=upload.resident_id):
        row = Upload.objects.select_for_update().filter(pk=upload.pk, became=None, received=offset).first()
        if row is None:
            raise Moved
        if file.size:
            UploadPart.objects.create(resident_id=row.resident_id, upload=row, start=offset, stored_name=file.name)
            row.received += file.size
            row.expires_at = timezone.now() + KEPT
            row.save(update_fields=["received", "expires_at"])
    return row


def join(*, resident_id: UUID, upload_id: UUID) -> Joined:
    """Seal the parts again as one file. Cost: about 0.1 s for 64 MB.

    Raises:
        Gone: the upload is expired, deleted or another resident's.
        Unfinished: parts are missing.
        StorageFull: the disk is full.
        Forged: a part was put in the place of another.
    """
    with scope(resident=resident_id):
        row = Upload.objects.filter(pk=upload_id).first()
        if row is None or row.expired:
            raise Gone
        name = upload_metadata(row).get("filename", "")
        if row.became is not None:
            return Joined(upload_id, name, became=row.became)
        if not row.whole:
            raise Unfinished
        parts = list(row.parts.all())
        check(*parts)
        try:
            with sealed_storage.create(resident_id=resident_id) as file:
                for part in parts:
                    with sealed_storage.open(part.stored_name, resident_id=resident_id, kind=part.FILE) as stream:
                        while chunk := stream.raw.read(CHUNK):
                            file.write(chunk)
        except Unreadable:  # another process deleted a part meanwhile
            raise Gone from None
    if file.size != row.length:
        sealed_storage.delete(file.name)
        raise Gone
    return Joined(upload_id, name, file=file)


def used(*, resident_id: UUID, upload_id: UUID, became: UUID) -> None:
    """Record what the upload became and delete its parts. Call it in the transaction that keeps the joined file."""
    with scope(resident=resident_id):
        _delete_parts(UploadPart.objects.filter(upload_id=upload_id))
        Upload.objects.filter(pk=upload_id).update(became=became)


def drop(*, upload: Upload) -> None:
    with transaction.atomic(), scope(resident=upload.resident_id):
        _delete_parts(UploadPart.objects.filter(upload_id=upload.pk))
        Upload.objects.filter(pk=upload.pk).delete()


def upload_metadata(upload: Upload) -> dict[str, Any]:
    """Return the metadata given by the client. Views must read it through the gate."""
    metadata: dict[str, Any] = sealed.unseal_json(upload.content, resident_id=upload.resident_id, place=upload.place)
    return metadata


def sweep() -> int:
    """Delete uploads that received nothing for a day; return their number."""
    with scopes_disabled(), transaction.atomic():
        late = list(
            Upload.objects.select_for_update(skip_locked=True)
            .filter(expires_at__lte=timezone.now())
            .values_list("pk", flat=True)
        )
        if late:
            _delete_parts(UploadPart.objects.filter(upload_id__in=late))
            Upload.objects.filter(pk__in=late).delete()
    return len(late)


def _delete_parts(parts: QuerySet[UploadPart]) -> None:
    names = list(parts.values_list("stored_name", flat=True))
    parts.delete()
    transaction.on_commit(lambda: sealed_storage.forget(names), robust=True)
