"""Examination of a file: the antivirus, then the removal of a photo's place, then the reading."""

import hashlib
import io
import logging

import pytest
from django.urls import reverse
from django_scopes import scope

from core import jobs
from core.files.storage import sealed_storage
from core.models import Job
from tests.core.clamd import EICAR, SIGNATURE, clamd
from tests.fixtures import photos
from tests.vault.sending import notice_pdf, send, the_paper, uploaded, work
from vault.records import actions, gate
from vault.records.actions import files as actions_files
from vault.records.models import Paper, PaperFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def antivirus(settings):
    with clamd() as (server, address):
        settings.CLAMD_URL = address
        yield server


def download(browser, paper: Paper) -> bytes:
    return b"".join(browser.get(reverse("records:download", args=[paper.pk])).streaming_content)


def the_job(resident) -> Job:
    with scope(resident=resident.pk):
        return Job.objects.get(kind="read_paper")


def files(resident) -> list[str]:
    with scope(resident=resident.pk):
        return list(PaperFile.objects.values_list("stored_name", flat=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF"])
def test_the_download_has_no_place_and_the_file_received_is_deleted(browser, resident, kind):
    data = photos.photo(kind)
    assert send(browser, data, name="photo.jpg").status_code == 302
    before = files(resident)
    work(resident)
    paper = the_paper(resident)
    kept = download(browser, paper)
    assert photos.place_of(data) and photos.place_of(kept) == {}
    assert files(resident) != before
    assert not sealed_storage.inner.exists(before[0])
    opened = gate.own_paper(resident_id=resident.pk, purpose="Essayer", paper_id=paper.pk)
    assert opened is not None
    assert (sum(side.size for side in opened.sides), opened.sha256) == (len(kept), hashlib.sha256(kept).hexdigest())
    page = browser.get(reverse("records:confirm_paper", args=[paper.pk])).content.decode()
    assert "Le lieu où la photo a été prise est retiré" in page


def test_an_added_side_has_no_place_either(browser, resident, antivirus):
    paper = uploaded(browser, resident, notice_pdf())
    send(browser, photos.photo("JPEG"), address="records:add_side", args=[paper.pk])
    with scope(resident=resident.pk):
        actions.check_sides(paper_id=paper.pk)
        side = PaperFile.objects.get(paper=paper, position=1)
        assert not side.waiting
        with sealed_storage.open(side.stored_name, resident_id=resident.pk) as stream:
            assert photos.place_of(stream.read()) == {}
        assert PaperFile.objects.count() == 2
    assert len(antivirus.scanned) == 2
    antivirus.trouble = "hangs up"
    send(browser, photos.photo("PNG"), address="records:add_side", args=[paper.pk])
    with scope(resident=resident.pk), pytest.raises(jobs.Later):
        actions.check_sides(paper_id=paper.pk)


def test_a_paper_without_a_place_is_kept_as_received(browser, resident):
    data = notice_pdf()
    assert download(browser, uploaded(browser, resident, data)) == data


def test_a_signed_pdf_is_kept_as_received_with_a_warning(browser, resident):
    data = photos.scan(signed=True)
    paper = uploaded(browser, resident, data)
    assert download(browser, paper) == data
    assert "casserait la signature" in browser.get(reverse("records:confirm_paper", args=[paper.pk])).content.decode()


def test_the_same_photo_twice_is_still_recognised(browser, resident):
    data = photos.photo("JPEG")
    one = uploaded(browser, resident, data, kind="autre_document")
    actions.confirm_paper(paper=one, by=resident.pk)
    two = uploaded(browser, resident, data, kind="autre_document")
    opened = gate.own_paper(resident_id=resident.pk, purpose="Essayer", paper_id=two.pk)
    assert opened is not None and opened.outcome("same_file") == "failed"


def test_a_check_that_is_cancelled_leaves_no_second_file(browser, resident, monkeypatch):
    send(browser, photos.photo("JPEG"))
    before = files(resident)
    written = []
    create = sealed_storage.create

    def watched(*, resident_id):
        written.append(create(resident_id=resident_id))
        return written[-1]

    monkeypatch.setattr(sealed_storage, "create", watched)
    monkeypatch.setattr(jobs.Running, "finish", lambda _run: (_ for _ in ()).throw(jobs.Cancelled()))
    work(resident)
    assert written and not any(sealed_storage.inner.exists(file.name) for file in written)
    assert files(resident) == before


def test_the_antivirus_scans_the_file_as_received(browser, resident, antivirus):
    data = photos.photo("JPEG")
    assert uploaded(browser, resident, data).state == "to_confirm"
    assert antivirus.scanned == [data]


def test_an_infected_file_is_refused_and_the_log_names_no_resident(browser, resident, antivirus, caplog):
    paper = uploaded(browser, resident, notice_pdf() + b"\n%" + EICAR)
    assert paper.state == "refused"
    assert "programme dangereux" in browser.get(reverse("records:paper", args=[paper.pk])).content.decode()
    assert files(resident) == []
    warning = next(record for record in caplog.records if record.name == actions_files.__name__)
    assert (warning.levelno, warning.code) == (logging.WARNING, SIGNATURE)
    assert str(resident.pk) not in caplog.text and "avis.pdf" not in caplog.text


def test_no_plaintext_is_written_while_a_file_is_examined(browser, resident, antivirus, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    uploaded(browser, resident, photos.photo("HEIF"))
    assert list(tmp_path.rglob("*")) == []
    assert io.BytesIO(antivirus.scanned[0]).read(12)[4:8] == b"ftyp"
