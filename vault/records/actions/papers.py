"""Papers: receive, check, confirm, replace, delete. A paper is the proof of the values that were confirmed from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import jobs, journal
from core.files import resumable
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.keys import sealed
from vault.readers import sandbox
from vault.readers.reading import Ask, Reading, Unreadable
from vault.records import gate, perms
from vault.records.actions.comparing import COMPARED, seen_of
from vault.records.actions.files import Examined, examine, put_in_place
from vault.records.actions.proofs import leaning_on, unprove
from vault.records.actions.records import Source, Subject, content_of, one_at_a_time, same_subject, write, write_over
from vault.records.enums import Assurance, Method, PaperState, Role
from vault.records.models import Paper, PaperFile, PaperKind, Record
from vault.records.papers import checks, data_files
from vault.records.papers.answering import Asked
from vault.records.papers.file_names import clean_name
from vault.records.values import periods, persons
from vault.records.values.decrypted import CheckLine, Opened, Values
from vault.records.values.periods import period_of
from vault.types.envelope import latest_of
from vault.types.record_identity import same_thing
from vault.types.spans import Span, read_moment

RECEIVE = gettext_noop("Ajouter un papier à votre coffre")
CHECK = gettext_noop("Contrôler un papier que vous avez ajouté")
CONFIRM = gettext_noop("Ranger un papier dans votre coffre")
DELETE = gettext_noop("Supprimer un papier de votre coffre")
CHANGE = gettext_noop("Préciser ce qu’est un papier")

NOTHING_READ = gettext_noop("Avec ces colonnes, aucune ligne n’a pu être lue. Vérifiez la date et le montant.")

JOB = "read_paper"


class NotReady(Exception):
    """The paper is not waiting for its resident's answer: not checked yet, refused, or gone."""


@dataclass(frozen=True)
class Answers:
    """What the resident said about a paper that was read.

    `values` are the figures they changed, by `<record's position>/<field>`. `own_word` says that the paper is theirs although
    its name did not match: then nothing of it counts as verified. `instead` accepts that a notice takes the place of another one
    for the same year.
    """

    person: UUID | None = None
    role: str = Role.SELF
    own_word: bool = False
    instead: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


class AlreadyOne(Exception):
    """There is another notice for the same year, with other figures: the resident must say which one is right."""


def receive_paper(
    *,
    resident_id: UUID,
    kind: str | None,
    upload: SealedUpload,
    by: UUID | None = None,
    token: UUID | None = None,
    replaces: Paper | None = None,
    asked: Asked | None = None,
) -> Paper:
    """Put a file in quarantine and ask for its check. The same form sent twice with the same file gives one paper.

    The bytes are already sealed and durable: a row never lacks its file; a file that gets no row is swept. `asked` is what this
    file answers.

    Raises:
        OverQuota: the vault is full.
        resumable.Gone: the form of an upload in parts was sent again, and its paper is deleted since.
    """
    perms.require_may_write(resident_id, by or resident_id)
    paper = Paper(pk=uuid4(), resident_id=resident_id, kind=kind or "", replaces=replaces)

    def added(kept: Paper) -> None:
        journal_paper_event(kept, by or resident_id, "paper_added", RECEIVE)
        if asked is not None:
            asked.received(kept)

    return take_in(paper, upload, token, added)


