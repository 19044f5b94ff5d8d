"""The journal: one append-only chain of entries per resident, each sealed under the resident's key.

An entry's leaf is SHA-256(0x00 || salt || canonical payload), as in RFC 6962. The chain is SHA-256(0x01 || previous
chain || leaf). The salt prevents guessing a short payload from its leaf once the entry is erased. The database refuses
UPDATE, DELETE and TRUNCATE; bypassing it breaks the chain. The chain alone cannot show that its last entries were cut
off or that all of it was rewritten: the checkpoints do (core/journal/checkpoints.py).

Content is kept for three years (`KEPT`), then purged; its leaf stays. A purged entry must lie under a signed
checkpoint at least that old. Otherwise its content was removed illegally.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice, repeat
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core import canonical
from core.journal import accounts, checkpoints, contents, ends, heads
from core.journal.contents import payload_of, place_of
from core.keys import KeyMissing, KeyringError, KeysDown
from core.keys.sealed import Box, Unreadable, box
from core.models import JournalEntry, JournalLeaf, JournalSeal

SALT_BYTES, KEPT = contents.SALT_BYTES, contents.KEPT
lock_key = ends.lock_key
START = accounts.START
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING: Mapping[str, str] = MappingProxyType({})
#: Entries are decrypted in batches of growing size: a page decrypts few entries, a search needs few queries.
BATCHES = (100, 500, 2_500)
LARGEST_BATCH = 10_000
DAY = timedelta(days=1)


# Leaves and their entries in one round trip: every act waits for it.
APPEND = """
WITH added (entry_id, resident_id, number, at, leaf, chain, content) AS (VALUES {rows}),
leaf AS (
    INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)
    SELECT resident_id, number, at, leaf, chain FROM added RETURNING id, resident_id
)
INSERT INTO core_journalentry (id, resident_id, created_at, leaf_id, content)
SELECT added.entry_id, added.resident_id, added.at, leaf.id, added.content FROM added JOIN leaf USING (resident_id)
RETURNING id, leaf_id
"""
ROW = "(%s, %s, %s, %s, %s, %s, %s)"


class Ground(StrEnum):
    """Legal basis of an act under the GDPR's article 6."""

    OWN = "own"  # the resident's own request (6.1.b and e: the service that they asked for)
    GRANT = "grant"  # an agreement that they gave (6.1.a)
    EMERGENCY = "emergency"  # urgent access decided by two agents (6.1.d and e), never the resident's own agreement
    TASK = "task"  # the city's public task (6.1.e): running the service, help at the desk


class Means(StrEnum):
    """The channel of an act."""

    PAGE = "page"
    JOB = "job"
    SCHEDULER = "scheduler"
    DESK = "desk"
    ADMIN = "admin"
    API = "api"  # a program of a service, under a grant


_means: ContextVar[Means] = ContextVar("means", default=Means.PAGE)


@contextmanager
def through(means: Means) -> Iterator[None]:
    """Set the means of the entries written in the block."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an entry is written of. `fields`, `ground` and `means` as in `write`."""

    resident_id: UUID
    actor_id: UUID
    event: str
    purpose: str
    fields: Sequence[str] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    ground: Ground | None = None
    means: Means | None = None


class Verification(NamedTuple):
    checked: int
    bad: list[str]


class Followed(NamedTuple):
    """One leaf of a chain: its problem, if any, and whether its content was purged after its legal duration."""

    number: int
    problem: str | None
    purged: bool


class Lasting(NamedTuple):
    """Retention of a journal: `gone_until` is the last purged entry's time, `next_at` when the next one is purged.

    Nothing covers the time of a purged leaf: `gone_until` is that of the checkpoint that sealed it, within the minute.
    """

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
    """Add an entry in the caller's transaction. The resident's chain stays locked until the transaction ends.

    Args:
        fields: names of fields, never values.
        ground, means: needed where they differ from `_usual_ground` and `through`.
        opened: the resident's key, if the caller already has it.

    Raises:
        RuntimeError: outside a transaction, where only one of the act and its entry could be kept.
        KeyMissing: the resident's key was erased, so no entry can be written.
    """
    _require_transaction()
    act = Act(
        resident_id=resident_id,
        actor_id=actor_id,
        event=event,
        purpose=purpose,
        fields=fields,
        details=details,
        ground=ground,
        means=means,
    )
    return _append([(heads.take(resident_id, opened), act)])[0]


def write_together(acts: Sequence[Act]) -> list[JournalEntry]:
    """Add an entry of each act, as `write` does, in one round trip. The acts are of different residents.

    Trap: two transactions that lock the journals of several residents may wait for each other. The caller holds them
    all (`heads.holding`), and waited for none.

    Raises:
        RuntimeError, KeyMissing: as `write`.
    """
    _require_transaction()
    return _append([(heads.take(act.resident_id, None), act) for act in acts]) if acts else []


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("A journal entry is written in the transaction of the act that it records.")


