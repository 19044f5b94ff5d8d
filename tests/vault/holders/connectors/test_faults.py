"""Faults of the holders: the page says what happened and what to do, and records received before stay."""

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
from vault.holders.enums import API_NAMES
from vault.holders.models import ConnectorHealth

pytestmark = pytest.mark.django_db(transaction=True)

METER = "00042000000011"
Asked = tuple[str, str, list[str], dict[str, str]]
#: The holder, the name of its demonstration server, the datasets and the options of the connection.
CAF: Asked = ("caf", "api_particulier", ["quotient"], {})
TAX: Asked = ("dgfip", "impots", ["derniere"], {"spi": "0000000000421"})
POWER: Asked = ("enedis", "enedis", ["jours"], {"meter": METER})
GAS: Asked = ("grdf", "grdf", ["jours"], {"meter": "00042000000012"})

#: The connection, the mode of the demonstration server, and the code of the fault.
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
def test_a_fault_is_explained_and_keeps_earlier_records(
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
def test_the_pull_after_a_fault_receives_the_missing_records(holders, nadia, connected, asked) -> None:
    holder, app, datasets, more = asked
    holders.site.set_mode(app, "nadia", "down")
    connection = connected(holder, datasets, **more)
    assert pulled(connection).unfinished
    assert records(nadia) == []
    holders.site.set_mode(app, "nadia", "normal")
    after = pulled(connection)
    assert records(nadia)
    assert (after.problem, after.unfinished, after.failures) == ("", False, 0)


def test_masked_fields_are_no_fault(holders, nadia, connected, her_browser) -> None:
    holders.site.set_mode("api_particulier", "nadia", "masked")
    connection = pulled(connected("caf", ["quotient"]))
    found = outcomes(connection)["quotient"]
    assert (found["code"], found["masked"], connection.problem) == ("arrived", True, "")
    assert (
        "Certains champs ne sont pas donnés à la ville"
        in her_browser.get(f"/coffre/connexions/{connection.pk}/").content.decode()
    )


def test_an_old_answer_is_kept_and_shown_as_old(holders, nadia, connected, her_browser) -> None:
    holders.site.set_mode("api_particulier", "nadia", "stale")
    connection = pulled(connected("caf", ["quotient"]))
    assert outcomes(connection)["quotient"]["stale"] is True
    assert "plus de six mois" in her_browser.get(f"/coffre/connexions/{connection.pk}/").content.decode()


def test_not_found_is_an_answer(holders, nadia, connected) -> None:
    holders.site.set_mode("api_particulier", "nadia", "not_found")
    connection = pulled(connected("caf", ["quotient"]))
    assert connection.last_success_at is not None
    assert (connection.problem, connection.unfinished, connection.next_pull_at) == ("", False, None)


def test_a_holder_is_not_called_before_the_wait_it_asked_for(holders, nadia, connected, her_browser) -> None:
    holders.site.set_mode("api_particulier", "nadia", "quota")
    connection = pulled(connected("caf", ["quotient"]))
    assert connection.next_pull_at is not None
    assert connection.next_pull_at >= timezone.now() + timedelta(minutes=59)
    answer = her_browser.post(f"/coffre/connexions/{connection.pk}/recevoir/", follow=True)
    assert "demande d’attendre" in answer.content.decode()
    with pytest.raises(connections.NotYet):
        connections.ask_pull(connection=connection, by=nadia.pk)


def test_waits_grow_with_failures_and_the_scheduler_tries_again(holders, nadia, connected) -> None:
    holders.site.set_mode("api_particulier", "nadia", "down")
    connection = connected("caf", ["quotient"])
    first, second = pulled(connection).next_pull_at, pulled(connection).next_pull_at
    assert first is not None and second is not None
    assert second - first > timedelta(minutes=30)
    assert connections.ask_due() == 0
    with time_machine.travel(second + timedelta(seconds=1), tick=True):
        assert connections.ask_due() == 1
        assert connections.ask_due() == 0


def test_agents_are_warned_once_that_the_citys_token_is_refused(holders, connected) -> None:
    agent = AgentFactory(email="agathe@villebrume.example")
    holders.site.set_mode("api_particulier", "*", "city_refused")
    for slug in ("nadia", "elise"):
        person = named(slug)
        pulled(connected("caf", ["quotient"], who=person))
    (warning,) = [message for message in mail.outbox if message.to == [agent.email]]
    assert "API Particulier" in warning.subject
    for name in ("Nadia", "Kervella", "Élise"):
        assert name not in f"{warning.subject} {warning.body}"
    assert ConnectorHealth.objects.get(pk="api_particulier").problem == "city_refused"
    holders.site.set_mode("api_particulier", "*", "normal")
    pulled(connected("caf", ["quotient"], who=person))
    assert ConnectorHealth.objects.get(pk="api_particulier").problem == ""


def test_agents_read_the_name_of_each_api_and_not_its_code() -> None:
    assert {code: str(ConnectorHealth(connector=code)) for code in connectors.all_connectors()} == API_NAMES


def test_wrong_credentials_are_a_refusal_of_the_city(holders, nadia, connected, settings) -> None:
    connection = connected("enedis", ["jours"], meter=METER)
    settings.CONNECTORS = {**settings.CONNECTORS, "enedis": {**settings.CONNECTORS["enedis"], "client_secret": "old"}}
    assert pulled(connection).problem == "city_refused"


def test_a_token_that_expires_during_a_pull_is_requested_again(holders, nadia, connected, monkeypatch) -> None:
    """After a 401 in the middle of a pull, one new token is requested and the pull goes on."""
    from vault.holders.connectors.enedis.connector import CONNECTOR

    given = iter(["over", *[None] * 5])
    real = CONNECTOR.headers

    def headers(client, config):
        token = next(given)
        return {"Authorization": f"Bearer {token}"} if token else real(client, config)

    monkeypatch.setattr(CONNECTOR, "headers", headers)
    connection = pulled(connected("enedis", ["jours"], meter=METER))
    assert (connection.problem, outcomes(connection)["jours"]["code"]) == ("", "arrived")


def test_the_citys_quota_stops_the_pull(holders, nadia, connected, monkeypatch) -> None:
    from vault.holders.connectors.enedis.connector import CONNECTOR
    from vault.holders.connectors.frame import Quota

    monkeypatch.setattr(CONNECTOR, "quota", Quota(10, 3600))
    connection = pulled(connected("enedis", ["courbe"], meter=METER))
    assert len(holders.site.seen) == 10
    found = outcomes(connection)["courbe"]
    # Token and identity took two of the ten calls; the eight weeks received are kept.
    assert (found["code"], found["then"], connection.problem) == ("arrived", "quota", "quota")
    assert records(nadia, "energie.serie")
    monkeypatch.setattr(CONNECTOR, "quota", Quota(1000, 3600))
    holders.site.seen.clear()
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        assert pulled(connection).problem == ""
    assert len([path for _app, path in holders.site.seen if path.endswith("load_curve")]) == math.ceil(
        (365 - 8 * 7 + 2) / 7
    )


def test_an_unreachable_holder_is_down(holders, nadia, connected, settings) -> None:
    settings.CONNECTORS = reach.connectors("http://127.0.0.1:1")
    assert pulled(connected("caf", ["quotient"])).problem == "down"


def test_another_persons_meter_in_the_return_url_reads_nothing(holders, nadia, connected) -> None:
    """The city's token gives access to every meter: the name on the contract must be the resident's."""
    connection = pulled(connected("enedis", ["jours", "contrat"], meter="00042000000021"))
    assert connection.problem == "wrong_person"
    assert records(nadia) == []
    asked = [path for app, path in holders.site.seen if app == "enedis" and "token" not in path]
    assert asked == ["/customers_i/v5/identity"]


def test_records_received_before_a_fault_stay(holders, nadia, connected, monkeypatch) -> None:
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


def test_a_code_unknown_to_grdf_does_not_connect(holders, nadia, connected) -> None:
    made = connected("grdf", ["jours"])
    for query in ({"code": "invented"}, {"error": "access_denied"}, {}):
        with pytest.raises(Fault, match="refused_there"):
            connections.agreed_there(connection=made, by=nadia.pk, query=query, back="http://testserver/")
    with pytest.raises(connections.Closed):
        connections.ask_pull(connection=made, by=nadia.pk)


def test_the_holders_end_date_shortens_the_connection(holders, nadia, connected) -> None:
    """The connection ends with what the resident agreed to, or sooner if GRDF says so (400 days here)."""
    once = pulled(connected("grdf", ["contrat"], meter="00042000000012"))
    assert once.expires_on == timezone.localdate() + timedelta(days=30)
    sooner = timezone.localdate() + timedelta(days=3)
    answer = [{"id_pce": "1", "etat_droit_acces": "Active", "date_fin_droit_acces": sooner.isoformat()}]
    assert GRDF.over_on(Call("contrat", "droits_acces", looks=True), answer) == sooner
