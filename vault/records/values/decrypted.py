"""The values and papers that the gate returns: decrypted for one purpose, immutable, never stored."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self, overload
from uuid import UUID

from django.utils import timezone

from vault.records.enums import Assurance
from vault.types.spans import Span

#: The wanted parts of a value by their names; `*` of each item of a list. None: the whole value.
Shape = Mapping[str, "Shape"] | None


@dataclass(frozen=True)
class Origin:
    """The origin of one value. After a correction, a record has values of several origins.

    `proof_ended` is True if the paper that proved the value has expired: the value then counts as declared until
    something newer proves it. The stored value does not change, so a corrected date on the paper restores the proof.
    """

    holder: str
    method: str
    assurance: str
    at: datetime
    issued_at: datetime | None
    paper_id: UUID | None
    proof_ended: bool = False

    @property
    def proven(self) -> bool:
        return Assurance(self.assurance).proven

    def at_reading(self, ended: Container[UUID]) -> "Origin":
        """Return the origin as it counts today. `ended` holds the expired papers."""
        if self.paper_id not in ended or self.assurance == Assurance.DECLARED:
            return self
        return replace(self, assurance=Assurance.DECLARED, proof_ended=True)

    def kept(self) -> dict[str, Any]:
        """Return the origin as it is sealed in a record's content."""
        return {
            "holder": self.holder,
            "method": self.method,
            "assurance": self.assurance,
            "at": self.at.isoformat(),
            "issued_at": self.issued_at.isoformat() if self.issued_at else None,
            "paper": str(self.paper_id) if self.paper_id else None,
        }

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            holder=kept["holder"],
            method=kept["method"],
            assurance=kept["assurance"],
            at=datetime.fromisoformat(kept["at"]),
            issued_at=datetime.fromisoformat(kept["issued_at"]) if kept["issued_at"] else None,
            paper_id=UUID(kept["paper"]) if kept["paper"] else None,
        )


@dataclass(frozen=True)
class Opened:
    record_id: UUID
    type: str
    type_version: str
    person: UUID
    role: str
    period: Span[datetime]
    validity: Span[date]
    holder: str
    assurance: str
    method: str
    retrieved_at: datetime
    issued_at: datetime | None
    paper_id: UUID | None
    created_at: datetime
    withdrawn_at: datetime | None
    payload: Mapping[str, Any]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    quality: tuple[str, ...] = ()
    proof_ended: bool = False

    def origin(self, name: str) -> Origin:
        """Return the origin of one top-level field of the payload."""
        own = Origin(
            self.holder,
            self.method,
            self.assurance,
            self.retrieved_at,
            self.issued_at,
            self.paper_id,
            self.proof_ended,
        )
        return self.origins.get(name, own)

    @property
    def age_key(self) -> tuple[float, float, float]:
        """Return the sort key: the time that the values are about, then the time of receipt.

        Last year's notice is older than this year's, even if it was added later.
        """
        about = self.period.end or self.period.start or self.issued_at or self.retrieved_at
        return about.timestamp(), self.retrieved_at.timestamp(), self.created_at.timestamp()


class Values(Sequence[Opened]):
    """Decrypted records, oldest first."""

    def __init__(self, records: Sequence[Opened] = ()) -> None:
        self._records = tuple(sorted(records, key=lambda record: record.age_key))

    @overload
    def __getitem__(self, index: int) -> Opened: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Opened, ...]: ...
    def __getitem__(self, index: int | slice) -> Opened | tuple[Opened, ...]:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Opened]:
        return iter(self._records)

    def of_type(self, type: str, person: UUID | None = None) -> list[Opened]:
        return [record for record in self._records if record.type == type and person in {None, record.person}]

    def latest(self, type: str, person: UUID | None = None) -> Opened | None:
        found = self.of_type(type, person)
        return found[-1] if found else None

    def value(
        self,
        field_id: str,
        person: UUID | None = None,
        default: Any = None,  # noqa: ANN401 - a payload's value
    ) -> Any:  # noqa: ANN401 - the same
        """Return the newest known value of a field.

        A newer record without this field does not hide the value of an older one.
        """
        type_code, _, pointer = field_id.partition("#/")
        for record in reversed(self.of_type(type_code, person)):
            found = walk(record.payload, pointer.split("/"))
            if found is not None:
                return found
        return default