def _append(acts: Sequence[tuple[heads.Tip, Act]]) -> list[JournalEntry]:
    """Add the leaf of each entry after its tip, and its sealed content."""
    made, arguments = [], []
    for tip, act in acts:
        # A clock that was set back, or another machine's, does not put an entry before the one that it follows.
        now = max(timezone.now(), tip.end.at or EPOCH)
        payload = _payload(tip, act, now)
        salted = secrets.token_bytes(SALT_BYTES) + canonical.encode(payload)
        leaf = _leaf(salted)
        linked = accounts.link(tip.end.chain or START, leaf)
        row = JournalLeaf(resident_id=tip.resident_id, number=payload["number"], at=now, leaf=leaf, chain=linked)
        entry = JournalEntry(id=uuid4(), resident_id=tip.resident_id, created_at=now)
        entry.content = tip.opened.seal(salted, place=place_of(entry.id))
        arguments += [entry.id, tip.resident_id, row.number, now, leaf, linked, entry.content]
        tip.follow(row.number, linked, now, entry.id, entry.content, payload.get("head", ""))
        made.append((entry, row))
    with connection.cursor() as cursor:
        cursor.execute(APPEND.format(rows=", ".join([ROW] * len(made))), arguments)
        ids = dict(cursor.fetchall())
    for entry, row in made:
        row.id = ids[entry.id]
        entry.leaf = row  # with its number
    return [entry for entry, _row in made]


def _payload(tip: heads.Tip, act: Act, at: datetime) -> dict[str, Any]:
    by = act.means or _means.get()
    payload: dict[str, Any] = {
        "actor": str(act.actor_id),
        "at": _microseconds(at),
        "details": dict(act.details),
        "event": act.event,
        "fields": list(act.fields),
        "ground": act.ground or _usual_ground(act.resident_id, act.actor_id, act.details, by),
        "means": by,
        "number": tip.end.number + 1,
        "purpose": act.purpose,
        "resident": str(act.resident_id),
    }
    if claim := tip.claim():
        payload["head"] = claim
    return payload


def entries(*, resident_id: UUID, limit: int, before: int | None = None) -> list[Line]:
    """Return the resident's entries with a number below `before`, newest first. Empty once their key is erased.

    Raises:
        Unreadable: an entry was changed; `verify` names it.
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
    """Yield entries lazily, newest first, as `entries` does but without a limit.

    Keep the iterator no longer than one page, as any use of a key.

    Args:
        before, after: exclusive bounds of the entry's number.
        since, until: bounds of its time; `until` is exclusive.
    """
    try:
        opened = box(resident_id=resident_id)
    except KeyMissing:
        return
    for size in chain(BATCHES, repeat(LARGEST_BATCH)):
        rows = _rows(resident_id, before, after, since, until, size)
        for entry_id, number, content in rows:
            before = number
            yield _to_entry(entry_id, resident_id, payload_of(opened.unseal(content, place=place_of(entry_id))))
        if len(rows) < size:
            return


def find(*, resident_id: UUID, entry_id: UUID) -> Line | None:
    """Return one entry, or None if the resident has no such entry or its content was erased."""
    with scope(resident=resident_id):
        entry = JournalEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        return None
    try:
        content = box(resident_id=resident_id).unseal(entry.content, place=place_of(entry_id))
    except KeyMissing:
        return None
    return _to_entry(entry_id, resident_id, payload_of(content))


class Evidence(NamedTuple):
    """The data behind an entry's hashes: the leaf hashes `salted`, salt first. A purged entry has only hashes."""

    number: int
    line: Line | None
    salted: bytes
    leaf: bytes
    chain: bytes


def evidence(*, resident_id: UUID) -> Iterator[Evidence]:
    """Yield the evidence of all the resident's entries, oldest first. Empty once their key is erased."""
    try:
        opened = box(resident_id=resident_id)
    except KeyMissing:
        return
    with scope(resident=resident_id):
        leaves = JournalLeaf.objects.select_related("entry").order_by("number")
    for leaf in leaves.iterator(chunk_size=2_000):
        entry = _entry(leaf)
        salted = opened.unseal(entry.content, place=place_of(entry.id)) if entry else b""
        line = _to_entry(entry.id, resident_id, payload_of(salted)) if entry else None
        yield Evidence(leaf.number, line, salted, bytes(leaf.leaf), bytes(leaf.chain))


def verify(*, resident_id: UUID | None = None) -> Verification:
    """Verify each chain, and name every bad entry. For an erased or purged entry, check only the leaf."""
    checked, bad = 0, []
    for resident in [resident_id] if resident_id else _residents():
        for leaf in follow(resident):
            checked += 1
            if leaf.problem:
                whose = "account’s chain" if accounts.is_chain(resident) else "resident"
                bad.append(f"{whose} {resident}, entry {leaf.number}: {leaf.problem}")
    return Verification(checked, bad)


def by_hash_alone() -> int:
    """Return the number of leaves without content, of all residents. Those of accounts never have any."""
    with scopes_disabled():
        of_residents = JournalLeaf.objects.annotate(whose=Cast("resident_id", CharField()))
        return of_residents.filter(entry=None).exclude(whose__regex=accounts.CHAINS).count()


