"""Checkpoints: every minute, one signed Merkle root over the heads of the journals that grew, also kept outside.

The head of the city's register is a line of its own beside the root.

A head is a chain's last hash. Changing any earlier entry changes it, so one leaf per resident covers all entries.
`sealing.py` chooses the heads, and an entry that commits late is in the next checkpoint. The copy outside the database
reveals a rewritten database, checkpoints included.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core.journal import merkle, register, sealing, signed_notes
from core.journal.signed_notes import Statement
from core.models import Checkpoint, JournalLeaf, JournalSeal

logger = logging.getLogger(__name__)

#: Without new entries, one checkpoint an hour shows that the portal still seals.
QUIET = timedelta(hours=1)
#: As in X-Road: longer without a copy outside, and only residents can read their own vaults.
TOLERATED = timedelta(hours=4)
#: Number of a resident's checkpoints whose leaf the page proves. The command proves all of them.
PROVED = 100
LOCK = int.from_bytes(b"sealing.", signed=True)
#: How many rows are looked at: at first, since the last one is genuine; then, if nobody signed those.
FEW, MOST_ROWS = 2, 1_000
# The newest copies outside, and when the first entry was written: no id comes before its leaf's (migration 0029). The
# entry has its content: an erased leaf's time is under no hash.
ANCHORED = """
SELECT ARRAY(
    SELECT note FROM core_checkpoint WHERE at >= %s AND anchored_at IS NOT NULL ORDER BY number DESC LIMIT %s
), (SELECT leaf.at FROM core_journalentry entry JOIN core_journalleaf leaf ON leaf.id = entry.leaf_id
    ORDER BY entry.leaf_id LIMIT 1)
"""
_until: ContextVar[list[datetime] | None] = ContextVar("until", default=None)


class Fault(StrEnum):
    """A problem of a checkpoint, or of an entry that it sealed."""

    FORGED = "its signature is not ours"
    ASTRAY = "the line does not lead to its root"
    GONE = "its copy outside is gone"
    OTHER = "its copy outside says something else"
    CUT = "the line that it sealed is gone"
    CHANGED = "the line that it sealed is not what it was"


@dataclass(frozen=True)
class Proof:
    """Merkle path from one entry of a resident to a published root."""

    number: int
    chain: bytes
    checkpoint: Checkpoint
    position: int
    size: int
    path: Sequence[bytes]


def seal() -> Checkpoint | None:
    """Make one checkpoint if there are new entries or an hour has passed, then write the missing copies outside.

    The scheduler calls it; of two concurrent calls only one makes a checkpoint.

    Raises:
        signed_notes.KeyUnusable: the checkpoints' key cannot sign.
    """
    with transaction.atomic(), scopes_disabled():
        made = _seal() if _try_lock() else None
    publish()
    return made


def open_epoch() -> Checkpoint | None:
    """Sign, after an older backup was restored, that the newer checkpoints outside are lost. None if there are none.

    It is the checkpoint after them: without it, each of them shows that the database was put back by somebody else.

    Raises:
        signed_notes.KeyUnusable: the checkpoints' key cannot sign.
    """
    with transaction.atomic(), scopes_disabled():
        last = Checkpoint.objects.order_by("-number").first()
        number = last.number if last else 0
        lost = max(_numbers_outside(_storage(), ""), default=0)
        made = _make(last, lost + 1, restored_after=number) if lost > number else None
    publish()
    return made


def publish() -> None:
    """Write the missing copies outside; idempotent. A failed write is retried at the next tick."""
    for checkpoint in Checkpoint.objects.filter(anchored_at=None).order_by("number"):
        if not _write_outside(checkpoint):
            return
        Checkpoint.objects.filter(pk=checkpoint.pk).update(anchored_at=timezone.now())


@contextmanager
def remembered() -> Iterator[None]:
    """Remember, in the block, until when the copy outside that `anchored` found suffices: for a batch of readings."""
    before = _until.set([])
    try:
        yield
    finally:
        _until.reset(before)


def anchored() -> bool:
    """Return True if a checkpoint of the last four hours was copied outside, or if the portal is younger than that.

    Its signed time counts: whoever only writes to the database makes no such note.
    """
    kept, now = _until.get(), timezone.now()
    if kept and kept[0] >= now:
        return True
    limit = now - TOLERATED
    with connection.cursor() as cursor:
        cursor.execute(ANCHORED, [limit, FEW])
        notes, began = cursor.fetchone()
    found = _read_last(notes, now)
    if found is None and len(notes) == FEW:
        found = _find_last_signed(Checkpoint.objects.filter(at__gte=limit, anchored_at__isnull=False), now)
    counts = began if found is None else found
    if kept is not None and counts is not None:
        kept[:] = [counts + TOLERATED]
    return counts is None or counts >= limit


def find_last_sealed() -> datetime | None:
    """Return the time of the last checkpoint, by its signature; None if there is none."""
    return _find_last_signed(Checkpoint.objects.all(), timezone.now())


def _find_last_signed(rows: QuerySet[Checkpoint], now: datetime) -> datetime | None:
    notes = rows.order_by("-number").values_list("note", flat=True)
    return _read_last(notes[:FEW], now) or _read_last(notes[:MOST_ROWS], now)


def _read_last(notes: Iterable[str], now: datetime) -> datetime | None:
    """Return the time of the first of these notes, newest first, that is genuine and not to come."""
    for note in notes:
        try:
            at = _read_time(note)
        except signed_notes.Forged:
            continue
        except signed_notes.KeyUnusable as error:
            logger.error("no checkpoint is believed without its key", exc_info=error)
            return None
        if at <= now:
            return at
    return None


@lru_cache(maxsize=16)
def _read_time(note: str) -> datetime:
    """Return a note's time; raises as `signed_notes.read`. A genuine one is verified once in each process."""
    return signed_notes.read(note).at


