"""Places are typed by their names, and chosen from a short list when a name means several."""

import pytest
from django.urls import reverse
from django_scopes import scope

from tests.vault.made import IDENTITY, add
from vault import types
from vault.records import actions
from vault.records.forms.questions import QuestionForm
from vault.records.models import Draft

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = {"voie": "12 rue du Port", "code_postal": "17000", "commune": "La Rochelle"}


def asked(field_id, **answers):
    return QuestionForm(types.field(field_id), answers)


def address(**changes):
    return asked("logement.domicile#/adresse", **{**ADDRESS, **changes})


def test_a_birthplace_is_typed_by_its_name():
    form = asked("identite.pivot#/birthplace", answer="niort")
    assert form.is_valid() and form.answer == "79191"
    assert 'value="Niort (79)"' in str(QuestionForm(types.field("identite.pivot#/birthplace"), current="79191"))


def test_a_shared_name_is_chosen_from_a_list_where_nothing_is_chosen_beforehand():
    form = asked("identite.pivot#/birthplace", answer="Saint-Denis")
    assert not form.is_valid()
    html = str(form)
    assert "Saint-Denis (93)" in html and "Saint-Denis (974)" in html and "checked" not in html
    assert html.index('name="answer"') < html.index('name="answer_choice"')
    chosen = asked("identite.pivot#/birthplace", answer="Saint-Denis", answer_choice="93066")
    assert chosen.is_valid() and chosen.answer == "93066"


def test_a_choice_does_not_count_for_another_name():
    form = asked("identite.pivot#/birthplace", answer="Niort", answer_choice="93066")
    assert form.is_valid() and form.answer == "79191"


def test_an_unknown_name_is_told():
    form = asked("identite.pivot#/birthcountry", answer="Atlantide")
    assert not form.is_valid()
    assert form.errors["answer"] == ["Nous ne trouvons pas ce pays. Vérifiez son nom."]


def test_france_is_chosen_with_a_french_birthplace(browser, resident):
    draft = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="identite.pivot")
    page = reverse("records:question", args=[draft.pk, "birthplace"])
    browser.post(page, {"answer": "Niort"})
    with scope(resident=resident.pk):
        answers = actions.open_draft(Draft.objects.get()).answers
    assert answers == {"birthplace": "79191", "birthcountry": "99100"}


def test_correcting_a_birthplace_corrects_the_country(browser, resident):
    record = add(resident, "identite.pivot", {**IDENTITY, "birthplace": None, "birthcountry": "99352"})
    browser.post(reverse("records:correct", args=[record.pk]) + "?champ=birthplace", {"answer": "Niort"})
    page = browser.get(reverse("records:history", args=[record.pk])).content.decode()
    assert "Niort (79)" in page and "France" in page and "Algérie" in page


def test_an_address_gets_the_code_of_its_commune():
    form = address()
    assert form.is_valid() and form.answer == {**ADDRESS, "cog": "17300"}


def test_a_commune_of_another_postcode_is_asked_again():
    form = address(commune="Niort")
    assert not form.is_valid() and form.errors["commune"] == ["17000 est le code postal de La Rochelle."]
    assert "17000 La Rochelle" in str(form) and "79000 Niort" in str(form)
    other = address(commune="Niort", commune_choice="79191/79000")
    assert other.is_valid() and (other.answer["code_postal"], other.answer["cog"]) == ("79000", "79191")
    same = address(commune="Niort", commune_choice="17300/17000")
    assert same.is_valid() and (same.answer["commune"], same.answer["cog"]) == ("La Rochelle", "17300")


def test_an_address_may_be_kept_as_typed():
    form = address(code_postal="17999", commune_choice="keep/17999/La Rochelle")
    assert form.is_valid() and "cog" not in form.answer
    assert not address(code_postal="17998", commune_choice="keep/17999/La Rochelle").is_valid()


def test_the_citys_own_name_is_known():
    form = address(code_postal="00420", commune="villebrume")
    assert form.is_valid() and form.answer["cog"] == "00042"
