"""Uploaded files go straight into sealed storage, without plaintext on disk, and a refused upload leaves no file."""

import errno
import hashlib
import io
import os
import re
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files import uploadhandler
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django_scopes import scope

from core.files.segments import SegmentWriter
from core.files.storage import sealed_storage
from core.files.uploads import SealedUploadHandler, sealed_upload
from core.models import ResidentKey
from tests.accounts.factories import signed_in
from tests.core.upload_site import MAX
from vault.records.models import Paper, PaperFile

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.upload_site"), pytest.mark.usefixtures("folder")]
PDF = b"%PDF-1.7 canary " * 12_000
URL = "/essai/"


def paper(content=PDF, name="avis d’impôt.pdf", kind="application/pdf"):
    return SimpleUploadedFile(name, content, kind)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_stored_with_its_name_and_type(awa, resident, folder):
    page = awa.post(URL, {"title": "x", "paper": paper()}).json()
    assert page["paper"] == {"name": "avis d’impôt.pdf", "size": len(PDF), "type": "application/pdf"}
    assert page["stored"]["sha256"] == hashlib.sha256(PDF).hexdigest()
    with sealed_storage.open(page["stored"]["name"], resident_id=resident.pk) as opened:
        assert opened.read() == PDF
    assert len(files_in(folder)) == 1


def test_no_plaintext_is_written_to_disk(awa, folder, monkeypatch, tmp_path):
    spied = tmp_path / "temp"
    spied.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spied))
    for handler in (uploadhandler.TemporaryFileUploadHandler, uploadhandler.MemoryFileUploadHandler):
        monkeypatch.setattr(
            handler, "new_file", lambda *_args, **_options: pytest.fail("Django's own handler had the file")
        )
    awa.post(URL, {"title": "x", "paper": paper()})
    assert files_in(spied) == []
    assert not any(b"canary" in path.read_bytes() for path in files_in(folder))


@pytest.fixture
def browser(resident):
    return signed_in(resident, client=Client(enforce_csrf_checks=True))


def token_in(page) -> str:
    return str(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[0])


def test_the_form_s_token_in_a_hidden_field_is_enough(browser, folder):
    token = token_in(browser.get(URL))
    answer = browser.post(URL, {"csrfmiddlewaretoken": token, "title": "x", "paper": paper()})
    assert answer.status_code == 200
    assert len(files_in(folder)) == 1


@pytest.mark.parametrize("sent", [{}, {"csrfmiddlewaretoken": "x" * 64}])
def test_without_the_form_s_token_it_is_refused_and_nothing_is_kept(browser, resident, folder, sent):
    browser.get(URL)
    answer = browser.post(URL, {"title": "x", "paper": paper(), **sent})
    assert answer.status_code == 403
    assert files_in(folder) == []
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_another_site_s_post_is_refused_before_a_byte_is_read(browser, folder, monkeypatch):
    token = token_in(browser.get(URL))
    monkeypatch.setattr(SealedUploadHandler, "new_file", lambda *_args, **_options: pytest.fail("the file was read"))
    sent = {"csrfmiddlewaretoken": token, "title": "x", "paper": paper()}
    assert browser.post(URL, sent, headers={"Origin": "https://ailleurs.example"}).status_code == 403


def test_uploading_requires_signing_in(client, folder):
    assert client.post(URL, {"paper": paper()}).status_code == 302
    assert files_in(folder) == []


def test_an_agent_has_no_vault_to_upload_to(agent, folder):
    assert signed_in(agent).post(URL, {"paper": paper()}).status_code == 403
    assert files_in(folder) == []


def test_uploading_is_refused_once_the_key_is_erased(awa, resident, folder):
    with scope(resident=resident.pk):
        ResidentKey.objects.all().delete()
    assert awa.post(URL, {"paper": paper()}).status_code == 403
    assert files_in(folder) == []