def take_in(
    paper: Paper, upload: SealedUpload, token: UUID | None, tell: Callable[[Paper], None], brought_by: str = ""
) -> Paper:
    """`receive_paper`, once the right is checked: `tell` writes the journal's line. `brought_by`: who added it for its resident."""
    resident_id = paper.resident_id
    if upload.became is not None:
        return _already(resident_id, upload.became)
    # A form that was gone back to, and sent with another file, must not lose that file.
    paper.token = uuid5(token or uuid4(), upload.sha256)
    content = {
        "name": clean_name(upload.name or ""),
        "media_type": "",
        "sha256": upload.sha256,
        "declared": paper.kind,
    }
    if brought_by:
        content["brought_by"] = brought_by
    with scope(resident=resident_id):
        try:
            with transaction.atomic():
                upload.keep(resident_id=resident_id, became=paper.pk)
                _seal(paper, content)
                paper.save(force_insert=True)
                PaperFile.objects.create(
                    resident_id=resident_id, paper=paper, stored_name=upload.stored_name, size=upload.size or 0
                )
                tell(paper)
                jobs.create(resident_id=resident_id, kind=JOB, subject_id=paper.pk, purpose=CHECK)
        except IntegrityError:
            return Paper.objects.get(token=paper.token)
    return paper


def replace_paper(*, paper: Paper, by: UUID, upload: SealedUpload, token: UUID | None = None) -> Paper:
    """Add the newer paper; the older one leaves when the newer is confirmed."""
    return receive_paper(
        resident_id=paper.resident_id, kind=paper.kind, upload=upload, by=by, token=token, replaces=paper
    )


def check_paper(
    *,
    paper_id: UUID,
    progress: Callable[[int, int], None] = lambda done, total: None,
    finish: Callable[[], None] = lambda: None,
) -> None:
    """Read a quarantined paper in a limited child process, compare it with the vault, and propose its values.

    In the resident's scope. Doing it again changes nothing once the paper waits for its resident. `finish` ends the job in the
    transaction of its effect: what its resident cancelled in time has none.

    Raises:
        jobs.Later: the antivirus does not answer. The paper stays in quarantine.
    """
    paper = Paper.objects.get(pk=paper_id)
    if paper.state not in {PaperState.QUARANTINED, PaperState.CHECKING}:
        return
    Paper.objects.filter(pk=paper_id, state=PaperState.QUARANTINED).update(state=PaperState.CHECKING)
    progress(1, 3)
    try:
        examined = _examine(paper)
    except Unreadable as error:
        with transaction.atomic():
            _refuse_reading(paper_id, error.msgid)
            finish()
        return
    except jobs.Later:
        Paper.objects.filter(pk=paper_id, state=PaperState.CHECKING).update(state=PaperState.QUARANTINED)
        raise
    try:
        progress(2, 3)
        _put_forward(paper, examined, finish)
    finally:
        if examined.cleaned is not None:
            sealed_storage.forget([examined.cleaned.name])


def _put_forward(paper: Paper, examined: Examined, finish: Callable[[], None]) -> None:
    if data_files.is_data(examined.reading) or _data_of(content_of_paper(paper)):
        with transaction.atomic():
            _propose_data(paper.pk, examined.reading)
            finish()
        return
    known = gate.read_own(resident_id=paper.resident_id, purpose=CHECK, fields=COMPARED, event="paper_compared")
    with transaction.atomic():
        held = Paper.objects.select_for_update().get(pk=paper.pk)
        if held.state == PaperState.CHECKING:
            _propose(held, examined, known)
        finish()


def confirm_paper(
    *, paper: Paper, by: UUID, values: Mapping[str, Any] | None = None, answers: Answers | None = None
) -> list[Record]:
    """Keep the paper, and the values read on it as records that it proves. A value that the resident changed is declared, never verified.

    Doing it twice changes nothing.

    Raises:
        NotReady: it is not waiting for an answer.
        AlreadyOne: another notice for the same year says otherwise and the answer does not choose.
        Invalid: a value is missing or cannot be.
    """
    perms.require_may_write(paper.resident_id, by)
    answers = answers or Answers(values=values or {})
    with transaction.atomic(), scope(resident=paper.resident_id):
        held = Paper.objects.select_for_update().filter(pk=paper.pk).first()
        if held is None or held.state not in {PaperState.TO_CONFIRM, PaperState.KEPT}:
            raise NotReady
        if held.state == PaperState.KEPT:
            return list(Record.objects.filter(paper=held))
        one_at_a_time(paper.resident_id)
        content = content_of_paper(held)
        read = enumerate(content.get("reading", {}).get("records", []))
        records = [_confirm_record(held, envelope, position, answers) for position, envelope in read]
        held.state, held.kept_at = PaperState.KEPT, timezone.now()
        held.save(update_fields=["state", "kept_at"])
        named = [f"{record.type}#/{name}" for record in records for name in content_of(record)["payload"]]
        journal_paper_event(held, by, "paper_kept", CONFIRM, named)
        if held.replaces_id is not None:
            _delete_replaced(held.replaces_id, by)
    return records