def unanchored() -> int:
    """Return the number of checkpoints without a copy outside."""
    return Checkpoint.objects.filter(anchored_at=None).count()


def proofs(*, resident_id: UUID, most: int | None = PROVED, before: datetime | None = None) -> list[Proof]:
    """Return the proofs of the resident's last `most` checkpoints before that time, newest first."""
    older = {"checkpoint__at__lt": before} if before else {}
    with scope(resident=resident_id):
        mine = list(JournalSeal.objects.filter(**older).select_related("checkpoint").order_by("-number")[:most])
    with scopes_disabled():
        beside = JournalSeal.objects.filter(checkpoint__in=[seal.checkpoint_id for seal in mine]).order_by("position")
        trees: dict[int, list[bytes]] = defaultdict(list)
        for seal in beside:
            trees[seal.checkpoint_id].append(bytes(seal.chain))
    found = []
    for seal in mine:
        tree = trees[seal.checkpoint_id]
        path = merkle.proof(tree, seal.position) if seal.position < len(tree) else []
        found.append(Proof(seal.number, bytes(seal.chain), seal.checkpoint, seal.position, len(tree), path))
    return found


def problems() -> Iterator[str]:
    """Yield the problems of all checkpoints, compared with the journals, the signatures and the copies outside."""
    yield from _broken_chain()
    yield from _changed_lines()
    yield from _outside_only()
    yield from _never_sealed()
    yield from register_problems()


def checked(
    *, resident_id: UUID, most: int = PROVED, before: datetime | None = None
) -> list[tuple[Proof, Fault | None]]:
    """Return the resident's last checkpoints, each checked against its entry, root, signature and copy outside."""
    found = proofs(resident_id=resident_id, most=most, before=before)
    with scope(resident=resident_id):
        numbers = [proof.number for proof in found]
        lines = dict(JournalLeaf.objects.filter(number__in=numbers).values_list("number", "chain"))
    return [(proof, _line_fault(proof, lines.get(proof.number)) or fault_of(proof)) for proof in found]


def sealed_before(limit: datetime, *, resident_id: UUID) -> int:
    """Return the number of the resident's last entry under a checkpoint older than `limit`, or 0 without proof.

    The time comes from the signed note, not from the row.
    """
    for proof, fault in checked(resident_id=resident_id, most=1, before=limit):
        if fault is None and signed_notes.read(proof.checkpoint.note).at < limit:
            return proof.number
    return 0


def signed_before(limit: datetime, *, resident_id: UUID, number: int, chain: bytes) -> bool:
    """Return whether a checkpoint older than `limit` sealed this entry, by its signature and its tree alone.

    No copy outside is read: nobody who only writes to the database makes a signature, and one of then stays true.
    """
    for proof in proofs(resident_id=resident_id, most=1, before=limit):
        if (proof.number, proof.chain) == (number, chain) and _signed_fault(proof) is None:
            return signed_notes.read(proof.checkpoint.note).at < limit
    return False


