"""A hostile file has taken over the child that reads or draws it: the child answers what it likes.

Each kind of answer meets each lie. No process is started, except where its output has no end.
"""

import contextlib
import copy
import hashlib
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from django_scopes import scope

from certification.labels.checks import axe
from core.confinement import starting
from core.pdf import apart
from services.dossiers import watermarking
from services.dossiers.pdf import render
from services.official_forms import drawing
from services.official_forms.filling import Filling
from tests import once
from tests.fixtures import hostile
from tests.vault.conftest import browser, kinds  # noqa: F401 - fixtures
from tests.vault.sending import notice_pdf, send, the_paper, uploaded, work
from vault.readers import Unreadable, sandbox
from vault.readers.reading import UNASKED, check
from vault.records.actions import paper_checks
from vault.records.actions.papers import content_of_paper, rewrite_paper
from vault.records.enums import PaperState
from vault.types import envelope

real_draw = apart.draw
real_ask = render.ask
JPEG = b"\xff\xd8\xff\xe0" + bytes(12)
REFUSED = Unreadable, watermarking.CannotMark, drawing.CannotDraw, render.NotLaidOut
CARD = envelope.build(
    type="identite.pivot",
    payload={"family_name": "MARTIN", "given_name_array": ["Zoé"], "birthdate": "1990-01-01"},
    provenance=envelope.provenance(holder="dgfip", method="upload", assurance="declared"),
)
READING: dict[str, Any] = {
    "reading": {
        "format": "2ddoc",
        "records": [CARD],
        "checks": [vars(check("2ddoc_read", "passed", {"nom": "MARTIN"}))],
        "warnings": [],
        "pages": 1,
        "media_type": "application/pdf",
        "kind": "avis_imposition",
        "facts": [{"code": "rows", "value": "3", "unit": ""}],
        "table": {"headers": ["Date"], "rows": [["2026-03-04"]], "guess": {"date": "Date"}},
        "asks_direction": False,
        "names": ["Zoé MARTIN"],
        "kinds": ["avis_imposition"],
        "leaves": 1,
        "sharpness": "passed",
    }
}
FIELD = {"name": "nom", "kind": "text", "page": 0, "place": 0, "box": [0, 0, 9, 9], "states": [], "cells": 0}
FACTS = {"pages": [[21000, 29700]], "fields": [FIELD | {"lines": False}], "removed": ["scripts"]}


def read_several() -> object:
    (found,) = sandbox.read_several([(b"{}", UNASKED)])
    if isinstance(found, Unreadable):
        raise found
    return found


def filled() -> object:
    return drawing.draw(drawing.Blank(b"%PDF", hashlib.sha256(b"%PDF").hexdigest()), Filling([], []))


def laid_out() -> object:
    return render.ask([b""], total=1, most=100, progress=lambda done, total: None)


