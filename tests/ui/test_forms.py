"""Forms: our markup for Django's fields, errors beside the field and in the summary, no preselected choice."""

import datetime

import pytest
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict

from core.pages.forms import CivicRenderer, DateField, ThreePartDate
from tests.ui.pages import assert_clean, read, text

FILES: "MultiValueDict[str, UploadedFile[bytes]]" = MultiValueDict()


class Example(forms.Form):
    default_renderer = CivicRenderer

    name = forms.CharField(label="Nom", help_text="Comme sur vos papiers.")
    rent = forms.DecimalField(
        label="Loyer", required=False, widget=forms.TextInput(attrs={"class": "govuk-input--width-5"})
    )
    note = forms.CharField(label="Message", widget=forms.Textarea, required=False)
    status = forms.ChoiceField(label="Statut", choices=[("a", "Locataire"), ("b", "Propriétaire")])
    couple = forms.ChoiceField(
        label="En couple\u00a0?", choices=[("o", "Oui"), ("n", "Non")], widget=forms.RadioSelect
    )
    home = forms.MultipleChoiceField(
        label="Chez vous", choices=[("e", "Un enfant")], widget=forms.CheckboxSelectMultiple, required=False
    )
    agree = forms.BooleanField(label="J’ai relu", help_text="Nécessaire")
    born = DateField(label="Né le", widget=ThreePartDate(birthday=True))
    paper = forms.FileField(label="Un papier")


def submitted_form(**changes):
    values = {
        "name": "Awa",
        "status": "a",
        "couple": "n",
        "agree": "on",
        "born_day": "31",
        "born_month": "3",
        "born_year": "1988",
    }
    return Example({**values, **changes}, FILES)


def inputs(html, **wanted):
    return [
        attrs
        for tag, attrs in read(html).tags
        if tag == "input" and all(attrs.get(name) == value for name, value in wanted.items())
    ]


@pytest.mark.parametrize(
    "form", [Example(), Example({}, FILES), submitted_form(born_month="2")], ids=["blank", "empty", "wrong"]
)
def test_the_markup_is_valid_and_each_field_has_a_label(form):
    html = str(form)
    assert_clean(html)
    tags = read(html).tags
    labelled = {attrs["for"] for tag, attrs in tags if tag == "label"}
    fields = {
        attrs["id"] for tag, attrs in tags if tag in {"input", "select", "textarea"} and attrs.get("type") != "hidden"
    }
    assert fields == labelled
    assert [tag for tag, _attrs in tags].count("legend") == 3


def test_each_kind_of_field_has_its_class():
    html = str(Example())
    for name in (
        "govuk-input",
        "govuk-textarea",
        "govuk-select",
        "govuk-radios__input",
        "govuk-checkboxes__input",
        "govuk-file-upload",
        "govuk-date-input",
    ):
        assert f'"{name}' in html
    assert 'class="govuk-input govuk-input--width-5"' in html
    assert len(inputs(html, type="checkbox")) == 2 and len(inputs(html, type="radio")) == 2


def test_no_choice_is_preselected_and_an_answer_is_kept():
    assert not [attrs for attrs in inputs(str(Example())) if "checked" in attrs]
    ticked = [attrs["id"] for attrs in inputs(str(submitted_form())) if "checked" in attrs]
    assert ticked == ["id_couple_1", "id_agree"]


def test_help_and_error_are_linked_to_the_field():
    html = str(Example({}, FILES))
    name = inputs(html, name="name")[0]
    assert name["aria-describedby"] == "id_name_helptext id_name_error"
    assert name["aria-invalid"] == "true"
    assert "Écrivez une réponse." in text(html) and "Choisissez une réponse." in text(html)
    assert "Cochez la case pour continuer." in text(html) and "Choisissez un fichier." in text(html)
    assert "obligatoire" not in text(html)


def test_optional_fields_are_marked():
    assert text(str(Example())).count("(facultatif)") == 3


def test_the_summary_names_the_fields_and_links_to_them():
    form = submitted_form(name="", born_month="2")
    html = render_to_string("components/error_summary.html", {"form": form})
    links = {attrs["href"]: attrs for tag, attrs in read(html).tags if tag == "a"}
    assert set(links) == {"#id_name", "#id_born_day", "#id_paper"}
    assert "Nom\u00a0: écrivez une réponse" in text(html)
    assert "Écrivez une date qui existe, comme 31 3 1988." in text(html)
    ids = {attrs.get("id") for _tag, attrs in read(str(form)).tags}
    assert {link[1:] for link in links} <= ids


def test_the_summary_links_to_a_choices_first_answer():
    html = render_to_string("components/error_summary.html", {"form": Example({}, FILES)})
    assert "#id_couple_0" in {attrs.get("href") for _tag, attrs in read(html).tags}
    assert "En couple\u00a0: choisissez une réponse" in text(html)


@pytest.mark.parametrize(
    ("day", "month", "year", "expected"),
    [
        ("31", "3", "1988", datetime.date(1988, 3, 31)),
        (" 01 ", "02", "2000", datetime.date(2000, 2, 1)),
        ("31", "2", "1990", None),
        ("", "3", "1988", None),
        ("un", "3", "1988", None),
        ("1", "1", "-5", None),
        ("1", "1", "99999", None),
        ("1", "1", "2147483648", None),
        ("2147483648", "1", "1990", None),
        ("1", "9" * 5000, "1990", None),
    ],
)
def test_a_date_typed_in_three_fields(day, month, year, expected):
    form = submitted_form(born_day=day, born_month=month, born_year=year)
    form.full_clean()
    assert form.cleaned_data.get("born") == expected
    assert ("born" in form.errors) == (expected is None)
    kept = [inputs(str(form), name=f"born_{part}")[0]["value"] for part in ("day", "month", "year")]
    assert kept == [day.strip(), month.strip(), year.strip()]


def test_an_empty_date_is_missing_and_a_known_one_is_shown():
    form = submitted_form(born_day="", born_month="", born_year="")
    assert form.errors["born"] == ["Écrivez une date, comme 31 3 1988."]
    html = str(Example(initial={"born": datetime.date(1988, 3, 31)}))
    assert [inputs(html, name=f"born_{part}")[0]["value"] for part in ("day", "month", "year")] == ["31", "3", "1988"]
    assert inputs(html, name="born_year")[0]["autocomplete"] == "bday-year"


def test_typed_text_is_shown_again_escaped():
    assert "<b>" not in str(submitted_form(name="<b>x</b>", born_day='"><b>'))
