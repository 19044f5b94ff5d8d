"""A short document is rendered in a subprocess, without remote content, and the web never loads the renderer."""

import io
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pikepdf
import pytest

from core.pdf import apart
from core.pdf.apart import NotDrawn, draw
from ops.cluster import ROOT

PAGE = '<html lang="fr"><head><title>Lettre</title></head><body><h1>Été</h1><p>{}</p></body></html>'


def test_the_document_is_tagged_and_archivable() -> None:
    with pikepdf.open(io.BytesIO(draw(PAGE.format("Bonjour"), style="p { color: red }"))) as pdf:
        assert pdf.Root.MarkInfo.Marked and str(pdf.Root.Lang) == "fr"
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")


def test_the_same_text_gives_the_same_words() -> None:
    sizes = {len(draw(PAGE.format("Bonjour"), style="p { color: red }")) for _time in range(2)}
    assert max(sizes) - min(sizes) < 20


def test_no_url_is_fetched() -> None:
    asked: list[str] = []

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}/x"
    images = f'<img src="{here}"><img src="file:///etc/passwd">'
    hostile = f'{images}<link rel="attachment" href="file:///etc/passwd"><link rel="stylesheet" href="{here}">'
    pdf = draw(PAGE.format(hostile), style="p { color: red }")
    server.shutdown()
    assert asked == [] and b"EmbeddedFile" not in pdf and b"root:" not in pdf


def test_no_file_remains_and_the_text_is_in_no_argument(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[object] = []
    start = subprocess.Popen

    def record_call(command: list[str], **options: object) -> object:
        calls.append((command, options["env"]))
        return start(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", record_call)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    draw(PAGE.format("canari"), style="p { color: red }")
    assert calls and "canari" not in str(calls) and str(tmp_path) in str(calls)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_rendering_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "WAIT", 0.05)
    with pytest.raises(NotDrawn) as given_up:
        draw(PAGE.format("canari"), style="p { color: red }")
    assert "canari" not in repr(given_up.value) and given_up.value.__cause__ is None


def test_a_failed_rendering_reveals_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "child.py"
    broken.write_text("raise SystemExit(1)")
    monkeypatch.setattr(apart, "CHILD", broken)
    with pytest.raises(NotDrawn):
        draw(PAGE.format("canari"), style="p { color: red }")


def test_the_child_starts_no_other_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    watched = tmp_path / "child.py"
    watched.write_text(f"""import os, runpy, sys
sys.addaudithook(lambda event, _arguments: os._exit(3) if event == "subprocess.Popen" else None)
runpy.run_path({str(apart.CHILD)!r}, run_name="__main__")
""")
    monkeypatch.setattr(apart, "CHILD", watched)
    assert draw(PAGE.format("canari"), style="p { color: red }").startswith(b"%PDF")


def test_the_web_does_not_load_the_renderer() -> None:
    program = (
        "import sys, django; django.setup(); import vault.records.urls; "
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not set(done.stdout.split()) & {"weasyprint", "pydyf", "pypdfium2"}
