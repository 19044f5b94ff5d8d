"""The register: the city's public acts, in one chain that anyone can verify.

Unlike a resident's journal it is plaintext, and holds no personal data. The number and the hash of its last entry are
a line of each signed checkpoint, whose copy outside the database shows a change to an earlier entry.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from core import canonical
from core.models import RegisterEntry

START = bytes(32)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCK = int.from_bytes(b"register", signed=True)


def write(*, kind: str, subject_id: UUID, event: str, content: canonical.Json) -> RegisterEntry:
    """Append an entry. Writers wait for each other until their transactions end, so call it last."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        last = RegisterEntry.objects.order_by("-number").first()
        entry = RegisterEntry(
            number=last.number + 1 if last else 1,
            at=timezone.now(),
            kind=kind,
            subject_id=subject_id,
            event=event,
            content=content,
        )
        entry.chain = chain_of(entry, bytes(last.chain) if last else START)
        entry.save(force_insert=True)
    return entry


def of(kind: str, subject_id: UUID) -> list[RegisterEntry]:
    """Return the entries about one thing, oldest first."""
    return list(RegisterEntry.objects.filter(kind=kind, subject_id=subject_id).order_by("number"))


def head() -> tuple[int, bytes] | None:
    """Return the number and the chain of the last entry, or None if there is none."""
    last = RegisterEntry.objects.order_by("-number").first()
    return (last.number, bytes(last.chain)) if last else None


def chain_of(entry: RegisterEntry, before: bytes) -> bytes:
    moment = (entry.at - EPOCH) // timedelta(microseconds=1)
    parts = [entry.number, moment, entry.kind, str(entry.subject_id), entry.event, entry.content]
    return hashlib.sha256(before + canonical.encode(parts)).digest()


def problems(sealed: Mapping[int, bytes], due: datetime | None) -> Iterator[str]:
    """Yield what is wrong with the chain.

    Args:
        sealed: the chains of entries, by number, as the checkpoints signed them.
        due: entries before this time must be under a checkpoint.
    """
    before, number = START, 0
    for entry in RegisterEntry.objects.order_by("number").iterator(chunk_size=1_000):
        number += 1
        if entry.number != number:
            yield f"register: entry {number} is missing"
            number = entry.number
        elif bytes(entry.chain) != chain_of(entry, before):
            yield f"register: entry {number} is not what it was"
        if sealed.get(number, bytes(entry.chain)) != bytes(entry.chain):
            yield f"register: entry {number} is not what a checkpoint signed"
        before = bytes(entry.chain)
    if max(sealed, default=0) > number:
        yield f"register: the entries from {number + 1} to {max(sealed)} are gone"
    first_unsealed = RegisterEntry.objects.filter(number__gt=max(sealed, default=0)).order_by("number").first()
    if due and first_unsealed and first_unsealed.at < due:
        yield f"register: entry {first_unsealed.number} is under no checkpoint"
