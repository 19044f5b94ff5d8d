"""The pages of connections: what will be asked is shown first, nothing is ticked, strangers find nothing, everything can be stopped."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core.models import Job
from tests.accounts.factories import signed_in
from tests.vault.holders.connectors.conftest import events, named, pulled, records
from vault.holders.actions import connections
from vault.holders.connectors.enedis.connector import CONNECTOR
from vault.holders.connectors.faults import Fault
from vault.holders.enums import ConnectionState
from vault.holders.models import Connection
from vault.holders.tasks import pull_connection

pytestmark = pytest.mark.django_db(transaction=True)

CAF = "/coffre/connexions/nouvelle/caf/"
ENEDIS = "/coffre/connexions/nouvelle/enedis/"
METER = "00042000000011"


def only(resident) -> Connection:
    with scope(resident=resident.pk):
        found: Connection = Connection.objects.get()
    return found


def test_the_page_shows_what_is_asked_what_leaves_and_until_when(holders, her_browser) -> None:
    page = her_browser.get(CAF).content.decode()
    for said in (
        "Quotient familial et composition du foyer",
        "Kervella",
        "Nadia",
        "114-8",
        "Vous seul",
        "Jusqu’à quand",
        "caf.fr",
    ):
        assert said in page
    assert "checked" not in page


def test_nothing_chosen_asks_nothing(holders, nadia, her_browser) -> None:
    answer = her_browser.post(CAF, {})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Choisissez au moins une donnée." in page
    assert "Choisissez une fois, ou chaque mois." in page
    with scope(resident=nadia.pk):
        assert not Connection.objects.exists()
    assert holders.site.seen == []


def test_a_dataset_that_is_not_offered_is_refused(holders, nadia, her_browser) -> None:
    her_browser.post(CAF, {"datasets": ["secrets"], "rhythm": "once"})
    with scope(resident=nadia.pk):
        assert not Connection.objects.exists()


def test_yes_asks_at_once_and_leads_to_what_came(holders, nadia, her_browser) -> None:
    answer = her_browser.post(CAF, {"datasets": ["quotient"], "rhythm": "once"})
    with scope(resident=nadia.pk):
        job = Job.objects.get(kind="pull_connection")
    assert answer["Location"] == reverse("job", args=[job.pk])
    pull_connection(str(job.pk))
    page = her_browser.get(f"/travaux/{job.pk}/").content.decode()
    assert f"/coffre/connexions/{only(nadia).pk}/" in page
    page = her_browser.get(f"/coffre/connexions/{only(nadia).pk}/").content.decode()
    assert "2\u00a0données rangées" in page or "2 données rangées" in page
    assert "Dernière réception le" in page


def test_once_is_never_asked_again_without_its_resident(holders, nadia, connected) -> None:
    pulled(connected("caf", ["quotient"]))
    with time_machine.travel(timezone.now() + timedelta(days=29), tick=True):
        assert connections.ask_due() == 0


def test_each_month_is_asked_again_until_its_end(holders, nadia, connected) -> None:
    connection = pulled(connected("caf", ["quotient"], unattended=True))
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        assert connections.ask_due() == 1
    with scope(resident=nadia.pk):
        job = Job.objects.filter(kind="pull_connection").order_by("-created_at").first()
    assert job is not None
    assert job.basis == f"connection {connection.pk}"
    with time_machine.travel(timezone.now() + timedelta(days=370), tick=True):
        assert connections.ask_due() == 0


def test_a_monthly_pull_that_was_paused_meanwhile_asks_nothing(holders, nadia, connected) -> None:
    connection = pulled(connected("caf", ["quotient"], unattended=True))
    holders.site.seen.clear()
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        connections.ask_due()
        with scope(resident=nadia.pk):
            job = Job.objects.filter(kind="pull_connection").order_by("-created_at").first()
        connections.pause(connection=connection, by=nadia.pk)
        assert job is not None
        pull_connection(str(job.pk))
    assert holders.site.seen == []


def test_enedis_is_agreed_to_on_its_own_page(holders, nadia, her_browser, settings) -> None:
    settings.SITE_URL = "http://testserver"
    her_browser.post(ENEDIS, {"datasets": ["jours"], "rhythm": "once"})
    connection = only(nadia)
    assert connection.state == ConnectionState.ASKED
    there = her_browser.get(f"/coffre/connexions/{connection.pk}/accord/")["Location"]
    asked = parse_qs(urlsplit(there).query)
    assert there.startswith(f"{holders.url}/enedis/dataconnect/v1/oauth2/authorize?")
    assert asked["duration"] == ["P30D"]
    import requests

    page = requests.get(there, timeout=10).text
    assert METER in page
    assert "checked" not in page
    form = {"meter": METER, "state": asked["state"][0], "answer": "yes"}
    back = requests.post(there.partition("?")[0], data=form, allow_redirects=False, timeout=10).headers["Location"]
    answer = her_browser.get(back.removeprefix("http://testserver"))
    assert answer["Location"].startswith("/travaux/")
    assert only(nadia).state == ConnectionState.ACTIVE
    assert "connection_agreed" in events(nadia)
    # The same return a second time finds nothing: the state is used up.
    assert her_browser.get(back.removeprefix("http://testserver")).status_code == 400


def test_a_refusal_there_asks_nothing_and_says_so(holders, nadia, her_browser) -> None:
    her_browser.post(ENEDIS, {"datasets": ["jours"], "rhythm": "once"})
    connection = only(nadia)
    there = her_browser.get(f"/coffre/connexions/{connection.pk}/accord/")["Location"]
    state = parse_qs(urlsplit(there).query)["state"][0]
    answer = her_browser.get(f"/coffre/connexions/retour/enedis/?error=access_denied&state={state}", follow=True)
    assert "Vous n’avez pas donné votre accord" in answer.content.decode()
    assert only(nadia).state == ConnectionState.ASKED
    assert holders.site.seen == []


def test_a_return_that_nobody_asked_for_is_refused(holders, nadia, her_browser, connected) -> None:
    """Somebody else's return address, sent to her, must not connect her to their meter."""
    connected("enedis", ["jours"])
    answer = her_browser.get(f"/coffre/connexions/retour/enedis/?state=guessed&usage_point_id={METER}")
    assert answer.status_code == 400
    assert "Rien n’a été demandé" in answer.content.decode()
    assert only(nadia).state == ConnectionState.ASKED


