"""Pages of connections: preview, agreement on the holder's page, outcomes, pause and stop."""

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


def test_the_page_shows_datasets_sent_values_and_end(holders, her_browser) -> None:
    page = her_browser.get(CAF).content.decode()
    for words in (
        "Quotient familial et composition du foyer",
        "Kervella",
        "Nadia",
        "114-8",
        "Vous seul",
        "Jusqu’à quand",
        "caf.fr",
    ):
        assert words in page
    assert "checked" not in page


def test_an_empty_form_asks_nothing(holders, nadia, her_browser) -> None:
    answer = her_browser.post(CAF, {})
    assert answer.status_code == 400
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


def test_agreeing_starts_a_pull_and_leads_to_its_outcome(holders, nadia, her_browser) -> None:
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
    assert "Voir ce que cela change pour mes aides" in page


def test_the_town_that_is_sent_has_its_name_and_its_code(holders, her_browser) -> None:
    assert "Villebrume (00), 00042" in her_browser.get(CAF).content.decode()


def test_an_answer_with_nothing_leads_to_the_other_ways(holders, nadia, her_browser) -> None:
    holders.site.set_mode("api_particulier", "nadia", "not_found")
    her_browser.post(CAF, {"datasets": ["quotient"], "rhythm": "once"})
    with scope(resident=nadia.pk):
        job = Job.objects.get(kind="pull_connection")
    pull_connection(str(job.pk))
    page = her_browser.get(f"/coffre/connexions/{only(nadia).pk}/").content.decode()
    assert "Aucun dossier" in page and "Voir les autres choses à faire" in page
    assert "Voir ce que cela change" not in page


def test_a_connection_for_once_is_not_pulled_by_the_scheduler(holders, nadia, connected) -> None:
    pulled(connected("caf", ["quotient"]))
    with time_machine.travel(timezone.now() + timedelta(days=29), tick=True):
        assert connections.ask_due() == 0


def test_a_monthly_connection_is_pulled_each_month_until_its_end(holders, nadia, connected) -> None:
    connection = pulled(connected("caf", ["quotient"], unattended=True))
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        assert connections.ask_due() == 1
    with scope(resident=nadia.pk):
        job = Job.objects.filter(kind="pull_connection").order_by("-created_at").first()
    assert job is not None
    assert job.basis == f"connection {connection.pk}"
    with time_machine.travel(timezone.now() + timedelta(days=370), tick=True):
        assert connections.ask_due() == 0


def test_a_monthly_pull_paused_meanwhile_asks_nothing(holders, nadia, connected) -> None:
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
    # The same return URL fails the second time: its state is used up.
    assert her_browser.get(back.removeprefix("http://testserver")).status_code == 400


def test_a_refusal_on_the_holders_page_asks_nothing_and_is_shown(holders, nadia, her_browser) -> None:
    her_browser.post(ENEDIS, {"datasets": ["jours"], "rhythm": "once"})
    connection = only(nadia)
    there = her_browser.get(f"/coffre/connexions/{connection.pk}/accord/")["Location"]
    state = parse_qs(urlsplit(there).query)["state"][0]
    answer = her_browser.get(f"/coffre/connexions/retour/enedis/?error=access_denied&state={state}", follow=True)
    assert "Vous n’avez pas donné votre accord" in answer.content.decode()
    assert only(nadia).state == ConnectionState.ASKED
    assert holders.site.seen == []


def test_a_return_url_with_an_unknown_state_is_refused(holders, nadia, her_browser, connected) -> None:
    """Another person's return URL must not connect a resident to that person's meter."""
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


def test_without_a_proven_identity_the_page_says_what_to_do(holders, db) -> None:
    browser = signed_in(named("nadia", proven=False))
    page = browser.get(CAF).content.decode()
    assert "FranceConnect" in page
    assert "/coffre/ajouter/" in page
    assert "Recevoir ces données" not in page
    browser.post(CAF, {"datasets": ["quotient"], "rhythm": "once"})
    assert holders.site.seen == []


