"""Pulls: answers become records with their origin, and nothing is asked or written twice."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.models import Job
from demo.holders.enedis.app import IN_SERVICE
from tests.vault.holders.connectors.conftest import events, named, outcomes, pulled, records
from vault.holders.actions import connections
from vault.holders.enums import ConnectionState
from vault.holders.tasks import pull_connection
from vault.readers import sandbox
from vault.records import gate
from vault.records.enums import Assurance, Method

pytestmark = pytest.mark.django_db(transaction=True)

METER = "00042000000011"


def test_caf_gives_quotient_and_household(holders, nadia, connected) -> None:
    connection = pulled(connected("caf", ["quotient"]))
    assert outcomes(connection)["quotient"] == {
        "code": "arrived",
        "count": 2,
        "news": 2,
        "masked": False,
        "stale": False,
    }
    values = gate.read_own(
        resident_id=nadia.pk, purpose="test", fields=["social.quotient_familial#/valeur", "foyer.composition#/enfants"]
    )
    assert values.value("social.quotient_familial#/valeur") == 612
    assert len(values.value("foyer.composition#/enfants")) == 2
    for record in records(nadia):
        assert (record.method, record.assurance) == (Method.API_PULL, Assurance.HOLDER)
    assert connection.last_success_at is not None
    assert connection.problem == ""


def test_only_agreed_datasets_are_asked(holders, nadia, connected) -> None:
    pulled(connected("caf", ["quotient"]))
    assert [path for app, path in holders.site.seen if app == "api_particulier"] == [
        "/v3/dss/quotient_familial/identite"
    ]


def test_each_benefit_is_a_record(holders, nadia, connected) -> None:
    connection = pulled(connected("caf", ["prestations"]))
    assert {record.type for record in records(nadia)} == {"social.prestation"}
    # She has no AAH: one benefit of five that is not found is no fault.
    assert outcomes(connection)["prestations"]["news"] == 4
    assert connection.problem == ""


def test_pulling_again_writes_nothing_new(holders, nadia, connected) -> None:
    connection = connected("caf", ["quotient"])
    pulled(connection)
    before = {record.pk for record in records(nadia)}
    again = pulled(connection)
    assert {record.pk for record in records(nadia)} == before
    assert outcomes(again)["quotient"]["news"] == 0


def test_the_tax_office_gives_notices_by_tax_number(holders, nadia, connected) -> None:
    pulled(connected("dgfip", ["derniere", "avant_derniere"], spi="0000000000421"))
    values = gate.read_own(resident_id=nadia.pk, purpose="test", fields=["fiscal.avis_ir#/revenu_fiscal_reference"])
    assert sorted(record.payload["revenu_fiscal_reference"] for record in values) == [13_890, 14_120]


def test_france_travail_gives_registration_and_payments(holders, connected) -> None:
    karim = named("karim")
    pulled(connected("france_travail", ["travail"], who=karim, identifiant="karim.ouali"))
    found = [record.type for record in records(karim)]
    assert found.count("emploi.inscription_ft") == 1
    assert found.count("emploi.indemnite_ft") == 10


def test_a_student_gets_inscription_and_scholarship(holders, connected) -> None:
    samir = named("samir")
    pulled(connected("crous", ["bourse"], who=samir))
    pulled(connected("mesri_men", ["etudes"], who=samir))
    assert {record.type for record in records(samir)} == {"etudes.bourse", "etudes.inscription"}


def test_schools_are_asked_for_each_child_of_the_household(holders, nadia, connected) -> None:
    pulled(connected("caf", ["quotient"]))
    pulled(connected("mesri_men", ["scolarite"]))
    pupils = records(nadia, "scolarite.eleve")
    assert len({record.subject_person for record in pupils}) == 2
    assert {record.subject_role for record in pupils} == {"child"}
    assert nadia.pk not in {record.subject_person for record in pupils}


def months(blocks: list[Mapping[str, Any]]) -> list[str]:
    return sorted(f"{timezone.localtime(datetime.fromisoformat(block['debut'])):%Y-%m}" for block in blocks)


def months_of_the_last(days: int) -> list[str]:
    today = timezone.localdate()
    return sorted({f"{today - timedelta(days=back):%Y-%m}" for back in range(1, days + 1)})


@pytest.mark.parametrize("today", ["2026-12-01", "2026-12-02", "2027-01-31"])
def test_enedis_gives_contract_days_and_curve_in_blocks(today, holders, nadia, connected, time_machine) -> None:
    time_machine.move_to(f"{today}T09:00:00+01:00")
    connection = pulled(connected("enedis", ["contrat", "jours", "courbe"], meter=METER))
    assert {record.type for record in records(nadia)} == {"energie.point", "energie.serie"}
    asked = [path for app, path in holders.site.seen if path.endswith("consumption_load_curve")]
    assert len(asked) == 53
    fields = [
        "energie.serie#/valeurs",
        "energie.serie#/pas_s",
        "energie.serie#/debut",
        "energie.serie#/unite",
        "energie.serie#/grandeur",
    ]
    values = gate.read_own(resident_id=nadia.pk, purpose="test", fields=fields)
    curve = [record.payload for record in values if record.payload["pas_s"] == 1800]
    days = [record.payload for record in values if record.payload["pas_s"] == 86400]
    # One block per month, whatever the calls: a year of half-hours, two hours of which are the clock changes.
    assert months(curve) == months_of_the_last(365)
    assert sum(len(block["valeurs"]) for block in curve) == 365 * 48
    assert None not in [value for block in curve for value in block["valeurs"]]
    assert months(days) == months_of_the_last(IN_SERVICE)
    assert outcomes(connection)["jours"]["code"] == "arrived"


def test_the_next_pull_goes_on_from_where_the_last_one_stopped(holders, nadia, connected) -> None:
    connection = connected("enedis", ["courbe"], meter=METER)
    pulled(connection)
    holders.site.seen.clear()
    pulled(connection)
    assert len([path for _app, path in holders.site.seen if path.endswith("consumption_load_curve")]) == 1


def test_grdf_gives_gas_days(holders, nadia, connected) -> None:
    connection = pulled(connected("grdf", ["jours", "contrat"], meter="00042000000012"))
    assert {record.type for record in records(nadia)} >= {"energie.point", "energie.serie"}
    assert outcomes(connection)["jours"]["code"] == outcomes(connection)["contrat"]["code"] == "arrived"


def test_a_second_request_returns_the_pull_in_progress(holders, nadia, connected) -> None:
    connection = connected("caf", ["quotient"])
    first = connections.ask_pull(connection=connection, by=nadia.pk)
    assert connections.ask_pull(connection=connection, by=nadia.pk).pk == first.pk
    with scope(resident=nadia.pk):
        assert Job.objects.filter(kind="pull_connection").count() == 1


def test_each_pull_writes_its_entries_in_the_journal(holders, nadia, connected) -> None:
    pulled(connected("caf", ["quotient"]))
    written = events(nadia)
    order = ["connection_made", "connection_pulled", "connection_identity", "records_received"]
    assert [event for event in written if event in order] == order


def test_a_stopped_connection_is_not_pulled(holders, nadia, connected) -> None:
    connection = connected("caf", ["quotient"])
    connections.stop(connection=connection, by=nadia.pk)
    with pytest.raises(connections.Closed):
        connections.ask_pull(connection=connection, by=nadia.pk)
    with scope(resident=nadia.pk):
        connection.refresh_from_db()
        assert connection.state == ConnectionState.STOPPED
        assert connections.content_of(connection)["kept"] == {}
    assert holders.site.seen == []


def test_a_pull_asked_before_the_stop_asks_nothing(holders, nadia, connected) -> None:
    connection = connected("caf", ["quotient"])
    job = connections.ask_pull(connection=connection, by=nadia.pk)
    connections.stop(connection=connection, by=nadia.pk)
    pull_connection(str(job.pk))
    assert holders.site.seen == [] and records(nadia) == []
    assert journal.entries(resident_id=nadia.pk, limit=1)[0].event == "connection_stopped"


def test_a_stop_during_a_pull_is_effective_at_once(holders, nadia, connected, monkeypatch) -> None:
    """Answers that arrive after the stop are not written."""
    connection = connected("caf", ["prestations"])
    job = connections.ask_pull(connection=connection, by=nadia.pk)
    real = sandbox.read_several

    def stopping(parts):
        assert len(parts) == 4
        connections.stop(connection=connection, by=nadia.pk)
        return real(parts)

    monkeypatch.setattr(sandbox, "read_several", stopping)
    pull_connection(str(job.pk))
    assert records(nadia) == []
    with scope(resident=nadia.pk):
        connection.refresh_from_db()
    assert connection.state == ConnectionState.STOPPED


def test_a_typed_identity_is_not_sent_to_a_holder(holders, connected) -> None:
    pretender = named("nadia", proven=False)
    connection = pulled(connected("caf", ["quotient"], who=pretender))
    assert connection.problem == "no_identity"
    assert holders.site.seen == []
    assert records(pretender) == []
