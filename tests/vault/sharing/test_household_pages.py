"""Pages of a household: invitation, agreements without preselection, leaving in two clicks."""

import re

import pytest
from django.core import mail
from django.urls import reverse
from django_scopes import scope

from accounts.models import Session
from core.messages import mails
from tests.accounts.factories import ResidentFactory
from tests.telling import tells
from tests.vault.couples import TRIED, agreed, couple, place, shared
from tests.vault.made import HOME, HOUSEHOLD, add, add_signed_notice
from vault.records import actions
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants import agreements
from vault.records.models import Grant
from vault.sharing.across import household_access
from vault.sharing.actions import household
from vault.sharing.models import Invitation

pytestmark = pytest.mark.django_db(transaction=True)
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
HERE = "/coffre/foyer/"


@pytest.fixture(autouse=True)
def tried(monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)


def main(response):
    return response.content.decode().split("<main")[1].split("</main>")[0]


def code_of(browser, **sent):
    page = browser.post(f"{HERE}inviter/", {"role": "partner", **sent})
    found = CODE.search(main(page))
    assert found, main(page)
    return found[0]


def agree(browser, member, code, **sent):
    return browser.post(reverse("sharing:agree", args=[member.pk, code]), sent)


def grants(resident):
    with scope(resident=resident.pk):
        return list(Grant.objects.active())


# Invitations


def test_the_code_is_shown_once(browser, resident):
    code = code_of(browser)
    assert code not in browser.get(HERE).content.decode()
    assert "Un code attend une réponse" in browser.get(HERE).content.decode()


def test_an_invitation_needs_a_role(browser):
    page = browser.post(f"{HERE}inviter/", {})
    assert page.status_code == 400 and "choisissez une réponse" in page.content.decode()
    with scope(resident=page.wsgi_request.user.pk):
        assert not Invitation.objects.exists()


def test_the_answer_is_the_same_for_any_email_address(browser, stranger):
    pages = [
        main(browser.post(f"{HERE}inviter/", {"role": "partner", "email": to}))
        for to in (stranger.email, "nobody@courriel.example")
    ]
    assert CODE.sub("", pages[0]) == CODE.sub("", pages[1])
    bodies = [CODE.sub("", f"{message.subject}{message.body}") for message in mail.outbox]
    assert bodies[0] == bodies[1]


def test_the_email_contains_the_code_and_names_nobody(browser, resident):
    code = code_of(browser, email="Elle@courriel.example")
    [message] = mail.outbox
    assert message.to == ["elle@courriel.example"]
    assert code in message.body and resident.name not in message.body and resident.email not in message.body


def test_the_code_stays_valid_if_the_email_fails(browser, stranger, monkeypatch):
    def down(*_args, **_context):
        raise OSError("no mail today")

    monkeypatch.setattr(mails, "send", down)
    page = main(browser.post(f"{HERE}inviter/", {"role": "partner", "email": "x@courriel.example"}))
    assert "L’e-mail n’est pas parti" in page
    household.offer(resident_id=stranger.pk, code=CODE.findall(page)[0])


def test_joining_is_explained_before_it_happens(browser, other_browser, resident, stranger):
    code = code_of(browser)
    page = main(other_browser.post(f"{HERE}rejoindre/", {"code": code.lower()}))
    assert "Rejoindre le foyer de Awa" in page and "Aucune valeur, aucun papier" in page
    assert household_access.of(stranger.pk) is None
    assert other_browser.post(f"{HERE}rejoindre/", {"code": code, "accept": "1"}).status_code == 302
    assert place(stranger).household_id == place(resident).household_id
    assert "Bruno, conjoint ou partenaire" in main(browser.get(HERE))


@pytest.mark.parametrize("typed", ["", "7KQ4-M2XD-93HT", "xx"])
def test_a_wrong_code_shows_one_message(other_browser, typed):
    page = main(other_browser.post(f"{HERE}rejoindre/", {"code": typed}))
    assert ("Ce code n’ouvre rien" if typed else "Écrivez le code") in page


def test_wrong_codes_are_limited_per_resident(browser, other_browser, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "household_join": "3/h/user"}
    code = code_of(browser)
    statuses = [other_browser.post(f"{HERE}rejoindre/", {"code": f"7KQ4-M2XD-93H{n}"}).status_code for n in range(4)]
    assert statuses == [400, 400, 400, 429]
    assert other_browser.post(f"{HERE}rejoindre/", {"code": code, "accept": "1"}).status_code == 429


def test_invitations_to_one_address_are_limited(browser, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "household_mail": "2/d/key"}
    sent = {"role": "partner", "email": "x@courriel.example"}
    assert [browser.post(f"{HERE}inviter/", sent).status_code for _ in range(3)] == [200, 200, 429]
    assert len(mail.outbox) == 2


def test_a_cancelled_code_is_refused(browser, stranger):
    code = code_of(browser)
    browser.post(f"{HERE}inviter/annuler/")
    with pytest.raises(household.NoInvitation):
        household.offer(resident_id=stranger.pk, code=code)


# Agreements


def test_no_choice_of_an_agreement_is_preselected(browser, resident, stranger):
    add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    for code in ("shared_facts", "tried", "joint_simulation"):
        page = main(browser.get(reverse("sharing:agree", args=[place(stranger).pk, code])))
        assert "checked" not in page and "radio" in page


