"""Import the copy that a resident brings from another Garant: all of it, in one transaction, or nothing.

Ids are new, and the same each time for the same vault. A copy signed by the other portal keeps its proofs in one
vault: that of the person whose civil status FranceConnect proved both there and here. Of any other copy the values
count as declared, and the papers are checked like an upload: anybody can write an unsigned one, or carry somebody
else's.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import chain
from typing import IO, Any, TypeVar, cast
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import jobs, journal
from core.database import locks
from core.files import quota
from core.files.sizes import MEGABYTE
from core.files.storage import SealedFile, sealed_storage
from core.keys import sealed
from core.keys.sealed import Box
from vault.records import across, gate
from vault.records.actions import identity
from vault.records.actions.exports import Outlet
from vault.records.actions.files import keep_file
from vault.records.actions.notes import seal_note
from vault.records.actions.papers import CHECK
from vault.records.actions.records import one_at_a_time
from vault.records.copies.package import Package, Refused
from vault.records.enums import Assurance, Method, PaperState
from vault.records.models import Brought, Paper, PaperFile, Record
from vault.records.papers.file_names import clean_name
from vault.types.names import words

BRING = gettext_noop("Reprendre ce que vous avez apporté d’un autre portail")
UNCHECKED = {PaperState.QUARANTINED, PaperState.CHECKING}
BATCH = 500
IDENTITY = identity.TYPE
BY_FRANCECONNECT = (identity.HOLDER, Method.API_PULL, Assurance.HOLDER)
PROVED = Q(holder=identity.HOLDER, method=Method.API_PULL, assurance=Assurance.HOLDER)
#: What tells whose civil status it is.
STATUS = ("family_name", "given_name", "given_name_array", "birthdate", "birthplace", "birthcountry")
T = TypeVar("T")


class Unproved(StrEnum):
    """Why the values of a copy count as declared."""

    UNSIGNED = "no known portal signed it"
    OTHER_PERSON = "FranceConnect has not proved here the civil status that it proved there"
    ELSEWHERE = "another vault here took it in before"


@dataclass(frozen=True)
class Taken:
    """The result of an import.

    `unproved` is why the values count as declared, or None if they kept their proofs. `again` is True if this very
    copy was imported before; then nothing was written.
    """

    records: int
    papers: int
    files: int
    journal_lines: int
    unproved: Unproved | None
    again: bool = False


def take_in(*, resident_id: UUID, package: Package) -> Taken:
    """Import a copy into a vault that holds nothing but its resident's civil status from FranceConnect. Idempotent.

    Raises:
        Refused: the vault is not empty, or the copy does not fit. Nothing was written.
    """
    with scope(resident=resident_id):
        if Brought.objects.filter(manifest_sha256=package.manifest_sha256).exists():
            return _summary(package, None, again=True)
        _require_empty()
        own = _civil_status(resident_id)
    kept: list[SealedFile] = []
    try:
        files = {name: _keep(resident_id, package.chunks(name), kept) for name in _paths(package)}
        history = _history(resident_id, package, kept)
        with transaction.atomic(), scope(resident=resident_id):
            one_at_a_time(resident_id)
            _require_empty()
            _require_room(resident_id, kept)
            locks.hold("copy", UUID(package.manifest_sha256[:32]))
            unproved = _why_unproved(resident_id, package, own)
            _write(_Coming(resident_id, package, files, own is not None, unproved is None), history)
    except BaseException:
        sealed_storage.forget([file.name for file in kept])
        raise
    return _summary(package, unproved)


@dataclass(frozen=True)
class _Coming:
    resident_id: UUID
    package: Package
    files: Mapping[str, SealedFile]
    #: The vault has its resident's civil status, which is kept as it is.
    has_status: bool
    proved: bool

    @property
    def records(self) -> list[dict[str, Any]]:
        return [row for row in self.package.records if not (self.has_status and _is_status(row, self.package))]

    def new(self, old: str | None) -> UUID | None:
        """Return the new id of a row: the resident's own id for their own, else one derived from the old id and the
        resident.
        """
        if not old:
            return None
        return self.resident_id if UUID(old) == self.package.resident_id else uuid5(self.resident_id, old)

    def renumbered(self, value: Any, known: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON's own shape
        match value:
            case str():
                return known.get(value, value)
            case list():
                return [self.renumbered(one, known) for one in value]
            case dict():
                return {known.get(name, name): self.renumbered(one, known) for name, one in value.items()}
        return value


def _is_status(row: Mapping[str, Any], package: Package) -> bool:
    """Return whether a row of a copy is the civil status of its resident."""
    record = row["record"]
    return bool(record["type"] == IDENTITY and UUID(record["subject"]["person"]) == package.resident_id)


def _why_unproved(resident_id: UUID, package: Package, own: Mapping[str, Any] | None) -> Unproved | None:
    """Return why the copy proves nothing in this vault. Requires the copy's lock."""
    if not package.signed:
        return Unproved.UNSIGNED
    if own is None or not any(_is_same_person(own, there) for there in _statuses(package)):
        return Unproved.OTHER_PERSON
    if across.was_brought_elsewhere(package.manifest_sha256, than=resident_id):
        return Unproved.ELSEWHERE
    return None


