# ruff: noqa: SLF001 - Django documents _meta and _base_manager
"""Heads: which rows can still open a resident's vault, so that none of them is put back as it once was.

A row's own MAC (core/models/rows.py) does not show that it was changed since. So a model declared with `head=True` has
a tag of each row that may open something in its resident's head: one row of `RowHead`, under a MAC, with a counter.
A row that was stopped or used leaves the head; a row that is not in it as it is opens nothing.

Of a model declared with `ends=True`, the head has each row that ended: a value that was withdrawn or replaced, a paper
that was deleted, a place in a household that was left, an invitation that was used. It keeps the last eight bytes of
the id. A row among them is never believed as a current one. It also counts the rows that did not end, by lots: those
of a type about a person, papers, files. If somebody deletes one in the database, there are fewer than it says.

Each journal entry names the counter and the MAC of the head at its time. A head put back together with its row has a
lower counter than the last entry names: it is refused. One put back together with its row and the journal's end is
found by the checkpoints, which are copied outside.

A change of a head takes the journal's lock until the end of the transaction: lock rows and grants before.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from core import canonical
from core.journal import checkpoints, ends
from core.journal.contents import KEPT, named_head, payload_of, place_of
from core.journal.ends import End
from core.journal.lots import Ended, by_lots, counted_models, headed_models, stored
from core.keys import KeyMissing, KeyringError, KeysDown
from core.keys.sealed import Box, Unreadable, box_in
from core.models import ResidentKey, RowHead
from core.models.rows import LOT, TAG_BYTES, AuthenticatedRow, Forged, is_genuine, lot_of

ID_BYTES = 16
R = TypeVar("R", bound=AuthenticatedRow)
#: How often a row that somebody changes meanwhile is read again.
TRIES = 5


class Tip:
    """The end of a journal with its resident's key.

    While the journal is locked it follows the entries and the heads that are written.
    """

    def __init__(self, resident_id: UUID, end: End, opened: Box) -> None:
        self.resident_id, self.end, self.opened = resident_id, end, opened

    @cached_property
    def former(self) -> tuple[int, str] | None:
        """The counter and the MAC that the last entry names, or None if it names no head.

        Raises:
            Unreadable: the entry was changed or moved, or its content was removed before its time.
        """
        end = self.end
        if end.content is None or end.entry_id is None:
            if end.chain is not None and not self._was_purged(end.number, end.chain):
                raise Unreadable("the last entry")
            return None
        payload = payload_of(self.opened.unseal(end.content, place=place_of(end.entry_id)))
        if payload["number"] != end.number:
            raise Unreadable("the last entry")
        return named_head(payload.get("head"))

    @cached_property
    def tags(self) -> Mapping[bytes, bytes]:
        """The tag of each row, by its id.

        Raises:
            Forged: the portal did not write this head, or it is older than the last entry.
        """
        end = self.end
        try:
            former = self.former
        except Unreadable:
            raise Forged(RowHead(pk=self.resident_id)) from None
        genuine = not end.mac or hmac.compare_digest(end.mac, self._mac(end.counter, end.tags, end.ended, end.counts))
        older = former and (end.counter < former[0] or (end.counter == former[0] and end.mac.hex() != former[1]))
        if older or not genuine:
            raise Forged(RowHead(pk=self.resident_id))
        packed = end.tags if end.mac else b""
        found = (packed[at : at + ID_BYTES + TAG_BYTES] for at in range(0, len(packed), ID_BYTES + TAG_BYTES))
        return {one[:ID_BYTES]: one[ID_BYTES:] for one in found}

    def claim(self) -> str:
        """Return what the next entry names: the head's counter and MAC, or "" if there was never one.

        An entry never makes a forged head genuine: it names the former one again.
        """
        try:
            former = self.former
        except Unreadable:
            return self._none_is_believed()
        if former is None and not self.end.mac:
            return ""
        try:
            _genuine = self.tags
        except Forged:
            return f"{former[0]}.{former[1]}" if former else self._none_is_believed()
        return f"{self.end.counter}.{self.end.mac.hex()}"

    @cached_property
    def ended(self) -> Ended:
        """The rows that ended; raises as `tags`."""
        _genuine = self.tags
        return Ended.unpack(self.end.ended if self.end.mac else b"")

    @cached_property
    def counts(self) -> Mapping[str, int] | None:
        """How many rows of each lot did not end, or None in a head from before they were counted; raises as `tags`."""
        _genuine = self.tags
        return json.loads(self.end.counts) if self.end.mac and self.end.counts else None

    def allows(self, row: AuthenticatedRow) -> bool:
        """Return whether the row is as it was last written, or ended as it says itself."""
        if row.decides.ends and self.ended.has(row.pk) and row.pk not in row.ended_ids:
            return False
        return not row.decides.head or not row.is_live or self.has(row)

    def has(self, row: AuthenticatedRow) -> bool:
        return hmac.compare_digest(self.tags.get(row.pk.bytes, b""), row.tag(self.opened.row_key))

    def write(
        self, tags: Mapping[bytes, bytes], ended: Ended, counter: int, counts: Mapping[str, int] | None = None
    ) -> None:
        """Write the head. Requires the journal's lock."""
        packed, over = b"".join(key + tags[key] for key in sorted(tags)), ended.pack()
        encoded = b"" if counts is None else canonical.encode(dict(counts))
        mac = self._mac(counter, packed, over, encoded)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_rowhead (resident_id, counter, tags, ended, counts, mac)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (resident_id) DO UPDATE SET counter = EXCLUDED.counter, tags = EXCLUDED.tags,"
                " ended = EXCLUDED.ended, counts = EXCLUDED.counts, mac = EXCLUDED.mac",
                [self.resident_id, counter, packed, over, encoded, mac],
            )
        self.end = self.end._replace(counter=counter, tags=packed, ended=over, counts=encoded, mac=mac)
        self._forget()

    def follow(self, number: int, chain: bytes, at: datetime, entry_id: UUID, content: bytes, claim: str) -> None:
        """Follow an entry written after this tip, under the journal's lock: it names this head, by `claim`."""
        self.end = self.end._replace(number=number, chain=chain, at=at, entry_id=entry_id, content=content)
        self.__dict__["former"] = named_head(claim)

    def _forget(self) -> None:
        for name in ("former", "tags", "ended", "counts"):
            self.__dict__.pop(name, None)

    def _was_purged(self, number: int, chain: bytes) -> bool:
        """Return whether the last entry is old enough to have been purged, by a signed checkpoint: its time may be
        false.

        Cost: the tree of one checkpoint, for a journal of which nothing is left to read. The next entry ends it.
        """
        limit = timezone.now() - KEPT
        return checkpoints.signed_before(limit, resident_id=self.resident_id, number=number, chain=chain)

    def _none_is_believed(self) -> str:
        """Return a claim that no head fulfils, until `rows sign --again`."""
        return f"{self.end.counter + 1}."

    def _mac(self, counter: int, tags: bytes, ended: bytes, counts: bytes) -> bytes:
        more = [hashlib.sha256(ended).hexdigest()] if ended else []
        more += ["counts", hashlib.sha256(counts).hexdigest()] if counts else []
        encoded = canonical.encode(["core.RowHead", str(self.resident_id), counter, tags.hex(), *more])
        return hmac.digest(self.opened.row_key, encoded, "sha256")


