"""The pages of a resident who contributes: nothing ticked, each part removable, one way out that costs nothing."""

import re

import pytest
from django.urls import reverse
from django_scopes import scope

from campaigns.contributions.models import Participation
from campaigns.plans.states import State
from tests.accounts.factories import signed_in
from tests.campaigns import given
from tests.campaigns.results import published
from vault.records.models import Grant

pytestmark = pytest.mark.django_db
NAMES = ("take_part", "answer", "mine")


@pytest.fixture
def campaign(keys_of):
    one = given.opened()
    keys_of(one)
    return one


@pytest.fixture
def browser(resident):
    return signed_in(resident)


def url(name, campaign):
    return reverse(f"contributions:{name}", args=[campaign.code])


def text_of(answer):
    return answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def hidden(answer):
    """Return the hidden fields of the page, as its form sends them back."""
    found = re.findall(r'type="hidden"\s+name="(seen|out|without)"\s+value="([^"]*)"', answer.content.decode())
    sent: dict[str, list[str]] = {}
    for name, value in found:
        sent.setdefault(name, []).append(value)
    return sent


def sent(campaign):
    return given.waiting()


def test_the_page_says_who_asks_and_shows_each_value_before_and_after(browser, resident, campaign):
    given.trip(resident)
    answer = browser.get(url("take_part", campaign))
    text = text_of(answer)
    for words in (
        "Ville de Valbrune",
        "Régie des bus",
        "Placer des arrêts de bus.",
        "Secteur 1 → Secteur 2",
        "À pied",
    ):
        assert words in text
    assert "3 km" in text and "3 100" in text
    assert "checked" not in text and "selected" not in text
    assert sent(campaign) == 0


def test_a_row_a_day_and_a_column_can_be_taken_out_and_put_back(browser, resident, campaign):
    first, second = given.trip(resident), given.trip(resident, debut="2026-11-16T18:00:00+01:00", origine_zone="q12")
    page = browser.get(url("take_part", campaign))
    page = browser.post(url("take_part", campaign), {**hidden(page), "take_out": str(first.pk)})
    assert hidden(page)["out"] == [str(first.pk)]
    page = browser.post(url("take_part", campaign), {**hidden(page), "take_out": f"{first.pk} {second.pk}"})
    assert text_of(page).count("Retiré par vous") == 2 and "Remettre ce jour" in text_of(page)
    page = browser.post(url("take_part", campaign), {**hidden(page), "answer": "yes"})
    assert "Il ne reste rien à envoyer" in text_of(page) and sent(campaign) == 0
    page = browser.post(url("take_part", campaign), {**hidden(page), "put_back": str(second.pk)})
    page = browser.post(url("take_part", campaign), {**hidden(page), "take_out_column": "km"})
    assert hidden(page)["without"] == ["km"]
    page = browser.post(url("take_part", campaign), {**hidden(page), "put_back_column": "km"})
    assert "without" not in hidden(page)
    answer = browser.post(url("take_part", campaign), {**hidden(page), "answer": "yes"})
    assert answer["Location"] == url("mine", campaign)
    assert sent(campaign) == 1


def test_what_changed_since_the_page_is_shown_again_before_it_leaves(browser, resident, campaign):
    given.trip(resident)
    page = browser.get(url("take_part", campaign))
    given.trip(resident, debut="2026-11-18T08:00:00+01:00", destination_zone="q12")
    given.trip(resident, debut="2026-11-19T08:00:00+01:00", destination_zone="q12")
    page = browser.post(url("take_part", campaign), {**hidden(page), "answer": "yes"})
    assert "rien n’est parti" in text_of(page) and sent(campaign) == 0
    browser.post(url("take_part", campaign), {**hidden(page), "answer": "yes"})
    assert sent(campaign) == 1


def test_the_sheet_leads_to_the_page_while_the_consultation_takes_answers(browser, campaign):
    sheet = browser.get(reverse("plans:sheet", args=[campaign.code])).content.decode()
    assert reverse("contributions:take_part", args=[campaign.code]) in sheet


