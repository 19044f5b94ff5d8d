"""The city's profile: a single row, a readable theme, and a neutral city before it is set."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from core import contrast
from core.models import City, LegalPage
from core.models.city import THEME

BURGUNDY = {
    "brand": "#7a2b3b",
    "brand_tint": "#f6e6e6",
    "action": "#7a2b3b",
    "action_hover": "#571a28",
    "link": "#7a2b3b",
    "focus": "#1b4b6e",
    "header": "#7a2b3b",
    "header_text": "#ffffff",
}


def villebrume(**changes):
    return City(**{"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042", **changes})


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("#000000", "#ffffff", 21), ("#777777", "#777777", 1), ("#17524f", "#ffffff", 8.9)]
)
def test_contrast_is_that_of_wcag(one, other, expected):
    assert contrast.ratio(one, other) == pytest.approx(expected, abs=0.1)
    assert contrast.ratio(other, one) == contrast.ratio(one, other)


def test_the_default_theme_and_a_city_in_burgundy_are_readable():
    villebrume().clean()
    villebrume(**BURGUNDY).clean()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "colour"),
    [
        ("brand", "#8fb9ac"),
        ("brand_tint", "#6b6f76"),
        ("action", "#2f9a94"),
        ("action_hover", "#c6ddd5"),
        ("link", "#5fa3b5"),
        ("focus", "#e9def2"),
        ("header", "#20262d"),
        ("header_text", "#d9d0bf"),
    ],
)
def test_saving_an_unreadable_colour_is_refused(field, colour):
    with pytest.raises(ValidationError) as refusal:
        villebrume(**{field: colour}).save()

    named = "header_text" if field == "header" else field
    assert named in refusal.value.message_dict
    assert "Contraste trop faible" in refusal.value.message_dict[named][0]
    assert not City.objects.exists()


def test_the_focus_ring_must_be_visible_on_the_header():
    dark = villebrume(**{**BURGUNDY, "header": "#777777", "header_text": "#000000", "focus": "#6b2fa0"})
    dark.clean()
    assert contrast.ring_on_header(dark.theme) == pytest.approx(contrast.ratio("#777777", "#ffffff"))
    pale = {**dark.theme, "header": "#bbbbbb", "focus": "#999999"}
    assert contrast.ring_on_header(pale) < contrast.SHAPE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [("link", "teal"), ("link", "#0F5E73"), ("radius", 17), ("insee", "42"), ("phone", "javascript:1")],
)
def test_a_malformed_value_is_refused(field, value):
    with pytest.raises(ValidationError) as refusal:
        villebrume(**{field: value}).save()
    assert field in refusal.value.message_dict


@pytest.mark.django_db
def test_there_is_one_city_and_saving_again_changes_it():
    villebrume().save()
    City(name="Autreville", of_name="d’Autreville", insee="00043").save()
    assert list(City.objects.values_list("pk", "name")) == [(1, "Autreville")]


@pytest.mark.django_db
def test_before_the_city_is_set_a_neutral_city_is_used():
    city = City.current()
    assert (city.name, city.label) == ("Votre ville", "Votre ville")
    assert contrast.failures(city.theme) == []
    assert city.get_accessibility_display() == "non conforme"


def test_the_label_depends_on_the_language():
    assert villebrume().label == "Ville de Villebrume"
    with translation.override("en"):
        assert villebrume().label == "City of Villebrume"


def test_the_style_sheet_sets_only_the_theme_and_its_version_depends_on_it():
    plain, burgundy = villebrume(), villebrume(**BURGUNDY, radius=4)
    assert all(f"--civic-{name.replace('_', '-')}:{BURGUNDY[name]}" in burgundy.stylesheet for name in THEME)
    assert "--civic-radius:4px" in burgundy.stylesheet
    assert plain.stylesheet_version != burgundy.stylesheet_version
    assert plain.stylesheet_version == villebrume().stylesheet_version


def test_the_hours_are_in_english_if_an_english_text_exists():
    city = City(opening_hours="du lundi au vendredi", opening_hours_en="Monday to Friday")
    with translation.override("en"):
        assert city.hours == "Monday to Friday"
        assert City(opening_hours="le lundi").hours == "le lundi"
    with translation.override("fr"):
        assert city.hours == "du lundi au vendredi"


def test_a_legal_page_is_in_english_if_an_english_text_exists():
    page = LegalPage(slug=LegalPage.Slug.LEGAL, text="Texte de la ville.", text_en="The city’s text.")
    assert page.text_now == "Texte de la ville."
    with translation.override("en"):
        assert page.text_now == "The city’s text."
        assert LegalPage(text="Texte de la ville.").text_now == "Texte de la ville."
