"""Lots that holders send: read as a stream, sealed line by line, then written by resident.

Reading writes one transaction, at the end: a lot whose body was cut, or is too large, leaves nothing, and its
holder sends it again under the same key. Writing takes one resident at a time under their connection's lock, so that a
stop waits for one resident at most; a worker that dies leaves the other lines waiting, for the next one. A line that
cannot be written is refused alone.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from celery import current_app
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core.jobs import BROKER_DOWN
from core.keys import KeyMissing, KeyringError, sealed
from core.models.rows import Forged, check
from core.rows import report
from core.unstorable import is_unstorable
from vault import types
from vault.holders import across, perms
from vault.holders.actions.signatures import Signature
from vault.holders.enums import LineOutcome
from vault.holders.models import Connection, Lot, LotLine, Sender
from vault.records.actions.bulk import Coming, Reception, gather, write_gathered
from vault.records.actions.records import one_at_a_time
from vault.records.enums import Assurance, Method
from vault.types.envelope import build, provenance
from vault.types.spans import read_moment

logger = logging.getLogger(__name__)

RECEIVE = gettext_noop("Ranger dans votre coffre ce qu’un organisme envoie, comme vous l’avez accepté")
MAX_BYTES, MAX_LINE, MAX_LINES = 16 * 1024 * 1024, 64 * 1024, 20_000
CHUNK = 64 * 1024
TASK, QUEUE = "vault.holders.tasks.write_lot", "documents"
#: How long a lot's report, and so its key, is kept.
KEPT = timedelta(days=30)
#: What a line says: required, then optional.
NEEDED, MORE = {"sub", "type", "payload"}, {"issued_at", "period"}


class TooLarge(Exception):
    """More than MAX_BYTES or MAX_LINES."""


class Incomplete(Exception):
    """The body ended before its announced length, or has no line."""


class BadSignature(Exception):
    """The body is not what the holder signed."""


class KeyReused(Exception):
    """The same Idempotency-Key came before with another body."""


@dataclass
class _Checked:
    """The lines of a lot: those that may be written, sealed; the number and the code of those that are refused."""

    count: int = 0
    waiting: list[LotLine] = field(default_factory=list)
    refused: list[list[int | str]] = field(default_factory=list)


def receive(
    *,
    sender: Sender,
    key: str,
    read: Callable[[int], bytes],
    length: int,
    person_of: Callable[[str], UUID | None],
    signature: Signature | None = None,
) -> Lot:
    """Read a lot and keep its lines sealed, for `write`. The same lot under the same key is kept once.

    Args:
        read: returns at most so many bytes of the body; none at its end.
        length: what the caller announced.
        person_of: returns the resident whom the holder knows by a `sub`.

    Raises:
        TooLarge, Incomplete, BadSignature, KeyReused
    """
    if length > MAX_BYTES:
        raise TooLarge
    body = _read(read, signature)
    if len(body) < length or not body.strip():
        raise Incomplete
    if signature is not None and not signature.holds():
        raise BadSignature
    lot = Lot(pk=uuid4(), sender=sender, key=key)
    found = _check(_Lines(lot, sender, person_of), body)
    lot.sha256, lot.lines, lot.refused = hashlib.sha256(body).hexdigest(), found.count, found.refused
    lot.signed = signature is not None
    lot.finished_at = None if found.waiting else timezone.now()
    try:
        with transaction.atomic():
            lot.save(force_insert=True)
            across.keep_lines(found.waiting)
            transaction.on_commit(lambda: _send(lot), robust=True)
    except IntegrityError:
        before = Lot.objects.filter(sender=sender, key=key).first()
        if before is None or before.sha256 != lot.sha256:
            raise KeyReused from None
        return before
    return lot


def write(*, lot_id: UUID) -> None:
    """Write the lines of a lot that wait, resident by resident. Idempotent; several workers may share a lot."""
    lot = Lot.objects.select_related("sender").filter(pk=lot_id, finished_at=None).first()
    if lot is None:
        return
    connections = across.newest_connections(lot.sender.holder, across.waiting_residents(lot))
    for resident_id in across.waiting_residents(lot):
        connection = connections.get(resident_id)
        try:
            _write_one(lot, resident_id, connection)
        except Forged as forged:
            report(forged)
            _refuse(lot, resident_id, LineOutcome.STOPPED)
        except KeyMissing:
            _refuse(lot, resident_id, LineOutcome.UNKNOWN_SUB)
        except (OperationalError, KeyringError):
            raise
        except Exception:  # noqa: BLE001 - one line alone is at fault, whatever the fault
            _write_each_alone(lot, resident_id, connection)
    if not across.waiting_residents(lot):
        Lot.objects.filter(pk=lot.pk, finished_at=None).update(finished_at=timezone.now())


def unfinished() -> list[UUID]:
    """Return the lots with lines that wait, oldest first: their message was lost, or their worker died."""
    return list(Lot.objects.filter(finished_at=None).order_by("created_at").values_list("pk", flat=True)[:100])


def purge() -> None:
    """Delete the lots of more than thirty days, with their lines."""
    across.delete_lots(before=timezone.now() - KEPT)


def find(*, sender: Sender, lot_id: UUID) -> Lot | None:
    return Lot.objects.filter(sender=sender, pk=lot_id).first()


def _send(lot: Lot) -> None:
    """Tell a worker. If the broker is down, the scheduler does."""
    try:
        current_app.send_task(TASK, [str(lot.pk)], queue=QUEUE, retry=False, ignore_result=True)
    except BROKER_DOWN as error:
        logger.warning("a lot's task could not be sent and waits for the tick", exc_info=error)


class _Lines:
    """Checks the lines of one lot, and seals those that may be written."""

    def __init__(self, lot: Lot, sender: Sender, person_of: Callable[[str], UUID | None]) -> None:
        self._lot, self._sender, self._person_of = lot, sender, person_of
        self._people: dict[str, tuple[UUID | None, Connection | None, sealed.Box | None]] = {}
        self._known = {one.code for one in types.all_types()}

    def add(self, found: _Checked, line: bytes) -> None:
        """Count a line, and keep it sealed or its refusal."""
        found.count += 1
        sealed_line = self._checked(found.count, line)
        if isinstance(sealed_line, LotLine):
            found.waiting.append(sealed_line)
        else:
            found.refused.append([found.count, sealed_line.value])

    def _checked(self, number: int, line: bytes) -> LotLine | LineOutcome:
        if len(line) > MAX_LINE:
            return LineOutcome.TOO_LONG
        try:
            sent = json.loads(line)
        except (ValueError, RecursionError):
            return LineOutcome.NOT_JSON
        if not _is_shaped(sent):
            return LineOutcome.MALFORMED
        if sent["type"] not in self._known:
            return LineOutcome.UNKNOWN_TYPE
        if sent["type"] not in self._sender.types:
            return LineOutcome.NOT_COVERED
        resident_id, connection, box = self._person(sent["sub"])
        if resident_id is None or box is None:
            return LineOutcome.UNKNOWN_SUB
        if refusal := _why_not(connection, sent["type"]):
            return refusal
        if types.validate(sent["type"], sent["payload"]):
            return LineOutcome.WRONG_SCHEMA
        row = LotLine(pk=uuid4(), resident_id=resident_id, lot=self._lot, number=number)
        row.content = box.seal_json({name: sent[name] for name in sent if name != "sub"}, place=row.place)
        return row

    def _person(self, sub: str) -> tuple[UUID | None, Connection | None, sealed.Box | None]:
        if sub not in self._people:
            resident_id = self._person_of(sub)
            self._people[sub] = (resident_id, *self._of(resident_id))
        return self._people[sub]

    def _of(self, resident_id: UUID | None) -> tuple[Connection | None, sealed.Box | None]:
        if resident_id is None:
            return None, None
        try:
            box = sealed.box(resident_id=resident_id)
        except KeyMissing:
            return None, None
        return across.newest_connections(self._sender.holder, [resident_id]).get(resident_id), box


def _read(read: Callable[[int], bytes], signature: Signature | None) -> bytes:
    """Return the body. Nothing of it is looked at before it is known to be no larger than a lot may be.

    Raises:
        TooLarge
    """
    body, ends = bytearray(), 0
    while chunk := read(CHUNK):
        body += chunk
        ends += chunk.count(b"\n")
        if len(body) > MAX_BYTES or ends > MAX_LINES:
            raise TooLarge
        if signature is not None:
            signature.update(chunk)
    if ends == MAX_LINES and not body.endswith(b"\n"):
        raise TooLarge
    return bytes(body)


def _check(lines: _Lines, body: bytes) -> _Checked:
    found = _Checked()
    for line in body.split(b"\n"):
        if line.strip():
            lines.add(found, line)
    return found


def _is_shaped(sent: Any) -> bool:  # noqa: ANN401 - any JSON
    if not isinstance(sent, dict) or not NEEDED <= sent.keys() <= NEEDED | MORE:
        return False
    if not (isinstance(sent["sub"], str) and isinstance(sent["type"], str) and isinstance(sent["payload"], dict)):
        return False
    period = sent.get("period", {})
    if not isinstance(period, dict) or not period.keys() <= {"start", "end"}:
        return False
    said = period | {name: sent[name] for name in ("issued_at",) if name in sent}
    moments = {name: _moment(text) for name, text in said.items()}
    if None in moments.values():
        return False
    start, end = moments.get("start"), moments.get("end")
    return not (start and end and end < start) and not is_unstorable(sent)


def _moment(text: Any) -> datetime | None:  # noqa: ANN401 - any JSON
    """Return a moment that every zone can tell, or None."""
    found = read_moment(text) if isinstance(text, str) else None
    return found if found and datetime.min.year < found.year < datetime.max.year else None


def _why_not(connection: Connection | None, type_code: str) -> LineOutcome | None:
    refusal = perms.why_not_send(connection)
    if refusal is None and connection is not None and type_code not in connection.datasets:
        return LineOutcome.NOT_COVERED
    return refusal


def _write_each_alone(lot: Lot, resident_id: UUID, connection: Connection | None) -> None:
    """Write the lines of which one failed, each in a transaction of its own, and refuse those that fail again."""
    with scope(resident=resident_id):
        numbers = list(LotLine.objects.filter(lot=lot, outcome="").values_list("number", flat=True))
    for number in numbers:
        try:
            _write_one(lot, resident_id, connection, number=number)
        except (OperationalError, KeyringError):
            raise
        except Exception as error:  # noqa: BLE001 - as above; the message may quote a value
            logger.error("a line of a lot could not be written: %s", type(error).__name__)
            _refuse(lot, resident_id, LineOutcome.NOT_WRITTEN, number=number)


def _write_one(lot: Lot, resident_id: UUID, connection: Connection | None, **which: int) -> None:
    """Write one resident's lines in one transaction, if their connection still allows it. One journal entry.

    Args:
        which: the number of the only line to write; all that wait otherwise.
    """
    with transaction.atomic(), scope(resident=resident_id):
        held = Connection.objects.select_for_update().filter(pk=connection.pk).first() if connection else None
        lines = list(LotLine.objects.filter(lot=lot, outcome="", **which).select_for_update(skip_locked=True))
        if not lines:
            return
        if held is not None:
            check(held, locked=False)
        sender = Sender.objects.get(pk=lot.sender_id)
        box = sealed.box(resident_id=resident_id)
        wanted, envelopes = [], []
        for line in lines:
            sent = box.unseal_json(bytes(line.content), place=line.place)
            refusal = _why_not(held, sent["type"]) if sender.ended_at is None else LineOutcome.STOPPED
            line.content, line.outcome = b"", refusal or LineOutcome.WRITTEN
            if refusal is None and held is not None:
                wanted.append(line)
                envelopes.append(_envelope(lot, held, sent))
        if held is not None and envelopes:
            _keep(held, wanted, envelopes)
        LotLine.objects.bulk_update(lines, ["content", "outcome"])


def _keep(held: Connection, lines: Sequence[LotLine], envelopes: Sequence[Mapping[str, Any]]) -> None:
    one_at_a_time(held.resident_id)
    reception = Reception(method=Method.API_PUSH, assurance=Assurance.HOLDER, consent=str(held.pk))
    coming = gather(resident_id=held.resident_id, envelopes=envelopes, reception=reception)
    for line, one in zip(lines, coming, strict=True):
        if one.problems:
            line.outcome = LineOutcome.WRONG_SCHEMA
    right: list[Coming] = [one for one in coming if not one.problems]
    if right:
        by = held.resident_id
        write_gathered(resident_id=by, by=by, coming=right, event="records_received", purpose=RECEIVE)
        held.last_success_at = timezone.now()
        held.save(update_fields=["last_success_at"])


def _envelope(lot: Lot, held: Connection, sent: Mapping[str, Any]) -> dict[str, Any]:
    signature = {"kind": "jws", "result": "valid"} if lot.signed else None
    origin = provenance(
        holder=held.holder,
        method=Method.API_PUSH,
        assurance=Assurance.HOLDER,
        issued_at=sent.get("issued_at"),
        signature=signature,
    )
    return build(type=sent["type"], payload=sent["payload"], provenance=origin, period=sent.get("period"))


def _refuse(lot: Lot, resident_id: UUID, outcome: LineOutcome, **which: int) -> None:
    with scope(resident=resident_id):
        LotLine.objects.filter(lot=lot, outcome="", **which).update(content=b"", outcome=outcome)
