"""Build the objects that the gate returns from decrypted rows. Pure: this module decrypts nothing."""

from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from core.models import Upload
from vault import types
from vault.readers.recognise import MEDIA_TYPES
from vault.records.enums import Assurance
from vault.records.models import Paper, PaperFile, PaperKind, Record
from vault.records.values.decrypted import (
    CheckLine,
    Opened,
    Origin,
    PaperOpened,
    Shape,
    SideOpened,
    UploadOpened,
    Values,
    project,
    shape_of,
)
from vault.records.wording import paper_title
from vault.types.spans import Span

ALWAYS = Span[date]()
#: A record and its content.
Decrypted = tuple[Record, dict[str, Any]]


def paths_of(fields: Sequence[str]) -> dict[str, list[list[str]]]:
    """Return the requested paths of each type, as steps into its payload."""
    asked: dict[str, list[list[str]]] = {}
    for field_id in fields:
        type_code, _, pointer = field_id.partition("#/")
        asked.setdefault(type_code, []).append(pointer.split("/"))
    return asked


def papers_that_prove(found: Sequence[Decrypted]) -> set[UUID]:
    """Return the papers whose end makes a value declared. One that is declared needs none (`Origin.at_reading`)."""
    declared = Assurance.DECLARED.value
    return {record.paper_id for record, _content in found if record.paper_id and record.assurance != declared} | {
        UUID(kept["paper"])
        for _record, content in found
        for kept in content.get("origins", {}).values()
        if kept["paper"] and kept["assurance"] != declared
    }


def papers_named(found: Sequence[Decrypted]) -> set[UUID]:
    """Return the papers that prove a record or one of its fields."""
    origins = [kept["paper"] for _record, content in found for kept in content.get("origins", {}).values()]
    return {record.paper_id for record, _content in found if record.paper_id} | {
        UUID(paper) for paper in origins if paper
    }


def values_of(
    found: Sequence[tuple[Record, Mapping[str, Any]]],
    paths: Mapping[str, Sequence[Sequence[str]]],
    ended: Container[UUID],
) -> Values:
    shapes = {code: shape_of(asked) for code, asked in paths.items()}
    return Values([_opened(record, content, shapes[record.type], ended) for record, content in found])


def _opened(record: Record, content: Mapping[str, Any], shape: Shape, ended: Container[UUID]) -> Opened:
    names = shape or ()
    proof_ended = record.paper_id in ended and record.assurance != Assurance.DECLARED  # as `Origin.at_reading`
    own = Assurance.DECLARED if proof_ended else record.assurance
    origins = {
        name: Origin.read(kept).at_reading(ended) for name, kept in content.get("origins", {}).items() if name in names
    }
    return Opened(
        record_id=record.id,
        type=record.type,
        type_version=types.get(record.type).version,
        person=record.subject_person,
        role=record.subject_role,
        period=Span(record.period_start, record.period_end),
        validity=Span(record.valid_from, record.valid_until) if record.valid_from or record.valid_until else ALWAYS,
        holder=record.holder,
        assurance=Assurance.weakest(own, *[origin.assurance for origin in origins.values() if origin.proof_ended]),
        method=record.method,
        retrieved_at=record.retrieved_at,
        issued_at=record.issued_at,
        paper_id=record.paper_id,
        created_at=record.created_at,
        withdrawn_at=record.withdrawn_at,
        payload=project(content["payload"], shape),
        origins=origins,
        quality=tuple(content.get("quality", ())),
        proof_ended=proof_ended,
    )


def paper_opened(
    paper: Paper,
    content: Mapping[str, Any],
    files: Sequence[PaperFile],
    kind: PaperKind | None,
    *,
    is_proof: bool = False,
) -> PaperOpened:
    sides = tuple(_side_opened(file, content) for file in files)
    return PaperOpened(
        paper_id=paper.pk,
        kind=paper.kind,
        state=paper.state,
        name=content["name"],
        title=paper_title(kind, content.get("about", ""), paper.issued_on),
        media_type=_media_type(content["media_type"]),
        sha256=content["sha256"],
        pages=sum(side.pages for side in sides),
        issued_on=paper.issued_on,
        expires_on=paper.expires_on,
        created_at=paper.created_at,
        kept_at=paper.kept_at,
        replaces_id=paper.replaces_id,
        checks=tuple(CheckLine(**check) for check in content.get("checks", ())),
        reading=content.get("reading", {}),
        problem=content.get("problem", ""),
        sides=sides,
        side_problem=content.get("side_problem", ""),
        brought_by=content.get("brought_by", ""),
        is_proof=is_proof,
    )


def _side_opened(file: PaperFile, content: Mapping[str, Any]) -> SideOpened:
    """Build a paper file. The first file received is described by the paper's content; each other file by its item of
    `sides`.
    """
    added: Mapping[str, Any] | None = content.get("sides", {}).get(str(file.pk))
    metadata = content if added is None else added
    return SideOpened(
        side_id=file.pk,
        position=file.position,
        name=metadata["name"],
        media_type=_media_type(metadata.get("media_type", "")),
        pages=metadata.get("pages", 0),
        size=file.size,
        waiting=file.waiting,
        was_read=added is None,
    )


def _media_type(kept: str) -> str:
    """Return what a browser may be told. Old rows keep what a file's reader said of it, which may be any text."""
    return kept if not kept or kept in MEDIA_TYPES else "application/octet-stream"


def upload_opened(row: Upload, metadata: Mapping[str, str]) -> UploadOpened:
    return UploadOpened(
        id=row.pk,
        name=metadata.get("filename", ""),
        modified=metadata.get("modified", ""),
        length=row.length,
        received=row.received,
        until=row.expires_at,
    )