def follow(resident_id: UUID) -> Iterator[Followed]:
    """Yield each leaf of a chain, from the first, with its problem if any.

    Each is compared with the one before as it is stored, so that what follows a bad entry is not bad by it.

    Raises:
        KeysDown: the key service does not answer.
    """
    try:
        opened = box(resident_id=resident_id)
    except KeyMissing:
        opened = None
    except KeysDown:
        raise
    except KeyringError:
        yield Followed(1, "its resident's key was changed: the keyring does not open it", purged=False)
        return
    with scope(resident=resident_id):
        leaves = JournalLeaf.objects.select_related("entry").order_by("number")
    expected, head = 1, START
    due: int | None = None
    for leaf in leaves.iterator(chunk_size=2_000):
        follows = accounts.link(head, bytes(leaf.leaf)) == bytes(leaf.chain)
        if leaf.number != expected:
            problem: str | None = f"entry {expected} is missing before it"
        elif not follows:
            problem = "its hash does not follow from the one before"
        elif opened is None:
            problem = None
        elif (entry := _entry(leaf)) is not None:
            problem = _entry_problem(leaf, entry, opened)
        else:
            due = checkpoints.sealed_before(_purge_limit(), resident_id=resident_id) if due is None else due
            problem = None if leaf.number <= due else "its content was removed before its time"
        yield Followed(leaf.number, problem, purged=opened is not None and _entry(leaf) is None)
        expected, head = leaf.number + 1, bytes(leaf.chain)


def lasting(*, resident_id: UUID) -> Lasting:
    """Return the start of the readable entries, and the time when it will move."""
    with scope(resident=resident_id):
        due = JournalSeal.objects.filter(checkpoint__at__lt=_purge_limit()).order_by("-number").values("number")[:1]
        leaves = JournalLeaf.objects.order_by("number")
        following = leaves.filter(number__gt=Coalesce(Subquery(due), 0)).first()
        before = leaves.filter(number__lt=following.number) if following else leaves
        seals = JournalSeal.objects.filter(number__gte=OuterRef("number")).order_by("number")
        purged = before.filter(entry=None).annotate(sealed_at=Subquery(seals.values("checkpoint__at")[:1]))
        gone = None if following and following.number == 1 else purged.last()
    return Lasting(gone.sealed_at if gone else None, following.at + KEPT + DAY if following else None)


def purge(*, keep: Collection[UUID]) -> int | None:
    """Purge content older than its legal duration, except the entries `keep`.

    Return the number of purged entries, or None if the role is not the owner of the tables.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege('core_purge_journal(uuid[])', 'EXECUTE')")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT core_purge_journal(%s)", [list(keep)])
        return int(cursor.fetchone()[0])


def _purge_limit() -> datetime:
    return timezone.now() - KEPT


def _entry(leaf: JournalLeaf) -> JournalEntry | None:
    entry: JournalEntry | None = getattr(leaf, "entry", None)
    return entry


def _entry_problem(leaf: JournalLeaf, entry: JournalEntry, opened: Box) -> str | None:
    if entry.resident_id != leaf.resident_id:
        return "its content was removed: it is under another resident"
    try:
        salted = opened.unseal(entry.content, place=place_of(entry.id))
    except Unreadable:
        return "its content was changed or moved"
    if _leaf(salted) != bytes(leaf.leaf):
        return "its content is not what was written"
    payload = payload_of(salted)
    claimed = (payload["resident"], payload["number"], payload["at"])
    return (
        None
        if claimed == (str(leaf.resident_id), leaf.number, _microseconds(leaf.at))
        else "its number or time was changed"
    )


def _residents() -> list[UUID]:
    with scopes_disabled():
        return list(JournalLeaf.objects.order_by("resident_id").values_list("resident_id", flat=True).distinct())


def _leaf(salted: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + salted).digest()


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _usual_ground(resident_id: UUID, actor_id: UUID, details: Mapping[str, str], means: Means) -> Ground:
    """Return the usual ground of an act: the grant named in `details`, the city's task, or the resident's own request.

    The scheduler acts without a resident's request, so its ground is the task.
    """
    if actor_id != resident_id:
        return Ground.GRANT if "grant" in details else Ground.TASK
    return Ground.TASK if means == Means.SCHEDULER else Ground.OWN


def _rows(
    resident_id: UUID, before: int | None, after: int | None, since: datetime | None, until: datetime | None, size: int
) -> list[tuple[UUID, int, bytes | memoryview]]:
    """Select rows by the leaves, whose index has the order: the cost depends on the page alone (bench/journal.py)."""
    bounds = {"number__lt": before, "number__gt": after, "at__gte": since, "at__lt": until}
    given = {name: value for name, value in bounds.items() if value is not None}
    with scope(resident=resident_id):
        leaves = JournalLeaf.objects.filter(entry__isnull=False, **given)
        return list(leaves.order_by("-number").values_list("entry__pk", "number", "entry__content")[:size])


def _to_entry(entry_id: UUID, resident_id: UUID, payload: Mapping[str, Any]) -> Line:
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
