"""What agents of an office do with a request: open, take, ask for a correction, propose, decide.

Each act runs under the grant's lock and the office's: after a stop, or after the agent left, nothing more is done. A
refusal is in the resident's journal.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from accounts.models import Membership, User
from accounts.two_persons import ACTS
from core.models.rows import check
from services.procedures import finding
from services.requests import agreements, clock, ending, lines, perms
from services.requests.enums import Fault, Happened, Proposal, State
from services.requests.models import Correction, SentRequest
from vault.records import gate
from vault.records.actions.notes import seal_note, unseal_note
from vault.records.actions.records import Source, Subject, one_at_a_time
from vault.records.actions.records import write as write_record
from vault.records.content import paper_kinds
from vault.records.enums import Assurance, Method, RefusalCode
from vault.records.grants import agreements as known_agreements
from vault.records.models import Grant
from vault.records.values.decrypted import PaperOpened
from vault.sharing.actions import acts

MESSAGE_LENGTH = 1_000
#: What a resident reads of a line that was never sent: the same from every office.
MISSING = "« %(line)s » n’est pas dans votre demande. Le service en a besoin pour répondre."
NEWS = "requests/email/news"


class NotNow(Exception):
    """The request is not in the state for this: somebody acted first, or its resident did."""


class UnknownLine(Exception):
    """The request has no such line."""


class SamePerson(Exception):
    """Whoever proposed a decision does not decide."""


class Gone(Exception):
    """The office has no copy any more: the resident withdrew the request, or its day has come."""


@dataclass(frozen=True)
class Opened:
    """What was sent and what the office wrote, decrypted. `messages` are those of corrections, by id.

    Args:
        waiting: the codes of the lines that wait for the resident.
        wanted: the lines that were never sent and that the office asked for, by code.
    """

    content: lines.Content
    messages: dict[UUID, str]
    decision: dict[str, Any]
    waiting: frozenset[str] = frozenset()
    wanted: Mapping[str, lines.Line] = field(default_factory=dict)

    def line(self, code: str) -> lines.Line | None:
        return self.content.line(code) or self.wanted.get(code)


def read_wanted_line(note: Mapping[str, Any]) -> lines.Line | None:
    """Return the line that a correction's note asks for, or None if it names one that was sent."""
    return lines.Line(**note["line"]) if "line" in note else None


def list_lines_not_sent(request: SentRequest, content: lines.Content) -> list[lines.Line]:
    """Return what the request's procedures listed on the day it came, and was not sent. Cost: three queries."""
    asked = finding.on_day(request.aids, timezone.localdate(request.sent_at))
    return lines.list_absent(content, asked, paper_kinds.by_code())


def open_request(*, request: SentRequest, place: Membership) -> Opened:
    """Return what was sent, with one entry in the resident's journal that names the agent.

    Raises:
        Gone
        gate.Refused, gate.NotAnchored: the grant was stopped or paused, the office closed, or the agent left.
    """
    grant, content = request.grant, request.content
    if grant is None or content is None:
        raise Gone
    corrections = _corrections(request)
    notes = {request.note_place: bytes(content)} | {one.note_place: bytes(one.message) for one in corrections}
    if request.decision is not None:
        notes[request.decision_place] = bytes(request.decision)
    found = gate.granted_notes(
        grant=grant,
        notes=notes,
        event="granted_request_opened",
        refused=partial(_refused, request, place),
        agent=place.label,
        number=request.number,
    )
    _note_opening(request, place)
    return Opened(
        lines.from_note(found[request.note_place]),
        {one.pk: found[one.note_place]["message"] for one in corrections},
        found.get(request.decision_place, {}),
        frozenset(one.line for one in corrections if one.answered_at is None),
        find_wanted_lines(corrections, found),
    )


def find_wanted_lines(asked: Iterable[Correction], notes: Mapping[str, Mapping[str, Any]]) -> dict[str, lines.Line]:
    """Return the lines that these corrections ask for and that were never sent, by code, from their notes."""
    found = {one.line: read_wanted_line(notes[one.note_place]) for one in asked}
    return {code: line for code, line in found.items() if line is not None}


def open_dossier(*, request: SentRequest, place: Membership) -> gate.WatchedFile:
    """Return the PDF that was sent, with one entry that names the agent. Each piece is read under the grant.

    Raises:
        Gone, gate.Refused, gate.NotAnchored
    """
    return gate.read_document(
        grant=_grant(request), document_id=request.dossier_id, visit=None, **_downloading(request, place)
    )


def open_paper(*, request: SentRequest, place: Membership, paper_id: UUID) -> tuple[PaperOpened, gate.WatchedFile]:
    """Return a paper that a correction added, as `open_dossier` does.

    Raises:
        Gone, gate.Refused, gate.NotAnchored
    """
    return gate.read_file(
        grant=_grant(request), paper_id=paper_id, position=0, visit=None, **_downloading(request, place)
    )


