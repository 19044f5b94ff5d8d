"""Every fixture of every reader, spoilt in twelve ways: read right, or refused by a sentence that is true.

`mutants.json` says what comes of each. After a change that is meant, write it again with `UPDATE_MUTANTS=1 pytest` on
this file, and read the difference. An outcome is one of:

- `same`: the same records and totals as those of the file;
- `fewer, said` and `other, said`: a part of the records, or others, and a sentence that the file did not have;
- `fewer`: a part of the records of a file whose end nothing shows, such as a table cut after a row;
- `table`: the resident names its columns first, as our guess lacks one;
- else the code of the refusal (`sentences.UNREADABLE`).
"""

import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import mutants, totals
from tests.fixtures.files import FILES, File
from tests.vault.readers.test_fuzz import check_reading
from vault import readers
from vault.readers import Ask, Reading, Unreadable
from vault.readers.formats import FORMATS

pytestmark = pytest.mark.xdist_group("mutants")
TABLE = Path(__file__).with_name("mutants.json")
OURS = [file for file in FILES if file.format in FORMATS]
SAID = {"fewer, said", "other, said"}


def read(data: bytes, endpoint: str) -> Reading:
    """Read a file as a resident does, who accepts our guess of the columns and says the direction of energy."""
    ask = Ask(endpoint=endpoint, direction="soutirage")
    reading = readers.read(io.BytesIO(data), trust_test_authority=False, ask=ask)
    if reading.table is None or not {"date_operation", "montant"} <= set(reading.table.guess.values()) | (
        {"montant"} if {"debit", "credit"} & set(reading.table.guess.values()) else set()
    ):
        return reading
    named = Ask(endpoint=endpoint, columns=reading.table.guess)
    return readers.read(io.BytesIO(data), trust_test_authority=False, ask=named)


def outcome(file: File, spoilt: bytes) -> str:
    whole = read(file.data, file.endpoint)
    try:
        found = read(spoilt, file.endpoint)
    except Unreadable as refusal:
        return refusal.code
    check_reading(found)
    totals.check(found)
    said = set(found.warnings) - set(whole.warnings)
    if _values(found) == _values(whole) and _facts(found) == _facts(whole):
        return "same, said" if said else "same"
    if found.table is not None:
        return "table"
    kept = "fewer" if _is_part(_values(found), _values(whole)) else "other"
    return f"{kept}, said" if said or _asks(found) else kept


def _values(reading: Reading) -> list[Any]:
    return [[record["type"], record["payload"]] for record in reading.records]


def _facts(reading: Reading) -> list[Any]:
    return [[fact.code, fact.value, fact.unit] for fact in reading.facts]


def _asks(reading: Reading) -> bool:
    return any(one.outcome != "passed" for one in reading.checks)


def _is_part(found: list[Any], whole: list[Any]) -> bool:
    """Return whether each record is one of the whole file's, some of its values, or the start of its measures."""
    return all(any(_is_start(one, other) for other in whole) for one in found)


def _is_start(one: Any, other: Any) -> bool:
    if one == other:
        return True
    mine, theirs = one[1], other[1]
    if one[0] != other[0] or mine.items() <= theirs.items():
        return bool(one[0] == other[0])
    if "valeurs" not in mine:
        return False
    length = len(mine["valeurs"])
    start = {name: value for name, value in theirs.items() if name != "valeurs"}
    same = {**mine, "valeurs": None} == {**start, "valeurs": None}
    return bool(same and theirs["valeurs"][:length] == mine["valeurs"])


def found() -> Iterator[tuple[str, str, str]]:
    for file in OURS:
        for name in mutants.NAMES:
            if (spoilt := mutants.mutant(file.data, name)) is not None:
                yield file.name, name, outcome(file, spoilt)


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, Mapping[str, str]]:
    gathered: dict[str, dict[str, str]] = {}
    for file, name, came in found():
        gathered.setdefault(file, {})[name] = came
    if os.environ.get("UPDATE_MUTANTS"):
        TABLE.write_text(json.dumps(gathered, indent=1, ensure_ascii=False) + "\n")
    return gathered


def every(outcomes: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    return ((file, name, came) for file, held in outcomes.items() for name, came in held.items())


def test_what_came_of_each_mutant_is_written(outcomes: Mapping[str, Mapping[str, str]]) -> None:
    expected = json.loads(TABLE.read_text())
    assert dict(outcomes) == expected


def test_another_encoding_or_line_end_changes_nothing(outcomes: Mapping[str, Mapping[str, str]]) -> None:
    assert [one for one in every(outcomes) if one[1] in mutants.SAME and one[2] != "same"] == []


def test_only_a_cut_file_is_called_damaged(outcomes: Mapping[str, Mapping[str, str]]) -> None:
    assert [one for one in every(outcomes) if one[2] == "damaged" and one[1] not in mutants.CUT] == []


def test_a_value_that_changed_is_said(outcomes: Mapping[str, Mapping[str, str]]) -> None:
    """A wrong value that nothing announces is the worst that a reader can do.

    A receipt may be cut between two of its lines, which nothing in a table shows.
    """
    silent = [one for one in every(outcomes) if one[2] == "other"]
    assert [one for one in silent if not (one[0].startswith("receipts-") and one[1] == mutants.CUT[0])] == []


def test_a_renamed_header_that_loses_a_record_is_said(outcomes: Mapping[str, Mapping[str, str]]) -> None:
    silent = {one[0] for one in every(outcomes) if one[1] == "a header renamed" and one[2] == "fewer"}
    assert silent <= {
        *("bank", "product", "older-product"),  # the label that the resident is shown the column of; only totals
        *("franceconnect", "svair-json"),  # an identifier that is not shown
    }


def test_a_file_cut_inside_a_row_is_never_read_in_silence(outcomes: Mapping[str, Mapping[str, str]]) -> None:
    silent = [one for one in every(outcomes) if one[1] == "cut inside a row" and one[2] in {"fewer", "same"}]
    assert silent == []


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_the_totals_of_each_file_are_those_of_its_records(file: File) -> None:
    reading = read(file.data, file.endpoint)
    totals.check(reading)
    assert {fact.code for fact in reading.facts} <= totals.OF_THE_FILE | totals.TOTALS.keys()


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_a_file_of_which_nothing_is_kept_says_it(file: File) -> None:
    reading = read(file.data, file.endpoint)
    said = reading.warnings or any(one.outcome != "passed" for one in reading.checks) or reading.table
    assert reading.records or said
