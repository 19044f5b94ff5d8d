"""Bad files: each is refused with one sentence, in bounded time and memory, and the calling process goes on."""

import io
import os
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.files.sizes import MAX_PAPER
from demo.papers import specimens
from tests.fixtures import hostile
from tests.fixtures.notices import FACTS
from vault.readers import Reading, Unreadable, child, sandbox
from vault.readers.sentences import UNREADABLE

SECONDS = 20

REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "empty"),
    ("blank", lambda: b" \r\n\x00\t", "empty"),
    ("truncated pdf", lambda: hostile.pdf()[:200], "damaged"),
    ("truncated jpeg", lambda: hostile.jpeg()[:600], "damaged"),
    ("truncated png", lambda: hostile.png()[:60], "damaged"),
    ("only a pdf's first line", lambda: b"%PDF-1.7\n", "damaged"),
    ("a program renamed to .pdf", lambda: b"MZ\x90\x00" + bytes(400), "unknown_media"),
    ("a web page renamed to .jpg", lambda: b"<!doctype html><script>alert(1)</script>", "unknown_media"),
    (
        "a photo of a telephone that stops after its first bytes",
        lambda: b"\x00\x00\x00\x18ftypheic" + bytes(40),
        "damaged",
    ),
    ("a burst of photos", lambda: b"\x00\x00\x00\x18ftypmsf1" + bytes(40), "heic"),
    ("a gif with a script", hostile.gif_with_script, "unknown_media"),
    ("a web page before a pdf", lambda: b"<html><script>1</script>" + hostile.pdf(), "unknown_media"),
    (
        "a web page in a pdf's head",
        lambda: hostile.pdf().replace(b"1.7\n", b"1.7\n%<script>alert(1)</script>\n"),
        "polyglot",
    ),
    ("a web page in a jpeg's comment", lambda: hostile.jpeg(comment=b"<script>alert(1)</script>"), "polyglot"),
    ("a pdf in a jpeg's comment", lambda: hostile.jpeg(comment=hostile.pdf()), "polyglot"),
    ("a zip behind a jpeg", hostile.jpeg_with_zip, "polyglot"),
    ("a zip behind a pdf", lambda: hostile.pdf() + hostile.jpeg_with_zip()[-200:], "polyglot"),
    ("encrypted", hostile.encrypted_pdf, "encrypted"),
    ("61 pages", lambda: hostile.pdf(61), "too_many_pages"),
    ("10,000 pages", lambda: hostile.pdf(10_000), "too_many_pages"),
    ("no page", lambda: hostile.pdf(0), "damaged"),
    ("1 kB that inflates to 200 MB", hostile.zip_bomb_pdf, "too_heavy"),
    ("a png of 2,500 Mpx", lambda: hostile.png_announcing(50_000, 50_000), "too_many_pixels"),
    (
        "a png of 60 Mpx, that Pillow would only warn about",
        lambda: hostile.png_announcing(10_000, 6_000),
        "too_many_pixels",
    ),
    ("over 10 MB", lambda: hostile.pdf() + bytes(MAX_PAPER), "too_big"),
]
NAMES = [name for name, _, _ in REFUSED]


def read(data: bytes) -> Reading:
    return sandbox.read(io.BytesIO(data), trust_test_authority=True)


def outcomes(reading: Reading) -> dict[str, str]:
    return {check.code: check.outcome for check in reading.checks}


@pytest.mark.parametrize("opener", [read, lambda data: sandbox.raster(io.BytesIO(data))], ids=["read", "raster"])
@pytest.mark.parametrize(("name", "made", "code"), REFUSED, ids=NAMES)
def test_each_bad_file_gets_its_sentence_in_bounded_time(
    name: str, made: Callable[[], bytes], code: str, opener: Callable[[bytes], object]
) -> None:
    data, before = made(), time.monotonic()
    with pytest.raises(Unreadable) as refusal:
        opener(data)
    assert refusal.value.sentence == UNREADABLE[code]
    assert time.monotonic() - before < SECONDS


@pytest.mark.parametrize(
    "made", [hostile.deep_pdf, hostile.image_bomb_pdf, lambda: hostile.pdf(size=(200_000, 200_000))]
)
def test_an_excessive_but_bounded_file_is_read_or_refused(made: Callable[[], bytes]) -> None:
    try:
        reading = read(made())
    except Unreadable:
        return
    assert reading.pages == 1


@pytest.mark.parametrize(
    "made", [hostile.scripted_pdf, hostile.scripted_pdf_in_names, hostile.launching_pdf, hostile.looping_pdf]
)
def test_active_content_of_a_pdf_is_reported(made: Callable[[], bytes]) -> None:
    assert outcomes(read(made()))["active_content"] == "failed"


def test_attached_files_are_reported() -> None:
    assert outcomes(read(hostile.pdf_with_attachment()))["attachments"] == "failed"


@pytest.mark.parametrize("made", [hostile.pdf, hostile.opening_on_page_one])
def test_an_ordinary_pdf_has_no_active_content(made: Callable[[], bytes]) -> None:
    assert outcomes(read(made())).keys() == {"file_not_blank", "2ddoc_read"}


def test_a_blank_page_is_reported() -> None:
    assert outcomes(read(hostile.pdf(content=b" ")))["file_not_blank"] == "failed"
    assert outcomes(read(hostile.pdf()))["file_not_blank"] == "passed"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_opened(mode: str) -> None:
    assert read(hostile.png(mode=mode)).media_type == "image/png"


def test_a_photo_of_50_million_points_is_read() -> None:
    assert read(hostile.jpeg((8160, 6144))).pages == 1


