"""The journal: one append-only chain of lines per resident, each line sealed under the resident's key.

A line's leaf is SHA-256(0x00 || salt || canonical payload), as in RFC 6962; the chain is SHA-256(0x01 || previous chain || leaf).
The salt keeps a short payload from being guessed out of its leaf once the entry is erased. The database itself refuses UPDATE, DELETE
and TRUNCATE; whoever goes round that breaks the chain. What the chain cannot show alone, that its last lines were cut off or that all of
it was written anew, the checkpoints show (core/journal/checkpoints.py).

What a line says is kept for three years (`KEPT`); then its content is purged, and its leaf stays. What has gone so lies under a signed
checkpoint as old as that: a line that is missing and under none of them was removed by somebody.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice, repeat
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core import canonical, locks
from core.journal import checkpoints
from core.keys import KeyMissing
from core.keys.sealed import Box, Unreadable, box
from core.models import JournalEntry, JournalLeaf, JournalSeal

SALT_BYTES = 32
START = bytes(32)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING: Mapping[str, str] = MappingProxyType({})
#: Lines are opened by batches that grow: a page of the newest ones opens few, a search goes through all of them in few queries.
BATCHES = (100, 500, 2_500)
LARGEST_BATCH = 10_000
#: How long what a line says is kept: three years, the longest of the CNIL's recommendation on journals (2021-122). docs/operations.md
#: says why. The database has the same number, and a day more (migrations/0002_guards.py).
KEPT = timedelta(days=1096)
DAY = timedelta(days=1)


class Ground(StrEnum):
    """What allows an act, as the GDPR's article 6 has it."""

    OWN = "own"  # the resident's own request (6.1.b and e: the service that they asked for)
    GRANT = "grant"  # an agreement that they gave (6.1.a)
    EMERGENCY = "emergency"  # urgent access that two agents decided (6.1.d and e): never the resident's own agreement
    TASK = "task"  # the city's public task (6.1.e): the service runs, the desk helps


class Means(StrEnum):
    """Through what the act was done."""

    PAGE = "page"
    JOB = "job"
    SCHEDULER = "scheduler"
    DESK = "desk"
    ADMIN = "admin"


_means: ContextVar[Means] = ContextVar("means", default=Means.PAGE)


@contextmanager
def through(means: Means) -> Iterator[None]:
    """Lines written in the block say this means."""
    before = _means.set(means)
    try:
        yield
    finally:
        _means.reset(before)


@dataclass(frozen=True)
class Line:
    id: UUID
    number: int
    at: datetime
    event: str
    actor_id: UUID
    purpose: str
    fields: list[str]
    details: dict[str, str]
    ground: Ground
    means: Means


class Verification(NamedTuple):
    checked: int
    first_bad: str | None


class Followed(NamedTuple):
    """One line of a chain: what is wrong with it, or whether its content has lasted its time and is gone."""

    number: int
    problem: str | None
    purged: bool


class Lasting(NamedTuple):
    """`gone_until`: when the last line was written of which only the hash is left. `next_at`: from when on another one goes."""

    gone_until: datetime | None
    next_at: datetime | None


