"""The demonstration's sign-in, for fictional people only."""

import re
import subprocess
import sys

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import places
from accounts.models import Publisher, PublisherRole, User
from demo.people.accounts import PEOPLE, SALOME, find
from tests.accounts.factories import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/demonstration/"


def enter(slug, client=None):
    client = client or Client()
    client.post(PAGE, {"person": slug})
    return client


def test_the_page_lists_everyone_and_says_that_they_are_invented():
    text = Client().get(PAGE).content.decode()
    assert "C’est une démonstration" in text and "inventés" in text
    assert all(person.name in text for person in PEOPLE)
    assert len([person for person in PEOPLE if person.is_resident]) == 10


def test_the_addresses_cannot_exist():
    assert all(person.email.endswith(".example") for person in PEOPLE)
    assert len({person.slug for person in PEOPLE}) == len(PEOPLE)


@pytest.mark.parametrize("slug", [person.slug for person in PEOPLE if person.is_resident])
def test_each_resident_can_be_entered(slug):
    client = enter(slug)
    assert client.get(reverse("account")).wsgi_request.user.email == f"{slug}@villebrume.example"


def test_the_agent_enters_with_the_second_factor_and_its_shown_code_is_valid():
    client = enter("agathe")
    assert client.get(reverse("admin:index")).status_code == 200
    with time_machine.travel(timezone.now(), tick=False):
        agathe = find("agathe")
        assert agathe is not None
        assert set(re.findall(r'civic-num">(\d{6})<', Client().get(PAGE).content.decode())) == {agathe.code()}


def test_the_publisher_is_there_once_its_service_is(client):
    assert "Salomé Attal" not in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"person": "equipe"}).status_code == 404
    house = Publisher.objects.create(name="Association Par 4 Chemins", siret="00042000000119")
    places.add_member(email=SALOME.email, name=SALOME.name, publisher=house, role=PublisherRole.OWNER)
    assert "Un éditeur de service" in client.get(PAGE).content.decode()
    assert enter("equipe", client).get(reverse("labels:publisher")).status_code == 200


def test_changing_person_clears_the_first_session():
    client = enter("nadia")
    client.session["note"] = "x"
    enter("karim", client)
    user = client.get(reverse("account")).wsgi_request.user
    assert user.email == "karim@villebrume.example"
    assert "note" not in client.session


def test_entering_twice_makes_one_account():
    enter("nadia")
    enter("nadia")
    assert User.objects.count() == 1


@pytest.mark.parametrize("slug", ["", "personne", "../nadia"])
def test_other_people_cannot_be_entered(slug):
    assert Client().post(PAGE, {"person": slug}).status_code == 404
    assert not User.objects.exists()


@pytest.mark.parametrize("slug", ["nadia", "agathe"])
def test_a_click_confirms_a_fictional_person(slug):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = enter(slug)
        clock.shift(601)
        page = client.get(reverse("account_email"), follow=True)
        assert "un clic suffit" in page.content.decode()
        back = client.post(reverse("demo:confirm"), {"next": reverse("account_email")})
        assert back["Location"] == reverse("account_email")
        assert client.get(reverse("account_email")).status_code == 200


def test_a_click_does_not_confirm_anyone_else(resident):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(resident)
        clock.shift(601)
        assert "un clic suffit" not in client.get(reverse("account_email"), follow=True).content.decode()
        assert client.post(reverse("demo:confirm")).status_code == 404
        assert client.get(reverse("account_email")).status_code == 302


def test_the_demonstrations_agent_exists_only_there():
    """The page, its people and their public second factor are in an app that only the demonstration installs."""
    code = "from config.settings import base; import sys; sys.exit('demo' in base.INSTALLED_APPS)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
