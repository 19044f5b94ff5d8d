"""Confirm a paper: keep it, and write the values that the resident confirms as records that it proves."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from vault.records import perms
from vault.records.actions.papers import NotReady, content_of_paper, delete_replaced, journal_paper_event
from vault.records.actions.records import Source, Subject, content_of, one_at_a_time, same_subject, write, write_over
from vault.records.enums import Assurance, Method, PaperState, Role
from vault.records.models import Paper, Record
from vault.records.papers import checks
from vault.records.values.decrypted import Opened, Values
from vault.records.values.periods import period_of
from vault.types.envelope import latest_of
from vault.types.record_identity import same_thing
from vault.types.spans import Span, read_moment

CONFIRM = gettext_noop("Ranger un papier dans votre coffre")


@dataclass(frozen=True)
class Answers:
    """The resident's answers about a paper that was read.

    `values` holds the values that they changed, by `<record's position>/<field>`. `own_word` states that the paper is
    theirs although its name did not match: then none of its values counts as verified. `instead` accepts that a notice
    supersedes another one for the same year.
    """

    person: UUID | None = None
    role: str = Role.SELF
    own_word: bool = False
    instead: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


class AlreadyOne(Exception):
    """The vault has another notice for the same year with other values: the resident must choose one."""


def confirm_paper(
    *, paper: Paper, by: UUID, values: Mapping[str, Any] | None = None, answers: Answers | None = None
) -> list[Record]:
    """Keep the paper, and write its values as records that it proves. Idempotent.

    A value that the resident changed is declared, never verified.

    Raises:
        NotReady: the paper does not wait for an answer.
        AlreadyOne: another notice for the same year differs, and the answers do not choose.
        Invalid: a value is missing or implausible.
    """
    perms.require_may_write(paper.resident_id, by)
    answers = answers or Answers(values=values or {})
    with transaction.atomic(), scope(resident=paper.resident_id):
        held = lock_confirmable(paper.pk)
        if held.state == PaperState.KEPT:
            return list(Record.objects.filter(paper=held))
        records, named = keep_confirmed(held, content_of_paper(held), answers)
        journal_paper_event(held, by, "paper_kept", CONFIRM, named)
        if held.replaces_id is not None:
            delete_replaced(held.replaces_id, by)
    return records


def lock_confirmable(paper_id: UUID) -> Paper:
    """Lock a paper that waits for an answer, or has had it, in the caller's transaction and scope.

    Raises:
        NotReady
    """
    held = Paper.objects.select_for_update().filter(pk=paper_id).first()
    if held is None or held.state not in {PaperState.TO_CONFIRM, PaperState.KEPT}:
        raise NotReady
    return held


def keep_confirmed(held: Paper, content: Mapping[str, Any], answers: Answers) -> tuple[list[Record], list[str]]:
    """Keep a paper that waits for an answer, once the right is checked. Return its records and their fields.

    Call it in the caller's transaction and scope; the caller journals.

    Raises:
        AlreadyOne, Invalid
    """
    one_at_a_time(held.resident_id)
    read = enumerate(content.get("reading", {}).get("records", []))
    records = [_confirm_record(held, envelope, position, answers) for position, envelope in read]
    held.state, held.kept_at = PaperState.KEPT, timezone.now()
    held.save(update_fields=["state", "kept_at"])
    return records, [f"{record.type}#/{name}" for record in records for name in content_of(record)["payload"]]


def _confirm_record(paper: Paper, envelope: Mapping[str, Any], position: int, answers: Answers) -> Record:
    read = latest_of(envelope)
    changes = _changes(read, position, answers.values)
    payload = {name: value for name, value in {**read, **changes}.items() if value is not None}
    source = _source(paper, envelope, changes, payload, own_word=answers.own_word)
    subject = Subject(
        type=envelope["type"],
        person=answers.person or paper.resident_id,
        role=answers.role,
        period=_period(envelope, changes),
    )
    older = same_subject(subject, payload)
    if older is None:
        return write(paper.resident_id, subject, payload, source, older=None)
    if contradicts(older.type, content_of(older)["payload"], payload) and not answers.instead:
        raise AlreadyOne
    return write_over(older, payload, source, subject)


def would_supersede(values: Values, envelope: Mapping[str, Any], person: UUID) -> Opened | None:
    """Return the decrypted record that a proposed one would supersede, as `same_subject` finds it.

    Nothing is written.
    """
    period, payload = _period(envelope, {}) or period_of(envelope["payload"]), envelope["payload"]
    return next(
        (
            held
            for held in values.of_type(envelope["type"], person)
            if held.period == period and same_thing(held.type, held.payload, payload)
        ),
        None,
    )


def contradicts(type_code: str, held: Mapping[str, Any], read: Mapping[str, Any]) -> bool:
    return type_code == checks.tax.NOTICE and checks.tax.differs(held, read)


def _changes(payload: Mapping[str, Any], position: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ from what was read."""
    typed = {key.partition("/")[2]: value for key, value in values.items() if key.partition("/")[0] == str(position)}
    return {name: value for name, value in typed.items() if payload.get(name) != value}


def _source(
    paper: Paper,
    envelope: Mapping[str, Any],
    changes: Mapping[str, Any],
    payload: Mapping[str, Any],
    *,
    own_word: bool,
) -> Source:
    provenance = envelope["provenance"]
    issued_at = read_moment(provenance.get("issued_at"))
    read = Source(
        holder=provenance["holder"],
        method=Method.UPLOAD,
        assurance=Assurance.DECLARED if own_word else provenance["assurance"],
        retrieved_at=timezone.now(),
        issued_at=issued_at,
        paper_id=paper.pk,
        quality=[*provenance.get("quality", []), *(["unreconciled"] if own_word else [])],
        proof={
            name: provenance[name] for name in ("parser", "signature", "raw_sha256", "consent") if provenance.get(name)
        },
    )
    typed = Source(paper_id=paper.pk).origin
    origins = {name: typed for name in changes if name in payload}
    return replace(read, origins=origins)


def _period(envelope: Mapping[str, Any], changes: Mapping[str, Any]) -> Span[Any] | None:
    """Return the reader's own period, or None if the resident changed a field that it depends on."""
    period = envelope.get("period") or {}
    if not period or {"annee_revenus", "mois", "annee"} & changes.keys():
        return None
    return Span(read_moment(period.get("start")), read_moment(period.get("end")))
