"""Import the copy that a resident brings from another Garant: all of it, in one transaction, or nothing.

Ids are new, and the same each time for the same vault. A copy signed by the other portal keeps its proofs. Anybody can
write an unsigned copy, so its values count as declared, and its papers are checked like an upload.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import IO, Any, TypeVar, cast
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import jobs, journal
from core.files import quota
from core.files.sizes import MEGABYTE
from core.files.storage import SealedFile, sealed_storage
from core.keys import sealed
from core.keys.sealed import Box
from vault.records.actions.exports import Outlet
from vault.records.actions.files import keep_file
from vault.records.actions.notes import seal_note
from vault.records.actions.papers import CHECK
from vault.records.actions.records import one_at_a_time
from vault.records.copies.package import Package, Refused
from vault.records.enums import Assurance, PaperState
from vault.records.models import Brought, Paper, PaperFile, Record
from vault.records.papers.file_names import clean_name

BRING = gettext_noop("Reprendre ce que vous avez apporté d’un autre portail")
UNCHECKED = {PaperState.QUARANTINED, PaperState.CHECKING}
BATCH = 500
T = TypeVar("T")


@dataclass(frozen=True)
class Taken:
    """The result of an import. `again` is True if this very copy was imported before; then nothing was written."""

    records: int
    papers: int
    files: int
    journal_lines: int
    signed: bool
    again: bool = False


def take_in(*, resident_id: UUID, package: Package) -> Taken:
    """Import a copy into a vault that holds neither values nor papers. Idempotent.

    Raises:
        Refused: the vault is not empty, or the copy does not fit. Nothing was written.
    """
    with scope(resident=resident_id):
        if Brought.objects.filter(manifest_sha256=package.manifest_sha256).exists():
            return _summary(package, again=True)
        _require_empty()
    kept: list[SealedFile] = []
    try:
        files = {name: _keep(resident_id, package.chunks(name), kept) for name in _paths(package)}
        history = _history(resident_id, package, kept)
        with transaction.atomic(), scope(resident=resident_id):
            one_at_a_time(resident_id)
            _require_empty()
            _require_room(resident_id, kept)
            _write(_Coming(resident_id, package, files), history)
    except BaseException:
        sealed_storage.forget([file.name for file in kept])
        raise
    return _summary(package)


@dataclass(frozen=True)
class _Coming:
    resident_id: UUID
    package: Package
    files: Mapping[str, SealedFile]

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


def _require_empty() -> None:
    if Record.objects.exists() or Paper.objects.exists():
        raise Refused("This vault holds something already: a copy is taken in by a vault that was just opened.")


def _require_room(resident_id: UUID, kept: Iterable[SealedFile]) -> None:
    try:
        quota.require(resident_id=resident_id, size=sum(file.size for file in kept))
    except quota.OverQuota as error:
        raise Refused(f"It does not fit: this vault has room for {error.left // MEGABYTE} MB more.") from error


def _paths(package: Package) -> list[str]:
    return [file["path"] for paper in package.papers for file in paper["files"] if "path" in file]


def _keep(resident_id: UUID, pieces: Iterable[bytes], kept: list[SealedFile]) -> SealedFile:
    with keep_file(resident_id=resident_id) as file:
        kept.append(file)
        for piece in pieces:
            file.write(piece)
    return file


def _history(resident_id: UUID, package: Package, kept: list[SealedFile]) -> SealedFile:
    """Keep in one sealed ZIP what becomes no row: the journal, agreements, dossiers, and the manifest with their
    hashes.
    """
    with keep_file(resident_id=resident_id) as file:
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
    _save(Record, [_record(box, coming, row, known) for row in coming.package.records])
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
            {f"{row['record']['type']}#/{name}" for row in coming.package.records for name in row["record"]["payload"]}
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
    provenance, signed = envelope["provenance"], coming.package.signed
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
    content, signed = exported["content"], coming.package.signed
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


def _summary(package: Package, *, again: bool = False) -> Taken:
    return Taken(
        len(package.records), len(package.papers), len(_paths(package)), package.journal_lines, package.signed, again
    )
