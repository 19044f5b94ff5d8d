"""Holders fail in each way: the page says what happened and what to do, nothing is lost, and the upload path stays."""

import math
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from django_scopes import scope

from demo.holders import reach
from tests.accounts.factories import AgentFactory
from tests.vault.holders.connectors.conftest import named, outcomes, pulled, records
from vault.holders import connectors
from vault.holders.actions import connections
from vault.holders.connectors.faults import KINDS, Fault
from vault.holders.connectors.frame import Call
from vault.holders.connectors.grdf.connector import CONNECTOR as GRDF
from vault.holders.models import ConnectorHealth

pytestmark = pytest.mark.django_db(transaction=True)

METER = "00042000000011"
Asked = tuple[str, str, list[str], dict[str, str]]
#: Who is asked for what, and the name under which its server is mounted.
CAF: Asked = ("caf", "api_particulier", ["quotient"], {})
TAX: Asked = ("dgfip", "impots", ["derniere"], {"spi": "0000000000421"})
POWER: Asked = ("enedis", "enedis", ["jours"], {"meter": METER})
GAS: Asked = ("grdf", "grdf", ["jours"], {"meter": "00042000000012"})

#: Holder, trouble asked for, code that it becomes. `None`: the answer counts.
CASES = [
    (CAF, "slow", "slow"),
    (CAF, "down", "down"),
    (CAF, "broken", "broken"),
    (CAF, "quota", "quota"),
    (CAF, "not_found", "not_found"),
    (CAF, "wrong_person", "wrong_person"),
    (CAF, "city_refused", "city_refused"),
    (CAF, "expired", "not_allowed"),
    (TAX, "slow", "slow"),
    (TAX, "down", "down"),
    (TAX, "broken", "broken"),
    (TAX, "quota", "quota"),
    (TAX, "not_found", "not_found"),
    (TAX, "wrong_person", "wrong_person"),
    (TAX, "expired", "not_allowed"),
    (POWER, "slow", "slow"),
    (POWER, "down", "down"),
    (POWER, "broken", "broken"),
    (POWER, "quota", "quota"),
    (POWER, "not_found", "not_found"),
    (POWER, "wrong_person", "wrong_person"),
    (POWER, "expired", "consent_over"),
    (GAS, "broken", "broken"),
    (GAS, "wrong_person", "wrong_person"),
    (GAS, "expired", "consent_over"),
]


@pytest.mark.parametrize(("asked", "mode", "code"), CASES, ids=[f"{case[0][0]}-{case[1]}" for case in CASES])
def test_a_failure_is_said_with_what_to_do_and_loses_nothing(
    holders, nadia, connected, her_browser, asked, mode, code
) -> None:
    holder, app, datasets, more = asked
    connection = connected(holder, datasets, **more)
    pulled(connection)
    before = {record.pk for record in records(nadia)}
    last = connection.last_success_at
    holders.site.set_mode(app, "nadia", mode)
    failed = pulled(connection)

    assert before
    assert {record.pk for record in records(nadia)} == before
    expected = {"code": code}
    assert {name: outcomes(failed)[datasets[0]][name] for name in expected} == expected
    assert failed.problem == ("" if code == "not_found" else code)
    page = her_browser.get(f"/coffre/connexions/{connection.pk}/").content.decode()
    kind = KINDS[code]
    found = connectors.of_holder(holder)
    assert found is not None
    what = str(kind.what) % {"holder": found.offer.name}
    assert what[:1].upper() + what[1:] in page
    assert str(kind.do) in page
    assert "/coffre/ajouter/" in page
    assert last is None or failed.last_success_at >= last


@pytest.mark.parametrize("asked", [CAF, TAX, POWER], ids=["caf", "dgfip", "enedis"])
def test_after_a_failure_the_next_pull_brings_what_was_missing(holders, nadia, connected, asked) -> None:
    holder, app, datasets, more = asked
    holders.site.set_mode(app, "nadia", "down")
    connection = connected(holder, datasets, **more)
    assert pulled(connection).unfinished
    assert records(nadia) == []
    holders.site.set_mode(app, "nadia", "normal")
    after = pulled(connection)
    assert records(nadia)
    assert (after.problem, after.unfinished, after.failures) == ("", False, 0)


