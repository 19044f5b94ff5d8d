"""A typed value is compared with the other people of the household: refused if impossible, asked again if odd."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.vault.made import HOUSEHOLD, IDENTITY, add
from tests.vault.shown import main
from vault.records import actions
from vault.records.actions.records import Invalid
from vault.records.models import Record
from vault.records.views.typing import COMPARE

pytestmark = pytest.mark.django_db(transaction=True)


def born(text, name="date_naissance", **more):
    day, month, year = text.split()
    return {f"{name}_day": day, f"{name}_month": month, f"{name}_year": year, **more}


def person(text, **more):
    return born(text, nom_naissance="Kervella", prenoms="Alix", **more)


def draft_of(resident, *children, born="1988-03-31"):
    """Start the typing of a household whose first adult is the resident."""
    adult = {"id": str(resident.pk), "nom_naissance": "Kervella", "prenoms": "Nadia", "date_naissance": born}
    answers = {"allocataires": [adult], "enfants": list(children)}
    return actions.start_draft(resident_id=resident.pk, by=resident.pk, type="foyer.composition", answers=answers)


def question(draft, name):
    return reverse("records:question", args=[draft.pk, name])


def answers_of(draft):
    draft.refresh_from_db()
    return actions.open_draft(draft).answers


def correct(browser, record, name, answer):
    return browser.post(f"{reverse('records:correct', args=[record.pk])}?champ={name}", answer)


def years_ago(years):
    return f"1 1 {timezone.localdate().year - years}"


LIST_OF_ODD = [
    ("1988-03-31", "allocataires", "1 1 2020", "Un adulte du foyer aurait"),
    ("1988-03-31", "enfants", "1 1 1980", "Un enfant à charge aurait"),
    ("2006-01-01", "enfants", "1 6 2017", "À la naissance d’un enfant, un parent aurait eu 11 ans."),
    ("1940-01-01", "enfants", "1 6 2017", "À la naissance d’un enfant, un parent aurait eu 77 ans."),
]


@pytest.mark.parametrize(("own", "name", "day", "odd"), LIST_OF_ODD)
def test_an_odd_person_of_the_household_is_asked_again_and_kept_once_confirmed(browser, resident, own, name, day, odd):
    if name == "enfants" and day.endswith("1980"):
        own = "1950-01-01"
    draft = draft_of(resident, born=own)
    before = answers_of(draft)[name]
    asked = browser.post(question(draft, name), person(day, add="1"))
    assert odd in main(asked) and "C’est bien cela" in main(asked)
    assert answers_of(draft)[name] == before
    sure = asked.context["form"]["date_naissance_sure"].field.widget.attrs["value"]
    kept = browser.post(question(draft, name), person(day, add="1", date_naissance_sure=sure))
    assert kept.status_code == 302 and len(answers_of(draft)[name]) == len(before) + 1


def test_a_confirmed_birth_confirms_no_other_one(browser, resident):
    draft = draft_of(resident)
    browser.post(question(draft, "allocataires"), person("1 1 2021", add="1", date_naissance_sure="2020-01-01"))
    assert len(answers_of(draft)["allocataires"]) == 1


def test_a_parent_younger_than_the_child_is_refused_where_the_child_is_typed(browser, resident):
    draft = draft_of(resident, born="2015-01-01")
    answer = browser.post(question(draft, "enfants"), person("12 5 2017", add="1", date_naissance_sure="2017-05-12"))
    assert "Aucun adulte du foyer n’est assez âgé" in main(answer)
    assert answers_of(draft)["enfants"] == []


def test_an_ordinary_family_is_asked_nothing_twice(browser, resident):
    draft = draft_of(resident)
    assert browser.post(question(draft, "allocataires"), person("4 4 1986", add="1")).status_code == 302
    for day in ("12 5 2017", "2 2 2022"):
        assert browser.post(question(draft, "enfants"), person(day, add="1")).status_code == 302


def test_what_was_confirmed_is_not_asked_again_with_the_next_person(browser, resident):
    draft = draft_of(
        resident, {"nom_naissance": "K", "prenoms": "L", "date_naissance": "1990-01-01"}, born="1950-01-01"
    )
    assert browser.post(question(draft, "enfants"), person("1 1 1992", add="1")).status_code == 400
    assert browser.post(question(draft, "enfants"), person("1 1 2000", add="1")).status_code == 302


def test_a_corrected_birth_is_compared_with_the_children_of_the_vault(browser, resident):
    add(resident, "foyer.composition", HOUSEHOLD)
    record = add(resident, "identite.pivot", IDENTITY)
    refused = correct(browser, record, "birthdate", born("1 1 2015", "answer", answer_sure="2015-01-01"))
    assert "Aucun adulte du foyer n’est assez âgé" in main(refused)
    asked = correct(browser, record, "birthdate", born("1 1 2004", "answer"))
    assert "un parent aurait eu 13 ans" in main(asked)
    kept = correct(browser, record, "birthdate", born("1 1 2004", "answer", answer_sure="2004-01-01"))
    assert kept.status_code == 302
    [entry] = [one for one in journal.entries(resident_id=resident.pk, limit=50) if one.purpose == COMPARE][:1]
    assert "foyer.composition#/enfants" in entry.fields


def test_someone_retired_at_thirty_four_is_asked_again(browser, resident):
    day = (timezone.localdate() - timedelta(days=34 * 366)).isoformat()
    add(resident, "identite.pivot", IDENTITY | {"birthdate": day})
    record = add(resident, "foyer.situation", {"activite": "actif"})
    asked = correct(browser, record, "activite", {"answer": "retraite"})
    assert "Une personne à la retraite aurait 34 ans." in main(asked)
    assert correct(browser, record, "activite", {"answer": "retraite", "answer_sure": "retraite"}).status_code == 302


def test_a_typed_situation_is_compared_with_the_birth_of_the_vault(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    step = browser.post(reverse("records:start_typing", args=["foyer.situation"])).url
    assert "Une personne à la retraite aurait" in main(browser.post(step, {"answer": "retraite"}))
    assert browser.post(step, {"answer": "retraite", "answer_sure": "retraite"}).status_code == 302


def test_a_resident_of_five_years_is_asked_again(browser, resident):
    record = add(resident, "identite.pivot", IDENTITY)
    answer = correct(browser, record, "birthdate", born(years_ago(6), "answer"))
    assert "Un adulte du foyer aurait" in main(answer)


def test_a_question_about_something_else_reads_no_household(browser, resident):
    record = add(resident, "foyer.situation", {"activite": "actif"})
    correct(browser, record, "nationalite", {"answer": "ue"})
    assert not [one for one in journal.entries(resident_id=resident.pk, limit=50) if one.purpose == COMPARE]


def test_what_a_program_declares_is_refused_if_impossible_and_taken_if_only_odd(resident):
    young = {"nom_naissance": "K", "prenoms": "N", "date_naissance": "2015-01-01"}
    child = {"nom_naissance": "K", "prenoms": "L", "date_naissance": "2017-05-12"}
    household = {"allocataires": [young], "enfants": [child]}
    with scope(resident=resident.pk):
        from vault.records.actions.declared_by import write_declared

        with pytest.raises(Invalid):
            write_declared(resident_id=resident.pk, name="Plus Juste", values=[("foyer.composition", household)])
        odd = {"allocataires": [young | {"date_naissance": "2006-01-01"}], "enfants": [child]}
        write_declared(resident_id=resident.pk, name="Plus Juste", values=[("foyer.composition", odd)])
        assert Record.objects.current().count() == 1
