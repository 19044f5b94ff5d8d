"""Uploads in parts: acknowledged parts are stored and sealed, and abandoned uploads are deleted."""

import base64
import hashlib
import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.middleware.csrf import CSRF_TOKEN_LENGTH
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import tasks
from core.files import resumable
from core.files.sizes import MAX_FILE
from core.files.storage import sealed_storage
from core.models import City, ResidentKey, Upload, UploadPart
from tests.accounts.factories import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.upload_site"), pytest.mark.usefixtures("folder")]
WHOLE = b"%PDF-1.7 canary " * 20_000
OCTETS = "application/offset+octet-stream"
FORM = "/essai/"


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def tus(client: Client, method: str, url: str, body: bytes = b"", **headers: str):
    headers = {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.generic(method, url, body, content_type=OCTETS if method == "PATCH" else "", headers=headers)


def begin(client: Client, length: int = len(WHOLE), name: str = "relevé.json"):
    metadata = f"filename {base64.b64encode(name.encode()).decode()},nothing"
    return tus(client, "POST", reverse("uploads"), Upload_Length=str(length), Upload_Metadata=metadata)


def send(client: Client, url: str, offset: int, body: bytes, **headers: str):
    return tus(client, "PATCH", url, body, Upload_Offset=str(offset), **headers)


def finish(client: Client, url: str, **more):
    return client.post(FORM, {"title": "x", "upload": url.split("/")[-2], **more})


def test_three_parts_are_joined_into_one_named_file(awa, resident, folder):
    url = begin(awa)["Location"]
    offset = 0
    for size in (100_000, 1, len(WHOLE) - 100_001):
        answer = send(awa, url, offset, WHOLE[offset : offset + size])
        offset += size
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(offset))
    page = finish(awa, url).json()
    assert (page["file"]["name"], page["file"]["size"]) == ("relevé.json", len(WHOLE))
    assert page["stored"]["sha256"] == hashlib.sha256(WHOLE).hexdigest()
    with sealed_storage.open(page["stored"]["name"], resident_id=resident.pk) as opened:
        assert opened.read() == WHOLE


@pytest.mark.parametrize(
    ("name", "kept"), [("", "document"), ("..", "document"), ("../../etc/passwd", "passwd"), ("C:\\a\\b.pdf", "b.pdf")]
)
def test_a_path_in_the_name_is_removed(awa, name, kept):
    url = begin(awa, 1, name)["Location"]
    send(awa, url, 0, b"x")
    assert finish(awa, url).json()["file"]["name"] == kept


def test_parts_and_names_are_not_stored_as_plaintext(awa, resident, folder):
    url = begin(awa, name="canary.json")["Location"]
    send(awa, url, 0, WHOLE[:200_000])
    assert files_in(folder)
    assert not any(b"canary" in path.read_bytes() for path in files_in(folder))
    with scope(resident=resident.pk):
        assert b"canary" not in bytes(Upload.objects.get().content)


def test_a_returning_client_gets_its_offset(awa):
    url = begin(awa)["Location"]
    send(awa, url, 0, WHOLE[:70_000])
    answer = tus(awa, "HEAD", url)
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("70000", str(len(WHOLE)))
    assert answer["Cache-Control"] == "no-store"
    assert len(answer["X-CSRFToken"]) == CSRF_TOKEN_LENGTH


def test_a_part_sent_twice_counts_once(awa, folder):
    url = begin(awa)["Location"]
    assert send(awa, url, 0, b"x" * 100).status_code == 204
    assert send(awa, url, 0, b"x" * 100).status_code == 409
    assert tus(awa, "HEAD", url)["Upload-Offset"] == "100"
    assert len(files_in(folder)) == 1


def test_the_second_of_two_concurrent_parts_is_refused(resident, folder):
    upload = resumable.start(resident_id=resident.pk, length=100, metadata={})

    def meanwhile():
        with scope(resident=resident.pk):
            resumable.receive(upload=upload, offset=0, chunks=iter([b"first"]))
        yield b"second"

    with scope(resident=resident.pk):
        with pytest.raises(resumable.Moved):
            resumable.receive(upload=upload, offset=0, chunks=meanwhile())
        assert Upload.objects.get().received == 5
    assert len(files_in(folder)) == 1