def take(*, request: SentRequest, place: Membership) -> None:
    """Make this agent the one who instructs the request, in place of another one if there is one.

    Raises:
        NotNow, Gone, PermissionDenied, gate.Refused
    """
    with _acting(request, place) as row:
        if not perms.may_take(row, place):
            raise NotNow
        row.instructor = place.person
        if row.state == State.RECEIVED:
            row.state = State.REVIEW
        row.save(update_fields=["instructor", "state"])
        ending.note(row, Happened.TAKEN, place.label)
        ending.write(row, _grant(row), "request_taken", agent=place.label)


def ask_correction(*, request: SentRequest, place: Membership, line: str, fault: Fault, message: str) -> Correction:
    """Ask the resident to mend one line. The clock stops until they do, or until the last day for it.

    Raises:
        UnknownLine
        NotNow: the request is decided, proposed or another agent's, or this line waits for its resident already.
        Gone, PermissionDenied, gate.Refused
    """
    with _acting(request, place) as row:
        _require_askable(row, place)
        if line not in row.codes:
            raise UnknownLine(line)
        return _ask(row, place, line, fault, {"message": message.strip()[:MESSAGE_LENGTH]}, "request_correction_asked")


def ask_missing(*, request: SentRequest, place: Membership, line: str) -> Correction:
    """Ask the resident for a paper or a value that the procedure lists and they never sent. It is answered as a
    correction is, with the same stop of the clock; what was sent does not change until then.

    Args:
        line: the code of one of `list_lines_not_sent`.

    Raises:
        UnknownLine
        NotNow: the request is decided, proposed or another agent's, or this line waits for its resident already.
        Gone, PermissionDenied, gate.Refused
    """
    with _acting(request, place) as row:
        _require_askable(row, place)
        note = unseal_note(resident_id=row.resident_id, place=row.note_place, content=bytes(row.content or b""))
        wanted = next((one for one in list_lines_not_sent(row, lines.from_note(note)) if one.code == line), None)
        if wanted is None:
            raise UnknownLine(line)
        asking = {"message": MISSING % {"line": wanted.label}, "line": asdict(wanted)}
        return _ask(row, place, line, Fault.MISSING, asking, "request_missing_asked")


def _require_askable(row: SentRequest, place: Membership) -> None:
    if not perms.may_instruct(row, place) or row.proposal:
        raise NotNow


def _ask(
    row: SentRequest, place: Membership, line: str, fault: Fault, asking: Mapping[str, Any], event: str
) -> Correction:
    """Write what the resident is asked for on one line, stop the clock and tell them. `asking` is sealed."""
    if Correction.objects.filter(request=row, line=line, answered_at=None).exists():
        raise NotNow
    today = timezone.localdate()
    made = Correction(
        resident_id=row.resident_id,
        request=row,
        line=line,
        fault=fault,
        asked_by=place.person,
        answer_by=today + clock.TO_CORRECT,
    )
    made.message = seal_note(resident_id=row.resident_id, place=made.note_place, note=dict(asking))
    made.save(force_insert=True)
    row.state, row.stopped_since = State.CORRECTION, row.stopped_since or today
    row.save(update_fields=["state", "stopped_since"])
    ending.note(row, Happened.ASKED, place.label)
    ending.write(row, _grant(row), event, agent=place.label)
    tell(row)
    return made