def fault_of(proof: Proof) -> Fault | None:
    return _signed_fault(proof) or _outside_fault(proof.checkpoint)


def name_outside(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.at:%Y/%m/%d}/{checkpoint.number:09}.txt"


def _seal() -> Checkpoint | None:
    last = Checkpoint.objects.order_by("-number").first()
    return _make(last, last.number + 1 if last else 1)


def _make(last: Checkpoint | None, number: int, restored_after: int | None = None) -> Checkpoint | None:
    now, upto = timezone.now().replace(microsecond=0), _upto()
    previous = signed_notes.digest(last.note) if last else signed_notes.NOTHING_BEFORE
    chains = sealing.seal_heads(number, since=last.upto if last and last.upto <= upto else 0, at=now)
    acts = register.head()
    signed = _read_statement(last) if last else None
    is_recent = signed is not None and signed.register == acts and timedelta(0) <= now - signed.at < QUIET
    if is_recent and not chains and restored_after is None:
        return None
    note = signed_notes.sign(Statement(number, merkle.root(chains), now, previous, restored_after, acts))
    return Checkpoint.objects.create(number=number, at=now, note=note, upto=upto)


def _read_statement(checkpoint: Checkpoint) -> Statement | None:
    """Return what a checkpoint signed; None if it is not genuine."""
    try:
        return signed_notes.read(checkpoint.note)
    except signed_notes.Forged:
        return None


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _upto() -> int:
    """Return a transaction number such that the next statement sees all transactions below it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _storage() -> Storage:
    return storages["checkpoints"]


def _write_outside(checkpoint: Checkpoint) -> bool:
    """Write the copy outside, also over a truncated one. Return False if it failed or a different note is there."""
    storage, name = _storage(), name_outside(checkpoint)
    try:
        there = _read(storage, name)
        if there is not None and there != checkpoint.note and checkpoint.note.startswith(there):
            storage.delete(name)
            there = None
        if there is None:
            storage.save(name, ContentFile(checkpoint.note.encode()))
            there = checkpoint.note
    except OSError as error:
        logger.error("a checkpoint could not be written outside the database", exc_info=error)
        return False
    if there != checkpoint.note:
        logger.error("another checkpoint of this number lies outside the database")
    return there == checkpoint.note


def _read(storage: Storage, name: str) -> str | None:
    if not storage.exists(name):
        return None
    with storage.open(name) as file:
        return bytes(file.read()).decode(errors="replace")


def _broken_chain() -> Iterator[str]:
    expected, previous = 1, signed_notes.NOTHING_BEFORE
    with scopes_disabled():
        seals = JournalSeal.objects.order_by("checkpoint_id", "position").values_list(
            "checkpoint_id", "position", "chain"
        )
    trees = groupby(seals.iterator(chunk_size=5_000), key=lambda row: row[0])
    number, chains = _next_tree(trees)
    for checkpoint in Checkpoint.objects.order_by("number").iterator(chunk_size=1_000):
        follows = expected in {checkpoint.number, _first_lost(checkpoint)}
        if not follows:
            yield f"checkpoint {expected} is missing"
        while number is not None and number < checkpoint.number:
            number, chains = _next_tree(trees)
        tree = chains if number == checkpoint.number else []
        if problem := _checkpoint_problem(checkpoint, tree, previous, follows=follows):
            yield f"checkpoint {checkpoint.number}: {problem}"
        expected, previous = checkpoint.number + 1, signed_notes.digest(checkpoint.note)


def _first_lost(checkpoint: Checkpoint) -> int | None:
    """Return the number of the first checkpoint that a signed restore lost just before this one, if any."""
    signed = _read_statement(checkpoint)
    return None if signed is None or signed.restored_after is None else signed.restored_after + 1


def _next_tree(
    trees: Iterator[tuple[int, Iterator[tuple[int, int, bytes | memoryview]]]],
) -> tuple[int | None, list[bytes]]:
    """Return the next checkpoint's number and leaves. A leaf out of place is returned as empty: the root differs."""
    number, rows = next(trees, (None, iter(())))
    return number, [bytes(chain) if at == place else b"" for at, (_number, place, chain) in enumerate(rows)]


