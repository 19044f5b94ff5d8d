"""What becomes of a vault when its resident leaves: the files of the copy, and what is erased."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from django_scopes import scope

from core import leaving
from core.leaving import Copying, Entry, Rows
from core.sealed import Unreadable
from vault import gate, journal_copies, receipts, types
from vault.actions import exports, grants, household
from vault.actions import journal as journal_actions
from vault.actions.files import clean_name
from vault.actions.records import one_at_a_time
from vault.called import called
from vault.models import (
    AccessRequest,
    Alerts,
    Appointment,
    Brought,
    Connection,
    Contest,
    DataRequest,
    DeskVisit,
    Draft,
    EmergencyAccess,
    Export,
    Grant,
    GrantDocument,
    GrantEvent,
    GrantField,
    GrantPaper,
    GrantReading,
    HelpRequest,
    Invitation,
    Link,
    Mandate,
    Member,
    Paper,
    PaperFile,
    Record,
    SharedFact,
    Visit,
)

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
OWNER = "the resident's number: the whole copy is theirs"
WRITTEN = "counts writings, for the seal"
FORM = "tells a form sent twice from two forms"
SENTENCE = "when a reminder was sent"

ROWS = [
    Rows(
        "vault.Record",
        copied="id created_at type type_version subject_person subject_role period_start period_end valid_from valid_until holder method"
        " assurance retrieved_at issued_at supersedes_id paper_id withdrawn_at content",
        erased={"resident_id": OWNER},
    ),
    Rows(
        "vault.Paper",
        copied="id created_at kind state issued_on expires_on replaces_id kept_at content",
        erased={"resident_id": OWNER, "token": FORM, "told_at": SENTENCE, "version": WRITTEN, "request_id": "the letter lists its papers"},
    ),
    Rows(
        "vault.PaperFile",
        copied="id position size waiting",
        erased={"resident_id created_at paper_id": OWNER, "stored_name": "where the sealed file lay; the file itself is in the copy"},
    ),
    Rows(
        "vault.Grant",
        copied="id created_at recipient_kind recipient_label recipient_name subject_id agreement purpose mode keep_days once"
        " at_most_every channel notice_version notice_hash snapshot language starts_at ends_at paused_at last_used_at stopped_at",
        erased={"resident_id": OWNER, "recipient_id": "another person's number here; their name stands beside"},
    ),
    Rows("vault.GrantField", copied="field required", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows("vault.GrantEvent", copied="id happened at ends_at receipt", erased={"resident_id created_at grant_id": NUMBER}),
    Rows("vault.GrantReading", copied="at line fields paper_kind", erased={"id resident_id created_at grant_id person visit": NUMBER}),
    Rows("vault.GrantDocument", copied="document_id", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows("vault.GrantPaper", copied="paper_id", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows(
        "vault.Link",
        copied="created_at content",
        erased={"id resident_id grant_id": NUMBER, "form": FORM, "token_hash code_hash codes tries": "lets somebody in"},
    ),
    Rows("vault.Visit", copied="at", erased={"id resident_id created_at link_id": NUMBER}),
    Rows(
        "vault.AccessRequest",
        copied="created_at reference label items purpose length by_phone expires_at answered_at",
        erased={
            "id resident_id membership_id grant_id": NUMBER,
            "told_at": SENTENCE,
            "code_hash code_until tries": "a code that was sent to a telephone, for half an hour",
        },
    ),
    Rows(
        "vault.EmergencyAccess",
        copied="created_at reference asked_by_name items minutes expires_at decided_by_name decided_at declined_at content",
        erased={
            "id resident_id grant_id": NUMBER,
            "asked_by decided_by": "the agents' own numbers; their names stand beside",
            "asked_told_at opened_told_at": SENTENCE,
        },
    ),
    Rows(
        "vault.HelpRequest",
        copied="created_at organisation_name on_day half answer answered_at withdrawn_at content",
        erased={"id resident_id organisation_id": NUMBER},
    ),
    Rows("vault.Mandate", copied="created_at name acts form_sha256", erased={"id resident_id grant_id membership_id": NUMBER}),
    Rows(
        "vault.DeskVisit",
        copied="created_at name acts",
        erased={"id resident_id grant_id session_id": NUMBER, "token": FORM},
    ),
    Rows(
        "vault.Appointment",
        copied="created_at expires_at used_at cancelled_at content",
        erased={"id resident_id": NUMBER, "code_hash": "lets somebody in"},
    ),
    Rows("vault.Alerts", copied="readings refusals told_at ageing_told_at", erased={"id resident_id created_at seen_number": NUMBER}),
    Rows(
        "vault.Connection",
        copied="id created_at connector holder state datasets unattended expires_on last_success_at last_try_at",
        erased={
            "resident_id": OWNER,
            "problem failures unfinished next_pull_at version": "how far a machine was with it",
            "content": "what the holder gave to know us again: a secret between it and the city. What came is in the values",
        },
    ),
    Rows(
        "vault.Contest",
        copied="id created_at number due_on answered_at withdrawn_at content",
        erased={
            "resident_id": OWNER,
            "entry_id told_at version": NUMBER,
            "answered_by": "the delegate's own number; who answers is a function",
        },
    ),
    Rows(
        "vault.Draft",
        copied="id created_at type person role paper_id updated_at content",
        erased={"resident_id": OWNER, "version": WRITTEN},
    ),
    Rows(
        "vault.Brought",
        copied="id created_at content",
        erased={"resident_id": OWNER, "manifest_sha256 stored_name size": "the file itself is in the copy, and has its own manifest"},
    ),
    Rows("vault.Export", erased={"id resident_id created_at job_id stored_name length made_at expires_at": "the copy itself"}),
    Rows("vault.Household", nobody="a number that its members point to"),
    Rows("vault.Member", copied="id created_at role name left_at", erased={"resident_id household_id": NUMBER, "partings": SENTENCE}),
    Rows(
        "vault.Invitation",
        copied="created_at role expires_at used_at cancelled_at",
        erased={"id resident_id": NUMBER, "code_hash": "lets somebody in"},
    ),
    Rows("vault.SharedFact", copied="created_at own content", erased={"id resident_id grant_id member_id": NUMBER}),
    Rows(
        "vault.DataRequest",
        copied="id created_at holder right sent_on due_on extended_on reminded_on complained_on answered_on answer content",
        erased={"resident_id": OWNER, "told_at": SENTENCE, "token": FORM, "version": WRITTEN},
    ),
    Rows("vault.ConnectorHealth", nobody="how an API treats the city"),
    Rows("vault.PaperKind", nobody="kinds of paper, the same for all"),
    Rows("vault.Holder", nobody="organisations, the same for all"),
]

CHUNK = 1 << 16
#: What no file system takes in a name, and what would hide a file.
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]|^\.+|\.+$')


def copy(copying: Copying) -> Iterator[Entry]:
    """In the resident's scope."""
    yield Entry("valeurs.jsonl", lines(_record(record, copying) for record in Record.objects.order_by("created_at", "pk").iterator(500)))
    yield from _schemas()
    yield from _papers(copying)
    yield Entry("journal.json", journal_copies.pieces(copying.resident_id))
    yield _table("partages.json", (_grant(grant, copying) for grant in Grant.objects.order_by("created_at")))
    yield Entry("cles-publiques.json", [_public_keys()])
    yield _table("foyer.json", _household(copying))
    noted = {
        "demandes": DataRequest,
        "contestations": Contest,
        "rendez-vous": Appointment,
        "demandes-aide": HelpRequest,
        "acces-urgence": EmergencyAccess,
    }
    for name, model in noted.items():
        rows = model._default_manager.all()  # noqa: SLF001 - Django's documented name
        yield _table(f"{name}.json", [leaving.told(row, content=_note(row, copying)) for row in rows])
    drafts = (leaving.told(row, content=copying.unseal(row.content, row.place)) for row in Draft.objects.all())
    yield _table("brouillons.json", drafts)
    yield _table("connexions.json", map(leaving.told, Connection.objects.all()))
    yield _table("demandes-acces.json", map(leaving.told, AccessRequest.objects.all()))
    yield _table("alertes.json", map(leaving.told, Alerts.objects.all()))
    yield from _brought(copying)