def test_the_page_shows_the_current_values(browser, resident, stranger):
    add_signed_notice(resident)
    couple(resident, stranger)
    page = main(browser.get(reverse("sharing:agree", args=[place(stranger).pk, "tried"])))
    assert "12\u00a0312" in page and "2,5" in page


def test_the_page_warns_that_the_income_can_be_guessed(browser, resident, stranger):
    couple(resident, stranger)
    page = main(browser.get(reverse("sharing:agree", args=[place(stranger).pk, "joint_simulation"])))
    assert "À partir du résultat, Bruno peut les deviner" in page


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"months": "1"},
        {"mode": "count"},
        {"mode": "count", "months": "2"},
        {"mode": "sell", "months": "1"},
        {"mode": "count", "months": "1", "items": "salary"},
    ],
)
def test_an_incomplete_answer_gives_nothing(browser, resident, stranger, sent):
    couple(resident, stranger)
    page = agree(browser, place(stranger), "tried", **sent)
    assert page.status_code == 400 and "Erreur" in page.content.decode()
    assert grants(resident) == []


def test_an_agreement_without_an_item_gives_nothing(browser, resident, stranger):
    couple(resident, stranger)
    page = agree(browser, place(stranger), "shared_facts", months="1")
    assert "Cochez au moins une ligne" in page.content.decode()
    assert grants(resident) == []


def test_a_given_agreement_is_listed_and_can_be_stopped(browser, other_browser, resident, stranger):
    couple(resident, stranger)
    assert agree(browser, place(stranger), "tried", mode="look", months="3").status_code == 302
    [grant] = grants(resident)
    assert (grant.mode, grant.recipient_label) == (Mode.LOOK, "Bruno")
    assert "Essayer" in main(browser.get(HERE)).split("partage avec moi")[0]
    stop = reverse("sharing:stop_sharing", args=[grant.pk])
    assert stop in main(browser.get(HERE))
    assert browser.post(stop).status_code == 302
    assert grants(resident) == []


def test_a_value_changed_while_the_page_was_open_is_not_shared(browser, resident, stranger):
    home = add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    page = main(browser.get(reverse("sharing:agree", args=[place(stranger).pk, "shared_facts"])))
    [seen] = re.findall(r'name="seen" value="([0-9a-f]+)"', page)
    actions.correct_record(record=home, by=resident.pk, payload={**HOME, "adresse": {"voie": "Refuge des Iris"}})
    answer = agree(browser, place(stranger), "shared_facts", items="address", months="1", seen=seen)
    assert answer.status_code == 302 and grants(resident) == []
    assert "Une valeur a changé" in browser.get(answer["Location"]).content.decode()


def test_shared_facts_are_shown_and_their_reading_is_journalled(browser, other_browser, resident, stranger):
    add(resident, "logement.domicile", HOME)
    add(resident, "foyer.composition", HOUSEHOLD)
    couple(resident, stranger)
    shared(resident, stranger, "address")
    page = main(other_browser.get(reverse("sharing:shared_with_me", args=[place(resident).pk])))
    assert "14 rue des Tanneries" in page and not tells(page, "612") and "Milo" not in page
    assert "Vous avez regardé ce que" in main(other_browser.get("/journal/"))


def test_an_agreement_of_another_household_or_another_role_is_not_found(browser, resident, stranger):
    couple(resident, stranger, HouseholdRole.ADULT)
    outsider, other = ResidentFactory(), ResidentFactory()
    couple(outsider, other)
    assert browser.get(reverse("sharing:agree", args=[place(stranger).pk, "tried"])).status_code == 404
    assert browser.get(reverse("sharing:agree", args=[place(stranger).pk, "nothing"])).status_code == 404
    for name, more in (("agree", ["shared_facts"]), ("shared_with_me", [])):
        assert browser.get(reverse(f"sharing:{name}", args=[place(outsider).pk, *more])).status_code == 404


# Leaving


def test_leaving_takes_two_clicks_without_a_question(browser, resident, stranger):
    couple(resident, stranger)
    assert f'href="{HERE}quitter/"' in main(browser.get(HERE))
    page = main(browser.get(f"{HERE}quitter/"))
    assert page.count("<form") == 1 and "required" not in page and "3919" in page
    assert browser.post(f"{HERE}quitter/").status_code == 302
    assert household_access.of(resident.pk) is None


def test_leaving_quietly_ends_the_session_and_opens_another_site(browser, resident, stranger):
    couple(resident, stranger)
    page = browser.post(f"{HERE}quitter/", {"quietly": "1"})
    text = page.content.decode()
    assert 'content="0; url=/quitter/"' in text
    assert not re.search("garant|foyer|coffre", text.split("</head>")[1], re.IGNORECASE)
    assert not Session.objects.filter(user=resident).exists()
    assert browser.get(HERE)["Location"].startswith("/connexion/")
    assert household_access.of(resident.pk) is None


def test_leaving_sends_no_message(browser, resident, stranger):
    couple(resident, stranger)
    agreed(resident, stranger, "tried")
    browser.post(f"{HERE}quitter/")
    assert mail.outbox == []


def test_the_other_member_sees_the_parting_and_may_dismiss_it(browser, other_browser, resident, stranger):
    couple(resident, stranger)
    browser.post(f"{HERE}quitter/")
    for _ in range(2):
        assert "Le partage avec Awa a pris fin" in main(other_browser.get(HERE))
    other_browser.post(f"{HERE}lu/")
    page = main(other_browser.get(HERE))
    assert "Awa" not in page and "a pris fin" not in page