#: Each kind of answer: who asks, what an honest child says, and the bytes and lines after it.
KINDS: dict[str, tuple[Callable[[], object], dict[str, Any], bytes]] = {
    "a reading": (lambda: sandbox.read(io.BytesIO(hostile.pdf()), trust_test_authority=False), READING, b""),
    "one of several": (read_several, READING, b""),
    "a photo's place": (
        lambda: sandbox.without_place(io.BytesIO(JPEG)),
        {"place": "removed", "bytes": len(JPEG)},
        JPEG,
    ),
    "a text": (lambda: sandbox.text(io.BytesIO(hostile.pdf())), {"text": "Bonjour", "images": []}, b""),
    "a page": (
        lambda: sandbox.page(io.BytesIO(hostile.pdf()), 0, dpi=60),
        {"width": 9, "height": 9, "bytes": len(JPEG), "codes": [[0, 0, 4, 4]]},
        JPEG + b'{"done": 1}\n',
    ),
    "a watermark": (lambda: watermarking.mark(b"%PDF", text="x"), {"bytes": 4}, b"%PDF"),
    "a blank form": (lambda: drawing.look(b"%PDF"), {"facts": FACTS}, b""),
    "a filled form": (filled, {"bytes": 8, "filled": 4}, b"%PDF%PDF"),
    "a dossier": (laid_out, {"pages": 1, "bytes": 4}, b"%PDF"),
}
#: What stands for a value, whatever it was. Each is refused in each place, unless it is of the same kind and possible.
VALUES = ["x\0", "x\ud800", -(10**16), 10**400, 1.5, float("nan"), float("inf"), 1e300, True, None, [], {}, [[None]]]
#: Places where nothing is as good as something, or where JSON of any shape may be.
MAY_BE_NOTHING = {"kind", "table"}
#: What has the right type, and is not possible.
IMPOSSIBLE: dict[str, list[tuple[str, Any]]] = {
    "a reading": [
        ("media_type", "text/html\r\nSet-Cookie: a=b"),
        ("media_type", "application/x-sh"),
        ("format", "../../etc/passwd"),
        ("kind", "x" * 61),
        ("kinds", ["a/b"]),
        ("pages", -1),
        ("pages", 61),
        ("leaves", -1),
        ("names", ["x" * 10_001]),
        ("names", ["x"] * 1_001),
        ("warnings", ["Appelez le 01 99 00 42 42."]),
        ("facts", [{"code": "unheard_of", "value": "3", "unit": ""}]),
        ("checks", [vars(check("2ddoc_read", "passed")) | {"code": "unheard_of"}]),
        ("checks", [vars(check("file_readable", "passed")) | {"outcome": "failed"}]),
        ("records", [CARD | {"type": "unheard.of"}]),
        ("records", [CARD | {"type_version": "99.0.0"}]),
        ("records", [CARD | {"payload": {"family_name": ["MARTIN"]}}]),
        ("records", [CARD | {"payload": {"given_name_array": "Zoé"}}]),
        ("records", [CARD | {"payload": {"colour": "red"}}]),
        ("records", [CARD | {"payload": {"given_name_array": json.loads("[" * 900 + "]" * 900)}}]),
    ],
    "a photo's place": [("place", "gone"), ("bytes", -1), ("bytes", 0), ("bytes", 99), ("bytes", 10**9)],
    "a page": [
        *((name, size) for name in ("width", "height", "bytes") for size in (-1, 10**9)),
        ("codes", [[0, 0, -4, 4]]),
        ("codes", [[0, 0, 4]]),
        ("codes", [[0, 0, 4, 4]] * 1_001),
    ],
    "a watermark": [("bytes", -1), ("bytes", 5), ("bytes", 10**9)],
    "a blank form": [
        ("pages", [[1, 2, 3]]),
        ("pages", [[1, 2]] * 21),
        ("removed", ["everything"]),
        ("fields", [{**FIELD, "lines": False, "page": 7}]),
        ("fields", [{**FIELD, "lines": False, "box": [0]}]),
    ],
    "a filled form": [("filled", -1), ("filled", 8), ("bytes", 10**9)],
    "a dossier": [("pages", 0), ("pages", 10**6), ("bytes", -1), ("bytes", 101)],
}