def test_a_file_without_a_row_is_deleted(awa, folder):
    assert awa.post(URL, {"title": "forget", "paper": paper()}).status_code == 200
    assert files_in(folder) == []


def test_a_failing_view_leaves_no_file(awa, folder):
    with pytest.raises(ZeroDivisionError):
        awa.post(URL, {"title": "fail", "paper": paper()})
    assert files_in(folder) == []


def test_a_body_without_a_length_answers_411(awa, folder):
    answer = awa.generic("POST", URL, CONTENT_TYPE="multipart/form-data; boundary=x", CONTENT_LENGTH="")
    assert answer.status_code == 411
    assert "Envoi incomplet" in answer.content.decode()
    answer = awa.post(URL, {"paper": paper()}, headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411
    assert files_in(folder) == []


@pytest.mark.parametrize("size", [MAX + 1, MAX + 200_000])
def test_a_file_over_the_limit_answers_413_with_the_limit(awa, resident, folder, size):
    answer = awa.post(URL, {"title": "x", "paper": paper(b"x" * size)})
    assert answer.status_code == 413
    assert "Fichier trop lourd" in answer.content.decode()
    assert files_in(folder) == []
    with scope(resident=resident.pk):
        assert not PaperFile.objects.exists()


def test_exactly_the_limit_is_accepted(awa):
    assert awa.post(URL, {"title": "x", "paper": paper(b"x" * MAX)}).status_code == 200


def test_a_second_file_over_the_limit_deletes_the_first(awa, folder):
    assert awa.post(URL, {"title": "x", "a": paper(b"x" * 10), "b": paper(b"x" * (MAX + 1))}).status_code == 413
    assert files_in(folder) == []


def test_two_files_are_two_sealed_files(awa, folder):
    page = awa.post(
        URL, {"title": "x", "recto": paper(b"recto", "recto.pdf"), "verso": paper(b"verso", "verso.pdf")}
    ).json()
    assert (page["recto"]["name"], page["verso"]["name"]) == ("recto.pdf", "verso.pdf")
    assert len(files_in(folder)) == 2


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\papiers\\avis.pdf", "a\r\nb.pdf"])
def test_a_name_has_no_path_or_line_break(awa, name):
    page = awa.post(URL, {"title": "x", "paper": paper(name=name)}).json()
    assert not set(page["paper"]["name"]) & set("/\\\r\n")


@pytest.mark.parametrize("step", ["fsync", "write"])
def test_a_full_disk_answers_507_and_keeps_nothing(awa, resident, folder, monkeypatch, step):
    def fail(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(SegmentWriter, "_emit", fail)
    answer = awa.post(URL, {"title": "x", "paper": paper()})
    monkeypatch.undo()
    assert answer.status_code == 507
    assert "plus de place" in answer.content.decode()
    assert files_in(folder) == []
    with scope(resident=resident.pk):
        assert not PaperFile.objects.exists()


@pytest.mark.parametrize("missing", [1, 1000, len(PDF) - 10])
def test_a_truncated_body_keeps_nothing(awa, resident, folder, missing):
    """The web server ends the body of a cut connection early; Django alone would accept the truncated file."""
    body = b'--x\r\nContent-Disposition: form-data; name="paper"; filename="a.pdf"\r\n\r\n' + PDF + b"\r\n--x--\r\n"
    cut = {
        "wsgi.input": io.BytesIO(body[:-missing]),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    answer = awa.generic("POST", URL, **cut)
    assert answer.status_code == 400
    assert files_in(folder) == []
    with scope(resident=resident.pk):
        assert not PaperFile.objects.exists()


def test_a_body_parsed_before_the_view_raises():
    request = HttpRequest()
    request.method = "POST"
    request.META["CONTENT_LENGTH"] = "0"
    assert request.POST == {}
    request._files = {}  # type: ignore[attr-defined]
    with scope(resident=uuid4()), pytest.raises(AttributeError, match="upload handlers"):
        sealed_upload(max_bytes=10)(lambda _request: HttpResponse())(request)
