"""The result of a reader, `Reading`, and its refusal, `Unreadable`."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from vault.readers.sentences import CHECKS, UNREADABLE

Outcome = Literal["failed", "passed", "inconclusive"]

MAX_PAGES = 60
#: Letters of a text: more than two pages of a form hold.
MAX_TEXT = 40_000


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """The outcome of one check, with its sentence.

    `details` maps labels to the values read: personal data, like the rest of the reading. `said` fills the placeholder
    of the sentence, such as the name of the signer.
    """

    code: str
    outcome: Outcome
    text: str
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)
    said: str = ""


def check(code: str, outcome: Outcome, details: Mapping[str, str] | None = None, said: str = "") -> CheckResult:
    return CheckResult(code, outcome, CHECKS[code][outcome], dict(details or {}), said)


@dataclasses.dataclass(frozen=True)
class Ask:
    """Facts about a file that its bytes do not contain.

    `endpoint` is the path of the API that gave the answer. `columns` maps a table's headers to fields, and `direction`
    is that of its energy (`flux` of energie.serie), both as the resident said them.
    """

    endpoint: str = ""
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    direction: str = ""


UNASKED = Ask()


@dataclasses.dataclass(frozen=True)
class Fact:
    """A total of a file of data, shown before the resident confirms.

    `code` is a key of `sentences.FACTS`; `value` is plain text (ISO date, dotted decimal); `unit` is one of
    types/units.json, or empty.
    """

    code: str
    value: str
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table whose columns the resident must name: its headers, a few rows, and a guess of the fields by header."""

    headers: list[str]
    rows: list[list[str]]
    guess: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Reading:
    """The content of one file.

    `records` are envelopes (types/record-1.0.0.json); `kind` is the paper's kind, or None if the content does not show
    it. With a `table` there are no records: the file is read again with `Ask.columns`.
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
    #: Whether some energy has no direction: the file does not say it, and the resident has to.
    asks_direction: bool = False
    #: The bearers named by the paper, where no value names them.
    names: list[str] = dataclasses.field(default_factory=list)
    #: The kinds of paper named on its pages, each once.
    kinds: list[str] = dataclasses.field(default_factory=list)
    #: The number of sheets printed on the paper; 0 if it is not printed.
    leaves: int = 0
    sharpness: Outcome = "inconclusive"

    def as_json(self) -> dict[str, Any]:
        """Return the reading as JSON values. Records are not copied: there may be tens of thousands."""
        return dataclasses.asdict(dataclasses.replace(self, records=[])) | {"records": self.records}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Reading":
        fields = dict(data)
        fields["checks"] = [CheckResult(**one) for one in data["checks"]]
        fields["facts"] = [Fact(**one) for one in data.get("facts", ())]
        fields["table"] = Table(**data["table"]) if data.get("table") else None
        return cls(**fields)


class Unreadable(Exception):
    """The file is refused; `sentence` gives the reason to the resident."""

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
    """One page as a JPEG; `codes` has the left, top, right and bottom of each 2D-Doc, if the caller asked for them."""

    jpeg: bytes
    width: int
    height: int
    codes: tuple[tuple[int, int, int, int], ...] = ()
