"""The answers of the readers' child: what each kind must be for the portal to go on with it."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from core.confinement import answers
from core.confinement.answers import BadAnswer, require
from vault import types
from vault.readers import recognise, sentences
from vault.readers.files.place import Place
from vault.readers.reading import MAX_PAGES, CheckResult, Reading
from vault.types import checking, envelope

CODE: Final = re.compile(r"[\w.-]{0,60}", re.ASCII)
#: The sides of a page that is drawn, in dots.
MAX_SIDE: Final = 20_000
#: Far more than any file has: its checks, facts, warnings, the columns and rows of a table that are shown.
MAX_ITEMS: Final = 1_000
MAX_WORDS: Final = 10_000
WARNINGS: Final = frozenset(one for one in vars(sentences).values() if isinstance(one, str))


@dataclass(frozen=True)
class Cleaned:
    """Before the cleaned file, if a place was removed from it."""

    place: Place
    bytes: int


@dataclass(frozen=True)
class Text:
    """Before the images of the pages of a document that has no text."""

    text: str
    images: list[int]


@dataclass(frozen=True)
class Drawn:
    """Before the JPEG of a page."""

    width: int
    height: int
    bytes: int
    codes: tuple[tuple[int, int, int, int], ...] = ()

    def __post_init__(self) -> None:
        sides = [self.width, self.height, *(side for box in self.codes for side in box)]
        require(len(self.codes) <= MAX_ITEMS and all(0 <= side <= MAX_SIDE for side in sides))


def reading(found: object) -> Reading:
    """Return the content of a file. Its sentences are ours, whatever the child wrote.

    Raises:
        BadAnswer
    """
    one = answers.parsed(Reading, found)
    require(one.media_type in recognise.MEDIA_TYPES and 0 <= one.pages <= MAX_PAGES and 0 <= one.leaves <= MAX_ITEMS)
    require(all(CODE.fullmatch(code) for code in (one.format, one.kind or "", *one.kinds)))
    require(all(warning in WARNINGS for warning in one.warnings))
    require(all(fact.code in sentences.FACTS for fact in one.facts))
    cells = [cell for row in (one.table.headers, *one.table.rows) for cell in row] if one.table else []
    said = [text for fact in one.facts for text in (fact.value, fact.unit)]
    require(all(len(text) <= MAX_WORDS for text in (*one.names, *cells, *said)))
    require(all(len(many) <= MAX_ITEMS for many in (one.checks, one.facts, one.warnings, one.names, one.kinds, cells)))
    _require_records(one.records)
    return replace(one, checks=[_worded(check) for check in one.checks])


def _worded(check: CheckResult) -> CheckResult:
    worded = sentences.CHECKS.get(check.code, {}).get(check.outcome, "")
    require(bool(worded) and len(check.said) <= MAX_WORDS)
    return replace(check, text=worded)


def _require_records(records: list[dict[str, Any]]) -> None:
    """Check the envelopes, and that each payload has the fields and the kinds of values of its type.

    A value that is missing or impossible is left to the resident, who completes it.
    """
    known: set[object] = set()
    try:
        envelope.validate_all(records)
        for record in records:
            code, payload = record["type"], record["payload"]
            require(record["type_version"] == types.get(code).version)
            shape = code, _shape(payload)
            if shape not in known:
                require(checking.is_of_its_kinds(code, payload))
                known.add(shape)
    except (envelope.BadEnvelope, types.UnknownType):
        raise BadAnswer from None


def _shape(value: object) -> object:
    """Return the kinds of the values of a payload, which many payloads have in common."""
    if isinstance(value, dict):
        return tuple((name, _shape(one)) for name, one in value.items())
    if isinstance(value, list):
        return list, frozenset(map(_shape, value))
    return type(value)