def test_a_page_is_upright_and_without_its_place() -> None:
    (page,) = sandbox.raster(io.BytesIO(hostile.jpeg_turned()))
    image = Image.open(io.BytesIO(page.jpeg))
    assert (page.width, page.height) == image.size == (200, 400)
    top, bottom = image.getpixel((100, 50)), image.getpixel((100, 350))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > 200 > bottom[0] and bottom[2] > 200 > top[2]
    assert not image.getexif()
    assert b"canary" not in page.jpeg and b"Exif" not in page.jpeg


def test_a_page_is_as_large_as_the_resolution_asks() -> None:
    (page,) = sandbox.raster(io.BytesIO(hostile.pdf()), dpi=100)
    assert (page.width, page.height) == (827, 1170)


def test_rasterising_stops_at_the_caller_s_limit() -> None:
    with pytest.raises(Unreadable, match="60 pages"):
        sandbox.raster(io.BytesIO(hostile.pdf(4)), max_pages=3)


def test_sixty_pages_take_the_memory_of_one_in_the_caller() -> None:
    tracemalloc.start()
    sizes = [len(page.jpeg) for page in sandbox.pages(io.BytesIO(hostile.pdf(60)))]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sizes) == 60
    assert peak < 2 * max(sizes) + 1024 * 1024


def test_a_file_that_computes_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "READ_SECONDS", 1)
    before = time.monotonic()
    with pytest.raises(Unreadable) as refusal:
        read(hostile.laughing_pdf())
    assert refusal.value.code == "too_heavy"
    assert time.monotonic() - before < SECONDS


def test_a_child_that_only_waits_is_stopped_too(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    sleeper = f"{tmp_path}/sleeper.py"
    with open(sleeper, "w") as script:
        script.write("import signal; signal.pause()")
    monkeypatch.setattr(sandbox, "CHILD", sleeper)
    monkeypatch.setattr(sandbox, "WALL_FACTOR", 0.01)
    with pytest.raises(Unreadable) as refusal:
        read(hostile.pdf())
    assert refusal.value.code == "too_heavy"


HALF_A_RECORD = (
    b'{"reading": {"format": "x", "records": [{"id": 1}], "checks": [], "warnings": [], "pages": 1, '
    b'"media_type": "x"}}\n'
)


@pytest.mark.parametrize(
    "says", [b"", b"not json\n", b"[]\n", b"{}\n", b'{"reading": {}}\n', b'{"unreadable": "?"}\n', HALF_A_RECORD]
)
def test_answers_of_a_compromised_child_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, says: bytes
) -> None:
    liar = f"{tmp_path}/liar.py"
    with open(liar, "w") as script:
        script.write(f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({says!r})")
    monkeypatch.setattr(sandbox, "CHILD", liar)
    with pytest.raises(Unreadable):
        read(hostile.pdf())


def test_the_child_has_limits_and_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """The child reports its own limits and environment; its parent looks at its privileges."""
    monkeypatch.setenv("SECRET_KEY", "canary")
    path = f"{tmp_path}/report.py"
    with open(path, "w") as script:
        script.write(
            "import json, os, resource as r, runpy, time\n"
            f"child = runpy.run_path({str(sandbox.CHILD)!r})\n"
            "def report(data, settings):\n"
            "    limited = (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_CORE, r.RLIMIT_FSIZE)\n"
            "    limits = [r.getrlimit(one)[0] for one in limited]\n"
            "    said = {'limits': limits, 'environment': sorted(os.environ), 'pid': os.getpid()}\n"
            "    print(json.dumps(said), flush=True)\n"
            "    time.sleep(60)\n"
            "child['serve']({'read': report}, 'read', '7', reads=child['CODE'])\n"
        )
    monkeypatch.setattr(sandbox, "CHILD", path)
    with sandbox._child("read", {}, io.BytesIO(b"x"), cpu_seconds=7) as output:
        message = sandbox._message(output)
        with open(f"/proc/{message['pid']}/status") as status:
            privileges = dict(line.split(":\t") for line in status.read().splitlines() if ":\t" in line)
    assert message["limits"] == [child.MAX_MEMORY, 7, 0, 0]
    assert (privileges["NoNewPrivs"], privileges["Seccomp"]) == ("1", "2")
    assert {"SECRET_KEY", "DATABASE_URL", "PATH"}.isdisjoint(message["environment"])


def test_the_child_leaves_no_file_and_no_process(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    children = set(_children())
    read(hostile.pdf())
    list(sandbox.pages(io.BytesIO(hostile.pdf(3))))
    with pytest.raises(Unreadable):
        read(hostile.zip_bomb_pdf())
    assert os.listdir(str(tmp_path)) == []
    assert set(_children()) <= children


def test_leaving_in_the_middle_of_the_pages_stops_the_child() -> None:
    children = set(_children())
    pages = sandbox.pages(io.BytesIO(hostile.pdf(60)))
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert set(_children()) <= children


def _children() -> list[str]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return file.read().split()


@pytest.fixture(scope="module")
def genuine() -> dict[str, bytes]:
    notice = specimens.tax_notice(**FACTS)
    return {"pdf": notice, "jpeg": specimens.as_photo(notice, quality=60)}


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["pdf", "jpeg"]),
    edits=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=8),
    cut=st.floats(0, 1) | st.none(),
)
def test_changed_bytes_never_crash_and_are_never_verified(
    genuine: dict[str, bytes], kind: str, edits: list[tuple[float, bytes]], cut: float | None
) -> None:
    data = bytearray(genuine[kind])
    for place, bytes_ in edits:
        start = int(place * (len(data) - len(bytes_)))
        data[start : start + len(bytes_)] = bytes_
    try:
        reading = read(bytes(data[: int(cut * len(data))] if cut is not None else data))
    except Unreadable:
        return
    assert all(record["payload"]["revenu_fiscal_reference"] == 18250 for record in reading.records)
