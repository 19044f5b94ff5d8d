"""Sealed files: files that a service keeps for a resident (`gate.open_kept` opens them), and files received from
outside.
"""

import io
import logging
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from django.db import transaction

from core import jobs
from core.confinement import starting
from core.files import antivirus
from core.files.storage import SealedFile, sealed_storage
from vault.readers import sandbox
from vault.readers.reading import UNASKED, Ask, Outcome, Reading, Unreadable, check
from vault.records.models import PaperFile

logger = logging.getLogger(__name__)

#: The outcome of the check of a photo's place, by what was done with the place.
PLACE_CHECK: dict[str, Outcome] = {"removed": "passed", "kept": "failed", "unknown": "inconclusive"}


@dataclass(frozen=True)
class Examined:
    """A file that was examined. `cleaned` replaces the file received; None keeps that file."""

    reading: Reading
    cleaned: SealedFile | None


def keep_file(*, resident_id: UUID, kind: str) -> SealedFile:
    """Return a writer, to use as a context manager. `kind` is that of the row which will keep the file (`FILE`).

    Save its `name` in a field called `stored_name`: the sweep deletes a file that no such field names.
    """
    return sealed_storage.create(resident_id=resident_id, kind=kind)


def drop_file(name: str) -> None:
    """Delete a file once the caller's transaction has committed.

    A file must not be deleted while its row may come back, nor while another row names it. An interrupted caller
    cannot know whether its transaction was committed: the rows decide.
    """
    transaction.on_commit(lambda: sealed_storage.forget([name]), robust=True)


def examine(stream: BinaryIO, *, resident_id: UUID, trust_test_authority: bool, ask: Ask = UNASKED) -> Examined:
    """Examine a new file: the antivirus, then the removal of a photo's place, then the reading of what will be kept.

    Raises:
        Unreadable: the antivirus found something, or the file cannot be read.
        jobs.Later: the antivirus does not answer, or this machine cannot confine a child. The file stays in
            quarantine.
    """
    _look_for_viruses(stream)
    if not starting.can_confine():
        logger.error("papers wait unread: run the doctor, which names what this machine's kernel lacks")
        raise jobs.Later(sandbox.NOT_CONFINED)
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
    """Replace the file received by the cleaned one, in the caller's transaction.

    The file received is deleted after the commit.
    """
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