def test_an_interrupted_part_is_kept_up_to_the_cut(awa):
    url = begin(awa)["Location"]
    cut = {"wsgi.input": io.BytesIO(WHOLE[:90_000]), "CONTENT_LENGTH": str(len(WHOLE)), "CONTENT_TYPE": OCTETS}
    awa.generic("PATCH", url, content_type=OCTETS, headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}, **cut)
    assert tus(awa, "HEAD", url)["Upload-Offset"] == "90000"


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_part_with_a_wrong_checksum_is_not_kept(awa, folder, algorithm):
    url = begin(awa)["Location"]
    right = f"{algorithm} {base64.b64encode(hashlib.new(algorithm, b'part').digest()).decode()}"
    assert send(awa, url, 0, b"pert", Upload_Checksum=right).status_code == 460
    assert files_in(folder) == []
    assert send(awa, url, 0, b"part", Upload_Checksum=right).status_code == 204


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload_Checksum": "md5 abcd"}, 400),
        ({"Upload_Checksum": "sha256 !"}, 400),
        ({"Upload_Offset": "-1"}, 400),
        ({"Upload_Offset": "1"}, 409),
        ({"Tus_Resumable": "0.2.2"}, 412),
        ({"Transfer_Encoding": "chunked"}, 411),
    ],
)
def test_a_part_against_the_protocol_is_refused(awa, folder, headers, status):
    url = begin(awa)["Location"]
    answer = tus(awa, "PATCH", url, b"part", **{"Upload_Offset": "0", **headers})
    assert answer.status_code == status
    assert answer["Tus-Resumable"] == "1.0.0"
    assert files_in(folder) == []


def test_a_part_longer_than_the_file_is_refused(awa, folder):
    url = begin(awa, 10)["Location"]
    assert send(awa, url, 0, b"x" * 11).status_code == 413
    assert files_in(folder) == []


def test_a_part_of_another_type_is_refused(awa):
    url = begin(awa)["Location"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    assert awa.generic("PATCH", url, b"x", content_type="text/plain", headers=headers).status_code == 415


@pytest.mark.parametrize(
    "headers",
    [{}, {"Upload_Length": "x"}, {"Upload_Length": "9" * 16}, {"Upload_Length": "5", "Upload_Metadata": "a !"}],
)
def test_an_upload_without_a_length_is_refused(awa, headers):
    assert tus(awa, "POST", reverse("uploads"), **headers).status_code == 400


def test_an_upload_that_is_too_large_is_refused_with_a_sentence(awa):
    assert begin(awa, MAX_FILE).status_code == 201
    answer = begin(awa, MAX_FILE + 1)
    assert answer.status_code == 413
    assert "dépasse 64 Mo" in answer.content.decode()


def test_the_protocol_is_announced(awa):
    for url in (reverse("uploads"), begin(awa)["Location"]):
        answer = awa.options(url)
        assert answer.status_code == 204
        assert answer["Tus-Version"] == "1.0.0"
        assert set(answer["Tus-Extension"].split(",")) == {"creation", "termination", "checksum", "expiration"}


def test_only_post_may_override_the_method(awa):
    url = begin(awa)["Location"]
    assert tus(awa, "GET", url, X_HTTP_Method_Override="DELETE").status_code == 405
    assert tus(awa, "POST", url, X_HTTP_Method_Override="HEAD")["Upload-Offset"] == "0"
    assert tus(awa, "POST", url).status_code == 405


def test_cancelling_deletes_the_parts(awa, resident, folder):
    url = begin(awa)["Location"]
    send(awa, url, 0, WHOLE[:1000])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda act, **_options: act())
        assert tus(awa, "DELETE", url).status_code == 204
    assert files_in(folder) == []
    assert tus(awa, "HEAD", url).status_code == 404
    with scope(resident=resident.pk):
        assert not Upload.objects.exists() and not UploadPart.objects.exists()


