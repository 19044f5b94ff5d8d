"""The public watermark: a paper in, a PDF whose pages say for whom and for what, and nothing kept."""

import io
import logging
import os
import tempfile

import pikepdf
import pypdfium2 as pdfium
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageChops

from core.files import unstored
from core.files.storage import sealed_storage
from services.dossiers.views import watermark as views
from services.dossiers.watermarking import CannotMark, mark

pytestmark = pytest.mark.django_db
PAGE = "/filigrane/"
WORDS = {"purpose": "location", "recipient": "agence du Port"}
#: What the paper says, which nothing may keep.
SECRET = b"Kervella-7719"


def photo(colour="white", size=(620, 877)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", comment=SECRET)
    return out.getvalue()


def pdf_of(pages: int, **saved) -> bytes:
    pdf = pikepdf.new()
    for _page in range(pages):
        pdf.add_blank_page(page_size=(200, 300))
    pdf.docinfo["/Title"] = SECRET.decode()
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    out = io.BytesIO()
    pdf.save(out, **saved)
    return out.getvalue()


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def visitor():
    return Client()


def send(client, content, name="papier.pdf", **words):
    return client.post(PAGE, {**WORDS, **words, "file": SimpleUploadedFile(name, content)})


def drawn(content: bytes) -> list[Image.Image]:
    return [page.render(scale=1).to_pil().convert("RGB") for page in pdfium.PdfDocument(content)]


def test_each_page_of_the_answer_carries_the_words_and_nothing_else_of_the_file(visitor):
    answer = send(visitor, pdf_of(3))
    assert answer["Content-Type"] == "application/pdf"
    assert "attachment" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
    pages = drawn(answer.content)
    assert len(pages) == 3 and pages[0].height == 300
    for page in pages:
        assert ImageChops.difference(page, Image.new("RGB", page.size, "white")).getbbox(), "a page is not marked"
    opened = pikepdf.open(io.BytesIO(answer.content))
    assert "/OpenAction" not in opened.Root and SECRET.decode() not in str(dict(opened.docinfo))
    other = drawn(send(visitor, pdf_of(3), recipient="agence du Canal").content)
    assert ImageChops.difference(pages[0], other[0]).getbbox(), "the words are not what is drawn"


def test_a_photo_becomes_a_marked_page(visitor):
    (page,) = drawn(send(visitor, photo(), name="photo.jpg").content)
    assert page.width < page.height
    assert SECRET not in send(visitor, photo(), name="photo.jpg").content, "what the file says beside its image"


def noted(stored, entries):
    """Return a verb of the cache that notes what it is given."""

    def store(*args, **kwargs):
        entries.append((args, kwargs))
        return stored(*args, **kwargs)

    return store


def test_nothing_is_kept(visitor, caplog, monkeypatch, tmp_path):
    """No row, no file, no entry of the cache but the count of the address, no line of the log has the paper."""
    written: list[str] = []
    real = os.open

    def opened(path, flags, *args, **kwargs):
        if flags & (os.O_WRONLY | os.O_RDWR):
            written.append(str(path))
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda *args, **kwargs: pytest.fail("a temporary file"))
    monkeypatch.setattr(tempfile, "mkstemp", lambda *args, **kwargs: pytest.fail("a temporary file"))
    monkeypatch.setattr(sealed_storage, "create", lambda *args, **kwargs: pytest.fail("a stored file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    entries: list[object] = []
    for name in ("set", "add", "set_many"):
        monkeypatch.setattr(cache, name, noted(getattr(cache, name), entries))
    with caplog.at_level(logging.DEBUG), CaptureQueriesContext(connection) as asked:
        answer = send(visitor, photo(size=(2400, 3200)) + SECRET * 200_000, name=f"{SECRET.decode()}.jpg")
    assert answer["Content-Type"] == "application/pdf"
    sent = [one["sql"] for one in asked.captured_queries]
    assert not [
        sql for sql in sent if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")) and "core_cache" not in sql
    ]
    assert not [sql for sql in sent if SECRET.decode() in sql or "agence du Port" in sql]
    assert not list(tmp_path.iterdir())
    assert set(written) <= {"/dev/null"}
    for told in (caplog.text, repr(entries)):
        assert SECRET.decode() not in told and "agence du Port" not in told and "location" not in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Ce fichier est vide"),
        (b"PK\x03\x04" + b"x" * 50, "abîmé"),
        (b"<html>" * 40, "Nous ne"),
        (b"%PDF-1.7\n" + b"garbage" * 30, "abîmé"),
        (pdf_of(21), "plus de 20 pages"),
        (pdf_of(1, encryption=pikepdf.Encryption(owner="a", user="b")), "mot de passe"),
    ],
    ids=["empty", "zip", "page", "damaged", "long", "locked"],
)
def test_a_bad_file_is_refused_in_a_sentence(visitor, content, said):
    answer = send(visitor, content)
    assert answer["Content-Type"].startswith("text/html") and said in answer.content.decode()


def test_words_are_asked_for(visitor):
    answer = send(visitor, photo(), purpose="", recipient=" ")
    assert "Écrivez pour quoi" in answer.content.decode() and "Écrivez à qui" in answer.content.decode()


def test_a_crashing_child_is_a_sentence(monkeypatch, tmp_path):
    dead = tmp_path / "dead.py"
    dead.write_text("raise SystemExit(1)")
    monkeypatch.setattr("services.dossiers.watermarking.CHILD", dead)
    with pytest.raises(CannotMark, match="trop lourd"):
        mark(photo(), text="Pour rien")


def test_a_file_too_big_is_refused_before_it_is_read(visitor):
    assert send(visitor, b"%PDF" + bytes(11_000_000)).status_code == 413


def test_an_address_sends_six_papers_a_minute(visitor, settings, monkeypatch):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "watermark": "1/m/ip"}
    assert send(visitor, b"").status_code == 400
    read: list[bytes] = []
    monkeypatch.setattr(unstored.HoldingHandler, "receive_data_chunk", lambda _self, data, start: read.append(data))
    assert send(visitor, photo()).status_code == 429 and not read
    assert visitor.get(PAGE).status_code == 200


def test_one_paper_at_a_time(visitor):
    with views._turns:
        answer = send(visitor, photo())
    assert answer.status_code == 503 and "Réessayez" in answer.content.decode()
    assert send(visitor, photo()).status_code == 200, "the turn is given back"


def test_a_post_needs_its_token():
    assert send(Client(enforce_csrf_checks=True), photo()).status_code == 403