def write(
    *,
    resident_id: UUID,
    actor_id: UUID,
    event: str,
    purpose: str,
    fields: Sequence[str] = (),
    details: Mapping[str, str] = NOTHING,
    ground: Ground | None = None,
    means: Means | None = None,
    opened: Box | None = None,
) -> JournalEntry:
    """Add a line in the caller's transaction; the resident's chain is locked until it ends. `fields` are names, never values.
    `ground` and `means` are said where they differ from what `_usual_ground` and `through` tell; `opened` is the resident's key where
    the caller has it already.

    Raises:
        RuntimeError: outside a transaction, where the line could be kept without the act, or the act without its line.
        KeyMissing: the resident's key was erased: nothing can be written about them any more.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A journal line is written in the transaction of the act that it tells.")
    with scope(resident=resident_id):
        last, previous = _last(resident_id)
        number = last + 1
        now, by = timezone.now(), means or _means.get()
        payload: dict[str, Any] = {
            "actor": str(actor_id),
            "at": _microseconds(now),
            "details": dict(details),
            "event": event,
            "fields": list(fields),
            "ground": ground or _usual_ground(resident_id, actor_id, details, by),
            "means": by,
            "number": number,
            "purpose": purpose,
            "resident": str(resident_id),
        }
        salted = secrets.token_bytes(SALT_BYTES) + canonical.encode(payload)
        leaf = _leaf(salted)
        row = JournalLeaf.objects.create(
            resident_id=resident_id, number=number, at=now, leaf=leaf, chain=_link(previous, leaf)
        )
        entry = JournalEntry(id=uuid4(), resident_id=resident_id, leaf=row)
        entry.content = (opened or box(resident_id=resident_id)).seal(salted, place=_place(entry.id))
        entry.save(force_insert=True)
    return entry


def entries(*, resident_id: UUID, limit: int, before: int | None = None) -> list[Line]:
    """The resident's own lines, newest first, those under number `before`; none are left once their key is erased.

    Raises:
        Unreadable: a line was changed; `verify` names it.
    """
    return list(islice(lines(resident_id=resident_id, before=before), limit))


def lines(
    *,
    resident_id: UUID,
    before: int | None = None,
    after: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Line]:
    """As `entries`, without an end, opened as they are asked for: those under number `before`, over number `after`, written from `since`
    on and before `until`. For the time of one page, as the key is.
    """
    try:
        opened = box(resident_id=resident_id)
    except KeyMissing:
        return
    for size in chain(BATCHES, repeat(LARGEST_BATCH)):
        rows = _rows(resident_id, before, after, since, until, size)
        for entry_id, number, content in rows:
            before = number
            yield _line(entry_id, resident_id, _payload(opened.unseal(content, place=_place(entry_id))))
        if len(rows) < size:
            return


def find(*, resident_id: UUID, entry_id: UUID) -> Line | None:
    """One line. None: not theirs, or erased."""
    with scope(resident=resident_id):
        entry = JournalEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        return None
    try:
        content = box(resident_id=resident_id).unseal(entry.content, place=_place(entry_id))
    except KeyMissing:
        return None
    return _line(entry_id, resident_id, _payload(content))


class Evidence(NamedTuple):
    """What a line's hashes are made from: `salted` is what the leaf hashes, salt first. A line that was purged has its hashes alone."""

    number: int
    line: Line | None
    salted: bytes
    leaf: bytes
    chain: bytes


def evidence(*, resident_id: UUID) -> Iterator[Evidence]:
    """All of the resident's lines, oldest first, with what proves them; none once their key is erased."""
    try:
        opened = box(resident_id=resident_id)
    except KeyMissing:
        return
    with scope(resident=resident_id):
        leaves = JournalLeaf.objects.select_related("entry").order_by("number")
    for leaf in leaves.iterator(chunk_size=2_000):
        entry = _entry(leaf)
        salted = opened.unseal(entry.content, place=_place(entry.id)) if entry else b""
        line = _line(entry.id, resident_id, _payload(salted)) if entry else None
        yield Evidence(leaf.number, line, salted, bytes(leaf.leaf), bytes(leaf.chain))


def verify(*, resident_id: UUID | None = None) -> Verification:
    """Follow each chain from its first line and stop at the first bad one. Of a line that was erased (no key left) or purged, the leaf
    is checked."""
    checked = 0
    for resident in [resident_id] if resident_id else _residents():
        for line in follow(resident):
            checked += 1
            if line.problem:
                return Verification(checked, f"resident {resident}, entry {line.number}: {line.problem}")
    return Verification(checked, None)


def by_hash_alone() -> int:
    """Of how many lines, of all residents, the content is gone."""
    with scopes_disabled():
        return JournalLeaf.objects.filter(entry=None).count()


def follow(resident_id: UUID) -> Iterator[Followed]:
    """Each line of a chain, from the first."""
    try:
        opened = box(resident_id=resident_id)
    except KeyMissing:
        opened = None
    with scope(resident=resident_id):
        leaves = JournalLeaf.objects.select_related("entry").order_by("number")
    expected, head = 1, START
    due: int | None = None
    for leaf in leaves.iterator(chunk_size=2_000):
        head = _link(head, bytes(leaf.leaf))
        if leaf.number != expected:
            problem: str | None = f"entry {expected} is missing before it"
        elif head != bytes(leaf.chain):
            problem = "its hash does not follow from the one before"
        elif opened is None:
            problem = None
        elif (entry := _entry(leaf)) is not None:
            problem = _entry_problem(leaf, entry, opened)
        else:
            due = checkpoints.sealed_before(_bound(), resident_id=resident_id) if due is None else due
            problem = None if leaf.number <= due else "its content was removed before its time"
        yield Followed(leaf.number, problem, purged=opened is not None and _entry(leaf) is None)
        expected += 1


def lasting(*, resident_id: UUID) -> Lasting:
    """Where what can be read begins, and when it will begin later."""
    with scope(resident=resident_id):
        due = JournalSeal.objects.filter(checkpoint__at__lt=_bound()).order_by("-number").values("number")[:1]
        leaves = JournalLeaf.objects.order_by("number")
        following = leaves.filter(number__gt=Coalesce(Subquery(due), 0)).first()
        before = leaves.filter(number__lt=following.number) if following else leaves
        gone = None if following and following.number == 1 else before.filter(entry=None).last()
    return Lasting(gone.at if gone else None, following.at + KEPT + DAY if following else None)