def _line_fault(proof: Proof, chain: bytes | memoryview | None) -> Fault | None:
    if chain is None:
        return Fault.CUT
    return None if bytes(chain) == proof.chain else Fault.CHANGED


def _signed_fault(proof: Proof) -> Fault | None:
    try:
        statement = signed_notes.read(proof.checkpoint.note)
    except signed_notes.Forged:
        return Fault.FORGED
    leads = merkle.leads_to(
        proof.chain, position=proof.position, size=proof.size, path=proof.path, root=statement.root
    )
    return None if leads else Fault.ASTRAY


def _checkpoint_problem(
    checkpoint: Checkpoint, tree: Sequence[bytes], previous: bytes, *, follows: bool
) -> str | None:
    try:
        statement = signed_notes.read(checkpoint.note)
    except signed_notes.Forged:
        return Fault.FORGED
    if (statement.number, statement.at) != (checkpoint.number, checkpoint.at):
        return "its number or time was changed"
    if follows and statement.previous != previous:
        return "it does not follow from the one before"
    if statement.root != merkle.root(tree):
        return "its root is not that of the lines it sealed"
    return _outside_fault(checkpoint)


def _outside_fault(checkpoint: Checkpoint) -> Fault | None:
    there = _read(_storage(), name_outside(checkpoint))
    if there is None:
        # A checkpoint without `anchored_at` may still have to be copied.
        return None if checkpoint.anchored_at is None else Fault.GONE
    return None if there == checkpoint.note else Fault.OTHER


def _changed_lines() -> Iterator[str]:
    """Yield the entries that differ from what a checkpoint sealed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seal.resident_id, seal.number, seal.checkpoint_id, leaf.id IS NULL FROM core_journalseal seal"
            " LEFT JOIN core_journalleaf leaf USING (resident_id, number)"
            " WHERE leaf.chain IS DISTINCT FROM seal.chain ORDER BY seal.checkpoint_id, seal.position LIMIT 100"
        )
        for resident_id, number, checkpoint, gone in cursor.fetchall():
            what = "is gone, and perhaps others after it" if gone else "is not what it was"
            yield f"resident {resident_id}, entry {number} {what}: checkpoint {checkpoint} sealed it"


def _outside_only() -> Iterator[str]:
    known = set(Checkpoint.objects.values_list("number", flat=True))
    for epoch in Checkpoint.objects.filter(note__contains=signed_notes.RESTORED):
        known |= set(range(_first_lost(epoch) or epoch.number, epoch.number))
    for number in sorted(_numbers_outside(_storage(), "") - known):
        yield f"checkpoint {number} lies outside and not in the database"


def _numbers_outside(storage: Storage, folder: str) -> set[int]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return set()
    found = {int(name.removesuffix(".txt")) for name in files if name.removesuffix(".txt").isdecimal()}
    return found.union(*(_numbers_outside(storage, f"{folder}{name}/") for name in folders))


def _never_sealed() -> Iterator[str]:
    """Yield the entries much older than the last checkpoint that are under none: its turn came within an hour."""
    last = Checkpoint.objects.order_by("-number").first()
    if last is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT leaf.resident_id, min(leaf.number) FROM core_journalleaf leaf"
            " LEFT JOIN (SELECT resident_id, max(number) AS number FROM core_journalseal GROUP BY resident_id) seal"
            " USING (resident_id)"
            " WHERE leaf.number > coalesce(seal.number, 0) AND leaf.at < %s"
            " GROUP BY leaf.resident_id ORDER BY 1 LIMIT 100",
            [_sealing_deadline(last.at)],
        )
        for resident_id, number in cursor.fetchall():
            yield f"resident {resident_id}, entry {number} is under no checkpoint"


def register_problems() -> Iterator[str]:
    """Yield where the register is not what the checkpoints signed."""
    last = Checkpoint.objects.order_by("-number").first()
    notes = Checkpoint.objects.filter(note__contains=f"\n{signed_notes.REGISTER} ").order_by("number")
    signed = (_read_statement(one) for one in notes.iterator(chunk_size=1_000))
    sealed = dict(one.register for one in signed if one and one.register)
    yield from register.problems(sealed, _sealing_deadline(last.at) if last else None)


def _sealing_deadline(at: datetime) -> datetime:
    return at - QUIET