def test_the_number_that_a_holder_needs_is_checked(holders, nadia, her_browser) -> None:
    page = "/coffre/connexions/nouvelle/dgfip/"
    wrong = her_browser.post(page, {"datasets": ["derniere"], "rhythm": "once", "spi": "12"})
    assert "Écrivez les 13 chiffres" in wrong.content.decode()
    assert 'value="12"' in wrong.content.decode()
    her_browser.post(page, {"datasets": ["derniere"], "rhythm": "once", "spi": "0000 0000 00421"})
    assert only(nadia).state == ConnectionState.ACTIVE


def test_without_an_identity_that_the_state_gave_the_page_says_what_to_do(holders, db) -> None:
    browser = signed_in(named("nadia", proven=False))
    page = browser.get(CAF).content.decode()
    assert "FranceConnect" in page
    assert "/coffre/ajouter/" in page
    assert "Recevoir ces données" not in page
    browser.post(CAF, {"datasets": ["quotient"], "rhythm": "once"})
    assert holders.site.seen == []


def test_stopping_keeps_what_came_and_says_so(holders, nadia, her_browser, connected) -> None:
    connection = pulled(connected("enedis", ["jours"], meter=METER))
    kept = len(records(nadia))
    page = her_browser.get(f"/coffre/connexions/{connection.pk}/arreter/").content.decode()
    assert "retirez votre accord dans votre espace client" in page
    answer = her_browser.post(f"/coffre/connexions/{connection.pk}/arreter/", follow=True).content.decode()
    assert "reste dans votre coffre" in answer
    assert only(nadia).state == ConnectionState.STOPPED
    assert len(records(nadia)) == kept > 0
    assert "connection_stopped" in events(nadia)


