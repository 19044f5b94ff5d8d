"""Values at the desk: the agent types what the resident says, and keeps a paper that the resident confirms there.

Both need the visit's act and its grant, like each act of a visit. Nothing that was in the vault before is shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied

from accounts.models import User
from core import journal
from vault.records import gate
from vault.records.actions.confirming import Answers, keep_confirmed, lock_confirmable
from vault.records.actions.papers import content_of_paper
from vault.records.actions.records import Source, Subject, carried, content_of, one_at_a_time, same_subject, write
from vault.records.enums import Outcome, PaperState
from vault.records.models import Paper, Record
from vault.records.papers import checks
from vault.records.values.decrypted import PaperOpened
from vault.sharing import perms
from vault.sharing.actions import acts
from vault.sharing.actions.desk import at_desk
from vault.sharing.agreements.entrusting import AT_DESK
from vault.sharing.enums import Act
from vault.sharing.models import DeskVisit

TYPED, CONFIRMED = "typed_at_desk", "paper_confirmed_at_desk"
#: The events of what a visit adds.
ADDITIONS = {TYPED, CONFIRMED, "mandate_paper_added"}


def type_values(*, visit: DeskVisit, agent: User, type_code: str, payload: Mapping[str, Any]) -> Record:
    """Write what the resident says about themself, as declared. The same form sent twice gives one record.

    A record about the same time and thing is superseded; its values that are not said again stay, with their origin.

    Raises:
        PermissionDenied: the visit does not allow it, is another agent's, or its session has ended.
        gate.Refused: the visit has ended.
        Invalid: the payload does not follow its type, or is implausible.
    """
    _require(visit, agent)
    resident_id: UUID = visit.resident_id
    with at_desk(), acts.under(visit.grant):
        one_at_a_time(resident_id)
        subject = Subject(type=type_code, person=resident_id)
        whole, source = payload, Source()
        older = same_subject(subject, payload)
        if older is not None:
            before = content_of(older)
            if all(before["payload"].get(name) == value for name, value in payload.items()):
                return older
            whole, source = carried(older, before, payload, source)
        record = write(resident_id, subject, whole, source, older=older)
        _journal_event(visit, agent, TYPED, [f"{type_code}#/{name}" for name in payload])
    return record


def look_at_paper(*, visit: DeskVisit, agent: User, paper_id: UUID) -> PaperOpened | None:
    """Return a paper added in this visit, to compare with the resident; None if the resident added it alone.

    Raises:
        PermissionDenied: as `type_values`.
        gate.Refused, gate.NotAnchored: also if no paper of the visit waits for an answer under this id.
    """
    _require(visit, agent)
    with at_desk():
        return gate.read_brought(grant=visit.grant, paper_id=paper_id)


def confirm_paper(*, visit: DeskVisit, agent: User, paper_id: UUID) -> None:
    """Keep a paper added in this visit, with the values read on it as they are. Idempotent.

    They are declared, unless the name read on the paper is the one that the vault knows.

    Raises:
        PermissionDenied: as `type_values`; or the paper was not added in this visit.
        gate.Refused: the visit has ended.
        NotReady: the paper does not wait for an answer.
        AlreadyOne: another notice for the same year is in the vault.
        Invalid: a value is missing or implausible.
    """
    _require(visit, agent)
    grant = visit.grant
    with at_desk(), acts.under(grant):
        held = lock_confirmable(paper_id)
        content = content_of_paper(held)
        if held.created_at < grant.starts_at or content.get("brought_by") != grant.recipient_label:
            raise PermissionDenied
        if held.state == PaperState.KEPT:
            return
        _records, named = keep_confirmed(held, content, Answers(own_word=not _is_named(content)))
        _journal_event(visit, agent, CONFIRMED, named, held)


def added(visit: DeskVisit) -> list[journal.Line]:
    """Return the entries of what was added in this visit, oldest first: no value, only what it is about."""
    here = str(visit.grant_id)
    found = journal.lines(resident_id=visit.resident_id, since=visit.grant.starts_at)
    return [one for one in found if one.event in ADDITIONS and one.details.get("grant") == here][::-1]


def _is_named(content: Mapping[str, Any]) -> bool:
    """Return whether the name on the paper was found to be the one that the vault knows."""
    return any(one["code"] in checks.NAMES and one["outcome"] == Outcome.PASSED for one in content.get("checks", ()))


def _require(visit: DeskVisit, agent: User) -> None:
    perms.require_may_help_at_desk(visit, agent)
    if not visit.allows(Act.TYPE):
        raise PermissionDenied


def _journal_event(
    visit: DeskVisit, agent: User, event: str, fields: Sequence[str], paper: Paper | None = None
) -> None:
    details = {"recipient": visit.grant.recipient_label, "grant": str(visit.grant_id)}
    journal.write(
        resident_id=visit.resident_id,
        actor_id=agent.pk,
        event=event,
        purpose=AT_DESK,
        fields=fields,
        details=details | ({"kind": paper.kind} if paper and paper.kind else {}),
    )
