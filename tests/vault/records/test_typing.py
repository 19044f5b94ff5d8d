"""Typed values: one question per page, each may be skipped, and nothing is kept before the answers are checked."""

from uuid import UUID, uuid4

import pytest
from django.urls import reverse
from django_scopes import scope

from tests.vault.made import HOME, HOUSEHOLD, IDENTITY, add
from tests.vault.shown import main
from vault import types
from vault.records import actions, gate
from vault.records.models import Draft, Record
from vault.records.values import questions

pytestmark = pytest.mark.django_db(transaction=True)


def start(client, type_code, query="", **answers):
    return client.post(reverse("records:start_typing", args=[type_code]) + query, answers).url


def values(resident, *fields):
    return gate.read_own(resident_id=resident.pk, purpose="essai", fields=fields)


def test_the_first_page_names_the_askers_and_the_reason(browser):
    page = browser.get(reverse("records:start_typing", args=["logement.domicile"])).content.decode()
    assert "Qui le demande" in page and "Pour les aides au logement" in page


def test_a_value_is_typed_question_after_question_and_kept_at_the_end(browser, resident):
    step = start(browser, "social.quotient_familial")
    for answer in ("CNAF", "526", "2026", "11"):
        assert "étape" in browser.get(step).content.decode()
        step = browser.post(step, {"answer": answer}).url
    assert not values(resident, "social.quotient_familial#/valeur")
    assert "526\u00a0€" in browser.get(step).content.decode()
    browser.post(step)
    assert values(resident, "social.quotient_familial#/valeur").value("social.quotient_familial#/valeur") == 526
    with scope(resident=resident.pk):
        assert not Draft.objects.exists()


def test_a_question_can_be_skipped_and_answered_later(browser, resident):
    step = start(browser, "identite.contact")
    step = browser.post(step, {"skip": "1"}).url
    assert "telephone" in step
    step = browser.post(step, {"answer": "01 99 00 12 34"}).url
    step = browser.post(step, {"skip": "1"}).url
    assert step.endswith("/verifier/")
    browser.post(step)
    payload = values(resident, "identite.contact#/telephone", "identite.contact#/email")[0].payload
    assert payload == {"telephone": "01 99 00 12 34"}


def test_a_skipped_required_question_is_reported_at_the_end(browser, resident):
    step = start(browser, "social.quotient_familial")
    for _ in range(4):
        step = browser.post(step, {"skip": "1"}).url
    response = browser.post(step)
    assert response.status_code == 400
    with scope(resident=resident.pk):
        assert Draft.objects.exists() and not Record.objects.exists()


def test_a_wrong_answer_stays_on_its_question(browser):
    step = browser.post(start(browser, "social.quotient_familial"), {"answer": "CNAF"}).url
    response = browser.post(step, {"answer": "douze"})
    assert response.status_code == 400
    assert "Erreur" in response.content.decode()


def test_a_negative_income_is_refused_with_a_sentence(browser, resident):
    answers = {"mois": "2026-10", "net_social": "-900.00", "net_avant_impot": "-900.00"}
    draft = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="emploi.revenu", answers=answers)
    response = browser.post(reverse("records:check_answers", args=[draft.pk]))
    assert "Ce montant ne peut pas être négatif." in response.content.decode()
    with scope(resident=resident.pk):
        assert not Record.objects.exists()


def test_typing_about_the_home_keeps_what_the_vault_already_holds(browser, resident):
    add(resident, "logement.domicile", HOME)
    step = start(browser, "logement.domicile", "?champs=charges&suite=/aides/")
    assert "champ=charges" in step, "the link opens the one question"
    assert browser.post(step, {"answer": "62"}).url == "/aides/"
    found = values(resident, *types.fields_of("logement.domicile"))
    assert len(found) == 1
    assert (found[0].payload["charges"], found[0].payload["loyer"]) == ("62.00", "612.00")


