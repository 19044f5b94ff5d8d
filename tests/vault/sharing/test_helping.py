"""Help requests: a name and a half-day go to one organisation, which answers; nothing of the vault is sent."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django_scopes import scope

from accounts.models import Organisation
from core import journal
from tests.accounts.factories import CompanionFactory, signed_in
from tests.vault.entrusted import help_of, helping_place
from vault.records.models import Grant
from vault.sharing.across import mandates
from vault.sharing.actions import helping
from vault.sharing.enums import HalfDay, HelpAnswer
from vault.sharing.models import HelpRequest
from vault.sharing.presenting import mandates as words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(db):
    return helping_place()


@pytest.fixture
def companion(place):
    return CompanionFactory(name="Théo Lassalle", organisation=place.name)


@pytest.fixture
def theirs(companion) -> Client:
    return signed_in(companion)


def page(request):
    return reverse("sharing:help_request", args=[request.pk])


def test_a_resident_sends_a_name_and_a_half_day(browser, resident, place):
    address = reverse("sharing:ask_help", args=[place.pk])
    assert address in browser.get(reverse("sharing:helpers")).content.decode() or not place.memberships.exists()
    day = helping.days(timezone.localdate())[0]
    answer = browser.post(address, {"name": "Awa D.", "day": day.isoformat(), "half": "morning"}, follow=True)
    assert "Votre demande est envoyée" in answer.content.decode()
    with scope(resident=resident.pk):
        row = HelpRequest.objects.get()
        assert b"Awa" not in bytes(row.content) and not Grant.objects.exists()


def test_the_companions_list_hides_the_name_and_reading_it_is_journalled(theirs, resident, companion):
    request = help_of(resident)
    listed = theirs.get(reverse("sharing:accompanying")).content.decode()
    assert page(request) in listed and "Awa" not in listed
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "help_asked"
    assert "Awa D." in theirs.get(page(request)).content.decode()
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (entry.event, entry.actor_id) == ("help_read", companion.pk)


def test_the_answer_is_notified_without_names_and_shown_on_the_page(theirs, browser, resident):
    request = help_of(resident)
    theirs.post(page(request), {"answer": "yes"})
    [message] = mail.outbox
    assert message.to == [resident.email] and "CCAS" not in message.body and "Théo" not in message.body
    assert "nous vous attendons" in browser.get(reverse("sharing:helpers")).content.decode()
    assert theirs.get(page(request)).status_code == 404


@pytest.mark.parametrize(
    ("answer", "said", "following"),
    [
        (None, "En attente", "withdraw_help"),
        (HelpAnswer.YES, "Confirmé", "make_appointment"),
        (HelpAnswer.OTHER, "Pas possible", "ask_help"),
        (HelpAnswer.NO, "appelez l’accueil", None),
    ],
)
def test_the_home_page_says_when_and_where_and_what_comes_next(
    browser, resident, companion, place, answer, said, following
):
    place.address = "3 place du Lavoir"
    place.save()
    request = help_of(resident)
    if answer:
        helping.answer_help(request=request, companion=companion, answer=answer)
    [row] = browser.get(reverse("home")).context["home"].main[0].context["lines"]
    assert row["label"] == capfirst(words.slot(request))
    assert f"{place.name}, 3 place du Lavoir" in row["text"] and said in row["text"] + row["tag"]
    arguments = {"withdraw_help": [request.pk], "ask_help": [place.pk]}.get(following, [])
    assert row.get("action_href") == (reverse(f"sharing:{following}", args=arguments) if following else None)


def test_another_organisations_companion_cannot_see_the_request(resident):
    request = help_of(resident)
    elsewhere = CompanionFactory(organisation="Association Le Pont")
    assert mandates.help_asked(elsewhere) == []
    assert signed_in(elsewhere).get(page(request)).status_code == 404
    for verb in (
        lambda: helping.open_help(request=request, companion=elsewhere),
        lambda: helping.answer_help(request=request, companion=elsewhere, answer=HelpAnswer.YES),
    ):
        with pytest.raises(PermissionDenied):
            verb()


def test_only_the_first_answer_is_recorded(companion, resident):
    request = help_of(resident)
    assert helping.answer_help(request=request, companion=companion, answer=HelpAnswer.YES)
    assert not helping.answer_help(request=request, companion=companion, answer=HelpAnswer.NO)
    with scope(resident=resident.pk):
        assert HelpRequest.objects.get().answer == HelpAnswer.YES


def test_a_withdrawn_or_past_request_is_not_listed(browser, theirs, resident, companion, time_machine):
    request = help_of(resident)
    browser.post(reverse("sharing:withdraw_help", args=[request.pk]))
    with scope(resident=resident.pk):
        assert bytes(HelpRequest.objects.get().content) == b""
    assert mandates.help_asked(companion) == []
    help_of(resident)
    time_machine.move_to(timezone.now() + timedelta(days=10), tick=False)
    assert mandates.help_asked(companion) == []


def test_a_new_request_replaces_the_open_one(resident, companion):
    help_of(resident)
    latest = help_of(resident)
    assert [request.pk for request in mandates.help_asked(companion)] == [latest.pk]


@pytest.mark.parametrize("day", [date(2020, 1, 6), date(2100, 1, 4)])
def test_a_day_that_is_not_offered_is_refused(resident, place, day):
    with pytest.raises(ValueError, match="not offered"):
        helping.ask_help(
            resident_id=resident.pk, by=resident.pk, organisation=place, name="Awa", on_day=day, half=HalfDay.MORNING
        )


def test_working_days_are_offered_from_tomorrow():
    days = helping.days(date(2026, 11, 27))
    assert days[0] == date(2026, 11, 30) and len(days) == 10


def test_an_organisation_that_does_not_answer_cannot_be_asked(browser, resident):
    closed = Organisation.objects.create(name="Association Le Pont")
    assert browser.get(reverse("sharing:ask_help", args=[closed.pk])).status_code == 404
    with pytest.raises(PermissionDenied):
        help_of(resident, closed)


def test_only_companions_can_answer(resident, agent, stranger, place):
    request = help_of(resident)
    for person in (resident, stranger, agent):
        assert signed_in(person).get(page(request)).status_code == 403
    assert Client().get(page(request))["Location"].startswith("/connexion/")
    assert Client().get(reverse("sharing:ask_help", args=[place.pk]))["Location"].startswith("/connexion/")
    assert signed_in(agent).get(reverse("sharing:ask_help", args=[place.pk])).status_code == 403
    with pytest.raises(PermissionDenied):
        helping.withdraw_help(request=request, by=stranger.pk)