def propose(
    *,
    request: SentRequest,
    place: Membership,
    proposal: Proposal,
    reason: str,
    given: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> None:
    """Propose a decision; another agent decides.

    Raises:
        ValueError: a refusal without a reason, a grant that says nothing, or an end before its start.
        NotTwo: nobody has named this agent with another one, for long enough, and seen them.
        NotNow, Gone, PermissionDenied, gate.Refused
    """
    reason, given = reason.strip()[:MESSAGE_LENGTH], given.strip()[:MESSAGE_LENGTH]
    if not (reason if proposal == Proposal.REFUSE else given):
        raise ValueError("a refusal has a reason, and a grant says what is granted")
    if starts_on and ends_on and ends_on < starts_on:
        raise ValueError("it ends before it starts")
    with _acting(request, place) as row:
        if not perms.may_propose(row, place):
            raise NotNow
        ACTS["decide_request"].require_first(place.person, office=place.organisation_id)
        note = {
            "reason": reason,
            "given": given if proposal == Proposal.GRANT else "",
            "starts_on": starts_on.isoformat() if starts_on and proposal == Proposal.GRANT else "",
            "ends_on": ends_on.isoformat() if ends_on and proposal == Proposal.GRANT else "",
            "instructor": place.person.name,
        }
        row.decision_version += 1
        row.decision = seal_note(resident_id=row.resident_id, place=row.decision_place, note=note)
        row.proposal, row.proposed_by = proposal, place.person
        row.save(update_fields=["decision", "decision_version", "proposal", "proposed_by"])
        ending.note(row, Happened.PROPOSED, place.label)
        ending.write(row, _grant(row), "request_proposed", agent=place.label)


def send_back(*, request: SentRequest, place: Membership) -> None:
    """Return a proposal to its instructor: nothing is decided.

    Raises:
        NotTwo: this agent was not named to decide here, for long enough.
        NotNow, SamePerson, Gone, PermissionDenied, gate.Refused
    """
    with _acting(request, place) as row:
        _require_other(row, place, request)
        ACTS["decide_request"].require_second(place.person, office=place.organisation_id)
        row.proposal, row.proposed_by, row.decision = "", None, None
        row.save(update_fields=["proposal", "proposed_by", "decision"])
        ending.note(row, Happened.SENT_BACK, place.label)
        ending.write(row, _grant(row), "request_sent_back", agent=place.label)


def decide(*, request: SentRequest, place: Membership) -> None:
    """Decide as proposed. The decision is a record in the resident's vault; the worker writes its letter and paper.

    Raises:
        SamePerson: this agent proposed it.
        NotTwo: these two may not decide together here.
        NotNow, Gone, PermissionDenied, gate.Refused
    """
    with _acting(request, place) as row:
        proposer = _require_other(row, place, request)
        ACTS["decide_request"].require(proposer, place.person, office=place.organisation_id)
        note = unseal_note(resident_id=row.resident_id, place=row.decision_place, content=bytes(row.decision or b""))
        granted = row.proposal == Proposal.GRANT
        row.state = State.GRANTED if granted else State.REFUSED
        row.decided_by, row.decided_at = place.person, timezone.now()
        row.ends_on = date.fromisoformat(note["ends_on"]) if note["ends_on"] else None
        row.save(update_fields=["state", "decided_by", "decided_at", "ends_on"])
        _write_record(row, note)
        ending.note(row, Happened.GRANTED if granted else Happened.REFUSED, place.label)
        ending.write(row, _grant(row), "request_decided", agent=place.label)
        ending.ask_letter(row)
        tell(row)


def tell(row: SentRequest) -> None:
    """Write to the resident that there is news, once the caller's transaction is committed. Names no aid."""
    user_id = row.resident_id
    transaction.on_commit(lambda: reminding.remind(user_id=user_id, template=NEWS), robust=True)


@contextmanager
def _acting(request: SentRequest, place: Membership) -> Iterator[SentRequest]:
    """Run the block under the locks of the grant and the office, with the request locked and read again."""
    if request.grant is None or request.content is None:
        raise Gone
    with acts.under(request.grant):
        if _refused(request, place) is not None:
            raise PermissionDenied
        rows = SentRequest.objects.select_for_update(of=("self",)).select_related("organisation", "proposed_by")
        row = rows.get(pk=request.pk)
        check(row)
        if row.grant_id != request.grant_id or row.content is None:
            raise NotNow
        yield row


def _refused(request: SentRequest, place: Membership) -> RefusalCode | None:
    """Return why this agent may not read or act. Call it under the office's lock, for which leaving waits."""
    held = Membership.objects.of_office(place.person)
    stands = held is not None and held == place and held.organisation_id == request.organisation_id
    return None if stands else RefusalCode.NOT_COVERED


def _require_other(row: SentRequest, place: Membership, read: SentRequest) -> User:
    """Return who proposed, if this agent's place decides, is another person's, and they `read` this proposal."""
    if not perms.awaits_decision(row) or row.decision_version != read.decision_version:
        raise NotNow
    if perms.proposed(row, place):
        raise SamePerson
    if not perms.may_decide(row, place) or row.proposed_by is None:
        raise PermissionDenied
    return row.proposed_by


def _write_record(row: SentRequest, note: dict[str, Any]) -> None:
    """Write the decision into the vault, as received from the office: the grant lets it."""
    decided = timezone.localdate(row.decided_at)
    payload = {
        "aide": row.title,
        "organisme": row.organisation.name,
        "numero": row.number,
        "sens": "accord" if row.state == State.GRANTED else "refus",
        "accorde": note["given"],
        "motif": note["reason"],
        "date_decision": decided.isoformat(),
        "date_debut": note["starts_on"],
        "date_fin": note["ends_on"],
        "recours_avant": clock.appeal_until(decided).isoformat(),
    }
    source = Source(
        holder=row.organisation.name, method=Method.API_PUSH, assurance=Assurance.HOLDER, issued_at=row.decided_at
    )
    if agreements.DECISION not in known_agreements.writes_of(_grant(row)):
        raise PermissionDenied
    one_at_a_time(row.resident_id)
    subject = Subject(type=agreements.DECISION, person=row.resident_id)
    values = {name: text for name, text in payload.items() if text}
    write_record(row.resident_id, subject, values, source, older=None, key=ending.decision_key(row))


def _downloading(request: SentRequest, place: Membership) -> dict[str, Any]:
    """Return the arguments of the gate for a file: its entry's words, and the check of the agent's place."""
    return {
        "event": "granted_request_downloaded",
        "refused": partial(_refused, request, place),
        "agent": place.label,
        "number": request.number,
    }


def _grant(row: SentRequest) -> Grant:
    if row.grant is None:
        raise Gone
    return row.grant


def _corrections(request: SentRequest) -> list[Correction]:
    with scope(resident=request.resident_id):
        return list(Correction.objects.filter(request=request))


def _note_opening(request: SentRequest, place: Membership) -> None:
    with scope(resident=request.resident_id):
        ending.note(request, Happened.OPENED, place.label)