def test_one_question_about_a_missing_record_asks_what_the_type_needs(browser):
    assert "adresse" in start(browser, "logement.domicile", "?champs=charges")


def test_a_question_leads_to_no_other_site(browser, resident):
    add(resident, "logement.domicile", HOME)
    step = start(browser, "logement.domicile", "?champs=charges&suite=https://ailleurs.example/")
    assert "ailleurs" not in step and "/coffre/valeurs/" in browser.post(step, {"answer": "62"}).url


def test_a_household_starts_with_the_resident_and_gets_lasting_ids(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    step = start(browser, "foyer.composition")
    assert "Kervella, Nadia" in browser.get(step).content.decode()
    step = browser.post(step, {"continue": "1"}).url
    child = {
        "nom_naissance": "Kervella",
        "prenoms": "Milo",
        "date_naissance_day": "12",
        "date_naissance_month": "5",
        "date_naissance_year": "2017",
    }
    again = browser.post(step, {"add": "1", **child}).url
    assert again == step
    step = browser.post(step, {"continue": "1"}).url
    while not step.endswith("/verifier/"):
        step = browser.post(step, {"skip": "1"}).url
    browser.post(step)
    payload = values(resident, *types.fields_of("foyer.composition"))[0].payload
    assert payload["allocataires"][0]["id"] == str(resident.pk)
    assert UUID(payload["enfants"][0]["id"])
    assert payload["enfants"][0]["date_naissance"] == "2017-05-12"


def test_a_list_begins_with_yes_or_no_and_only_then_asks_for_names(browser, resident):
    step = browser.post(start(browser, "foyer.composition"), {"continue": "1"}).url
    page = browser.get(step).content.decode()
    assert "Avez-vous des enfants à charge" in page and "date_naissance" not in page
    assert "Quels enfants vivent avec vous" in browser.get(f"{step}?ajouter=1").content.decode()
    assert "situation_familiale" in browser.post(step, {"continue": "1"}).url


def test_alone_or_as_a_couple_is_two_buttons(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    page = browser.get(start(browser, "foyer.composition")).content.decode()
    assert "Seul·e" in page and "En couple" in page and "prenoms" not in page


def test_continuing_keeps_what_was_typed(browser, resident):
    step = browser.post(start(browser, "foyer.composition"), {"continue": "1"}).url
    typed = {"nom_naissance": "Kervella", "prenoms": "Milo"}
    refused = browser.post(step, {"continue": "1", **typed})
    assert refused.status_code == 400 and 'value="Milo"' in refused.content.decode()
    born = {"date_naissance_day": "12", "date_naissance_month": "5", "date_naissance_year": "2017"}
    assert "situation_familiale" in browser.post(step, {"continue": "1", **typed, **born}).url
    with scope(resident=resident.pk):
        children = actions.open_draft(Draft.objects.get()).answers["enfants"]
    assert [child["prenoms"] for child in children] == ["Milo"]


def test_a_person_is_removed_from_the_list(browser, resident):
    record = add(resident, "foyer.composition", HOUSEHOLD)
    step = browser.get(reverse("records:correct", args=[record.pk]) + "?champ=enfants").url
    browser.post(step, {"remove": "0"})
    step = browser.post(step, {"continue": "1"}).url
    while not step.endswith("/verifier/"):
        step = browser.post(step, {"continue": "1"}).url
    browser.post(step)
    payload = values(resident, "foyer.composition#/enfants")[0].payload
    assert [child["prenoms"] for child in payload["enfants"]] == ["Lison"]


def test_answers_sent_twice_are_kept_once_and_lead_to_the_same_value(browser, resident):
    step = start(browser, "identite.contact")
    step = browser.post(step, {"answer": "nadia@courriel.example"}).url
    step = browser.post(step, {"skip": "1"}).url
    step = browser.post(step, {"skip": "1"}).url
    first, second = browser.post(step), browser.post(step)
    assert first.url == second.url
    assert browser.get(second.url).status_code == 200
    with scope(resident=resident.pk):
        assert Record.objects.count() == 1


def test_answers_sent_twice_at_the_same_moment_give_one_record(browser, resident):
    start(browser, "identite.contact")
    with scope(resident=resident.pk):
        draft = Draft.objects.get()
        actions.answer(draft=draft, by=resident.pk, name="email", value="nadia@courriel.example")
    first, second = (actions.finish_draft(draft=draft, by=resident.pk) for _time in range(2))
    assert first.pk == second.pk
    found = values(resident, "identite.contact#/email")
    assert [record.payload["email"] for record in found] == ["nadia@courriel.example"], (
        "the last answer, not the one of the page"
    )


def test_a_dropped_draft_is_not_kept(browser, resident):
    start(browser, "identite.contact")
    with scope(resident=resident.pk):
        draft = Draft.objects.get()
    actions.drop_draft(draft=draft, by=resident.pk)
    with pytest.raises(actions.Superseded):
        actions.finish_draft(draft=draft, by=resident.pk)


def test_another_resident_s_finished_answers_are_not_found(browser, other_browser, resident):
    record = add(resident, "logement.domicile", HOME)
    assert other_browser.post(reverse("records:check_answers", args=[record.pk])).status_code == 404


def test_the_same_child_sent_twice_is_one_child(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    step = browser.post(start(browser, "foyer.composition"), {"continue": "1"}).url
    born = {"date_naissance_day": "12", "date_naissance_month": "5", "date_naissance_year": "2017"}
    for _time in range(2):
        browser.post(step, {"add": "1", "nom_naissance": "Kervella", "prenoms": "Milo", **born})
    assert len(browser.get(step).context["items"]) == 1


def test_a_year_with_an_extra_digit_is_reported_and_the_answers_stay(browser, resident):
    step = start(browser, "social.quotient_familial")
    for answer in ("CNAF", "526"):
        step = browser.post(step, {"answer": answer}).url
    response = browser.post(step, {"answer": "20266"})
    assert response.status_code == 400 and "Écrivez une année qui existe" in response.content.decode()
    with scope(resident=resident.pk):
        assert actions.open_draft(Draft.objects.get()).answers == {"fournisseur": "CNAF", "valeur": 526}


def test_a_child_older_than_their_parent_is_refused_with_a_sentence(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    step = browser.post(start(browser, "foyer.composition"), {"continue": "1"}).url
    child = {
        "nom_naissance": "Kervella",
        "prenoms": "Milo",
        "date_naissance_day": "1",
        "date_naissance_month": "1",
        "date_naissance_year": "1980",
    }
    assert "Aucun adulte du foyer n’est assez âgé" in browser.post(step, {"add": "1", **child}).content.decode()
    with scope(resident=resident.pk):
        assert not actions.open_draft(Draft.objects.get()).answers.get("enfants")


def test_in_a_household_the_page_asks_whose_wages_they_are(browser, resident):
    add(resident, "foyer.composition", HOUSEHOLD)
    url = reverse("records:start_typing", args=["emploi.revenu"])
    assert "De qui s’agit-il" in browser.get(url).content.decode()
    assert browser.post(url).status_code == 200, "without an answer nothing starts"
    form = browser.get(url).context["form"]
    milo = next(key for key, label in form.fields["person"].choices if "Milo" in label)
    browser.post(url, {"person": milo})
    with scope(resident=resident.pk):
        draft = Draft.objects.get()
        assert (str(draft.person), draft.role) == (milo, "child")


def test_dropping_the_answers_deletes_them(browser, resident):
    step = browser.post(start(browser, "social.quotient_familial"), {"answer": "CNAF"}).url
    with scope(resident=resident.pk):
        draft = Draft.objects.get()
    browser.post(reverse("records:drop_draft", args=[draft.pk]))
    assert browser.get(step).status_code == 404
    with scope(resident=resident.pk):
        assert not Draft.objects.exists() and not Record.objects.exists()


@pytest.mark.parametrize(
    ("after", "kept"), [("/aides/", True), ("https://ailleurs.example/", False), ("//ailleurs.example/", False)]
)
def test_the_page_that_follows_is_on_this_site(browser, resident, after, kept):
    step = start(browser, "social.quotient_familial", f"?suite={after}")
    for answer in ("CNAF", "526", "2026", "11"):
        step = browser.post(step, {"answer": answer}).url
    assert (browser.post(step).url == after) is kept


@pytest.mark.parametrize("type_code", ["calcul.resultat", "rien.du_tout", "../etc"])
def test_a_type_that_nobody_types_has_no_page(browser, type_code):
    assert browser.get(f"/coffre/saisir/{type_code}/").status_code == 404


@pytest.mark.parametrize("data_type", questions.typed_types(), ids=lambda data_type: data_type.code)
def test_every_question_of_every_type_has_a_page(browser, resident, data_type):
    for role in ("self", "child"):
        draft = actions.start_draft(resident_id=resident.pk, by=resident.pk, type=data_type.code, role=role)
        for name in questions.names(data_type.code, role):
            page = browser.get(reverse("records:question", args=[draft.pk, name]))
            assert page.status_code == 200, name
            info = questions.field(data_type.code, name)
            assert (info.any or info.question) in page.content.decode().replace("&#x27;", "'"), name


def test_an_old_draft_is_deleted_when_another_begins(resident, time_machine):
    time_machine.move_to("2026-11-01T10:00:00+01:00", tick=False)
    old = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile")
    time_machine.move_to("2026-11-20T10:00:00+01:00", tick=False)
    actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile")
    with scope(resident=resident.pk):
        assert not Draft.objects.filter(pk=old.pk).exists()


def test_what_may_be_typed_is_found_by_a_word_of_its_fields(browser):
    url = reverse("records:choose_type")
    everything = browser.get(url).context["count"]
    found = browser.get(url, {"q": "loyer"})
    assert 0 < found.context["count"] < everything and "Logement" in found.content.decode()
    none = browser.get(url, {"q": "introuvable"}).content.decode()
    assert "Rien ne correspond." in none and "Tout voir" in none


PENSION = {"mois": "2026-09", "nature": "retraite", "net": "500.00"}


def typed_pension(browser, resident, net: str) -> str:
    """Type a pension of the same month, and return the page that checks the answers."""
    start(browser, "revenu.mensuel")
    with scope(resident=resident.pk):
        draft = Draft.objects.get()
        for name, value in (PENSION | {"net": net}).items():
            actions.answer(draft=draft, by=resident.pk, name=name, value=value)
    return reverse("records:check_answers", args=[draft.pk])


def nets(resident) -> list[str]:
    return sorted(record.payload["net"] for record in values(resident, "revenu.mensuel#/net"))


def test_a_second_income_of_a_month_replaces_the_first_only_if_its_resident_says_so(browser, resident):
    held = add(resident, "revenu.mensuel", PENSION)
    page = typed_pension(browser, resident, "300.00")
    asked = browser.post(page)
    assert asked.status_code == 409 and "garder les deux" in main(asked)
    assert nets(resident) == ["500.00"], "nothing is written before the answer"
    assert browser.post(page, {"replaces": str(uuid4())}).status_code == 409, "nor for another record"
    assert browser.post(page, {"replaces": str(held.pk)}).status_code == 302
    assert nets(resident) == ["300.00"]


def test_two_incomes_of_a_month_are_both_kept(browser, resident):
    add(resident, "revenu.mensuel", PENSION)
    page = typed_pension(browser, resident, "300.00")
    assert browser.post(page, {"beside": "1"}).status_code == 302
    assert nets(resident) == ["300.00", "500.00"]


def test_the_same_income_typed_again_asks_nothing(browser, resident):
    add(resident, "revenu.mensuel", PENSION)
    assert browser.post(typed_pension(browser, resident, "500.00")).status_code == 302
    assert nets(resident) == ["500.00"]
