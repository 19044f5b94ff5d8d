"""Whoever writes as the portal's own role changes nothing of what residents read about places and their requests."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scopes_disabled

from services.aids import shipping
from services.aids.models import LinkState
from services.places.models import Place
from services.requests.actions import answering
from services.requests.enums import Happened
from services.requests.models import RequestEvent
from tests.accounts.factories import signed_in
from tests.attacks.test_written_rows import insert, sql
from tests.services.requests.made import opened_office, sent
from tests.services.requests.test_outside import noted
from tests.ui.pages import text

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate


@pytest.fixture
def request_(resident):
    return sent(resident, opened_office())


def page_of(row):
    return reverse("requests:request", args=[row.pk])


@pytest.mark.parametrize("column", ["phone", "name", "street", "hours", "website", "email", "note"])
def test_a_place_written_by_sql_is_shown_to_nobody(db, column):
    place = Place.objects.create(
        code="ccas", name="CCAS", kind="ccas", phone="04 00 00 00 00", hours="Mo-Fr 09:00-12:00"
    )
    kept = Place.objects.create(code="mairie", name="Mairie")
    lie = "Mo-Su 03:00-04:00" if column == "hours" else "pirate.example"
    sql(f"UPDATE places_place SET {column} = %s WHERE id = %s", lie, place.pk)
    assert Client().get(reverse("places:place", args=[place.pk])).status_code == 503
    listed = text(Client().get(reverse("places:home")))
    assert "pirate" not in listed and kept.name in listed and "CCAS" not in listed


@pytest.mark.parametrize(
    ("column", "lie"),
    [
        ("title", "Une autre demande"),
        ("aids", '["rsa"]'),
        ("due_on", TODAY() - timedelta(days=30)),
        ("ends_on", TODAY() + timedelta(days=3)),
        ("silence_told_at", timezone.now()),
        ("number", "2026-AAAAA"),
        ("keep_until", TODAY() + timedelta(days=900)),
    ],
)
def test_what_a_resident_reads_of_a_request_is_what_the_portal_wrote(resident, request_, column, lie):
    sql(f"UPDATE requests_sentrequest SET {column} = %s WHERE id = %s", lie, request_.pk)
    assert signed_in(resident).get(page_of(request_)).status_code == 503
    assert signed_in(resident).get(reverse("requests:home")).status_code == 503


def test_a_deadline_written_by_sql_sends_no_mail_and_the_others_are_sent(resident, stranger, request_):
    other = sent(stranger, request_.organisation)
    mail.outbox.clear()
    sql("UPDATE requests_sentrequest SET due_on = %s WHERE id = %s", TODAY() - timedelta(days=3), request_.pk)
    assert answering.follow() == 0
    assert not mail.outbox and other.is_open


def test_a_step_written_by_sql_is_in_no_history(resident, request_):
    with scopes_disabled():
        event = RequestEvent(
            pk=uuid4(), resident_id=resident.pk, request=request_, happened=Happened.REFUSED, agent="Agathe"
        )
        insert(event)
    assert signed_in(resident).get(page_of(request_)).status_code == 503


@pytest.mark.parametrize(
    "change", ["due_on = current_date - 30", "answered_on = sent_on, answer = 'refused'", "aids = '[\"rsa\"]'"]
)
def test_what_a_resident_noted_of_a_request_elsewhere_is_what_they_noted(resident, change):
    row = noted(resident)
    mail.outbox.clear()
    sql(f"UPDATE requests_outsiderequest SET {change} WHERE id = %s", row.pk)
    assert signed_in(resident).get(reverse("requests:outside", args=[row.pk])).status_code == 503
    answering.follow()
    assert not mail.outbox


def test_pages_of_places_and_requests_open_when_nothing_was_written(resident, request_):
    """The same steps without the attack succeed."""
    place = Place.objects.create(code="ccas", name="CCAS", latitude="45.1", longitude="5.7")
    assert Client().get(reverse("places:place", args=[place.pk])).status_code == 200
    row = noted(resident)
    for page in (page_of(request_), reverse("requests:outside", args=[row.pk]), reverse("requests:home")):
        assert signed_in(resident).get(page).status_code == 200


def test_what_an_address_answered_is_read_by_agents_alone(resident):
    """`LinkState` decides nothing: what is written there changes no page of residents."""
    shipping.load_local_aids()
    LinkState.objects.create(url="https://ville.example/cantine")
    browser = signed_in(resident)
    pages = [reverse("aids:local_aids"), reverse("aids:local_aid", args=["cantine-qf"]), reverse("aids:home")]
    before = [text(browser.get(page)) for page in pages]
    sql("UPDATE aids_linkstate SET url = 'https://pirate.example/', problem = '404', seen_at = '2020-01-01'")
    assert [text(browser.get(page)) for page in pages] == before
