"""A form that is refused comes back with status 400, whatever its page."""

import pytest
from django.http import FileResponse, HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse

from core.web.middleware import RefusedFormMiddleware
from tests.accounts.factories import signed_in

pytestmark = pytest.mark.django_db
ERRORS = {"errors": [{"text": "Écrivez un nombre", "href": "#x"}]}


def pass_through(response, method="post"):
    request = getattr(RequestFactory(), method)("/")
    return RefusedFormMiddleware(lambda _request: response)(request).status_code


def test_a_page_that_shows_its_errors_after_a_post_is_a_400():
    shown = render_to_string("components/error_summary.html", ERRORS)
    assert pass_through(HttpResponse(shown)) == 400
    assert pass_through(HttpResponse(shown), "get") == 200, "a page of examples is not refused"


def test_other_answers_keep_their_status():
    shown = render_to_string("components/error_summary.html", ERRORS)
    assert pass_through(HttpResponse("<p>Enregistré</p>")) == 200
    assert pass_through(HttpResponse(shown, status=409)) == 409
    assert pass_through(HttpResponse(shown, content_type="text/plain")) == 200
    assert pass_through(FileResponse([shown.encode()])) == 200, "a file is not read for it"


def test_forms_of_a_visitor_and_of_a_resident_are_refused_with_400(client, resident):
    assert client.post(reverse("account_login"), {"email": "sans-arobase"}).status_code == 400
    browser = signed_in(resident)
    assert browser.get(reverse("records:add_paper")).status_code == 200
    assert browser.post(reverse("records:add_paper"), {"kind": ""}).status_code == 400
