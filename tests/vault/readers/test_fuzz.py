"""Damaged, random and malicious files: every reader reads them or refuses them with `Unreadable`.

Hundreds are read in this process for speed; the worst are read in the real child, whose memory and time are limited.
Hypothesis draws the same files at each run. `READER_EXAMPLES=2000` feeds each reader two thousand inputs:

    READER_EXAMPLES=2000 python -m pytest tests/vault/readers/test_fuzz.py -k takes_any_input
"""

import copy
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures import documents, hostile, mutants, totals
from tests.fixtures.files import CODES, FILES, File
from tests.fixtures.workbooks import workbook
from vault import readers, types
from vault.readers import Ask, Reading, Unreadable, sandbox
from vault.readers.files.text import as_utf_8
from vault.readers.formats import FORMATS, Reader
from vault.readers.reading import UNASKED
from vault.readers.sentences import CHECKS, FACTS
from vault.types import envelope

#: The last format accepts any table with dates and amounts, so files of other formats may match it too.
LAST = FORMATS[-1]
OURS = [file for file in FILES if file.format in FORMATS]
WILD: list[object] = [
    None,
    True,
    -1,
    0,
    1e308,
    10**400,
    "",
    "x" * 3000,
    "\x00",
    "2026-02-31",
    "0000-00-00",
    "NaN",
    "-",
    [],
    {},
    [[]],
    [None],
    {"value": None},
]
#: How many inputs each reader is fed.
EXAMPLES = int(os.environ.get("READER_EXAMPLES", "60"))
#: A file of a few kilobytes takes a few milliseconds; a loaded machine may take a hundred times that.
SECONDS = 2.0
#: The child's processor limit here; it is higher in production.
CPU_SECONDS = 6
each_file = pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
drawn = settings(
    max_examples=30,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def reader_of(format: str) -> Reader:
    return cast(Reader, import_module(f"vault.readers.formats.{format}.reader"))


def recognisers(data: bytes, ask: Ask = UNASKED) -> list[str]:
    return [name for name in FORMATS if reader_of(name).recognises(data, ask)]


def read(data: bytes, endpoint: str = "") -> Reading | None:
    """Return the reading, or None if the file is refused. Any other error fails the test."""
    try:
        reading = readers.read(io.BytesIO(data), trust_test_authority=True, ask=Ask(endpoint=endpoint))
    except Unreadable as refusal:
        assert refusal.sentence
        return None
    check_reading(reading)
    return reading


def check_reading(reading: Reading) -> None:
    """Check that a reading can be stored and shown, and that its totals are those of its records.

    Its values match their types. Others may be missing, which the resident completes; records of data are complete,
    save for a direction that is asked.
    """
    json.dumps(reading.as_json(), ensure_ascii=False, allow_nan=False).encode()
    for record in reading.records:
        envelope.validate(record)
        for problem in types.problems(record["type"], record["payload"]):
            assert missing(record["payload"], problem.pointer), (record["type"], problem.pointer, record["payload"])
            asked = problem.pointer == "/flux" and reading.asks_direction
            assert asked or record["type"] not in types.data_codes(), (record["type"], problem.pointer)
    assert {fact.code for fact in reading.facts} <= FACTS.keys()
    assert all(one.outcome in CHECKS[one.code] for one in reading.checks)
    totals.check(reading)


def missing(payload: Any, pointer: str) -> bool:
    *path, last = pointer.lstrip("/").split("/")
    for step in path:
        payload = payload[int(step)] if isinstance(payload, list) else payload[step]
    return isinstance(payload, dict) and last not in payload


def test_every_format_has_a_test_file() -> None:
    assert set(FORMATS) <= {file.format for file in FILES}


@each_file
def test_each_file_is_recognised_by_one_format_only(file: File) -> None:
    named = [
        name for name in recognisers(file.data, Ask(endpoint=file.endpoint)) if name != LAST or file.format == LAST
    ]
    assert named == [file.format]


@each_file
def test_each_file_is_read(file: File) -> None:
    reading = read(file.data, file.endpoint)
    assert reading is not None and reading.format == file.format
    assert reading.records or reading.facts or reading.checks or reading.table or reading.warnings


@pytest.mark.parametrize(
    "data", [*CODES, hostile.pdf(), hostile.jpeg(), hostile.png(), b"", b"\xff\xd8\xff", b"%PDF-1.7\n1;2;3\n"]
)
def test_a_paper_is_not_a_file_of_data(data: bytes) -> None:
    assert recognisers(data) == []


@pytest.mark.parametrize(
    "endpoint", ["", "/v3/dss/quotient_familial/identite", "/nowhere", "http://[", "\x00", "/" * 5000]
)
def test_a_path_alone_does_not_recognise_a_file(endpoint: str) -> None:
    for data in (b"", b"\x00", b"hello", *CODES):
        assert recognisers(data, Ask(endpoint=endpoint)) == []


# --- random bytes ---


@given(data=st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(drawn, max_examples=300)
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    recognisers(data, Ask(endpoint="/v3/dss/quotient_familial/identite"))
    read(data)


# --- damaged files ---

Edit = Callable[[bytes], bytes]


def _place(data: bytes, share: float) -> int:
    return int(share * len(data))


def _cut(first: float, last: float) -> Edit:
    return lambda data: data[: _place(data, min(first, last))] + data[_place(data, max(first, last)) :]


def _repeat(first: float, last: float, times: int) -> Edit:
    def edit(data: bytes) -> bytes:
        start, end = _place(data, min(first, last)), _place(data, max(first, last))
        return data[:start] + data[start:end] * times + data[end:]

    return edit


def _swap(first: float, last: float, size: int) -> Edit:
    def edit(data: bytes) -> bytes:
        start, end = sorted((_place(data, first), _place(data, last)))
        if end - start < size:
            return data
        return (
            data[:start]
            + data[end : end + size]
            + data[start + size : end]
            + data[start : start + size]
            + data[end + size :]
        )

    return edit


def _flip(share: float, mask: int) -> Edit:
    def edit(data: bytes) -> bytes:
        spoilt = bytearray(data)
        if spoilt:
            spoilt[min(_place(data, share), len(data) - 1)] ^= mask
        return bytes(spoilt)

    return edit


def _put(share: float, inserted: bytes) -> Edit:
    return lambda data: data[: _place(data, share)] + inserted + data[_place(data, share) :]


shares = st.floats(0, 1)
edits = st.lists(
    st.builds(_cut, shares, shares)
    | st.builds(_repeat, shares, shares, st.integers(2, 20))
    | st.builds(_swap, shares, shares, st.integers(1, 60))
    | st.builds(_flip, shares, st.integers(1, 255))
    | st.builds(
        _put,
        shares,
        st.sampled_from(
            [b"\x00", b'"', b";", b"\n", b"\xff", b"<", b"&#0;", b"9" * 400, b"NaN", b"\xed\xa0\x80", b"-"]
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("format", FORMATS)
def test_a_reader_takes_any_input(format: str) -> None:
    """A recogniser may be wrong: on a file of any format, spoilt or random, the reader raises only `Unreadable`."""
    own = [file.data for file in FILES if file.format == format]
    spoilt = [one for data in own for name in mutants.NAMES if (one := mutants.mutant(data, name)) is not None]

    @given(
        data=st.builds(edited, st.sampled_from([*own, *spoilt]), edits)
        | st.sampled_from([*spoilt, *(file.data for file in FILES)])
        | st.binary(max_size=200)
        | st.text(max_size=200).map(_utf8),
        direction=st.sampled_from(["", "injection"]),
    )
    @settings(drawn, max_examples=EXAMPLES)
    def tried(data: bytes, direction: str) -> None:
        try:
            check_reading(reader_of(format).read(as_utf_8(data), Ask(direction=direction)))
        except Unreadable as refusal:
            assert refusal.sentence

    tried()


def edited(data: bytes, edits: list[Edit]) -> bytes:
    for edit in edits:
        data = edit(data)[:200_000]
    return data


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@each_file
def test_a_damaged_file_is_read_or_refused(file: File) -> None:
    @given(edits=edits)
    @drawn
    def tried(edits: list[Edit]) -> None:
        data = edited(file.data, edits)
        before = time.process_time()
        read(data, file.endpoint)
        assert time.process_time() - before < SECONDS

    tried()


@pytest.mark.parametrize("code", CODES, ids=["notice", "payslip", "bill"])
def test_a_damaged_code_is_read_or_refused(code: bytes) -> None:
    genuine = read(code)
    assert genuine is not None
    values = [record["payload"] for record in genuine.records]

    @given(edits=edits)
    @settings(drawn, max_examples=60)
    def tried(edits: list[Edit]) -> None:
        data = code
        for edit in edits:
            data = edit(data)[:8000]
        reading = read(data)
        assert reading is None or [record["payload"] for record in reading.records] in ([], values)

    tried()


AS_JSON = [file for file in OURS if file.data.lstrip().startswith((b"{", b"["))]


@pytest.mark.parametrize("file", AS_JSON, ids=lambda file: file.name)
def test_a_value_of_another_kind_is_left_out_or_refused(file: File) -> None:
    """Replace each value of the document by each wrong one in turn, and remove each key in turn."""
    document = json.loads(file.data)
    places = list(_places(document))

    @given(place=st.sampled_from(places), value=st.sampled_from(WILD), taken=st.booleans())
    @settings(drawn, max_examples=60)
    def tried(place: tuple[str | int, ...], value: object, taken: bool) -> None:
        spoilt = copy.deepcopy(document)
        held: Any = spoilt
        for step in place[:-1]:
            held = held[step]
        if taken:
            del held[place[-1]]
        else:
            held[place[-1]] = value
        read(json.dumps(spoilt).encode(), file.endpoint)

    tried()


def _places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inside: list[tuple[str | int, object]] = []
    if isinstance(node, dict):
        inside = list(node.items())
    elif isinstance(node, list):
        inside = list(enumerate(node[:5]))
    for key, value in inside:
        yield (*path, key)
        yield from _places(value, (*path, key))


# --- malicious files ---


@pytest.mark.parametrize(
    "letter",
    [" ", "a", "1", '"', "{", "[", "<", ";", ",", "\n", "|", "-", "0;", '{"', "a:", "Date;", '"a":', "<a ", "é"],
)
def test_recognising_is_fast_on_repeated_characters(letter: str) -> None:
    """A backtracking pattern takes minutes on 64 KiB."""
    data = (letter * 70_000)[:70_000].encode()
    for start in (b"", b"{", b"<OFX>", b"!Type:Bank\n", b"BEGIN:VCALENDAR\n", b"payload: x\n"):
        before = time.process_time()
        recognisers(start + data)
        assert time.process_time() - before < SECONDS


def _entity_bomb() -> str:
    levels = "".join(f'<!ENTITY l{rank} "{f"&l{rank - 1};" * 10}">' for rank in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]>'


def _in_xml(head: str) -> Iterator[tuple[str, bytes]]:
    """Yield each XML file with an entity bomb before its root, used inside."""
    for file in OURS:
        if file.data.lstrip(b"\xef\xbb\xbf").startswith(b"<") and file.format != "svair":
            text = file.data.decode("utf-8-sig").partition("?>")[2] or file.data.decode("utf-8-sig")
            yield f"laughs-{file.name}", (head + text.replace("</", "&l9;</", 1)).encode()


def _deep(opening: str, closing: str, inside: str = "1", times: int = 200_000) -> str:
    return opening * times + inside + closing * times


def _yaml_bomb() -> str:
    levels = "".join(f"a{rank}: &a{rank} [{', '.join([f'*a{rank - 1}'] * 9)}]\n" for rank in range(1, 9))
    return f"status: 200\na0: &a0 [x,x,x,x,x,x,x,x,x]\n{levels}payload: *a8\n"


def _zip_bomb() -> bytes:
    return documents.zipped({"detail_ticket.csv": documents.LECLERC_LINES.encode() + b"\n" * 60_000_000})


def _columns(count: int = 1_000_000) -> bytes:
    head = ";".join(["CODE_PRODUIT", "NOM_PRODUIT", "PRIX_UNITAIRE", "QUANTITE_VENDUE", "JOUR"])
    return (head + ";x" * count + "\n" + "1;" * count).encode()


HURTFUL: dict[str, Callable[[], bytes]] = {
    "deep JSON": lambda: ('{"quotient_familial": ' + _deep("[", "]") + "}").encode(),
    "deep objects": lambda: ('{"given_name": "x", "birthdate": ' + _deep('{"a":', "}") + "}").encode(),
    "a huge number": lambda: b'{"quotient_familial": {"valeur": ' + b"9" * 1_000_000 + b"}}",
    "a huge exponent": lambda: b'{"quotient_familial": {"valeur": 1e999999999, "annee": 2026, "mois": 1}}',
    "not a number": lambda: b'{"quotient_familial": {"valeur": NaN, "annee": Infinity}}',
    "half letters": lambda: b'{"family_name": "\\ud800", "given_name": "\\udfff", "birthdate": "1990-01-01"}',
    "40 MB in one text": lambda: (
        b'{"family_name": "' + b"x" * 40_000_000 + b'", "given_name": "a", "birthdate": "1990-01-01"}'
    ),
    "a million children": lambda: b'{"allocataires": [' + b'{"nomPrenom": "A B"},' * 1_000_000 + b"{}]}",
    "a deep Timeline": lambda: ('{"semanticSegments": ' + _deep('[{"a":', "}]") + "}").encode(),
    "YAML that laughs": lambda: _yaml_bomb().encode(),
    "deep YAML": lambda: ("status: 200\npayload: " + _deep("[", "]", times=20_000)).encode(),
    "a YAML that builds": lambda: b"status: 200\npayload: !!python/object/apply:os.system ['id']\n",
    "deep HTML": lambda: documents.svair_page().replace("<table>", "<div>" * 200_000 + "<table>").encode(),
    "a million cells": lambda: (
        documents.svair_page().replace("<tbody>", "<tbody>" + "<tr>" + "<td>x" * 1_000_000).encode()
    ),
    "a zone of seconds": lambda: documents.agenda(
        "UID:1\nDTSTART;TZID=Mairie:20260701T090000", zone=documents.PARIS_ZONE.replace("FREQ=YEARLY", "FREQ=SECONDLY")
    ),
    "a calendar of 300,000 events": lambda: documents.agenda(*["UID:1\nDTSTART:20260701"] * 300_000),
    "a line of 10 MB": lambda: (
        b"CODE_PRODUIT;NOM_PRODUIT;PRIX_UNITAIRE;QUANTITE_VENDUE;JOUR\n1;" + b"x" * 10_000_000 + b";1;1;2026-01-01\n"
    ),
    "a line of 10 MB at the bank": lambda: b"Date;Libelle;Montant\n05/01/2026;" + b"x" * 10_000_000 + b";1,00\n",
    "a line of 10 MB in QIF": lambda: b"!Type:Bank\nD05/01/2026\nT-1,00\nP" + b"x" * 10_000_000 + b"\n^\n",
    "a million operations": lambda: b"!Type:Bank\n" + b"D05/01/2026\nT-1,00\n^\n" * 1_000_000,
    "a million columns": _columns,
    "a million quotes": lambda: documents.AUCHAN.encode() + b'"' * 1_000_001,
    "a ZIP of 60 MB of nothing": _zip_bomb,
    "a workbook of zeros": lambda: workbook(
        {"Consommation Horaire": [["Valeur (en kW)"]]}, parts={"xl/media/x": bytes(90_000_000)}
    ),
    "a ZIP in a ZIP": lambda: documents.zipped({"detail_ticket.csv": documents.leclerc()}),
    **{name: (lambda data=data: data) for name, data in _in_xml(_entity_bomb())},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", HURTFUL)
def test_a_malicious_file_affects_its_child_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read or refused within the child's limits; the next file is read normally."""
    monkeypatch.setattr(sandbox, "READ_SECONDS", CPU_SECONDS)
    data, before = HURTFUL[name](), time.monotonic()
    try:
        check_reading(sandbox.read(io.BytesIO(data), trust_test_authority=True))
    except Unreadable as refusal:
        assert refusal.sentence
    assert time.monotonic() - before < CPU_SECONDS * sandbox.WALL_FACTOR + 5