@dataclass(frozen=True)
class CheckLine:
    """The result of one check.

    `text` is the French sentence of that day; `said` is the text that it quotes, such as a signer.
    """

    code: str
    outcome: str
    text: str
    said: str = ""


@dataclass(frozen=True)
class SideOpened:
    """One file of a paper, such as its front or its back. `was_read` marks the file whose values were proposed."""

    side_id: UUID
    position: int
    name: str
    media_type: str
    pages: int
    size: int
    waiting: bool
    was_read: bool


@dataclass(frozen=True)
class PaperOpened:
    paper_id: UUID
    kind: str
    state: str
    name: str
    title: str
    media_type: str
    sha256: str
    pages: int
    issued_on: date | None
    expires_on: date | None
    created_at: datetime
    kept_at: datetime | None
    replaces_id: UUID | None
    checks: tuple[CheckLine, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    sides: tuple[SideOpened, ...] = ()
    side_problem: str = ""
    #: The name of the companion or agent who added it; empty if its resident did.
    brought_by: str = ""
    #: Whether values of this paper were kept as verified, about its resident. A signed paper in another person's name
    #: proves nothing about the resident; nor does one that is theirs on their word alone, as their name was unknown.
    #: Set for its resident only.
    is_proof: bool = False

    @property
    def files(self) -> list[SideOpened]:
        """Return the files that may be opened, in order."""
        return [side for side in self.sides if not side.waiting]

    def side(self, position: int) -> SideOpened | None:
        return next((side for side in self.files if side.position == position), None)

    @property
    def records(self) -> list[dict[str, Any]]:
        """Return the values proposed by the reading, as envelopes in reading order."""
        return list(self.reading.get("records", []))

    @property
    def data(self) -> Mapping[str, Any] | None:
        """Return the summary of a file of data (`data_files.opened`), or None for any other paper."""
        return self.reading.get("data")

    @property
    def is_expired(self) -> bool:
        return self.expires_on is not None and self.expires_on < timezone.localdate()

    def outcome(self, code: str) -> str | None:
        return next((check.outcome for check in self.checks if check.code == code), None)


@dataclass(frozen=True)
class UploadOpened:
    """A file that arrives in parts.

    `modified` is the file's date according to the sender's device. With the name and the length, it identifies the
    file when it is chosen again.
    """

    id: UUID
    name: str
    modified: str
    length: int
    received: int
    until: datetime

    @property
    def whole(self) -> bool:
        return self.received == self.length


def walk(value: Any, steps: Sequence[str]) -> Any:  # noqa: ANN401 - a payload's value
    """Follow a pointer; `*` collects the items of a list. Return None if the path ends early."""
    if not steps:
        return value
    head, rest = steps[0], steps[1:]
    if head == "*" and isinstance(value, list):
        return [walk(item, rest) for item in value]
    if isinstance(value, Mapping):
        return walk(value.get(head), rest)
    return None


def shape_of(paths: Sequence[Sequence[str]]) -> Shape:
    """Return the parts of a value at these pointers, for `project`: made once for all records of a type."""
    if any(not path for path in paths):
        return None
    inner: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        inner.setdefault(path[0], []).append(path[1:])
    return {head: shape_of(rest) for head, rest in inner.items()}


def project(value: Any, shape: Shape) -> Any:  # noqa: ANN401 - a payload's value
    """Return only the parts of a value that the shape has."""
    if shape is None:
        return value
    if isinstance(value, list):
        return [project(item, shape["*"]) for item in value] if "*" in shape else []
    if isinstance(value, Mapping):
        return {head: project(item, shape[head]) for head, item in value.items() if head in shape}
    return None