def test_saying_no_sends_nothing_and_is_not_asked_why(browser, resident, campaign):
    given.trip(resident)
    page = browser.get(url("take_part", campaign))
    for name in ("take_part", "answer"):
        assert browser.post(url(name, campaign), {**hidden(page), "answer": "no"})["Location"] == reverse("home")
    assert sent(campaign) == 0
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_who_has_no_records_answers_a_short_form(browser, resident, campaign):
    assert url("answer", campaign) in text_of(browser.get(url("take_part", campaign)))
    page = text_of(browser.get(url("answer", campaign)))
    assert "checked" not in page
    answer = browser.post(url("answer", campaign), {"mode": "1", "trip-0-from": "0", "trip-0-to": "1", "km": "3,5"})
    assert answer["Location"] == url("mine", campaign)
    assert sent(campaign) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Répondez à une question au moins"),
        ({"mode": "7"}, "Erreur"),
        ({"trip-0-from": "0"}, "Choisissez le départ et l’arrivée."),
        ({"km": "beaucoup"}, "Erreur"),
        ({"km": "-1"}, "Erreur"),
    ],
)
def test_a_wrong_answer_is_said_and_not_sent(browser, campaign, typed, said):
    assert said in text_of(browser.post(url("answer", campaign), typed))
    assert sent(campaign) == 0


def test_after_sending_the_page_says_until_when_nothing_counts_and_how_to_withdraw(browser, resident, campaign):
    browser.post(url("answer", campaign), {"mode": "1"})
    page = text_of(browser.get(url("mine", campaign)))
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
    assert reverse("sharing:stop_sharing", args=[grant.pk]) in page and "rien n’est compté" in page
    for name in ("take_part", "answer"):
        assert browser.get(url(name, campaign))["Location"] == url("mine", campaign)
    browser.post(reverse("sharing:stop_sharing", args=[grant.pk]))
    assert sent(campaign) == 0
    assert "Vous ne participez pas" in text_of(browser.get(url("mine", campaign)))


def test_the_share_shows_what_left_as_it_was_shown(browser, resident, campaign):
    given.trip(resident)
    page = browser.get(url("take_part", campaign))
    browser.post(url("take_part", campaign), {**hidden(page), "answer": "yes"})
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
    received = text_of(browser.get(reverse("sharing:share_received", args=[grant.pk])))
    assert "Secteur 1 → Secteur 2" in received and "3 km" in received
    for name in ("shares", "share", "share_text", "stop_sharing"):
        args = [] if name == "shares" else [grant.pk]
        assert browser.get(reverse(f"sharing:{name}", args=args)).status_code == 200


def test_a_stranger_has_a_page_of_their_own(stranger, browser, campaign):
    browser.post(url("answer", campaign), {"mode": "1"})
    assert "Vous ne participez pas" in text_of(signed_in(stranger).get(url("mine", campaign)))


def test_a_campaign_that_has_not_begun_or_does_not_exist_is_a_404(browser, campaign):
    campaign.state = State.APPROVED
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("campaigns.contributions.views.residents.BEGUN", (State.CLOSED,))
        for name in NAMES:
            assert browser.get(url(name, campaign)).status_code == 404
    assert browser.get("/consultations/rien/participer/").status_code == 404


def test_who_was_counted_reads_it_and_who_was_not_too(browser, resident, campaign, monkeypatch):
    browser.post(url("answer", campaign), {"mode": "1"})
    given.counted(campaign)
    with scope(resident=resident.pk):
        assert Participation.objects.exists()
    assert "effacée sans être comptée" in text_of(browser.get(url("mine", campaign)))
    monkeypatch.setattr("campaigns.contributions.yearly.was_counted", lambda _found: True)
    assert "Votre copie a été comptée" in text_of(browser.get(url("mine", campaign)))


def test_results_already_out_come_first_and_the_own_map_shows_what_stays_in(browser, resident, keys_of, as_release):
    campaign = given.opened(zoning=published.mapped()["zoning"])
    keys_of(campaign)
    given.trip(resident)
    out = given.trip(resident, debut="2026-11-17T07:41:00+01:00", origine_zone="q21", destination_zone="q11")
    with as_release():
        published.publish(campaign, published.drawn(campaign.plan, 2_000))
    text = text_of(browser.get(url("take_part", campaign)))
    first = text.index("Déjà publié")
    assert first < text.index("Avant de choisir") and reverse("results:latest", args=[campaign.code]) in text
    assert "Secteur 1 → Secteur 2 : 1 trajet." in text and "Secteur 2 → Secteur 1 : 1 trajet." in text
    page = browser.post(url("take_part", campaign), {"take_out": str(out.pk)})
    assert "Secteur 2 → Secteur 1 : 1 trajet." not in text_of(page), "what was taken out is not drawn either"
    page = browser.post(url("take_part", campaign), {"take_out_column": "trip"})
    assert "vus par vous seul" not in text_of(page)
