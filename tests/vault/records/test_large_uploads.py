"""A file uploaded in parts becomes one paper, and a full vault refuses before anything is lost."""

import base64
import re
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.files import quota, resumable
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.models import City, Upload, UploadPart
from tests.vault.sending import notice_pdf, send, the_paper, uploaded, work
from vault.records import actions
from vault.records.models import Paper, PaperFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
MEGABYTE = 1_000_000


def in_parts(client, content: bytes, *, name="avis.pdf", size=20_000):
    metadata = (
        f"filename {base64.b64encode(name.encode()).decode()},modified {base64.b64encode(b'1764000000000').decode()}"
    )
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    url = client.post(reverse("uploads"), content_type="application/octet-stream", headers=headers)["Location"]
    for start in range(0, len(content), size):
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(start)}
        part = client.patch(
            url, content[start : start + size], content_type="application/offset+octet-stream", headers=headers
        )
        assert part.status_code == 204
    return url


def finish(client, url: str, **more):
    token = client.get(reverse("records:add_paper")).context["form"].initial["token"]
    return client.post(
        reverse("records:add_paper"), {"token": token, "kind": "", "upload": url.split("/")[-2], **more}
    )


def test_a_paper_in_parts_is_read_like_any_other(browser, resident):
    assert finish(browser, in_parts(browser, notice_pdf())).status_code == 302
    work(resident)
    paper = the_paper(resident)
    assert (paper.state, paper.kind) == ("to_confirm", "avis_impot")
    page = browser.get(reverse("records:paper", args=[paper.pk]))
    assert "avis.pdf" in page.content.decode()
    with scope(resident=resident.pk):
        assert not UploadPart.objects.exists()


def test_the_same_form_sent_again_finds_the_same_paper(browser, resident):
    url = in_parts(browser, notice_pdf())
    first, second = finish(browser, url), finish(browser, url)
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    with scope(resident=resident.pk):
        assert Paper.objects.count() == PaperFile.objects.count() == 1


def test_the_form_of_a_deleted_paper_is_not_found(browser, resident):
    url = in_parts(browser, notice_pdf())
    finish(browser, url)
    actions.delete_paper(paper=the_paper(resident), by=resident.pk)
    assert finish(browser, url).status_code == 404


def test_the_page_lists_the_uploads_under_way_and_writes_one_entry(browser, resident):
    assert "Vos envois commencés" not in browser.get(reverse("records:add_paper")).content.decode()
    before = len(journal.entries(resident_id=resident.pk, limit=1000))
    url = in_parts(browser, notice_pdf(), name="relevé 2025.json")
    page = browser.get(reverse("records:add_paper")).content.decode()
    assert "relevé 2025.json" in page and f'data-upload="{url}"' in page and 'data-modified="1764000000000"' in page
    entries = journal.entries(resident_id=resident.pk, limit=1000)
    assert [entry.event for entry in entries[: len(entries) - before]] == ["uploads_read"]


def test_a_complete_upload_is_finished_from_the_list_without_a_script(browser, resident):
    url = in_parts(browser, notice_pdf())
    page = browser.get(reverse("records:add_paper")).content.decode()
    number = url.split("/")[-2]
    assert re.search(rf'name="upload"\s+value="{number}"', page)
    assert browser.post(reverse("records:add_paper"), {"token": number, "upload": number}).status_code == 302
    assert the_paper(resident).state == "quarantined"


def test_cancelling_from_the_list_deletes_the_parts(browser, resident):
    url = in_parts(browser, notice_pdf())
    with scope(resident=resident.pk):
        names = list(UploadPart.objects.values_list("stored_name", flat=True))
    assert browser.post(reverse("records:drop_upload", args=[url.split("/")[-2]])).status_code == 302
    assert not any(sealed_storage.inner.exists(name) for name in names)
    with scope(resident=resident.pk):
        assert not Upload.objects.exists()


@pytest.fixture
def small(db):
    City(name="Villebrume", of_name="de Villebrume", insee="00042", quota_megabytes=100).save()


def fill(resident, megabytes: float) -> PaperFile:
    """Create a paper whose row has this size."""
    with scope(resident=resident.pk):
        paper = Paper.objects.create(
            resident_id=resident.pk, token="9d3c7a52-6f0e-4f2f-9b5b-0000000000aa", content=b""
        )
        return PaperFile.objects.create(
            resident_id=resident.pk, paper=paper, stored_name="00/00/full", size=int(megabytes * MEGABYTE)
        )


@pytest.mark.usefixtures("small")
def test_a_full_vault_refuses_before_the_body_is_read(browser, resident, monkeypatch):
    token = browser.get(reverse("records:add_paper")).context["form"].initial["token"]
    fill(resident, 99.5)
    monkeypatch.setattr(sealed_storage, "create", lambda **_options: pytest.fail("the file was read"))
    content = b"%PDF-1.7" + bytes(700_000)
    answer = browser.post(reverse("records:add_paper"), {"token": token, "file": SimpleUploadedFile("a.pdf", content)})
    assert answer.status_code == 413
    page = answer.content.decode().replace("\u00a0", " ")
    assert "Votre coffre est plein" in page and "Il reste 500 Ko" in page and "Supprimez un papier" in page


@pytest.mark.usefixtures("small")
def test_deleting_a_paper_frees_its_space(browser, resident):
    file = fill(resident, 100)
    assert send(browser, notice_pdf()).status_code == 413
    with scope(resident=resident.pk):
        file.paper.delete()
    assert send(browser, notice_pdf()).status_code == 302


@pytest.mark.usefixtures("small")
def test_of_two_simultaneous_files_over_the_quota_one_is_kept(resident):
    """Both uploads began when there was room for one: the second is counted after the first."""
    fill(resident, 99)
    files = []
    for content in (b"a" * 700_000, b"b" * 700_000):
        with sealed_storage.create(resident_id=resident.pk) as file:
            file.write(content)
        files.append(file)
    results: list[object] = []

    def keep(file):
        try:
            upload = SealedUpload(name="a.pdf", content_type="", sealed=file)
            results.append(actions.receive_paper(resident_id=resident.pk, kind=None, upload=upload))
        except quota.OverQuota as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=keep, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(one).__name__ for one in results) == ["OverQuota", "Paper"]
    with scope(resident=resident.pk):
        assert PaperFile.objects.count() == 2


@pytest.mark.usefixtures("small")
def test_a_file_in_parts_is_not_counted_twice_when_it_becomes_a_paper(browser, resident):
    url = in_parts(browser, notice_pdf())
    with scope(resident=resident.pk):
        length = Upload.objects.get().length
    fill(resident, (100 * MEGABYTE - length) / MEGABYTE)
    assert finish(browser, url).status_code == 302


@pytest.mark.usefixtures("small")
def test_the_page_of_papers_gives_the_space_used(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    with scope(resident=resident.pk):
        PaperFile.objects.filter(paper=paper).update(size=31_200_000)
    resumable.start(resident_id=resident.pk, length=10 * MEGABYTE, metadata={})
    page = browser.get(reverse("records:papers")).content.decode().replace("\u00a0", " ")
    assert "Vos fichiers prennent 41 Mo sur 100 Mo" in page


def test_another_resident_s_files_do_not_count(resident, stranger):
    fill(stranger, 900)
    assert quota.room(resident_id=resident.pk).used == 0
