"""What a reader gives back, and how it refuses."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from vault.readers.sentences import CHECKS, UNREADABLE

Outcome = Literal["failed", "passed", "inconclusive"]

MAX_PAGES = 60


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """`details` holds what was read, label by value; it is personal data like the rest of the reading. `said` is what the sentence
    names, such as who signed, where it has a place for it."""

    code: str
    outcome: Outcome
    text: str
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)
    said: str = ""


def check(code: str, outcome: Outcome, details: Mapping[str, str] | None = None, said: str = "") -> CheckResult:
    return CheckResult(code, outcome, CHECKS[code][outcome], dict(details or {}), said)


@dataclasses.dataclass(frozen=True)
class Ask:
    """What the caller says of a file whose bytes don't tell all.

    `endpoint` is the path of the API that gave an answer. `columns` is what each column of a table is, as its owner said:
    header -> field.
    """

    endpoint: str = ""
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)


UNASKED = Ask()


@dataclasses.dataclass(frozen=True)
class Fact:
    """What a file of data holds in all, shown before anything is kept. `code` picks the label in sentences.FACTS; `value` is
    plain text (ISO date, dotted decimal); `unit` is one of types/units.json, or empty."""

    code: str
    value: str
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table whose columns only its owner can name: its headers, a few rows to look at, and our guess (header -> field)."""

    headers: list[str]
    rows: list[list[str]]
    guess: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Reading:
    """`records` are envelopes (types/record-1.0.0.json); `kind` is the paper's kind where the content tells it, else None.

    A `table` asks its reader again with `Ask.columns`; until then it gives no record.
    """

    format: str
    records: list[dict[str, Any]]
    checks: list[CheckResult]
    warnings: list[str]
    pages: int
    media_type: str
    kind: str | None = None
    facts: list[Fact] = dataclasses.field(default_factory=list)
    table: Table | None = None
    #: The people that the paper names as its bearers, where no value says so.
    names: list[str] = dataclasses.field(default_factory=list)
    #: The kinds of paper that its pages name, each once.
    kinds: list[str] = dataclasses.field(default_factory=list)
    #: How many leaves the paper says that it has; 0 when it does not say.
    leaves: int = 0
    sharpness: Outcome = "inconclusive"

    def as_json(self) -> dict[str, Any]:
        """The records are not copied: there may be tens of thousands."""
        return dataclasses.asdict(dataclasses.replace(self, records=[])) | {"records": self.records}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Reading":
        told = dict(data)
        told["checks"] = [CheckResult(**one) for one in data["checks"]]
        told["facts"] = [Fact(**one) for one in data.get("facts", ())]
        told["table"] = Table(**data["table"]) if data.get("table") else None
        return cls(**told)


class Unreadable(Exception):
    """The file is refused; `sentence` says why, to a person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def msgid(self) -> str:
        return UNREADABLE[self.code]

    @property
    def sentence(self) -> str:
        from django.conf import settings  # the child has no Django
        from django.utils.translation import gettext

        return gettext(self.msgid) if settings.configured else self.msgid

    def __str__(self) -> str:
        return self.sentence


@dataclasses.dataclass(frozen=True)
class PageImage:
    jpeg: bytes
    width: int
    height: int
    codes: tuple[
        tuple[int, int, int, int], ...
    ] = ()  # left, top, right, bottom of each 2D-Doc, when they were asked for
