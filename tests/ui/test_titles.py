"""The title of each page is in the page's language, and written by nobody outside a translation."""

import re
from pathlib import Path

import pytest
from django.urls import reverse

from tests.accounts.factories import signed_in
from tests.ui.pages import PUBLIC

ROOT = Path(__file__).resolve().parents[2]
OWN = (
    "home",
    "account",
    "records:home",
    "records:papers",
    "records:add_paper",
    "records:choose_type",
    "aids:home",
    "dossiers:home",
    "journal:journal",
    "holders:holders",
)
TITLE = re.compile(r"{% block title %}(.*?){% endblock %}", re.DOTALL)
TRANSLATED = re.compile(r"{% blocktranslate.*?{% endblocktranslate %}|{[%{#].*?[%}#]}", re.DOTALL)


def title(client, name, language):
    client.cookies["garant_language"] = language
    found = re.search(r"<title>(.*?)</title>", client.get(reverse(name)).content.decode(), re.DOTALL)
    assert found
    return " ".join(found[1].split())


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*PUBLIC, "aids:urgent"])
def test_a_public_title_follows_the_language(client, city, name):
    assert title(client, name, "fr") != title(client, name, "en")


@pytest.mark.django_db
@pytest.mark.parametrize("name", OWN)
def test_a_resident_s_title_follows_the_language(city, resident, name):
    client = signed_in(resident)
    french, english = title(client, name, "fr"), title(client, name, "en")
    assert french.partition(" – ")[0] != english.partition(" – ")[0] or name in {"journal:journal"}


def test_no_title_is_written_outside_a_translation():
    bare = {}
    for file in (ROOT / "templates").rglob("*.html"):
        for block in TITLE.findall(file.read_text(encoding="utf-8")):
            left = TRANSLATED.sub("", block).strip(" \n,:–|")
            if left:
                bare[file.name] = left
    assert bare == {"franceconnect.html": "FranceConnect"}