def stop(resident_id: UUID) -> None:
    """The household first: its agreements end both ways, and what was in common stays each one's, as when one leaves it."""
    household.leave(resident_id=resident_id, by=resident_id)
    with scope(resident=resident_id):
        standing = list(Grant.objects.standing())
    for grant in standing:
        grants.stop(grant=grant, by=resident_id)


def hold(resident_id: UUID) -> None:
    """Grants, then values: whoever reads under one has finished when this returns."""
    with scope(resident=resident_id):
        gate.hold(Grant.objects.all())
    one_at_a_time(resident_id)


def erase(resident_id: UUID) -> None:
    with scope(resident=resident_id):
        Record.objects.update(supersedes=None)
    leaving.delete_rows(resident_id, Draft, Record, PaperFile, Paper, DataRequest, Contest, Alerts, Connection, Brought, Export)
    leaving.delete_rows(
        resident_id, EmergencyAccess, HelpRequest, AccessRequest, Appointment, Mandate, DeskVisit, SharedFact, Invitation, Member
    )
    leaving.delete_rows(resident_id, Visit, Link, GrantDocument, GrantPaper, GrantReading, GrantEvent, GrantField, Grant)


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """JSON Lines: a row a line, so that neither who writes it nor who reads it holds all of them."""
    return (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def safe_name(name: str) -> str:
    return _FORBIDDEN.sub("_", clean_name(name))[-100:] or "document"


def chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from iter(partial(file.read, CHUNK), b"")


def opened(copying: Copying, stored_name: str) -> BinaryIO | None:
    """None: the file does not open any more. The copy goes on without it, and says so."""
    try:
        return copying.open(stored_name)
    except Unreadable:
        return None


def _table(path: str, rows: Iterable[Mapping[str, Any]]) -> Entry:
    return Entry(path, journal_copies.listed(rows))


def _record(record: Record, copying: Copying) -> dict[str, Any]:
    """The envelope (types/record-1.0.0.json), and beside it what the vault knows more: origins field by field, what became of it."""
    content = copying.unseal(record.content, record.place)
    row = leaving.told(record, content=None)
    envelope = {
        "id": row["id"],
        "type": record.type,
        "type_version": record.type_version,
        "subject": {"person": row["subject_person"], "role": record.subject_role},
        "period": _kept(start=row["period_start"], end=row["period_end"]),
        "validity": _kept(**{"from": row["valid_from"], "until": row["valid_until"]}),
        "supersedes": row["supersedes_id"],
        "payload": content["payload"],
        "provenance": {
            **_kept(**content.get("proof", {})),
            "holder": record.holder,
            "method": record.method,
            "assurance": record.assurance,
            "retrieved_at": row["retrieved_at"],
            "issued_at": row["issued_at"],
            "quality": content.get("quality", []),
        },
    }
    more = {"paper": row["paper_id"], "origins": content.get("origins", {})}
    return {"record": _kept(**envelope), "vault": more | {"created_at": row["created_at"], "withdrawn_at": row["withdrawn_at"]}}


def _note(row: Any, copying: Copying) -> dict[str, Any]:  # noqa: ANN401 - any row that has a sealed note
    """Some are emptied when they are withdrawn."""
    return copying.unseal(row.content, f"note|{row.place}") if row.content else {}


def _kept(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {})}


