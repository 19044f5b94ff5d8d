"""Anyone can verify a dossier by its code or its file. The page shows whether it is valid, nothing about a person."""

import hashlib

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.files import unstored
from core.symbols import ALPHABET, new_code, read_code
from services.dossiers.actions import dossiers as actions
from services.dossiers.models import KEPT, Seal, new_number
from tests.services.dossiers.made import built, fill, pdf_of

pytestmark = pytest.mark.django_db
VERIFY = "/verifier/"
PERSONAL = ["Nadia", "Kervella", "Milo", "12 312", "12\u00a0312", "Awa"]


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def visitor():
    return Client()


#: Stands for a sealed PDF; only one test needs a real one.
FILE = b"%PDF-1.7 " + bytes(range(256)) * 40


NOW = timezone.now()
SEAL = {
    "data_hash": "ab" * 32,
    "file_hash": hashlib.sha256(FILE).hexdigest(),
    "issuer": "Ville de Villebrume",
    "pages": 12,
    "issued_at": NOW,
    "expires_at": NOW + KEPT,
}


@pytest.fixture
def seal(db):
    return Seal.objects.create(**SEAL)


def send(client, content, *, code="", name="dossier.pdf"):
    address = reverse("dossiers:verify_code", args=[code]) if code else VERIFY
    return client.post(address, {"file": SimpleUploadedFile(name, content, "application/pdf")})


def text(response):
    return response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_dossier_that_was_downloaded_is_whole_until_it_is_deleted(visitor, resident, kinds):
    fill(resident)
    dossier = built(resident, "rsa")
    copy = pdf_of(dossier)
    for code in ("", dossier.seal.code):
        page = text(send(visitor, copy, code=code))
        assert "Ce fichier est entier" in page
        assert not [word for word in PERSONAL if word in page]
    actions.delete(dossier=dossier, by=resident.pk)
    for page in (
        text(send(visitor, copy)),
        text(visitor.get(reverse("dossiers:verify_code", args=[dossier.seal.code]))),
    ):
        assert "Ce dossier n’est plus valable" in page
        assert "retiré le" in page
        assert "Fichier entier" not in page


@pytest.mark.parametrize("where", [0, 0.3, 0.9999])
def test_one_flipped_byte_is_refused_in_a_clear_sentence(visitor, seal, where):
    data = bytearray(FILE)
    data[int(len(data) * where)] ^= 1
    page = text(send(visitor, bytes(data)))
    assert "Fichier inconnu ou modifié" in page
    assert "même très peu" in page
    assert "Ce fichier est entier" not in page
    page = text(send(visitor, bytes(data), code=seal.code))
    assert "Ce dossier a été modifié" in page


@pytest.mark.parametrize("change", [lambda data: data + b"\n", lambda data: data[:-1], lambda data: data * 2])
def test_a_byte_more_or_less_is_refused_too(visitor, seal, change):
    assert "Fichier inconnu ou modifié" in text(send(visitor, change(FILE)))


def test_another_dossiers_file_is_not_this_codes(visitor, seal):
    other = Seal.objects.create(**{**SEAL, "file_hash": "cd" * 32, "data_hash": "cd" * 32})
    assert "Ce dossier a été modifié" in text(send(visitor, FILE, code=other.code))