def set_kind(*, paper: Paper, by: UUID, kind: str) -> Paper:
    """Say what a paper is; its checks are those of that kind."""
    return _change(paper, by, kind=kind)


def set_dates(*, paper: Paper, by: UUID, issued_on: date | None, expires_on: date | None) -> Paper:
    """The dates written on a paper that no code tells. Without an end date, the kind's own rule gives it."""
    return _change(paper, by, issued_on=issued_on, expires_on=expires_on)


def delete_paper(*, paper: Paper, by: UUID) -> list[Record]:
    """Delete a paper and its file. The values stay, no longer proven: their new records are given back."""
    perms.require_may_write(paper.resident_id, by)
    with transaction.atomic(), scope(resident=paper.resident_id):
        held = Paper.objects.select_for_update().filter(pk=paper.pk).first()
        return _delete(held, by) if held is not None else []


def _already(resident_id: UUID, paper_id: UUID) -> Paper:
    with scope(resident=resident_id):
        paper = Paper.objects.filter(pk=paper_id).first()
    if paper is None:
        raise resumable.Gone
    return paper


def _examine(paper: Paper) -> Examined:
    with gate.open_file(
        resident_id=paper.resident_id, purpose=CHECK, paper_id=paper.pk, event="paper_checked"
    ) as stream:
        return examine(
            stream,
            resident_id=paper.resident_id,
            trust_test_authority=settings.TRUST_TEST_AUTHORITY,
            ask=Ask(columns=_columns(paper)),
        )


def read_again(paper: Paper, *, purpose: str) -> Reading:
    """A file that was examined, in the limited child, with what its resident said of its columns."""
    with gate.open_file(
        resident_id=paper.resident_id, purpose=purpose, paper_id=paper.pk, event="paper_checked"
    ) as stream:
        return sandbox.read(
            stream, trust_test_authority=settings.TRUST_TEST_AUTHORITY, ask=Ask(columns=_columns(paper))
        )


def _columns(paper: Paper) -> dict[str, str]:
    found: dict[str, str] = _data_of(content_of_paper(paper)).get("columns", {})
    return found