def test_pause_then_resume(holders, nadia, her_browser, connected) -> None:
    connection = pulled(connected("caf", ["quotient"], unattended=True))
    address = f"/coffre/connexions/{connection.pk}/pause/"
    assert "En pause" in her_browser.post(address, follow=True).content.decode()
    with pytest.raises(connections.Closed):
        connections.ask_pull(connection=connection, by=nadia.pk)
    her_browser.post(address)
    assert only(nadia).state == ConnectionState.ACTIVE
    assert {"connection_paused", "connection_resumed"} <= set(events(nadia))


def test_the_list_says_states_in_words_and_warns_of_an_end(holders, nadia, her_browser, connected) -> None:
    pulled(connected("caf", ["quotient"], unattended=True))
    assert "Dernière réception le" in her_browser.get("/coffre/connexions/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=340), tick=True):
        browser = signed_in(nadia)
        assert "Se termine le" in browser.get("/coffre/connexions/").content.decode()
        assert "La connexion à CAF se termine" in browser.get("/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=366), tick=True):
        assert "Terminée le" in signed_in(nadia).get("/coffre/connexions/").content.decode()


def test_renewing_takes_the_place_of_the_older_one_and_goes_on(holders, nadia, connected) -> None:
    older = pulled(connected("enedis", ["courbe"], meter=METER))
    newer = connected("enedis", ["courbe"])
    with scope(resident=nadia.pk):
        older.refresh_from_db()
    # Until she has agreed there, the older one works.
    assert older.state == ConnectionState.ACTIVE
    connections.agreed_there(connection=newer, by=nadia.pk, query={"usage_point_id": METER}, back="")
    holders.site.seen.clear()
    pulled(newer)
    with scope(resident=nadia.pk):
        older.refresh_from_db()
    assert older.state == ConnectionState.STOPPED
    assert len([path for _app, path in holders.site.seen if path.endswith("load_curve")]) == 1


def test_a_holder_that_the_city_has_not_set_up_is_not_offered(holders, her_browser, settings) -> None:
    settings.CONNECTORS = {}
    assert her_browser.get(CAF).status_code == 404
    assert "Aucune connexion possible" in her_browser.get("/coffre/connexions/").content.decode()


def test_a_holder_that_can_be_told_of_a_stop_is_told_and_its_silence_keeps_nobody_connected(
    holders, nadia, connected, monkeypatch
) -> None:
    told = []

    def withdraw(client, config, kept):
        told.append(kept)
        if len(told) == 2:
            raise Fault("down")
        return True

    monkeypatch.setattr(CONNECTOR, "withdraw", withdraw)
    first = connected("enedis", ["jours"], meter=METER)
    assert connections.stop(connection=first, by=nadia.pk) is True
    second = connected("enedis", ["jours"], meter=METER)
    assert connections.stop(connection=second, by=nadia.pk) is False
    assert told == [{"meters": [METER]}, {"meters": [METER]}]
    with scope(resident=nadia.pk):
        assert not Connection.objects.open().exists()


def test_two_connections_made_at_once_are_one(holders, nadia, connected) -> None:
    """The form sent twice: the second takes the place of the first."""
    connected("caf", ["quotient"])
    connected("caf", ["quotient"])
    with scope(resident=nadia.pk):
        assert Connection.objects.open().count() == 1


def test_the_journal_says_whom_and_what(holders, nadia, her_browser, connected) -> None:
    pulled(connected("caf", ["quotient"]))
    page = her_browser.get("/journal/").content.decode()
    assert "Vous avez demandé à recevoir de CAF" in page
    assert "Vos données ont été demandées à CAF" in page
