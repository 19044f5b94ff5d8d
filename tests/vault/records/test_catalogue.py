"""The public pages of the types of data: all types, with their versions, and no resident's data."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from vault import types

pytestmark = pytest.mark.django_db


def shown(name, *args, **more):
    return Client(**more).get(reverse(f"records:{name}", args=args))


def test_a_visitor_finds_every_type_by_theme():
    page = shown("data_types").content.decode()
    for data_type in types.all_types():
        assert reverse("records:data_type", args=[data_type.code]) in page
    assert f"{len(types.all_types())} types de données" in page


def test_a_visitor_searches_a_type_by_a_word_of_its_fields():
    client, page = Client(), reverse("records:data_types")
    found = client.get(page, {"q": "loyer"}).content.decode()
    assert reverse("records:data_type", args=["logement.domicile"]) in found
    assert reverse("records:data_type", args=["identite.pivot"]) not in found
    assert "0 type de données" in client.get(page, {"q": "zzz"}).content.decode()


@pytest.mark.parametrize("code", [data_type.code for data_type in types.all_types()])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_type_has_a_page_that_names_all_its_fields(code, language, settings):
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get(reverse("records:data_type", args=[code])).content.decode()
    for info in types.get(code).fields.values():
        assert f">{info.pointer[1:]}</code>" in page
    for version in types.versions(code):
        assert reverse("records:data_schema", args=[code, version]) in page


@pytest.mark.parametrize("code", [data_type.code for data_type in types.all_types()])
def test_the_example_of_a_type_is_valid(code):
    assert types.validate(code, types.example(code)) == []


def test_the_page_gives_unit_example_and_askers():
    page = shown("data_type", "fiscal.avis_ir").content.decode()
    assert "12\u00a0312\u00a0€" in page and "nombre entier, en €" in page
    assert "Qui le demande" in page and "Vos ressources" in page


def test_the_page_of_a_type_that_nobody_types_states_it():
    assert "cela ne se saisit pas à la main" in shown("data_type", "energie.serie").content.decode()
    assert "cela ne se saisit pas à la main" not in shown("data_type", "logement.domicile").content.decode()


def test_each_version_s_schema_can_be_downloaded_by_a_program():
    for data_type in types.all_types():
        for version in types.versions(data_type.code):
            answer = shown("data_schema", data_type.code, version)
            assert answer.status_code == 200 and answer["Content-Type"] == "application/schema+json"
            assert json.loads(answer.content) == types.schema_of(data_type.code, version)


@pytest.mark.parametrize("args", [["rien.du_tout"], ["..%2F..%2Fetc"]])
def test_a_type_that_does_not_exist_is_not_found(args):
    assert shown("data_type", *args).status_code == 404


@pytest.mark.parametrize("version", ["9.9.9", "..", "labels"])
def test_a_version_that_does_not_exist_is_not_found(version):
    assert shown("data_schema", "energie.serie", version).status_code == 404


def test_the_pages_are_in_the_sitemap_and_the_same_for_everyone(browser):
    assert reverse("records:data_types") in Client().get(reverse("sitemap")).content.decode()
    mine = browser.get(reverse("records:data_type", args=["banque.operation"])).content.decode()
    anyone = shown("data_type", "banque.operation").content.decode()
    main = re.compile(r"<main.*?</main>", re.S)
    assert main.findall(mine) == main.findall(anyone)