def purge(*, keep: Collection[UUID]) -> int | None:
    """Remove what lines say that have lasted their time, but those. How many; None: that takes the owner of the tables."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege('core_purge_journal(uuid[])', 'EXECUTE')")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT core_purge_journal(%s)", [list(keep)])
        return int(cursor.fetchone()[0])


def _bound() -> datetime:
    return timezone.now() - KEPT


def _entry(leaf: JournalLeaf) -> JournalEntry | None:
    entry: JournalEntry | None = getattr(leaf, "entry", None)
    return entry


def _entry_problem(leaf: JournalLeaf, entry: JournalEntry, opened: Box) -> str | None:
    if entry.resident_id != leaf.resident_id:
        return "its content was removed: it is under another resident"
    try:
        salted = opened.unseal(entry.content, place=_place(entry.id))
    except Unreadable:
        return "its content was changed or moved"
    if _leaf(salted) != bytes(leaf.leaf):
        return "its content is not what was written"
    payload = _payload(salted)
    told = (payload["resident"], payload["number"], payload["at"])
    return (
        None
        if told == (str(leaf.resident_id), leaf.number, _microseconds(leaf.at))
        else "its number or time was changed"
    )


def _residents() -> list[UUID]:
    with scopes_disabled():
        return list(JournalLeaf.objects.order_by("resident_id").values_list("resident_id", flat=True).distinct())


def lock_key(resident_id: UUID) -> int:
    """What a transaction holds from its line to its end."""
    return locks.key("journal", resident_id)


def _last(resident_id: UUID) -> tuple[int, bytes]:
    """The chain's last number and hash, under its lock: two statements in one trip, since only the second one sees what was waited for.

    The key's row is looked at there too: whoever took the key in hand before it was erased writes nothing, and so reads nothing.
    """
    both = (
        "SELECT pg_advisory_xact_lock(%s); SELECT key.resident_id IS NOT NULL, last.number, last.chain FROM (SELECT) one"
        " LEFT JOIN keystore.resident_key key ON key.resident_id = %s LEFT JOIN LATERAL"
        " (SELECT number, chain FROM core_journalleaf WHERE resident_id = %s ORDER BY number DESC LIMIT 1) last ON true"
    )
    with connection.cursor() as cursor:
        cursor.execute(both, [lock_key(resident_id), resident_id, resident_id])
        cursor.nextset()
        has_key, number, head = cursor.fetchone()
    if not has_key:
        raise KeyMissing(str(resident_id))
    return (0, START) if number is None else (number, bytes(head))


def _leaf(salted: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + salted).digest()


def _link(previous: bytes, leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + previous + leaf).digest()


def _place(entry_id: UUID) -> str:
    return f"core_journalentry|{entry_id}|1|content"


def _payload(salted: bytes) -> dict[str, Any]:
    payload: dict[str, Any] = canonical.decode(salted[SALT_BYTES:])
    return payload


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _usual_ground(resident_id: UUID, actor_id: UUID, details: Mapping[str, str], means: Means) -> Ground:
    """An act under a grant names it in its details; what the scheduler does for a resident nobody asked for at that moment."""
    if actor_id != resident_id:
        return Ground.GRANT if "grant" in details else Ground.TASK
    return Ground.TASK if means == Means.SCHEDULER else Ground.OWN


def _rows(
    resident_id: UUID, before: int | None, after: int | None, since: datetime | None, until: datetime | None, size: int
) -> list[tuple[UUID, int, bytes | memoryview]]:
    """By the leaves: their index has the order, so that a page costs its own lines and not all of the resident's (bench/journal.py)."""
    bounds = {"number__lt": before, "number__gt": after, "at__gte": since, "at__lt": until}
    told = {name: value for name, value in bounds.items() if value is not None}
    with scope(resident=resident_id):
        leaves = JournalLeaf.objects.filter(entry__isnull=False, **told)
        return list(leaves.order_by("-number").values_list("entry__pk", "number", "entry__content")[:size])


def _line(entry_id: UUID, resident_id: UUID, payload: Mapping[str, Any]) -> Line:
    actor, details, means = UUID(payload["actor"]), payload["details"], Means(payload.get("means", Means.PAGE))
    return Line(
        id=entry_id,
        number=payload["number"],
        at=EPOCH + timedelta(microseconds=payload["at"]),
        event=payload["event"],
        actor_id=actor,
        purpose=payload["purpose"],
        fields=payload["fields"],
        details=details,
        ground=Ground(payload.get("ground") or _usual_ground(resident_id, actor, details, means)),
        means=means,
    )