def test_stopping_keeps_the_records_and_says_so(holders, nadia, her_browser, connected) -> None:
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
    url = f"/coffre/connexions/{connection.pk}/pause/"
    assert "En pause" in her_browser.post(url, follow=True).content.decode()
    with pytest.raises(connections.Closed):
        connections.ask_pull(connection=connection, by=nadia.pk)
    her_browser.post(url)
    assert only(nadia).state == ConnectionState.ACTIVE
    assert {"connection_paused", "connection_resumed"} <= set(events(nadia))


def test_the_list_shows_states_and_warns_before_the_end(holders, nadia, her_browser, connected) -> None:
    pulled(connected("caf", ["quotient"], unattended=True))
    assert "Dernière réception le" in her_browser.get("/coffre/connexions/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=340), tick=True):
        browser = signed_in(nadia)
        assert "Se termine le" in browser.get("/coffre/connexions/").content.decode()
        assert "La connexion à CAF se termine" in browser.get("/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=366), tick=True):
        assert "Terminée le" in signed_in(nadia).get("/coffre/connexions/").content.decode()


def test_a_new_connection_replaces_the_older_one_and_goes_on(holders, nadia, connected) -> None:
    older = pulled(connected("enedis", ["courbe"], meter=METER))
    newer = connected("enedis", ["courbe"])
    with scope(resident=nadia.pk):
        older.refresh_from_db()
    # The older connection works until she has agreed on the holder's page.
    assert older.state == ConnectionState.ACTIVE
    connections.agreed_there(connection=newer, by=nadia.pk, query={"usage_point_id": METER}, back="")
    holders.site.seen.clear()
    pulled(newer)
    with scope(resident=nadia.pk):
        older.refresh_from_db()
    assert older.state == ConnectionState.STOPPED
    assert len([path for _app, path in holders.site.seen if path.endswith("load_curve")]) == 1


def test_a_holder_without_settings_is_not_offered(holders, her_browser, settings) -> None:
    settings.CONNECTORS = {}
    assert her_browser.get(CAF).status_code == 404
    assert "Aucune connexion possible" in her_browser.get("/coffre/connexions/").content.decode()


def test_a_stop_withdraws_the_agreement_and_succeeds_even_if_that_fails(
    holders, nadia, connected, monkeypatch
) -> None:
    withdrawn = []

    def withdraw(client, config, kept):
        withdrawn.append(kept)
        if len(withdrawn) == 2:
            raise Fault("down")
        return True

    monkeypatch.setattr(CONNECTOR, "withdraw", withdraw)
    first = connected("enedis", ["jours"], meter=METER)
    assert connections.stop(connection=first, by=nadia.pk) is True
    second = connected("enedis", ["jours"], meter=METER)
    assert connections.stop(connection=second, by=nadia.pk) is False
    assert withdrawn == [{"meters": [METER]}, {"meters": [METER]}]
    with scope(resident=nadia.pk):
        assert not Connection.objects.open().exists()


def test_a_form_sent_twice_leaves_one_connection(holders, nadia, connected) -> None:
    """When the form is sent twice, the second connection replaces the first."""
    connected("caf", ["quotient"])
    connected("caf", ["quotient"])
    with scope(resident=nadia.pk):
        assert Connection.objects.open().count() == 1


def test_the_journal_names_holder_and_data(holders, nadia, her_browser, connected) -> None:
    pulled(connected("caf", ["quotient"]))
    page = her_browser.get("/journal/").content.decode()
    assert "Vous avez demandé à recevoir de CAF" in page
    assert "Vos données ont été demandées à CAF" in page


def test_the_home_page_says_which_connections_ended_or_end_soon(holders, nadia, connected, her_browser) -> None:
    made = connected("caf", ["quotient"], unattended=True)
    ended, soon = "Renouveler votre accord", "La connexion à CAF se termine"
    today = timezone.localdate()

    def said(**columns) -> list[str]:
        with scope(resident=nadia.pk):
            Connection.objects.filter(pk=made.pk).update(**columns)
        page = her_browser.get("/").content.decode()
        return [words for words in (ended, soon) if words in page]

    assert said() == []
    assert said(expires_on=today) == said(expires_on=today + timedelta(days=30)) == [soon]
    assert said(expires_on=today + timedelta(days=31)) == said(expires_on=today - timedelta(days=1)) == []
    assert said(expires_on=today, unattended=False) == []
    assert said(problem="consent_over") == [ended]
    assert said(state=ConnectionState.PAUSED) == []