def _data_of(content: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = content.get("reading", {}).get("data") or {}
    return data


def _propose(paper: Paper, examined: Examined, known: Values) -> None:
    content, reading = content_of_paper(paper), examined.reading
    found = [
        CheckLine(line.code, line.outcome, line.text.replace(checks.SAID, line.said), line.said)
        for line in reading.checks
    ]
    if forged := checks.forged(found):
        _refuse(paper.pk, forged.text)
        return
    if examined.cleaned is not None:
        put_in_place(paper.files.get(position=0), examined.cleaned)
        content["sha256"] = examined.cleaned.sha256
    paper.kind = content["declared"] or reading.kind or ""
    kind = PaperKind.objects.filter(code=paper.kind).first()
    paper.issued_on = periods.issued_on(reading.records)
    paper.expires_on = periods.expires_on(reading.records, kind, paper.issued_on)
    content |= {
        "media_type": reading.media_type,
        "pages": reading.pages,
        "about": periods.about(reading.records),
        "reading": {
            "format": reading.format,
            "kind": reading.kind or "",
            "records": reading.records,
            "warnings": reading.warnings,
            "names": reading.names,
            "kinds": reading.kinds,
            "leaves": reading.leaves,
            "sharpness": reading.sharpness,
        },
        "found": [_line(line) for line in found],
    }
    seen = seen_of(paper, content, kind, known)
    content["checks"] = [_line(line) for line in checks.run(seen, found)]
    paper.state = PaperState.TO_CONFIRM
    rewrite_paper(paper, content)


def _propose_data(paper_id: UUID, reading: Reading) -> None:
    """Nothing of it is compared with the vault: its records are not proofs, and its resident looks at sums."""
    paper = Paper.objects.select_for_update().filter(pk=paper_id, state=PaperState.CHECKING).first()
    if paper is None:
        return
    content = content_of_paper(paper)
    before = _data_of(content)
    data = data_files.kept(reading) | {"columns": before.get("columns", {})}
    data["table"] = data["table"] or before.get("table")
    if data["columns"] and not data["held"]:
        data |= {"columns": {}, "problem": NOTHING_READ}
    content |= {
        "media_type": reading.media_type,
        "reading": {"format": reading.format, "kind": data_files.KIND, "records": [], "warnings": [], "data": data},
        "checks": [{"code": line.code, "outcome": line.outcome, "text": line.text} for line in reading.checks],
    }
    paper.kind, paper.state = data_files.KIND, PaperState.TO_CONFIRM
    rewrite_paper(paper, content)


def _refuse_reading(paper_id: UUID, problem: str) -> None:
    """A table whose columns were misnamed waits for other names; any other file that cannot be read is refused."""
    paper = Paper.objects.select_for_update().filter(pk=paper_id, state=PaperState.CHECKING).first()
    content = content_of_paper(paper) if paper is not None else {}
    if paper is None or not _data_of(content).get("columns"):
        return _refuse(paper_id, problem)
    content["reading"]["data"] |= {"columns": {}, "problem": problem}
    paper.state = PaperState.TO_CONFIRM
    rewrite_paper(paper, content)


def _refuse(paper_id: UUID, problem: str) -> None:
    """Keep the reason, not the file: nothing that was refused stays in the vault.

    Only while it is checked: a worker given up for dead may come back once another one has read the paper and its resident kept it.
    """
    with transaction.atomic():
        paper = Paper.objects.select_for_update().filter(pk=paper_id, state=PaperState.CHECKING).first()
        if paper is None:
            return
        content = {**content_of_paper(paper), "problem": problem}
        paper.state = PaperState.REFUSED
        rewrite_paper(paper, content)
        _drop_files(paper)
        journal_paper_event(paper, paper.resident_id, "paper_refused", CHECK)


def _change(paper: Paper, by: UUID, **columns: Any) -> Paper:
    """Change what is said of a paper and run again the checks that depend on it."""
    perms.require_may_write(paper.resident_id, by)
    known = gate.read_own(resident_id=paper.resident_id, purpose=CHANGE, fields=COMPARED, event="paper_compared")
    with transaction.atomic(), scope(resident=paper.resident_id):
        held = Paper.objects.select_for_update().get(pk=paper.pk)
        if held.state not in {PaperState.TO_CONFIRM, PaperState.KEPT}:
            raise NotReady
        before = held.expires_on
        for name, value in columns.items():
            setattr(held, name, value)
        kind = PaperKind.objects.filter(code=held.kind).first()
        if held.expires_on is None and kind is not None:
            held.expires_on = kind.expiry(held.issued_on)
        birth = persons.persons(known, resident_id=held.resident_id)[0].birth_date
        held.expires_on = checks.identity.counts_until(held.kind, held.issued_on, held.expires_on, birth)
        held.told_at = held.told_at if held.expires_on == before else None
        content = content_of_paper(held)
        check_again(held, {**content, "declared": columns.get("kind", content["declared"])}, known)
        journal_paper_event(held, by, "paper_described", CHANGE)
    return held


def check_again(held: Paper, content: dict[str, Any], known: Values) -> None:
    """What the reading found stays; the rules that compare are run again."""
    kind = PaperKind.objects.filter(code=held.kind).first()
    found = [CheckLine(**line) for line in content.get("found", [])]
    content["checks"] = [_line(line) for line in checks.run(seen_of(held, content, kind, known), found)]
    rewrite_paper(held, content)


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
    """Which opened record a proposed one would take the place of: what `same_subject` finds, said before anything is written."""
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
    """Typing again what was read changes nothing."""
    said = {key.partition("/")[2]: value for key, value in values.items() if key.partition("/")[0] == str(position)}
    return {name: value for name, value in said.items() if payload.get(name) != value}


def _source(
    paper: Paper,
    envelope: Mapping[str, Any],
    changes: Mapping[str, Any],
    payload: Mapping[str, Any],
    *,
    own_word: bool,
) -> Source:
    told = envelope["provenance"]
    issued_at = read_moment(told.get("issued_at"))
    read = Source(
        holder=told["holder"],
        method=Method.UPLOAD,
        assurance=Assurance.DECLARED if own_word else told["assurance"],
        retrieved_at=timezone.now(),
        issued_at=issued_at,
        paper_id=paper.pk,
        quality=[*told.get("quality", []), *(["unreconciled"] if own_word else [])],
        proof={name: told[name] for name in ("parser", "signature", "raw_sha256", "consent") if told.get(name)},
    )
    typed = Source(paper_id=paper.pk).origin
    origins = {name: typed for name in changes if name in payload}
    return replace(read, origins=origins)


def _period(envelope: Mapping[str, Any], changes: Mapping[str, Any]) -> Span[Any] | None:
    """The reader's own period, unless the resident changed what it came from."""
    told = envelope.get("period") or {}
    if not told or {"annee_revenus", "mois", "annee"} & changes.keys():
        return None
    return Span(read_moment(told.get("start")), read_moment(told.get("end")))


def _delete(paper: Paper, by: UUID) -> list[Record]:
    one_at_a_time(paper.resident_id)
    records = [unprove(record, paper) for record, _names in leaning_on(paper)]
    named = [f"{record.type}#/{name}" for record in records for name in content_of(record)["payload"]]
    journal_paper_event(paper, by, "paper_deleted", DELETE, named)
    _drop_files(paper)
    paper.delete()
    return records


def _delete_replaced(paper_id: UUID, by: UUID) -> None:
    older = Paper.objects.select_for_update().filter(pk=paper_id).first()
    if older is not None:
        _delete(older, by)


def _drop_files(paper: Paper) -> None:
    """The rows now, the sealed bytes once that is certain; a crash in between leaves an orphan for the sweep."""
    names = list(paper.files.values_list("stored_name", flat=True))
    paper.files.all().delete()
    for name in names:
        transaction.on_commit(partial(sealed_storage.delete, name), robust=True)


def content_of_paper(paper: Paper) -> dict[str, Any]:
    content: dict[str, Any] = sealed.unseal_json(paper.content, resident_id=paper.resident_id, place=paper.place)
    return content


def _seal(paper: Paper, content: Mapping[str, Any]) -> None:
    paper.content = sealed.seal_json(dict(content), resident_id=paper.resident_id, place=paper.place)


def rewrite_paper(paper: Paper, content: Mapping[str, Any]) -> None:
    """Each writing is sealed for its own version: an older one put back does not open."""
    paper.version += 1
    _seal(paper, content)
    paper.save()


def _line(line: CheckLine) -> dict[str, str]:
    return {"code": line.code, "outcome": str(line.outcome), "text": line.text, "said": line.said}


def journal_paper_event(paper: Paper, by: UUID, event: str, purpose: str, fields: Sequence[str] = ()) -> None:
    details = {"kind": paper.kind} if paper.kind else {}
    journal.write(
        resident_id=paper.resident_id, actor_id=by, event=event, purpose=purpose, fields=fields, details=details
    )