def test_masked_scopes_are_normal(holders, nadia, connected, her_browser) -> None:
    holders.site.set_mode("api_particulier", "nadia", "masked")
    connection = pulled(connected("caf", ["quotient"]))
    found = outcomes(connection)["quotient"]
    assert (found["code"], found["masked"], connection.problem) == ("arrived", True, "")
    assert (
        "Certains champs ne sont pas donnés à la ville"
        in her_browser.get(f"/coffre/connexions/{connection.pk}/").content.decode()
    )


def test_an_old_answer_is_kept_and_told(holders, nadia, connected, her_browser) -> None:
    holders.site.set_mode("api_particulier", "nadia", "stale")
    connection = pulled(connected("caf", ["quotient"]))
    assert outcomes(connection)["quotient"]["stale"] is True
    assert "plus de six mois" in her_browser.get(f"/coffre/connexions/{connection.pk}/").content.decode()


def test_no_file_found_counts_as_an_answer(holders, nadia, connected) -> None:
    holders.site.set_mode("api_particulier", "nadia", "not_found")
    connection = pulled(connected("caf", ["quotient"]))
    assert connection.last_success_at is not None
    assert (connection.problem, connection.unfinished, connection.next_pull_at) == ("", False, None)


def test_a_holder_that_asks_to_wait_is_not_asked_before(holders, nadia, connected, her_browser) -> None:
    holders.site.set_mode("api_particulier", "nadia", "quota")
    connection = pulled(connected("caf", ["quotient"]))
    assert connection.next_pull_at is not None
    assert connection.next_pull_at >= timezone.now() + timedelta(minutes=59)
    answer = her_browser.post(f"/coffre/connexions/{connection.pk}/recevoir/", follow=True)
    assert "demande d’attendre" in answer.content.decode()
    with pytest.raises(connections.NotYet):
        connections.ask_pull(connection=connection, by=nadia.pk)


def test_waits_grow_with_failures_and_the_clock_asks_again(holders, nadia, connected) -> None:
    holders.site.set_mode("api_particulier", "nadia", "down")
    connection = connected("caf", ["quotient"])
    first, second = pulled(connection).next_pull_at, pulled(connection).next_pull_at
    assert first is not None and second is not None
    assert second - first > timedelta(minutes=30)
    assert connections.ask_due() == 0
    with time_machine.travel(second + timedelta(seconds=1), tick=True):
        assert connections.ask_due() == 1
        assert connections.ask_due() == 0


def test_a_citys_refused_token_is_told_to_the_agents_once(holders, connected) -> None:
    agent = AgentFactory(email="agathe@villebrume.example")
    holders.site.set_mode("api_particulier", "*", "city_refused")
    for slug in ("nadia", "elise"):
        person = named(slug)
        pulled(connected("caf", ["quotient"], who=person))
    (told,) = [message for message in mail.outbox if message.to == [agent.email]]
    assert "api_particulier" in told.subject
    for name in ("Nadia", "Kervella", "Élise"):
        assert name not in f"{told.subject} {told.body}"
    assert ConnectorHealth.objects.get(pk="api_particulier").problem == "city_refused"
    holders.site.set_mode("api_particulier", "*", "normal")
    pulled(connected("caf", ["quotient"], who=person))
    assert ConnectorHealth.objects.get(pk="api_particulier").problem == ""


def test_wrong_credentials_of_the_city_are_its_own_fault(holders, nadia, connected, settings) -> None:
    connection = connected("enedis", ["jours"], meter=METER)
    settings.CONNECTORS = {**settings.CONNECTORS, "enedis": {**settings.CONNECTORS["enedis"], "client_secret": "old"}}
    assert pulled(connection).problem == "city_refused"


def test_a_token_that_ends_during_a_pull_is_asked_again(holders, nadia, connected, monkeypatch) -> None:
    """The gateway says 401 in the middle: one new token, and the pull goes on."""
    from vault.holders.connectors.enedis.connector import CONNECTOR

    given = iter(["over", *[None] * 5])
    real = CONNECTOR.headers

    def headers(client, config):
        token = next(given)
        return {"Authorization": f"Bearer {token}"} if token else real(client, config)

    monkeypatch.setattr(CONNECTOR, "headers", headers)
    connection = pulled(connected("enedis", ["jours"], meter=METER))
    assert (connection.problem, outcomes(connection)["jours"]["code"]) == ("", "arrived")