def _schemas() -> Iterator[Entry]:
    """Those of the versions that the values are written in, and the envelope's."""
    used = Record.objects.order_by("type", "type_version").values_list("type", "type_version").distinct()
    names = ["record-1.0.0.json", *(f"{code}/{version}.json" for code, version in used)]
    for name in names:
        yield Entry(f"schemas/{name}", [(types.FOLDER / name).read_bytes()])


def _papers(copying: Copying) -> Iterator[Entry]:
    """Each original file, then the list, which names them by their sums. A file that does not open any more is listed without its path."""
    told: list[dict[str, Any]] = []
    place = 0
    for paper in Paper.objects.order_by("created_at", "pk"):
        content = copying.unseal(paper.content, paper.place)
        files = []
        for file in PaperFile.objects.filter(paper=paper):
            place += 1
            kept = leaving.told(file)
            named = content.get("sides", {}).get(str(file.pk), content)
            path = f"papiers/{place:04}-{safe_name(named['name'])}"
            digest = hashlib.sha256()
            original = opened(copying, file.stored_name)
            if original is None:
                files.append(kept)
                continue
            yield Entry(path, _summed(chunks(original), digest.update), packed=False)
            files.append(kept | {"path": path, "sha256": digest.hexdigest()})
        told.append(leaving.told(paper, content=content, files=files))
    yield Entry("papiers.jsonl", lines(told))