def test_an_upload_is_deleted_after_a_day_without_parts(awa, resident, folder, django_capture_on_commit_callbacks):
    url = begin(awa)["Location"]
    send(awa, url, 0, WHOLE[:1000])
    with time_machine.travel(timezone.now() + timedelta(hours=23)):
        tasks.sweep()
        assert signed_in(resident).head(url, headers={"Tus-Resumable": "1.0.0"})["Upload-Offset"] == "1000"
        assert send(signed_in(resident), url, 1000, b"y").status_code == 204
    with time_machine.travel(timezone.now() + timedelta(hours=48)):
        assert signed_in(resident).head(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 404
        with django_capture_on_commit_callbacks(execute=True):
            tasks.sweep()
    with scope(resident=resident.pk):
        assert not Upload.objects.exists()
    assert files_in(folder) == []


def test_the_storage_s_own_sweep_spares_the_parts(awa, folder):
    send(awa, begin(awa)["Location"], 0, WHOLE[:1000])
    assert sealed_storage.sweep(older_than=timedelta(seconds=-5)) == 0
    assert len(files_in(folder)) == 1


def test_a_form_naming_an_incomplete_upload_answers_409(awa, folder):
    url = begin(awa)["Location"]
    send(awa, url, 0, WHOLE[:1000])
    answer = finish(awa, url)
    assert answer.status_code == 409
    assert "n’est pas arrivé en entier" in answer.content.decode()


@pytest.mark.parametrize("upload", ["/x/", "/3b0c9d1e-0000-4000-8000-000000000000/"])
def test_a_form_naming_an_unknown_upload_answers_404(awa, upload):
    answer = finish(awa, upload)
    assert answer.status_code == 404
    assert "plus de 24 heures" in answer.content.decode()


def test_a_form_cannot_use_another_residents_upload(awa, stranger):
    url = begin(awa)["Location"]
    send(awa, url, 0, WHOLE)
    assert finish(signed_in(stranger), url).status_code == 404


def test_a_joined_file_without_a_row_is_deleted_and_its_parts_stay(awa, folder):
    url = begin(awa)["Location"]
    send(awa, url, 0, WHOLE)
    assert finish(awa, url, title="forget").status_code == 200
    assert len(files_in(folder)) == 1
    assert tus(awa, "HEAD", url)["Upload-Offset"] == str(len(WHOLE))


def test_a_part_needs_the_csrf_token_and_head_gives_a_fresh_one(resident):
    mine = signed_in(resident)
    url = begin(mine)["Location"]
    strict = signed_in(resident, client=Client(enforce_csrf_checks=True))
    assert send(strict, url, 0, b"x").status_code == 403
    token = tus(strict, "HEAD", url)["X-CSRFToken"]
    assert send(strict, url, 0, b"x", X_CSRFToken=token, Origin="https://ailleurs.example").status_code == 403
    assert send(strict, url, 0, b"x", X_CSRFToken=token).status_code == 204


def test_an_upload_continues_after_signing_in_again(resident):
    mine = signed_in(resident)
    url = begin(mine)["Location"]
    send(mine, url, 0, b"x" * 50)
    mine.logout()
    assert send(mine, url, 50, b"x").status_code == 302
    again = signed_in(resident)
    assert tus(again, "HEAD", url)["Upload-Offset"] == "50"
    assert send(again, url, 50, b"x").status_code == 204


def test_uploads_and_parts_are_limited(awa, monkeypatch):
    monkeypatch.setattr(resumable, "AT_ONCE", 2)
    monkeypatch.setattr(resumable, "MOST_PARTS", 3)
    url = begin(awa)["Location"]
    begin(awa)
    answer = begin(awa)
    assert answer.status_code == 429
    assert "Trop d’envois" in answer.content.decode()
    assert [send(awa, url, offset, b"x").status_code for offset in range(4)] == [204, 204, 204, 413]


def test_a_full_disk_answers_507_and_earlier_parts_stay(awa, folder, monkeypatch):
    url = begin(awa)["Location"]
    send(awa, url, 0, b"x" * 10)

    def full(*_args):
        raise OSError(28, "full")

    monkeypatch.setattr(os, "fsync", full)
    assert send(awa, url, 10, b"x").status_code == 507
    assert tus(awa, "HEAD", url)["Upload-Offset"] == "10"
    assert len(files_in(folder)) == 1


def test_once_the_key_is_erased_no_upload_starts(awa, resident):
    with scope(resident=resident.pk):
        ResidentKey.objects.all().delete()
    assert begin(awa).status_code == 403


@pytest.fixture
def small(db):
    City(name="Villebrume", of_name="de Villebrume", insee="00042", quota_megabytes=100).save()


@pytest.mark.usefixtures("small")
def test_uploads_in_progress_count_in_the_quota(awa):
    assert begin(awa, 60_000_000).status_code == 201
    answer = begin(awa, 50_000_000)
    assert answer.status_code == 413
    assert "Il reste 40 Mo" in answer.content.decode().replace("\u00a0", " ")
