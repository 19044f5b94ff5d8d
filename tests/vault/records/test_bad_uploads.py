"""Bad files: a sentence for the person, nothing kept, and never an error page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.urls import reverse
from django_scopes import scope

from core.files.sizes import MAX_FILE, MAX_PAPER
from core.files.storage import StorageFull, sealed_storage
from core.files.uploads import too_large_text
from core.templatetags.civic import size
from demo.papers import specimens
from services.dossiers.forms import AddPaperForm
from tests.fixtures import hostile
from tests.vault.sending import notice_pdf, send, uploaded
from vault.readers.sentences import UNREADABLE
from vault.records.forms.papers import UploadForm
from vault.records.models import Paper, PaperFile, Record
from vault.records.papers.file_names import clean_name
from vault.sharing.forms.desk import PaperMandateForm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

REFUSED = {
    "renamed": (b"MZ\x90\x00" + bytes(400), "avis.pdf", "Nous ne savons pas lire ce fichier"),
    "web page": (b"<!doctype html><script>alert(1)</script>", "avis.pdf", "Nous ne savons pas lire ce fichier"),
    "truncated": (None, "avis.pdf", "abîmé ou incomplet"),
    "encrypted": (hostile.encrypted_pdf, "avis.pdf", "mot de passe"),
    "too many pages": (lambda: hostile.pdf(pages=10_000), "avis.pdf", "plus de 60 pages"),
    "polyglot": (hostile.jpeg_with_zip, "photo.jpg", "en cache un autre"),
    "pixel bomb": (lambda: hostile.png_announcing(50_000, 50_000), "photo.png", "trop grande"),
    "image bomb": (hostile.image_bomb_pdf, "avis.pdf", None),
}


def content_of(case) -> bytes:
    made = REFUSED[case][0]
    if case == "truncated":
        return notice_pdf()[:300]
    return made() if callable(made) else made or b""


@pytest.mark.parametrize("case", [case for case in REFUSED if case != "image bomb"])
def test_a_bad_file_is_refused_with_a_sentence_and_deleted(browser, resident, case):
    _, name, sentence = REFUSED[case]
    paper = uploaded(browser, resident, content_of(case), name=name)
    assert paper.state == "refused"
    page = browser.get(reverse("records:paper", args=[paper.pk]))
    assert page.status_code == 200
    assert sentence in page.content.decode()
    with scope(resident=resident.pk):
        assert not PaperFile.objects.exists() and not Record.objects.exists()
    assert browser.get(reverse("records:download", args=[paper.pk])).status_code == 404


def test_a_bomb_inside_a_page_does_not_stop_the_worker(browser, resident):
    """The file is read or refused; it never stops the worker or leaves a value."""
    paper = uploaded(browser, resident, hostile.image_bomb_pdf())
    assert paper.state in {"refused", "to_confirm"}
    with scope(resident=resident.pk):
        assert not Record.objects.exists()


def test_a_file_with_a_script_is_kept_with_a_warning(browser, resident):
    paper = uploaded(browser, resident, hostile.scripted_pdf(), kind="autre_document")
    page = browser.get(reverse("records:confirm_paper", args=[paper.pk])).content.decode()
    assert "contient un programme" in page


def test_an_empty_file_is_refused_on_the_form(browser, resident):
    response = send(browser, b"")
    assert response.status_code == 400
    assert "Ce fichier est vide" in response.content.decode()
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_a_form_without_a_file_reports_an_error(browser, resident):
    response = browser.post(reverse("records:add_paper"), {"token": "9d3c7a52-6f0e-4f2f-9b5b-000000000001"})
    assert "Choisissez un fichier" in response.content.decode()


def test_a_kind_that_does_not_exist_is_refused(browser, resident):
    response = send(browser, notice_pdf(), kind="rien_du_tout")
    assert response.status_code == 400
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_a_file_over_the_limit_is_refused(browser, resident, monkeypatch):
    token = browser.get(reverse("records:add_paper")).context["form"].initial["token"]
    content = b"%PDF-1.7" + bytes(MAX_FILE + 1)
    response = browser.post(
        reverse("records:add_paper"), {"token": token, "file": SimpleUploadedFile("gros.pdf", content)}
    )
    assert response.status_code == 413
    assert "Fichier trop lourd" in response.content.decode()
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_a_paper_over_ten_megabytes_is_refused_once_it_is_read(browser, resident):
    """A file of data may be larger, and only its reader recognises it."""
    paper = uploaded(browser, resident, notice_pdf() + b"%" * MAX_PAPER)
    assert paper.state == "refused"
    assert "dépasse 10\u00a0Mo" in browser.get(reverse("records:paper", args=[paper.pk])).content.decode()


def test_the_sentences_give_the_enforced_limits():
    paper, file = size(MAX_PAPER), size(MAX_FILE)
    adding = UploadForm().fields["file"].help_text
    for sentence in (
        adding,
        UploadForm(fixed_kind=True).fields["file"].help_text,
        PaperMandateForm.base_fields["file"].help_text,
        AddPaperForm.base_fields["file"].help_text,
        UNREADABLE["too_big"],
    ):
        assert paper in str(sentence).replace(" Mo", "\u00a0Mo")
    assert file in render_to_string("records/formats.html")
    resumable = render_to_string("core/resumable.html")
    assert f'data-paper="{MAX_PAPER}"' in resumable and f'data-most="{MAX_FILE}"' in resumable
    assert file in too_large_text(MAX_FILE).replace(" Mo", "\u00a0Mo")


def test_an_upload_without_a_length_is_refused(browser, resident):
    response = browser.generic(
        "POST", reverse("records:add_paper"), b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=""
    )
    assert response.status_code == 411
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_a_refused_form_leaves_no_sealed_file(browser, resident):
    written = []
    create = sealed_storage.create

    def watched(*, resident_id):
        written.append(create(resident_id=resident_id))
        return written[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed_storage, "create", watched)
        send(browser, notice_pdf(), kind="rien_du_tout")
    assert written
    assert not any(sealed_storage.inner.exists(file.name) for file in written)


def test_a_notice_whose_code_was_edited_is_refused(browser, resident, monkeypatch):
    signed = specimens.notice_code
    monkeypatch.setattr(specimens, "notice_code", lambda **facts: signed(**facts).replace("4112312", "4192312"))
    paper = uploaded(browser, resident, notice_pdf(printed_income=92312))
    assert paper.state == "refused"
    assert "signature" in browser.get(reverse("records:paper", args=[paper.pk])).content.decode()
    with scope(resident=resident.pk):
        assert not PaperFile.objects.exists()


def test_a_notice_whose_text_differs_from_its_code_is_refused_and_the_value_is_named(browser, resident):
    """A dossier would show a genuine signature above forged figures."""
    paper = uploaded(browser, resident, notice_pdf(printed_income=45_000))
    assert paper.state == "refused"
    page = browser.get(reverse("records:paper", args=[paper.pk])).content.decode()
    assert "Le revenu fiscal de référence imprimé n’est pas celui du code signé" in page
    assert "son contenu est vérifié" not in page
    with scope(resident=resident.pk):
        assert not PaperFile.objects.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\nadia\\avis.pdf", "avis.pdf"),
        ("a\u202egpj.pdf", "agpj.pdf"),
        ("", "document"),
    ],
)
def test_a_file_name_is_cleaned(name, kept):
    assert clean_name(name) == kept


def test_a_full_disk_is_reported_and_nothing_is_kept(browser, resident, monkeypatch):
    def full(**_kwargs):
        raise StorageFull

    token = browser.get(reverse("records:add_paper")).context["form"].initial["token"]
    monkeypatch.setattr(sealed_storage, "create", full)
    response = browser.post(
        reverse("records:add_paper"), {"token": token, "file": SimpleUploadedFile("avis.pdf", notice_pdf())}
    )
    assert response.status_code == 507
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()