def child_says(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    @contextlib.contextmanager
    def started(*_words: object, **_options: object) -> Iterator[object]:
        yield SimpleNamespace(stdin=io.BytesIO(), stdout=io.BytesIO(said))

    monkeypatch.setattr(starting, "started", started)
    monkeypatch.setattr(sandbox, "_child", once.real_child)
    monkeypatch.setattr(apart, "draw", real_draw)
    monkeypatch.setattr(render, "ask", real_ask)


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


def with_each_value(message: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield where, what is there, and how to make the message with something else in its place."""
    for name, one in message.items() if isinstance(message, dict) else enumerate(message):
        yield f"{place}/{name}", one, (message, name)
        if isinstance(one, dict | list):
            yield from with_each_value(one, f"{place}/{name}")


def lies(kind: str) -> Iterator[tuple[str, bytes]]:
    honest, after = KINDS[kind][1:]
    yield from {
        "nothing": b"",
        "no JSON": b"Bonjour\n",
        "a list": line([honest]),
        "a text": line("x"),
        "cut": line(honest)[:-2],
        "no UTF-8": b'{"a": "\xed\xa0\x80"}\n',
        "deep": b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n",
    }.items()
    changed = copy.deepcopy(honest)
    for place, one, (holder, name) in list(with_each_value(changed)):
        for other in VALUES:
            is_unsaid = isinstance(other, str) and isinstance(one, str) is False
            same = type(other) is type(one) and other in ([], {}, True)
            nothing = other is None and place.rpartition("/")[2] in MAY_BE_NOTHING
            if same or nothing or is_unsaid:
                continue
            holder[name] = other
            yield f"{place}: {other!r:.20}", line(changed) + after
            holder[name] = one
    for name, other in IMPOSSIBLE.get(kind, ()):
        inside = next((one for one in honest.values() if isinstance(one, dict) and name in one), None)
        said = {next(iter(honest)): inside | {name: other}} if inside else honest | {name: other}
        yield f"{name}: {other!r:.60}", line(said) + after


@pytest.mark.parametrize("kind", KINDS)
def test_no_lie_of_a_child_is_believed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, honest, after = KINDS[kind]
    child_says(monkeypatch, line(honest) + after)
    assert ask()
    believed = []
    for lie, said in lies(kind):
        child_says(monkeypatch, said)
        try:
            ask()
            believed.append(lie)
        except REFUSED:
            pass
        except Exception as error:  # noqa: BLE001 - a lie may break anything
            believed.append(f"{lie}: {error!r:.80}")
    assert believed == []


def test_no_lie_of_the_browser_is_believed() -> None:
    assert axe._said('<pre id="m">["image-alt"]</pre>', "m") == ["image-alt"]
    for text in ['["x"', '[["a"]]', '[{"a": 1}]', '["A rule"]', "[1]", "[" * 100_000, "{}"]:
        with pytest.raises(axe.NotThere):
            axe._said(f'<pre id="m">{text}</pre>', "m")


def test_a_paper_has_no_more_pages_than_were_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    one = line({"width": 9, "height": 9, "bytes": len(JPEG), "codes": []}) + JPEG
    child_says(monkeypatch, one * 61 + line({"done": 61}))
    with pytest.raises(Unreadable):
        sandbox.raster(io.BytesIO(hostile.pdf()))
    child_says(monkeypatch, one * 60 + line({"done": 60}))
    assert len(sandbox.raster(io.BytesIO(hostile.pdf()))) == 60


def test_a_message_takes_no_more_memory_than_a_few_times_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b'{"reading": [' + b"[]," * 300_000 + b"[]]}\n"
    child_says(monkeypatch, said)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            sandbox.read(io.BytesIO(hostile.pdf()), trust_test_authority=False)
        assert tracemalloc.get_traced_memory()[1] < 6 * len(said)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_letter_has_an_end(stream: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its child writes without end, and then a PDF."""
    child = tmp_path / "child.py"
    child.write_text(
        "import sys\n"
        "sys.stdin.read()\n"
        "sys.stdout.write('%PDF')\n"
        f"[sys.{stream}.write('x' * 1_000_000) for _time in range(80)]\n"
    )
    monkeypatch.setattr(apart, "CHILD", child)
    tracemalloc.start()
    try:
        with pytest.raises(apart.NotDrawn) if stream == "stdout" else contextlib.nullcontext():
            real_draw("<p>x</p>", style="")
        assert tracemalloc.get_traced_memory()[1] < 2 * 33_600_000
    finally:
        tracemalloc.stop()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("kinds")
def test_a_paper_whose_reader_lies_is_refused_and_says_so(
    browser: Any,  # noqa: F811 - the fixture
    resident: Any,
    monkeypatch: Any,
) -> None:
    """Also where the lie passes, and breaks what compares the paper with the vault."""
    for broken in ("answer", "comparison"):
        send(browser, notice_pdf())
        with monkeypatch.context() as patch:
            if broken == "answer":
                told = READING["reading"] | {"records": [CARD | {"payload": {"family_name": 5}}]}
                child_says(patch, line({"place": "none", "bytes": 0, "reading": told}))
                patch.setattr(sandbox, "without_place", lambda _stream: ("none", b""))
            else:
                patch.setattr(paper_checks, "check_input_of", lambda *_values: list[object]()[0])
            work(resident)
        paper = the_paper(resident)
        assert paper.state == PaperState.REFUSED, broken
        page = browser.get(reverse("records:paper", args=[paper.pk]))
        assert page.status_code == 200 and "Ce fichier est abîmé ou incomplet" in page.content.decode()
        browser.post(reverse("records:delete_paper", args=[paper.pk]))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("kinds")
def test_a_media_type_that_an_old_row_keeps_reaches_no_browser(browser: Any, resident: Any) -> None:  # noqa: F811
    paper = uploaded(browser, resident, notice_pdf())
    with scope(resident=resident.pk):
        content = content_of_paper(paper)
        rewrite_paper(paper, content | {"media_type": "text/html\r\nSet-Cookie: a=b"})
    answer = browser.get(reverse("records:download", args=[paper.pk]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/octet-stream")
