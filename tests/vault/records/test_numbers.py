"""Numbers that residents type: written their way, refused with one sentence, and confirmed when they are unusual."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from services.aids.facts import answers
from services.aids.facts.answers import Way
from services.aids.forms import AnswerForm
from tests.vault.made import HOME, add
from vault import types
from vault.records.forms.numbers import MoneyField
from vault.records.forms.questions import ItemForm, QuestionForm
from vault.records.models import Record
from vault.types import plausible

HUGE = ["1e400", "-1e400", "999999999999", "1e-400", "NaN", "Infinity", "sNaN", "٣٤٥x", "1" * 199]


def asked(field_id, **answers):
    return QuestionForm(types.field(field_id), answers)


@pytest.mark.parametrize("typed", HUGE)
@pytest.mark.parametrize(
    "field_id",
    [
        "logement.domicile#/loyer",
        "fiscal.avis_ir#/nombre_parts",
        "fiscal.avis_ir#/revenu_fiscal_reference",
        "foyer.situation#/annee_etude",
    ],
)
def test_a_number_that_is_none_gets_one_sentence(field_id, typed):
    form = asked(field_id, answer=typed)
    assert not form.is_valid()
    assert len(form.errors["answer"]) == 1 and str(form.errors["answer"][0]).endswith(".")


@pytest.mark.parametrize("typed", HUGE)
def test_an_amount_of_aids_is_refused_in_words(typed):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError):
        MoneyField().clean(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("612,5", "612.50"), ("1 250", "1250.00"), ("612.50 €", "612.50"), ("1\u202f250,00", "1250.00")],
)
def test_an_amount_is_written_as_people_write_it(typed, kept):
    form = asked("logement.domicile#/loyer", answer=typed)
    assert form.is_valid() and form.answer == kept


def test_an_unusual_number_is_asked_again_and_kept_once_confirmed():
    form = asked("logement.domicile#/loyer", answer="61200")
    assert not form.is_valid()
    assert form.errors["answer"] == ["61\u00a0200\u00a0€ par mois\u00a0: c’est bien cela\u00a0?"]
    assert 'value="61200.00"' in str(form["answer_sure"]) and "checked" not in str(form["answer_sure"])
    again = asked("logement.domicile#/loyer", answer="61200", answer_sure="61200.00")
    assert again.is_valid() and again.answer == "61200.00"


def test_confirming_one_number_does_not_confirm_another():
    assert not asked("logement.domicile#/loyer", answer="71200", answer_sure="61200.00").is_valid()


@pytest.mark.parametrize(
    ("field_id", "typed", "sentence"),
    [
        ("logement.domicile#/loyer", "999 999 999", "Ce nombre est trop grand"),
        ("fiscal.avis_ir#/nombre_parts", "-3", "Ce nombre ne peut pas être négatif."),
        ("emploi.revenu#/net_social", "-3", "Ce montant ne peut pas être négatif."),
        ("fiscal.avis_ir#/annee_revenus", "20255", "Écrivez une année qui existe"),
        ("fiscal.avis_ir#/revenu_fiscal_reference", "12,5", "Écrivez un nombre entier"),
    ],
)
def test_an_impossible_number_is_never_confirmed(field_id, typed, sentence):
    form = asked(field_id, answer=typed, answer_sure=typed)
    assert not form.is_valid() and sentence in form.errors["answer"][0]


def test_a_birth_of_more_than_a_century_ago_is_asked_again_and_kept_once_confirmed():
    born = {"answer_day": "1", "answer_month": "1", "answer_year": "1912"}
    form = asked("identite.pivot#/birthdate", **born)
    assert not form.is_valid()
    sure = form["answer_sure"].field.widget.attrs["value"]
    assert asked("identite.pivot#/birthdate", answer_sure=sure, **born).is_valid()
    assert asked("identite.pivot#/birthdate", **born | {"answer_year": "1940"}).is_valid()


def test_a_birth_in_the_future_is_refused_where_it_is_typed():
    born = {"answer_day": "1", "answer_month": "1", "answer_year": "2090"}
    assert asked("identite.pivot#/birthdate", **born).errors["answer"] == [
        "Cette date de naissance est dans le futur."
    ]
    unknown_day = {**born, "answer_day": "00", "answer_month": "00"}
    assert not asked("identite.pivot#/birthdate", **unknown_day).is_valid()
    this_year = {**unknown_day, "answer_year": str(timezone.localdate().year)}
    assert asked("identite.pivot#/birthdate", **this_year).is_valid()
    child = {
        f"date_naissance_{part}": value for part, value in zip(("day", "month", "year"), born.values(), strict=True)
    }
    form = ItemForm(types.field("foyer.composition#/enfants"), {"nom_naissance": "A", "prenoms": "B", **child})
    assert form.errors["date_naissance"] == ["Cette date de naissance est dans le futur."]


@pytest.mark.parametrize(("ahead", "right"), [(-70, False), (-10, True), (200, True), (320, False)])
def test_a_child_is_expected_within_ten_months(ahead, right):
    day = timezone.localdate() + timedelta(days=ahead)
    typed = {"answer_day": day.day, "answer_month": day.month, "answer_year": day.year}
    assert asked("foyer.situation#/date_terme", **typed).is_valid() == right


def test_a_couple_does_not_start_tomorrow():
    day = timezone.localdate() + timedelta(days=1)
    typed = {"answer_day": day.day, "answer_month": day.month, "answer_year": day.year}
    assert asked("foyer.composition#/couple_depuis", **typed).errors["answer"] == ["Cette date est dans le futur."]


@pytest.mark.parametrize("data_type", [one for one in types.all_types() if one.rules.typed], ids=lambda one: one.code)
def test_the_example_of_a_type_is_usual(data_type):
    example = types.example(data_type.code)
    odd = [
        name
        for name, info in data_type.fields.items()
        if name[1:] in example and plausible.is_unusual(info, example[name[1:]])
    ]
    assert odd == [] and plausible.implausible(data_type.code, example, typed=example) == []


@pytest.mark.django_db(transaction=True)
def test_a_rent_of_a_billion_is_not_kept(browser, resident):
    record = add(resident, "logement.domicile", HOME)
    page = reverse("records:correct", args=[record.pk]) + "?champ=loyer"
    response = browser.post(page, {"answer": "999999999", "answer_sure": "999999999.00"})
    assert response.status_code == 400 and "Ce nombre est trop grand" in response.content.decode()
    asked_again = browser.post(page, {"answer": "9999"}).content.decode()
    assert "c’est bien cela" in asked_again and "Oui, c’est bien 9\u00a0999\u00a0€ par mois" in asked_again
    assert browser.post(page, {"answer": "9999", "answer_sure": "9999.00"}).status_code == 302
    with scope(resident=resident.pk):
        assert Record.objects.current().count() == 1


@pytest.mark.parametrize("typed", ["1e400", "999999999", "-5", "1e-400"])
def test_a_question_of_aids_refuses_a_huge_number(typed):
    way = Way(answers.AMOUNT)
    form = AnswerForm({"answer": typed}, way=way, field_id="logement.domicile#/loyer", label="Loyer", hint="")
    assert not form.is_valid() and str(form.errors["answer"][0]).endswith(".")
