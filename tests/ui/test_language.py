"""The language is a cookie set by POST; the page stays the same."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.ui.pages import read, text

pytestmark = pytest.mark.django_db
HELP = "/aide/?d=1"


def test_a_visitor_changes_the_language_and_stays_on_the_page(client):
    assert "Aide et contact" in text(client.get(HELP))

    answer = client.post(reverse("language"), {"language": "en", "next": HELP}, follow=True)

    assert answer.redirect_chain == [(HELP, 302)]
    assert "Help and contact" in text(answer)
    cookie = client.cookies["garant_language"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("en", True, "Lax")
    assert "Aide et contact" in text(client.post(reverse("language"), {"language": "fr", "next": HELP}, follow=True))


def test_the_other_language_is_offered_by_its_own_name(client):
    tags = read(client.get(HELP)).tags
    buttons = [attrs for tag, attrs in tags if tag == "button" and attrs.get("name") == "language"]
    assert [(attrs["value"], attrs["lang"]) for attrs in buttons] == [("en", "en")]
    assert ("input", {"type": "hidden", "name": "next", "value": HELP}) in tags


def test_a_get_request_cannot_change_the_language(client):
    assert client.get(reverse("language")).status_code == 405
    assert "garant_language" not in client.cookies


def test_another_site_cannot_be_the_next_page(client):
    answer = client.post(reverse("language"), {"language": "en", "next": "https://ailleurs.example/"})
    assert answer["Location"] == "/"


def test_an_unknown_language_is_ignored(client):
    client.post(reverse("language"), {"language": "xx", "next": HELP})
    assert "garant_language" not in client.cookies


def test_the_form_needs_a_csrf_token(client):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(reverse("language"), {"language": "en", "next": HELP})
    assert answer.status_code == 403
    assert "garant_language" not in strict.cookies


def test_the_browsers_language_is_used_with_french_as_default(client):
    assert read(client.get(HELP, headers={"accept-language": "en-GB"})).tags[0] == (
        "html",
        {"lang": "en", "class": "civic"},
    )
    assert read(client.get(HELP, headers={"accept-language": "de"})).tags[0] == (
        "html",
        {"lang": "fr", "class": "civic"},
    )
