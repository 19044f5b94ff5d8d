"""Error pages: the right status, in the reader's language, with instructions."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, OperationalError, connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from core import views
from core.models import City
from core.telemetry import logs
from tests.ui.pages import assert_clean, read, text

pytestmark = pytest.mark.django_db

CASES = [
    (
        400,
        views.bad_request,
        SuspiciousOperation(),
        "Nous n’avons pas compris cette demande",
        "We did not understand this request",
    ),
    (403, views.permission_denied, PermissionDenied(), "Cette page n’est pas pour vous", "This page is not for you"),
    (404, views.page_not_found, Exception(), "Cette page n’existe pas", "This page does not exist"),
    (500, views.server_error, None, "Un problème de notre côté", "A problem on our side"),
]


def request_in(language):
    request = RequestFactory().get("/ailleurs/")
    request.LANGUAGE_CODE = language
    return request


@pytest.mark.parametrize(("language", "index"), [("fr", 3), ("en", 4)])
@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_each_error_has_its_status_and_sentence(city, case, language, index, activate):
    status, handler = case[:2]
    activate(language)
    answer = handler(request_in(language), case[2]) if case[2] else handler(request_in(language))
    assert answer.status_code == status
    assert_clean(answer, whole_page=True)
    assert case[index] in text(answer)
    assert read(answer).tags[0][1]["lang"] == language
    assert "01 99 00 42 00" in text(answer)


@pytest.fixture
def activate():
    yield translation.activate
    translation.activate("fr")


def test_an_unknown_url_answers_404(client, city):
    answer = client.get("/nulle-part/")
    assert answer.status_code == 404
    assert_clean(answer, whole_page=True)
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_reference_on_the_page_is_in_the_logs(client, city):
    answer = client.get("/nulle-part/")
    assert answer["X-Request-ID"][:8] in text(answer)


def test_a_form_without_its_token_explains_that_nothing_was_saved(city):
    answer = Client(enforce_csrf_checks=True).post(reverse("language"), {"language": "en"})
    assert answer.status_code == 403
    assert "restée ouverte trop longtemps" in text(answer)
    assert "n’avons pas enregistré" in text(answer)
    assert_clean(answer, whole_page=True)


def test_without_the_database_the_page_gives_the_telephone_that_this_process_last_read(monkeypatch, client, city):
    City.current().phone = "09 99 99 99 99"  # of a form, that nobody decided
    monkeypatch.setattr(connection, "cursor", raising(OperationalError("down")))
    for page in (views.database_down, views.row_refused):
        assert city.phone in text(page(RequestFactory().get("/"))), page


def test_a_forged_telephone_is_not_given(client, city):
    client.get("/aide/")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_city SET phone = '09 99 99 99 99'")
    answer = client.get("/aide/")
    assert answer.status_code == 503
    assert city.phone in text(answer) and "09 99 99 99 99" not in text(answer)


def raising(error):
    def down(*_args, **_kwargs):
        raise error

    return down


def test_the_error_page_works_without_the_database(monkeypatch):
    """In a process that read no city before."""
    monkeypatch.setattr("core.models.city._last_read", [])

    def down(*_args, **_kwargs):
        raise DatabaseError("down")

    monkeypatch.setattr(connection, "cursor", down)
    with logs.identified("abcdef0123456789"):
        answer = views.server_error(RequestFactory().get("/"))
        not_found = views.page_not_found(RequestFactory().get("/"), Exception())

    assert answer.status_code == 500
    assert "Votre ville" in text(answer) and "abcdef01" in text(answer)
    assert not_found.status_code == 404
    assert "Cette page n’existe pas" in text(not_found)