def test_the_citys_own_quota_stops_before_the_holder_does(holders, nadia, connected, monkeypatch) -> None:
    from vault.holders.connectors.enedis.connector import CONNECTOR
    from vault.holders.connectors.frame import Quota

    monkeypatch.setattr(CONNECTOR, "quota", Quota(10, 3600))
    connection = pulled(connected("enedis", ["courbe"], meter=METER))
    assert len(holders.site.seen) == 10
    found = outcomes(connection)["courbe"]
    # Token and identity took two of the ten questions; the eight weeks that came are kept.
    assert (found["code"], found["then"], connection.problem) == ("arrived", "quota", "quota")
    assert records(nadia, "energie.serie")
    monkeypatch.setattr(CONNECTOR, "quota", Quota(1000, 3600))
    holders.site.seen.clear()
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        assert pulled(connection).problem == ""
    assert len([path for _app, path in holders.site.seen if path.endswith("load_curve")]) == math.ceil(
        (365 - 8 * 7 + 2) / 7
    )


def test_a_holder_that_is_not_there_is_down(holders, nadia, connected, settings) -> None:
    settings.CONNECTORS = reach.connectors("http://127.0.0.1:1")
    assert pulled(connected("caf", ["quotient"])).problem == "down"


def test_another_persons_meter_in_the_return_address_opens_nothing(holders, nadia, connected) -> None:
    """The city's token opens every meter: only the name on the contract tells whose it is."""
    connection = pulled(connected("enedis", ["jours", "contrat"], meter="00042000000021"))
    assert connection.problem == "wrong_person"
    assert records(nadia) == []
    asked = [path for app, path in holders.site.seen if app == "enedis" and "token" not in path]
    assert asked == ["/customers_i/v5/identity"]


def test_what_came_before_a_failure_stays(holders, nadia, connected, monkeypatch) -> None:
    from vault.holders.connectors.http import Client

    connection = connected("enedis", ["courbe"], meter=METER)
    real, count = Client._once, []

    def failing(self, *arguments):
        count.append(1)
        if len(count) == 14:
            holders.site.set_mode("enedis", "nadia", "broken")
        return real(self, *arguments)

    monkeypatch.setattr(Client, "_once", failing)
    stopped = pulled(connection)
    assert (outcomes(stopped)["courbe"]["code"], outcomes(stopped)["courbe"]["then"]) == ("arrived", "broken")
    with scope(resident=nadia.pk):
        reached = connections.content_of(stopped)["reached"]
    assert list(reached) == [f"courbe:{METER}"]
    holders.site.set_mode("enedis", "nadia", "normal")
    assert outcomes(pulled(connection))["courbe"]["code"] == "arrived"
    assert "then" not in outcomes(connection)["courbe"]


def test_a_code_that_grdf_does_not_know_connects_nobody(holders, nadia, connected) -> None:
    made = connected("grdf", ["jours"])
    for query in ({"code": "invented"}, {"error": "access_denied"}, {}):
        with pytest.raises(Fault, match="refused_there"):
            connections.agreed_there(connection=made, by=nadia.pk, query=query, back="http://testserver/")
    with pytest.raises(connections.Closed):
        connections.ask_pull(connection=made, by=nadia.pk)


def test_the_end_that_the_holder_says_is_believed(holders, nadia, connected) -> None:
    """GRDF's right of access lasts 400 days here: no longer than what the resident read, and no longer than GRDF says."""
    once = pulled(connected("grdf", ["contrat"], meter="00042000000012"))
    assert once.expires_on == timezone.localdate() + timedelta(days=30)
    sooner = timezone.localdate() + timedelta(days=3)
    answer = [{"id_pce": "1", "etat_droit_acces": "Active", "date_fin_droit_acces": sooner.isoformat()}]
    assert GRDF.over_on(Call("contrat", "droits_acces", looks=True), answer) == sooner
