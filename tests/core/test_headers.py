"""Every response has the headers that keep pages out of caches, frames, search engines and other sites."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts.models import User
from core.telemetry.logs import request_id
from core.web.middleware import HeadersMiddleware, RequestIdMiddleware
from tests.accounts.factories import signed_in

pytestmark = pytest.mark.django_db
PUBLIC, IMMUTABLE = "public, max-age=3600", "public, max-age=31536000, immutable"


def respond(settings, *, cookie=False, signed=False, cache=""):
    request = RequestFactory().get("/")
    request.user = User() if signed else AnonymousUser()
    if cookie:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = "x"
    return HeadersMiddleware(lambda _request: HttpResponse("x", headers={"Cache-Control": cache} if cache else {}))(
        request
    )


def test_headers_of_a_visitors_page(client):
    response = client.get("/aide/")
    assert response["Cache-Control"] == "no-store"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in response["Permissions-Policy"]
    assert "geolocation=()" in response["Permissions-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "X-Robots-Tag" not in response


def test_a_signed_in_page_is_neither_stored_nor_indexed(resident):
    response = signed_in(resident).get("/aide/")
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_a_404_page_is_not_stored(client, resident):
    assert client.get("/nulle-part/")["Cache-Control"] == "no-store"
    assert signed_in(resident).get("/nulle-part/")["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize(
    ("signed", "declared", "kept"),
    [
        (False, PUBLIC, PUBLIC),
        (True, PUBLIC, "no-store"),
        (True, IMMUTABLE, IMMUTABLE),
        (True, "private, max-age=60", "no-store"),
        (False, "", "no-store"),
    ],
)
def test_only_public_responses_are_stored_and_for_users_only_immutable_ones(settings, signed, declared, kept):
    assert respond(settings, cookie=signed, signed=signed, cache=declared)["Cache-Control"] == kept


def test_without_a_session_cookie_the_user_is_not_loaded(settings):
    assert "X-Robots-Tag" not in respond(settings, cookie=False, signed=True)
    assert respond(settings, cookie=True, signed=True)["X-Robots-Tag"]


def test_each_request_gets_a_new_id(client):
    ids = {client.get("/health", headers={"X-Request-ID": "awa@courriel.example"})["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", value) for value in ids)


def test_a_request_is_logged_by_its_route_not_its_url(client, caplog):
    caplog.set_level("INFO", "core.web.middleware")
    client.get("/travaux/0189d4c4-1111-7000-8000-000000000000/?name=awa")
    (line,) = [record for record in caplog.records if record.name == "core.web.middleware"]
    assert (line.method, line.status, line.route) == ("GET", 302, "travaux/<uuid:job_id>/")
    assert "0189d4c4" not in str(line.__dict__)
    assert "awa" not in str(line.__dict__)


def test_health_checks_are_not_logged(client, caplog):
    caplog.set_level("INFO", "core.web.middleware")
    client.get("/health")
    assert not [record for record in caplog.records if record.name == "core.web.middleware"]


def test_the_id_ends_with_its_request():
    RequestIdMiddleware(lambda _request: HttpResponse())(RequestFactory().get("/"))
    assert request_id.get() == ""


def test_a_page_is_compressed_to_a_random_length():
    lengths = {len(Client().get("/aide/", headers={"accept-encoding": "gzip"}).content) for _ in range(8)}
    assert len(lengths) > 1 and max(lengths) < len(Client().get("/aide/").content)


def test_other_responses_are_not_compressed():
    response = Client().get("/theme.css", headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in response