def _civil_status(resident_id: UUID) -> Mapping[str, Any] | None:
    """Return the civil status that FranceConnect proved for the resident, or None. In the resident's scope.

    If there is one, the reading writes an entry.
    """
    row = Record.objects.current().filter(PROVED, type=IDENTITY, subject_person=resident_id).first()
    if row is None:
        return None
    found = gate.read_own(resident_id=resident_id, purpose=BRING, fields=[f"{IDENTITY}#/{name}" for name in STATUS])
    return {name: found.value(f"{IDENTITY}#/{name}", resident_id) for name in STATUS}


def _statuses(package: Package) -> Iterator[Mapping[str, Any]]:
    """Yield the civil status that FranceConnect proved for the copy's resident, where they made it."""
    over = {row["record"].get("supersedes") for row in package.records}
    for row in package.records:
        record, source = row["record"], row["record"]["provenance"]
        proved = (source["holder"], source["method"], source["assurance"]) == BY_FRANCECONNECT
        if proved and _is_status(row, package) and record["id"] not in over and not row["vault"]["withdrawn_at"]:
            yield record["payload"]


def _is_same_person(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two civil statuses are the same person's. Accents, case and hyphens do not count."""

    def told(status: Mapping[str, Any]) -> list[list[str]]:
        given = status.get("given_name_array") or [status.get("given_name") or ""]
        family = str(status.get("family_name") or "")
        more = [[str(status.get(name) or "")] for name in ("birthdate", "birthplace", "birthcountry")]
        return [words(family), words(" ".join(map(str, given))), *more]

    return told(one) == told(other) and all(told(one)[:3])


def _require_empty() -> None:
    other = Record.objects.exclude(PROVED, type=IDENTITY)
    if other.exists() or Paper.objects.exists():
        raise Refused("This vault holds something already: a copy is taken in by a vault that was just opened.")


def _require_room(resident_id: UUID, kept: Iterable[SealedFile]) -> None:
    try:
        quota.require(resident_id=resident_id, size=sum(file.size for file in kept))
    except quota.OverQuota as error:
        raise Refused(f"It does not fit: this vault has room for {error.left // MEGABYTE} MB more.") from error


def _paths(package: Package) -> list[str]:
    return [file["path"] for paper in package.papers for file in paper["files"] if "path" in file]


def _keep(resident_id: UUID, pieces: Iterable[bytes], kept: list[SealedFile]) -> SealedFile:
    with keep_file(resident_id=resident_id, kind=PaperFile.FILE) as file:
        kept.append(file)
        for piece in pieces:
            file.write(piece)
    return file


def _history(resident_id: UUID, package: Package, kept: list[SealedFile]) -> SealedFile:
    """Keep in one sealed ZIP what becomes no row: the journal, agreements, dossiers, and the manifest with their
    hashes.
    """
    with keep_file(resident_id=resident_id, kind=Brought.FILE) as file:
        kept.append(file)
        with zipfile.ZipFile(cast(IO[bytes], Outlet(file)), "w", zipfile.ZIP_DEFLATED) as archive:
            for name in package.history:
                with package.archive.open(name) as source, archive.open(name, "w") as target:
                    while piece := source.read(1 << 16):
                        target.write(piece)
    return file


def _write(coming: _Coming, history: SealedFile) -> None:
    """Write the rows and one journal entry, in the caller's transaction and the resident's scope."""
    box = sealed.box(resident_id=coming.resident_id)
    known = _numbers(coming)
    papers = [_paper(box, coming, row, known) for row in coming.package.papers]
    _save(Paper, papers)
    for paper, row in zip(papers, coming.package.papers, strict=True):
        replaces = coming.new(row["replaces_id"])
        if replaces and str(replaces) in known.values():
            Paper.objects.filter(pk=paper.pk).update(replaces_id=replaces)
    _save(PaperFile, list(chain.from_iterable(_files(coming, row) for row in coming.package.papers)))
    # In their order: a record comes after the one that it supersedes.
    _save(Record, [_record(box, coming, row, known) for row in coming.records])
    for paper in papers:
        if paper.state in UNCHECKED:
            jobs.create(resident_id=coming.resident_id, kind="read_paper", subject_id=paper.pk, purpose=CHECK)
    _brought(coming, history)
    journal.write(
        resident_id=coming.resident_id,
        actor_id=coming.resident_id,
        event="records_brought",
        purpose=BRING,
        fields=sorted(
            {f"{row['record']['type']}#/{name}" for row in coming.records for name in row["record"]["payload"]}
        ),
        details={
            "recipient": str(coming.package.manifest["city"])[:120],
            "count": str(len(coming.package.records) + len(papers)),
        },
        means=journal.Means.DESK,
    )


def _save(model: Any, rows: list[Any]) -> None:  # noqa: ANN401 - any of the three
    model.objects.bulk_create(rows, batch_size=BATCH)


def _numbers(coming: _Coming) -> dict[str, str]:
    """Return the new id of each old one, for all the ids in the package.

    Ids inside the sealed content are replaced too.
    """
    old = [row["record"]["id"] for row in coming.package.records]
    for row in coming.package.papers:
        old += [row["id"], *(file["id"] for file in row["files"])]
    return {one: str(coming.new(one)) for one in [*old, str(coming.package.resident_id)]}


def _record(box: Box, coming: _Coming, exported: Mapping[str, Any], known: Mapping[str, str]) -> Record:
    envelope, more = exported["record"], exported["vault"]
    provenance, signed = envelope["provenance"], coming.proved
    period, validity = envelope.get("period", {}), envelope.get("validity", {})
    paper = coming.new(more["paper"])
    row = Record(
        pk=coming.new(envelope["id"]),
        resident_id=coming.resident_id,
        type=envelope["type"],
        type_version=envelope["type_version"],
        subject_person=UUID(known.get(envelope["subject"]["person"], envelope["subject"]["person"])),
        subject_role=envelope["subject"].get("role", "self"),
        period_start=_read(datetime.fromisoformat, period.get("start")),
        period_end=_read(datetime.fromisoformat, period.get("end")),
        valid_from=_read(date.fromisoformat, validity.get("from")),
        valid_until=_read(date.fromisoformat, validity.get("until")),
        holder=provenance["holder"][:80],
        method=provenance["method"],
        assurance=provenance["assurance"] if signed else Assurance.DECLARED,
        retrieved_at=datetime.fromisoformat(provenance["retrieved_at"]),
        issued_at=_read(datetime.fromisoformat, provenance.get("issued_at")),
        supersedes_id=coming.new(envelope.get("supersedes")),
        paper_id=paper if paper and str(paper) in known.values() else None,
        withdrawn_at=_read(datetime.fromisoformat, more["withdrawn_at"]),
    )
    proof = {
        name: provenance[name] for name in ("parser", "signature", "raw_sha256", "consent") if provenance.get(name)
    }
    origins = (
        more["origins"]
        if signed
        else {name: kept | {"assurance": Assurance.DECLARED} for name, kept in more["origins"].items()}
    )
    content = {
        "payload": envelope["payload"],
        "origins": origins,
        "quality": provenance.get("quality", []),
        "proof": proof if signed else {},
    }
    row.content = box.seal_json(coming.renumbered(content, known), place=row.place)
    return row


def _paper(box: Box, coming: _Coming, exported: Mapping[str, Any], known: Mapping[str, str]) -> Paper:
    content, signed = exported["content"], coming.proved
    state = exported["state"] if signed and exported["state"] not in UNCHECKED else PaperState.QUARANTINED
    if state == PaperState.QUARANTINED:
        content = {
            "name": content["name"],
            "media_type": "",
            "sha256": content.get("sha256", ""),
            "declared": exported["kind"],
        }
    row = Paper(
        pk=coming.new(exported["id"]),
        resident_id=coming.resident_id,
        kind=exported["kind"][:60],
        state=state,
        token=uuid4(),
        issued_on=_read(date.fromisoformat, exported["issued_on"]),
        expires_on=_read(date.fromisoformat, exported["expires_on"]),
        kept_at=_read(datetime.fromisoformat, exported["kept_at"]) if state == PaperState.KEPT else None,
    )
    content = coming.renumbered(content, known) | {"name": clean_name(content["name"])}
    row.content = box.seal_json(content, place=row.place)
    return row


def _files(coming: _Coming, exported: Mapping[str, Any]) -> Iterator[PaperFile]:
    for file in exported["files"]:
        if "path" in file:
            kept = coming.files[file["path"]]
            yield PaperFile(
                pk=coming.new(file["id"]),
                resident_id=coming.resident_id,
                paper_id=uuid5(coming.resident_id, exported["id"]),
                position=file["position"],
                stored_name=kept.name,
                size=kept.size,
                waiting=bool(file.get("waiting")),
            )


def _brought(coming: _Coming, history: SealedFile) -> None:
    manifest = coming.package.manifest
    row = Brought(pk=uuid4(), resident_id=coming.resident_id, manifest_sha256=coming.package.manifest_sha256)
    row.stored_name, row.size = history.name, history.size
    note: dict[str, Any] = {name: str(manifest[name])[:200] for name in ("city", "portal", "made_at")}
    note |= {"journal_lines": coming.package.journal_lines, "signed": coming.package.signed}
    row.content = seal_note(resident_id=coming.resident_id, place=row.place, note=note)
    row.save(force_insert=True)


def _read(parse: Callable[[str], T], text: str | None) -> T | None:
    return parse(text) if text else None


def _summary(package: Package, unproved: Unproved | None, *, again: bool = False) -> Taken:
    counts = len(package.records), len(package.papers), len(_paths(package)), package.journal_lines
    return Taken(*counts, unproved, again)
