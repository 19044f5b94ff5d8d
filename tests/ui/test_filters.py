"""Formatting of amounts, dates and spaces in each language."""

import datetime

import pytest
import time_machine
from django.utils import timezone, translation

from core.templatetags import civic

NB = "\u00a0"


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        ("1234.5", f"1{NB}234,50{NB}€", "€1,234.50"),
        ("412.00", f"412{NB}€", "€412"),
        (0, f"0{NB}€", "€0"),
        ("-61.2", f"−61,20{NB}€", "−€61.20"),
        (12312, f"12{NB}312{NB}€", "€12,312"),
        ("0.005", f"0{NB}€", "€0"),
        ("pas un nombre", "pas un nombre", "pas un nombre"),
        ("NaN", "NaN", "NaN"),
    ],
)
def test_money(value, french, english):
    assert civic.money(value) == french
    with translation.override("en"):
        assert civic.money(value) == english


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (1, f"1{NB}Ko", f"1{NB}kB"),
        (4_200_000, f"4,2{NB}Mo", f"4.2{NB}MB"),
        (312_000_000, f"312{NB}Mo", f"312{NB}MB"),
        (2_000_000_000, f"2{NB}Go", f"2{NB}GB"),
    ],
)
def test_size(value, french, english):
    assert civic.size(value) == french
    with translation.override("en"):
        assert civic.size(value) == english


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [("2.5", "2,5", "2.5"), ("1234", f"1{NB}234", "1,234"), ("2.50", "2,5", "2.5"), (100, "100", "100")],
)
def test_number(value, french, english):
    assert civic.number(value) == french
    with translation.override("en"):
        assert civic.number(value) == english


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        ("2026-07-31", f"31{NB}juillet 2026", f"31{NB}July 2026"),
        (datetime.date(2026, 8, 1), f"1er{NB}août 2026", f"1{NB}August 2026"),
        (datetime.datetime(2026, 12, 31, 23, 30, tzinfo=datetime.UTC), f"1er{NB}janvier 2027", f"1{NB}January 2027"),
        ("jamais", "jamais", "jamais"),
    ],
)
def test_long_date(value, french, english):
    assert civic.long_date(value) == french
    with translation.override("en"):
        assert civic.long_date(value) == english


@time_machine.travel("2026-11-25T12:00:00Z")
def test_a_tag_leaves_out_the_current_year():
    assert civic.short_date("2026-12-31") == f"31{NB}décembre"
    assert civic.short_date("2027-02-24") == f"24{NB}février 2027"


def test_month_and_clock():
    assert civic.month("2026-07") == "juillet 2026"
    moment = datetime.datetime(2026, 7, 1, 8, 5, tzinfo=datetime.UTC)
    assert timezone.get_current_timezone_name() == "Europe/Paris"
    assert civic.clock(moment) == f"10{NB}h{NB}05"
    with translation.override("en"):
        assert civic.clock(moment) == "10:05"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pourquoi ?", f"Pourquoi{NB}?"),
        ("« Ville » : 12 312 €", f"«{NB}Ville{NB}»{NB}: 12{NB}312{NB}€"),
        ("a, b et c", "a, b et c"),
        ("en 2026 12 personnes", "en 2026 12 personnes"),
    ],
)
def test_nbsp(text, expected):
    assert civic.nbsp(text) == expected


def test_prose_makes_paragraphs_and_escapes():
    assert (
        civic.prose("## A & B\n\nun\n- x\n- y\ndeux")
        == "<h2>A &amp; B</h2>\n<p>un</p>\n<ul><li>x</li><li>y</li></ul>\n<p>deux</p>"
    )
    assert "<script>" not in civic.prose("<script>")