#: The tips that a transaction read under the journals' locks, and still holds, by their residents.
_held: ContextVar[Mapping[UUID, Tip]] = ContextVar("held", default=MappingProxyType({}))


@contextmanager
def holding(*tips: Tip) -> Iterator[None]:
    """Use these tips, read under their journals' locks, in the block, which ends no later than its transaction.

    Trap: nothing in the block may be rolled back without the block.
    """
    before = _held.set({tip.resident_id: tip for tip in tips})
    try:
        yield
    finally:
        _held.reset(before)


def lock_end(resident_id: UUID, *, also: str) -> End | None:
    """Take the journal's lock and return its end, or None if the SQL condition `also` is false."""
    holds, end = ends.read(resident_id, lock=True, also=also)
    return end if holds else None


def lock(resident_id: UUID) -> Tip:
    """Take the journal's lock and return its tip.

    Raises:
        KeyMissing: the resident's key was erased.
    """
    _holds, end = ends.read(resident_id, lock=True)
    return Tip(resident_id, end, box_in(end.key, resident_id=resident_id))


def take(resident_id: UUID, opened: Box | None) -> Tip:
    """Return the tip under which an entry is written, under the journal's lock.

    Raises:
        KeyMissing: a caller that read the key before its erasure can write no entry, hence read nothing.
    """
    if held := _held.get().get(resident_id):
        return held
    _holds, end = ends.read(resident_id, lock=True)
    if end.key is None:
        raise KeyMissing(str(resident_id))
    return Tip(resident_id, end, opened or box_in(end.key, resident_id=resident_id))


