"""Communes and countries are found by their names, today's and former ones, and by postcode."""

import pytest

from vault.types import geography
from vault.types.geography import COMMUNE, COUNTRY

FILES = sorted(geography.FOLDER.glob("*.tsv"))


def codes(kind, text):
    return [place.code for place in geography.search(kind, text)]


def test_the_files_are_small_and_say_their_source_and_date():
    assert sum(path.stat().st_size for path in FILES) <= 1_500_000
    for path in FILES:
        head = path.read_text(encoding="utf-8")[:500]
        assert "Insee" in head and "202" in head and "Licence Ouverte" in head


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Niort", "79191"),
        ("niort", "79191"),
        ("La Rochelle (17)", "17300"),
        ("la rochelle 17", "17300"),
        ("saint-denis 93", "93066"),
        ("ST DENIS 93", "93066"),
        ("Arbignieu", "01015"),
        ("2A004", "2A004"),
        ("Paris", "75056"),
        ("Lyon 3e", "69383"),
        ("L'Abergement-Clémenciat", "01001"),
    ],
)
def test_a_commune_has_its_code(text, code):
    assert codes(COMMUNE, text) == [code]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("France", "99100"),
        ("algerie", "99352"),
        ("URSS", "99123"),
        ("Yougoslavie", "99121"),
        ("Tchécoslovaquie", "99115"),
        ("Haute-Volta", "99331"),
        ("Cote d'Ivoire", "99326"),
        ("99216", "99216"),
    ],
)
def test_a_country_has_its_code(text, code):
    assert codes(COUNTRY, text) == [code]


def test_a_shared_name_gives_each_commune_and_a_number_its_postcode_and_its_code():
    assert {"93066", "97411"} <= set(codes(COMMUNE, "Saint-Denis"))
    assert codes(COMMUNE, "17300")[:2] == ["17300", "17299"], "La Rochelle by its code, Rochefort by its postcode"


def test_an_unknown_name_finds_nothing():
    assert codes(COMMUNE, "Nulle-Part-les-Bains") == codes(COMMUNE, "") == codes(COMMUNE, "?!") == []


def test_a_commune_is_checked_against_its_postcode():
    for postcode, name, today in (("17000", "la rochelle", "17300"), ("01300", "Arbignieu", "01015")):
        found = geography.commune_of(postcode, name)
        assert found is not None and found.today == today
    assert geography.commune_of("17000", "Niort") is None
    assert "La Jarne" in [place.name for place in geography.with_postcode("17220")]


def test_names_and_codes_are_well_formed():
    places = geography._load(COMMUNE)
    assert len(places) > 37_000
    assert all(len(place.code) == 5 and place.name.strip() == place.name for place in places)
    current = {place.code for place in places}
    assert {place.today for place in places} <= current
    assert "99100" in {place.code for place in geography._load(COUNTRY)}