def test_file_is_stored_nowhere(visitor, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    send(visitor, FILE)  # A process makes the file of its counters at its first request.
    before = files_of(settings.VAR)
    send(visitor, b"%PDF CANARI" + b"x" * 4_000_000)
    assert list(tmp_path.iterdir()) == []
    assert files_of(settings.VAR) == before


def files_of(folder):
    """The files of this process, not of the portal that the journeys use, whose processes go on meanwhile."""
    return {path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(folder / "live")}


def test_a_code_is_known_however_it_is_typed(visitor, seal):
    code = seal.code
    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        response = visitor.post(VERIFY, {"code": typed})
        assert response.url == reverse("dossiers:verify_code", args=[code])
    page = text(visitor.get(response.url))
    assert "Ce code est connu" in page
    assert not [word for word in PERSONAL if word in page]


@pytest.mark.parametrize(
    ("typed", "read"),
    [("ilou-0000-0000", "110V-0000-0000"), ("é", ""), ("7kq4", "7KQ4"), ("a" * 40, "AAAA-AAAA-AAAA")],
)
def test_letters_that_look_like_figures_are_read_as_figures(typed, read):
    assert read_code(typed) == read


def test_the_qr_code_carries_the_datas_hash(visitor, seal):
    address = reverse("dossiers:verify_code", args=[seal.code])
    assert "Ce code est connu" in text(visitor.get(f"{address}?donnees={seal.data_hash}"))
    assert "Ce dossier a été modifié" in text(visitor.get(f"{address}?donnees={'0' * 64}"))


def test_unknown_code_is_reported(visitor):
    response = visitor.get(reverse("dossiers:verify_code", args=["0000-0000-0000"]))
    assert response.status_code == 404
    assert "Code inconnu" in text(response)
    assert "Code inconnu" in text(visitor.get(reverse("dossiers:verify_code", args=["<script>"])))


def test_expired_dossier_is_not_valid(visitor, seal):
    Seal.objects.update(expires_at=timezone.now())
    assert "Ce dossier n’est plus valable" in text(send(visitor, FILE))


def test_it_is_open_to_everyone_signed_in_or_not(visitor, browser, other_browser, seal):
    for client in (visitor, browser, other_browser):
        assert client.get(VERIFY).status_code == 200
        assert client.get(reverse("dossiers:verify_code", args=[seal.code])).status_code == 200


def test_empty_forms_say_what_is_missing(visitor):
    for data in ({"code": ""}, {}, {"file": SimpleUploadedFile("x.pdf", b"")}):
        response = visitor.post(VERIFY, data)
        assert response.status_code == 400
        assert "Erreur" in text(response)


def test_too_large_a_file_is_refused_before_and_while_it_is_read(visitor, monkeypatch):
    monkeypatch.setattr("services.dossiers.views.verification.MAX_BYTES", 10)
    response = visitor.post(
        VERIFY, {"file": SimpleUploadedFile("x.pdf", b"x" * 1000)}, headers={"content-length": str(90_000_000)}
    )
    assert response.status_code == 413


def test_a_file_without_a_length_is_refused(visitor):
    response = visitor.post(VERIFY, data=b"x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="")
    assert response.status_code == 411


def test_a_post_needs_its_token():
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(VERIFY, {"code": "0000-0000-0000"}).status_code == 403
    assert strict.post(VERIFY, {"file": SimpleUploadedFile("x.pdf", b"x")}).status_code == 403


def test_guessing_is_slowed_down(visitor, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "verify_dossier": "3/m/ip"}
    address = reverse("dossiers:verify_code", args=["0000-0000-0000"])
    assert [visitor.get(address).status_code for _ in range(4)] == [404, 404, 404, 429]
    assert visitor.post(VERIFY, {"code": "0000-0000-0001"}).status_code == 429


def test_over_the_limit_a_file_is_refused_before_it_is_read(settings, monkeypatch):
    """Looking for the form's token would already read the body."""
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "verify_dossier": "1/m/ip"}
    strict = Client(enforce_csrf_checks=True)
    token = str(strict.get(VERIFY).context["csrf_token"])
    assert strict.post(VERIFY, {"csrfmiddlewaretoken": token, "code": "0000-0000-0000"}).status_code == 302
    read: list[bytes] = []
    monkeypatch.setattr(unstored.HashingHandler, "receive_data_chunk", lambda handler, data, start: read.append(data))
    assert (
        strict.post(VERIFY, {"csrfmiddlewaretoken": token, "file": SimpleUploadedFile("x.pdf", FILE)}).status_code
        == 429
    )
    assert not read
    assert strict.get(VERIFY).status_code == 200, "the page of the forms is not counted"


def test_codes_and_numbers_do_not_follow_each_other():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 14 and set(code.replace("-", "")) <= set(ALPHABET) for code in codes)
    assert len({new_number() for _ in range(200)}) == 200
