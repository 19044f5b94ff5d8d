"""Text that PostgreSQL cannot store, in any address, field or JSON, is refused by a sentence and never a fault."""

import json
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import DatabaseError, OperationalError
from django.urls import NoReverseMatch, reverse
from rest_framework.exceptions import ParseError
from rest_framework.settings import api_settings

from accounts.models import User
from core.web.faults import fault_page
from tests.attacks.matrix import GROUPS, NOBODY, PARTS
from tests.attacks.methods import POST_ONLY

pytestmark = pytest.mark.django_db(transaction=True)
HALF = "\ud800"
#: Parts of addresses that are no number, date or identifier: any text reaches the view.
WORDS = {"q": "\0", "next": "/\0", "page": "1\0"}


def parts_with_a_nul(name: str) -> str | None:
    """Return the address with a NUL in each part that takes a text, or None if none does."""
    try:
        return reverse(name, args=["a\0b" for _part in PARTS.get(name, ())])
    except NoReverseMatch:
        return None


def visited() -> list[str]:
    return [name for group in GROUPS for name in group.names if group.opens_to & NOBODY and name not in POST_ONLY]


def test_an_address_with_a_nul_is_refused_on_each_public_page(client):
    client.raise_request_exception = False
    found = {}
    for name in visited():
        url = parts_with_a_nul(name)
        if url is not None:
            found[f"{url} ({name})"] = client.get(url, WORDS).status_code
    assert len(found) > 40
    assert {url: status for url, status in found.items() if status not in {400, 404}} == {}


PROGRAMS = ["/api/v1/erasures?after=%00", "/api/v1/me/values?fields=%00", "/api/%00"]


@pytest.mark.parametrize("address", [*PROGRAMS, *(f"/bac-a-sable{one}" for one in PROGRAMS)])
def test_a_program_gets_its_own_kind_of_answer(client, address):
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "malformed"


@pytest.mark.parametrize("root", ["", "/bac-a-sable"])
@pytest.mark.parametrize("name", ["token", "par", "revoke"])
def test_a_program_that_asks_for_a_token_gets_the_errors_of_oauth(client, rf, root, name):
    address = f"{root}/oauth/{name}"
    answer = client.post(address, {"code": "a\0b"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer["Cache-Control"] == "no-store"
    down = fault_page(rf.post(address), OperationalError("timeout expired"))
    assert down is not None
    assert (down.status_code, json.loads(down.content)["error"]) == (503, "temporarily_unavailable")
    assert down["Retry-After"]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", None])
def test_a_field_with_a_nul_is_refused_and_nothing_is_kept(client, content_type):
    """As a form, and as one with files."""
    sent = {"login": "a\0b@example.org", "name": "\0"}
    options = {"data": urlencode(sent), "content_type": content_type}
    url = reverse("account_login")
    answer = client.post(url, **options) if content_type else client.post(url, sent)
    assert answer.status_code == 400
    assert "Nous n’avons pas compris cette demande" in answer.content.decode()


def read(body: str) -> Any:
    (parser,) = api_settings.DEFAULT_PARSER_CLASSES
    return parser().parse(BytesIO(body.encode()), "application/json", {})


@pytest.mark.parametrize("body", ['{"a": "\\u0000"}', '{"\\ud800": 1}', '["\\udfff"]', '{"a": [{"b": "x\\ud83d"}]}'])
def test_json_with_half_a_character_is_malformed(body):
    with pytest.raises(ParseError):
        read(body)


def test_json_with_whole_characters_is_read():
    said = {"a": "\U0001f600 \\u0000", "b": ["é", 1, None]}
    assert read(json.dumps(said)) == said


def test_json_nested_a_hundred_thousand_deep_is_malformed():
    with pytest.raises(ParseError):
        read("[" * 100_000 + "]" * 100_000)


def test_what_only_the_database_refuses_is_a_bad_request(rf):
    """A text that comes by another way, such as JSON within a field, is refused where it is written."""
    for text in ("a\0", HALF):
        with pytest.raises((ValueError, DatabaseError)) as refused:
            User.objects.filter(name=text).exists()
        answer = fault_page(rf.get("/"), refused.value)
        assert answer is not None
        assert answer.status_code == 400
