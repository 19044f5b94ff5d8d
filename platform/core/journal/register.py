"""The register: the city's public acts, in one chain that anyone can verify.

Unlike a resident's journal it is plaintext, and holds no personal data. The number and the hash of its last entry are
a line of each signed checkpoint, whose copy outside the database shows a change to an earlier entry.

An entry carries a stamp: an HMAC under the city's key. Those from before stamps are believed up to the last number
that there was when `rows sign` was first run with it, which the protected key keeps. Any other without one was written
by somebody else: no page, file or program has it, no entry follows it, no checkpoint signs it, and the verification
names it. Nobody can delete it either.
"""

import hashlib
import hmac
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from core import canonical
from core.models import RegisterEntry

logger = logging.getLogger(__name__)
START = bytes(32)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCK = int.from_bytes(b"register", signed=True)
_key: list[Callable[[], bytes]] = []
_bound: list[Callable[[], int]] = []


def give_key(key: Callable[[], bytes], bound: Callable[[], int]) -> None:
    """Register what returns the city's key, and the last number that may lack a stamp. `core.rows` calls it once."""
    _key[:], _bound[:] = [key], [bound]


def write(*, kind: str, subject_id: UUID, event: str, content: canonical.Json) -> RegisterEntry:
    """Append an entry. Writers wait for each other until their transactions end, so call it last."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        last = _last()
        entry = RegisterEntry(
            number=_next(last.number if last else 0),
            at=timezone.now(),
            kind=kind,
            subject_id=subject_id,
            event=event,
            content=content,
        )
        entry.chain = chain_of(entry, bytes(last.chain) if last else START)
        entry.stamp = _stamp(entry)
        entry.save(force_insert=True)
    return entry


def of(kind: str, subject_id: UUID) -> list[RegisterEntry]:
    """Return the entries about one thing, oldest first."""
    return list(believed(RegisterEntry.objects.filter(kind=kind, subject_id=subject_id).order_by("number")))


def last_of(kind: str, subjects: Collection[UUID]) -> dict[UUID, RegisterEntry]:
    """Return the last entry about each thing that has one. Cost: one query."""
    found = RegisterEntry.objects.filter(kind=kind, subject_id__in=subjects).order_by("number")
    return {entry.subject_id: entry for entry in believed(found)}


def head() -> tuple[int, bytes] | None:
    """Return the number and the chain of the last entry, or None if there is none."""
    last = _last()
    return (last.number, bytes(last.chain)) if last else None


def believed(found: Iterable[RegisterEntry]) -> Iterator[RegisterEntry]:
    """Yield the entries that the portal wrote. Another one is logged, and left out."""
    for entry in found:
        if is_genuine(entry):
            yield entry
        else:
            told = {"kind": "core.RegisterEntry", "code": str(entry.number)}
            logger.error("a row is not what the portal wrote", extra=told)


def is_genuine(entry: RegisterEntry) -> bool:
    """Return whether the portal wrote the entry as it is."""
    if not entry.stamp:
        return entry.number <= _bound[0]()
    return hmac.compare_digest(bytes(entry.stamp), _stamp(entry))


def last_number() -> int:
    """Return the number of the last entry, whoever wrote it."""
    return RegisterEntry.objects.order_by("-number").values_list("number", flat=True).first() or 0


def _stamp(entry: RegisterEntry) -> bytes:
    said = canonical.encode(["register", *_parts(entry), bytes(entry.chain).hex()])
    return hmac.digest(_key[0](), said, "sha256")


def _last() -> RegisterEntry | None:
    return next(believed(RegisterEntry.objects.order_by("-number").iterator(chunk_size=10)), None)


def _next(number: int) -> int:
    """Return the next number that no entry has, not even one that somebody else wrote."""
    taken = {*RegisterEntry.objects.filter(number__gt=number).values_list("number", flat=True)}
    while (number := number + 1) in taken:
        pass
    return number


def chain_of(entry: RegisterEntry, before: bytes) -> bytes:
    return hashlib.sha256(before + canonical.encode(_parts(entry))).digest()


def _parts(entry: RegisterEntry) -> list[Any]:
    moment = (entry.at - EPOCH) // timedelta(microseconds=1)
    return [entry.number, moment, entry.kind, str(entry.subject_id), entry.event, entry.content]


def problems(sealed: Mapping[int, bytes], due: datetime | None) -> Iterator[str]:
    """Yield what is wrong with the chain.

    Args:
        sealed: the chains of entries, by number, as the checkpoints signed them.
        due: entries before this time must be under a checkpoint.
    """
    last, number, others = max(sealed, default=0), 0, 0
    before = after_others = START
    unsealed = None
    for entry in RegisterEntry.objects.order_by("number").iterator(chunk_size=1_000):
        chain = bytes(entry.chain)
        follows = chain in {chain_of(entry, before), chain_of(entry, after_others)}
        if sealed.get(entry.number, chain) != chain:
            yield f"register: entry {entry.number} is not what a checkpoint signed"
        if not is_genuine(entry):
            said = "was not written by the portal" if follows else "is not what it was"
            yield f"register: entry {entry.number} {said}"
            # An entry follows one that was changed since, and none that somebody else wrote.
            others, after_others = others + 1, chain
            continue
        if entry.number != number + others + 1:
            yield f"register: entry {number + others + 1} is missing"
        elif not follows:
            yield f"register: entry {entry.number} is not what it was"
        number, others, before, after_others = entry.number, 0, chain, chain
        unsealed = unsealed or (entry if entry.number > last else None)
    if last > number + others:
        yield f"register: the entries from {number + others + 1} to {last} are gone"
    if due and unsealed and unsealed.at < due:
        yield f"register: entry {unsealed.number} is under no checkpoint"
