"""The console: a call of a test program as a persona, and of nobody else."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from certification.access.actions import clients
from certification.access.enums import Environment
from certification.access.models import AccessToken
from certification.developers.actions import console, personas
from certification.labels.actions import requests
from tests.accounts.factories import signed_in
from tests.certification.access.program import BACK
from tests.certification.made import SIRETS, member, publisher
from tests.vault.shown import main
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db(transaction=True)


def sent(browser, client, persona="elodie", name="fields"):
    given = {"program": client.client_id, "persona": persona, "name": name}
    return browser.post(reverse("developers:console"), given)


def test_a_call_shows_what_a_program_gets(theirs, tried, played):
    page = main(sent(theirs, tried[0]))
    assert "Réponse 200" in page and "GET /bac-a-sable/api/v1/me/fields" in page and "14300" in page
    assert "consent.given" in main(sent(theirs, tried[0], name="events"))
    assert '"values": []' in main(sent(theirs, tried[0], persona="tess")).replace("&quot;", '"')
    assert not AccessToken.objects.exists()


def test_a_wrong_choice_is_told(theirs, tried, played):
    assert sent(theirs, tried[0], persona="nadia").status_code == 400
    assert sent(theirs, tried[0], name="rien").status_code == 400
    assert "pas encore installées" in main(sent(theirs, tried[0], persona="hakim"))


def test_another_publishers_program_and_a_live_one_are_not_called(theirs, tried, played, one, developer):
    other = member(publisher("Autre", SIRETS[1]))
    assert sent(signed_in(other), tried[0]).status_code == 400
    live, _secret = clients.register(service=one, by=developer, environment=Environment.LIVE, redirect_uris=[BACK])
    assert sent(theirs, live).status_code == 400
    elodie = personas.account_of("elodie")
    assert elodie
    for client, by in ((tried[0], other), (live, developer)):
        with pytest.raises(PermissionDenied):
            console.call(client=client, by=by, persona=elodie, name="fields")


def test_no_resident_is_called(tried, developer, resident):
    with pytest.raises(PermissionDenied):
        console.call(client=tried[0], by=developer, persona=resident, name="fields")


def test_a_purpose_that_requires_a_paper_is_told(theirs, tried, played, request_of_one, owner):
    paper_kinds.load()
    purpose = request_of_one.purposes.get()
    requests.ask_paper(purpose=purpose, by=owner, kind="rib", required=True, why="Pour voir.", why_en="To see.")
    page = sent(theirs, tried[0])
    assert page.status_code == 400 and "exige un papier" in main(page)


def test_a_publisher_without_a_test_program_is_shown_the_way(owner):
    assert "Aucun programme d’essai" in main(signed_in(owner).get(reverse("developers:console")))
