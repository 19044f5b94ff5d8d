"""Sealed files: those that a service keeps for a resident (a dossier's PDF; `gate.open_kept` opens them), those that come from outside."""

import io
import logging
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from django.db import transaction

from core import jobs
from core.files import antivirus
from core.files.storage import SealedFile, sealed_storage
from vault.readers import sandbox
from vault.readers.reading import UNASKED, Ask, Outcome, Reading, Unreadable, check
from vault.records.models import PaperFile

logger = logging.getLogger(__name__)

#: What was found of the place of a photo -> the outcome of its check.
PLACE_CHECK: dict[str, Outcome] = {"removed": "passed", "kept": "failed", "unknown": "inconclusive"}


@dataclass(frozen=True)
class Examined:
    """`cleaned` takes the place of the file that came; None: that one stays as it is."""

    reading: Reading
    cleaned: SealedFile | None


def keep_file(*, resident_id: UUID) -> SealedFile:
    """A writer, used as a context manager. Save its `name` in a field called `stored_name`: what no such field names is swept."""
    return sealed_storage.create(resident_id=resident_id)


def drop_file(name: str) -> None:
    """Once the caller's transaction has committed: a file must not go while its row may come back, nor while another row names it.

    Whoever was interrupted cannot know whether what they published was committed: the rows tell.
    """
    transaction.on_commit(lambda: sealed_storage.forget([name]), robust=True)


def examine(stream: BinaryIO, *, resident_id: UUID, trust_test_authority: bool, ask: Ask = UNASKED) -> Examined:
    """What nobody has looked at yet: the antivirus first, then the place of a photo, then the reading, of what will be kept.

    Raises:
        Unreadable: the antivirus found something, or it can't be read.
        jobs.Later: the antivirus does not answer. The file stays in quarantine.
    """
    _look_for_viruses(stream)
    place, cleaned = sandbox.without_place(stream)
    reading = sandbox.read(
        io.BytesIO(cleaned) if cleaned else stream, trust_test_authority=trust_test_authority, ask=ask
    )
    if place in PLACE_CHECK:
        reading.checks.append(check("place", PLACE_CHECK[place]))
    if not cleaned:
        return Examined(reading, None)
    with sealed_storage.create(resident_id=resident_id) as file:
        file.write(cleaned)
    return Examined(reading, file)


def put_in_place(file: PaperFile, cleaned: SealedFile) -> None:
    """In the transaction that says so. The file that came goes once it has committed, and not before."""
    drop_file(file.stored_name)
    file.stored_name, file.size = cleaned.name, cleaned.size
    file.save(update_fields=["stored_name", "size"])


def _look_for_viruses(stream: BinaryIO) -> None:
    if not antivirus.configured():
        return
    try:
        found = antivirus.find(stream)
    except antivirus.NotAnswering:
        raise jobs.Later("antivirus_silent") from None
    except antivirus.OverItsLimit:
        logger.error("clamd refuses files of this size: set its StreamMaxLength to 64M or more")
        raise jobs.Later("antivirus_limit") from None
    if found is not None:
        logger.warning("the antivirus found something: the file is refused", extra={"code": found[:100]})
        raise Unreadable("infected")
    stream.seek(0)