def _summed(pieces: Iterable[bytes], update: Any) -> Iterator[bytes]:  # noqa: ANN401 - a hash's own method
    for piece in pieces:
        update(piece)
        yield piece


def _grant(grant: Grant, copying: Copying) -> dict[str, Any]:
    return leaving.told(
        grant,
        snapshot=copying.unseal(grant.snapshot, f"note|{grant.place}") if grant.snapshot else {},
        fields=list(map(leaving.told, grant.fields.order_by("field"))),
        events=[leaving.told(event, receipt=grants.receipt(event)) for event in grant.events.all()],
        recipient_name=called(grant) if grant.recipient_name else "",
        readings=list(map(leaving.told, grant.readings.all())),
        papers=list(map(leaving.told, grant.papers.all())),
        documents=list(map(leaving.told, grant.documents.all())),
        link=[_link(link, copying) for link in Link.objects.filter(grant=grant)],
        mandate=[leaving.told(mandate) for mandate in Mandate.objects.filter(grant=grant)],
        desk_visit=[leaving.told(visit) for visit in DeskVisit.objects.filter(grant=grant)],
    )


def _link(link: Link, copying: Copying) -> dict[str, Any]:
    return leaving.told(link, content=copying.unseal(link.content, link.place), visits=list(map(leaving.told, link.visits.all())))


def _household(copying: Copying) -> Iterator[dict[str, Any]]:
    for member in Member.objects.all():
        facts = [leaving.told(fact, content=copying.unseal(fact.content, f"note|{fact.place}")) for fact in member.shared_facts.all()]
        yield leaving.told(member, shared_with_me=facts)
    yield from (leaving.told(invitation, invitation=True) for invitation in Invitation.objects.all())


def _brought(copying: Copying) -> Iterator[Entry]:
    """What they had brought here from elsewhere goes on with them, as it came."""
    told = []
    for place, row in enumerate(Brought.objects.all(), 1):
        path = f"apporte/{place:02}.zip"
        yield Entry(path, chunks(copying.open(row.stored_name)), packed=False)
        told.append(leaving.told(row, content=copying.unseal(row.content, f"note|{row.place}"), path=path))
    if told:
        yield _table("apporte.json", told)


def _public_keys() -> bytes:
    """Of the receipts, so that they can be verified without this portal. There may be none yet."""
    try:
        found = receipts.published()
    except receipts.NoKey:
        found = {"keys": []}
    return json.dumps(found, indent=1).encode()


def purge() -> None:
    exports.purge()
    journal_actions.purge()


APP = leaving.App("vault", ROWS, level=30, copy=copy, stop=stop, hold=hold, erase=erase, purge=purge)