def check(rows: Sequence[AuthenticatedRow], *, locked: bool, genuine: bool) -> dict[UUID, bytes]:
    """Check that their residents' heads allow the rows as they are. Return the residents' keys of rows.

    Args:
        locked: nobody can change them meanwhile. Else a row that changed since it was loaded gets its new values.
        genuine: the caller has checked their own MACs.

    Raises:
        Forged: a row, or a head, was put back.
    """
    tips: dict[UUID, Tip] = {}
    for row in rows:
        resident_id = _resident(row)
        if genuine and not row.decides.head and (tip := tips.get(resident_id)) and not tip.ended.has(row.pk):
            continue
        for _try in range(TRIES):
            tip = tips[resident_id] = tips.get(resident_id) or _tip(resident_id, lock=False)
            if not (genuine or is_genuine(row, row.mac, key=tip.opened.row_key)):
                raise Forged(row)
            if tip.allows(row):
                break
            if locked or not _changed_meanwhile(row, tip.opened):
                raise Forged(row)
            del tips[resident_id]
        else:
            raise Forged(row)
    return {resident_id: tip.opened.row_key for resident_id, tip in tips.items()}


def change(rows: Sequence[AuthenticatedRow], *, added: bool = False) -> None:
    """Write the rows, as they are now, into their residents' heads.

    Args:
        added: they were just inserted.

    Raises:
        Forged: a head was put back.
    """
    for resident_id in dict.fromkeys(map(_resident, rows)):
        mine = [row for row in rows if _resident(row) == resident_id]
        over = _ended_by(mine)
        headed = [row for row in mine if row.decides.head]
        counted = Counter(row.lot for row in mine if added and row.decides.ends)
        if not headed and not over and not counted:
            continue
        tip = _tip(resident_id, lock=True)
        tags = dict(tip.tags)
        for row in headed:
            tags.pop(row.pk.bytes, None)
            tags |= {row.pk.bytes: row.tag(tip.opened.row_key)} if row.is_live else {}
        _write(tip, tags, over, counted)


def end(rows: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Note the rows, each by its resident, id and lot, that were deleted. A vault whose key was erased has no head.

    Raises:
        Forged: a head was put back.
    """
    for resident_id in dict.fromkeys(resident_id for resident_id, _id, _lot in rows):
        try:
            tip = _tip(resident_id, lock=True)
        except KeyMissing:
            continue
        _write(tip, tip.tags, {Ended.part(id): lot for owner, id, lot in rows if owner == resident_id}, {})


def require_lots(resident_id: UUID, found: Sequence[AuthenticatedRow], covers: Callable[[list[str]], bool]) -> None:
    """Check that no row is missing among these, whose MACs the caller has checked and which did not end.

    Args:
        found: all the rows, of one model, of the lots that `covers` accepts by the parts of their names.

    Raises:
        Forged: somebody deleted one in the database, or the head was put back.
    """
    counts = _tip(resident_id, lock=True).counts
    if counts is None:
        return
    expected = {lot: count for lot, count in counts.items() if covers(lot.split(LOT))}
    if expected != by_lots(found):
        raise Forged(RowHead(pk=resident_id))


def require_whole(resident_id: UUID, *models: type[AuthenticatedRow]) -> None:
    """Check that no row of these models is missing. Their MACs are left to whoever believes one of them.

    Raises:
        Forged: somebody deleted one in the database, or the head was put back.
    """
    tip = _tip(resident_id, lock=True)
    if tip.counts is None:
        return
    labels = {lot_of(model, ()) for model in models}
    expected = {lot: count for lot, count in tip.counts.items() if lot.partition(LOT)[0] in labels}
    if expected != stored(resident_id, tip.ended, *models):
        raise Forged(RowHead(pk=resident_id))


def live(resident_id: UUID, model: type[R]) -> list[R]:
    """Return the rows of a model that may still open something of the resident's, whatever a filter would find.

    Call it in a transaction, with the rows' own locks. Cost: one query for each model with a head.

    Raises:
        Forged: one of any of these models is not as the portal wrote it last, or somebody deleted it in the database,
            or the head was put back.
    """
    tip = _tip(resident_id, lock=True)
    ids = [UUID(bytes=key) for key in tip.tags]
    with scopes_disabled():
        found = [row for one in headed_models() for row in one._base_manager.filter(pk__in=ids)] if ids else []
    for row in found:
        if _resident(row) != resident_id or not is_genuine(row, row.mac, key=tip.opened.row_key) or not tip.has(row):
            raise Forged(row)
    if len(found) != len(ids):
        raise Forged(RowHead(pk=resident_id))
    return [row for row in found if isinstance(row, model)]


def ended(resident_id: UUID) -> Ended:
    """Return the rows of the resident that ended until now.

    Of rows that are loaded afterwards, each of these says itself that it ended, or another row replaces it.

    Raises:
        Forged: the head was put back.
    """
    return _tip(resident_id, lock=False).ended


def renew(resident_id: UUID, rows: Sequence[AuthenticatedRow]) -> None:
    """Make a head of these rows whatever there was: they are believed from then on. Only `rows sign` calls this."""
    with transaction.atomic():
        tip = _tip(resident_id, lock=True)
        try:
            former = tip.former
        except Unreadable:
            former = None
        believed = _genuine(rows, tip)
        tags = {row.pk.bytes: row.tag(tip.opened.row_key) for row in believed if row.decides.head and row.is_live}
        over = Ended(_ended_by(believed))
        counts = stored(resident_id, over, *counted_models())
        tip.write(tags, over, max(tip.end.counter, former[0] if former else 0) + 1, counts)


def complete(resident_id: UUID, rows: Sequence[AuthenticatedRow]) -> None:
    """Note what ended before heads did, and count the others; leave one that was put back. Only for `rows sign`."""
    try:
        with transaction.atomic():
            tip = _tip(resident_id, lock=True)
            _write(tip, tip.tags, _ended_by(_genuine(rows, tip)), {})
    except KeysDown:
        raise
    except (KeyMissing, KeyringError, Forged):
        return


def problems(resident_id: UUID, rows: Iterable[AuthenticatedRow]) -> Iterator[str]:
    """Yield the differences between a head, its resident's journal, and all their rows of the models with a head.

    A row whose own MAC is wrong is left to `rows.forged_rows`.
    """
    try:
        tip = _tip(resident_id, lock=False)
    except KeysDown:
        raise
    except (KeyMissing, KeyringError):
        yield f"resident {resident_id}: their key does not open"
        return
    try:
        tags = dict(tip.tags)
    except Forged:
        yield f"resident {resident_id}: the head of their rows is not the one that their journal names"
        return
    rows, live = list(rows), Counter[str]()
    said = {id for row in rows for id in row.ended_ids}
    for row in rows:
        genuine = is_genuine(row, row.mac, key=tip.opened.row_key)
        if genuine and row.decides.head and row.is_live and not tip.has(row):
            yield f"resident {resident_id}: {row._meta.label} {row.pk} is not in the head as it is: it was put back"
        if genuine and row.decides.ends and tip.ended.has(row.pk) and row.pk not in said:
            yield f"resident {resident_id}: {row._meta.label} {row.pk} had ended and is here again"
        live.update([row.lot] if genuine and row.decides.ends and not tip.ended.has(row.pk) else [])
        tags.pop(row.pk.bytes, None)
    if tags:
        yield f"resident {resident_id}: {len(tags)} rows of the head were deleted"
    for lot, count in sorted((tip.counts or {}).items()):
        if (missing := count - live[lot]) > 0:
            yield f"resident {resident_id}: {missing} rows of {lot.partition(LOT)[0]} are missing"


def residents() -> list[UUID]:
    with scopes_disabled():
        return list(ResidentKey.objects.order_by("pk").values_list("pk", flat=True))


def _write(tip: Tip, tags: Mapping[bytes, bytes], over: Mapping[int, str], added: Mapping[str, int]) -> None:
    """Write the head if something changes. Rows only ever come to those that ended.

    Args:
        over: the lot of each row that ended, by the last part of its id.
        added: how many rows were inserted in each lot. Those that ended by now are among `over`.
    """
    ended, counts = Ended(over.keys() | tip.ended), tip.counts
    if counts is None:
        counts = stored(tip.resident_id, ended, *counted_models())
    else:
        more = Counter(added)
        more.subtract(lot for part, lot in over.items() if part not in tip.ended)
        counts = {lot: n for lot in counts.keys() | more.keys() if (n := counts.get(lot, 0) + more[lot])}
    if tags != tip.tags or ended != tip.ended or counts != tip.counts:
        tip.write(tags, ended, tip.end.counter + 1, counts)


def _ended_by(rows: Iterable[AuthenticatedRow]) -> dict[int, str]:
    return {Ended.part(id): row.lot for row in rows for id in row.ended_ids}


def _genuine(rows: Iterable[AuthenticatedRow], tip: Tip) -> list[AuthenticatedRow]:
    return [row for row in rows if is_genuine(row, row.mac, key=tip.opened.row_key)]


def _resident(row: AuthenticatedRow) -> UUID:
    resident_id: UUID = row.resident_id  # type: ignore[attr-defined]  # each model with a head is a resident's
    return resident_id


def _tip(resident_id: UUID, *, lock: bool) -> Tip:
    if held := _held.get().get(resident_id):
        return held
    _holds, end = ends.read(resident_id, lock=lock)
    return Tip(resident_id, end, box_in(end.key, resident_id=resident_id))


def _changed_meanwhile(row: AuthenticatedRow, opened: Box) -> bool:
    """Give the row its stored values, if somebody changed it since it was loaded.

    Raises:
        Forged: the stored row is not what the portal wrote.
    """
    stored = type(row)._base_manager.filter(pk=row.pk).first()
    if stored is None or bytes(stored.mac) == bytes(row.mac):
        return False
    if not is_genuine(stored, stored.mac, key=opened.row_key):
        raise Forged(row)
    row.take(stored)
    return True
