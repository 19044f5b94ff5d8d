"""After an acknowledged stop, pause or suspension no read succeeds, under load. `bench/gate.py` runs 100 rounds."""

import pytest
from django_scopes import scope

from certification.labels.actions import labels
from tests.accounts.factories import AgentFactory
from tests.attacks.racing import FIELD, race
from tests.certification.made import given, labelled, member, publisher, service, version_of
from tests.vault.couples import TRIED, granted
from tests.vault.made import add_signed_notice
from vault.records.actions import grants as actions_grants
from vault.records.grants import agreements
from vault.records.models import Grant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROUNDS, READERS = 8, 6


@pytest.mark.parametrize("verb", [actions_grants.stop, actions_grants.pause], ids=["stop", "pause"])
def test_nothing_is_read_after_a_stop(resident, monkeypatch, verb):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)
    add_signed_notice(resident)
    grants = [granted(resident, FIELD) for _ in range(ROUNDS)]
    outcome = race(grants, readers=READERS, stop=lambda grant: verb(grant=grant, by=resident.pk))
    assert outcome.reads >= ROUNDS * READERS
    assert (outcome.opened_late, outcome.begun_late) == (0, 0)


def test_nothing_is_read_after_a_suspension(resident):
    """The suspension takes the service's lock alone: no grant is stopped."""
    add_signed_notice(resident)
    house = publisher()
    owner, agent = member(house), AgentFactory()
    found = {}
    for number in range(ROUNDS):
        label = labelled(owner, service(owner, house, f"Service {number}"))
        found[given(resident, version_of(label))] = label
    outcome = race(
        list(found), readers=READERS, stop=lambda grant: labels.suspend(label=found[grant], by=agent, reasons="Vu.")
    )
    assert outcome.reads >= ROUNDS * READERS
    assert (outcome.opened_late, outcome.begun_late) == (0, 0)
    with scope(resident=resident.pk):
        assert not Grant.objects.exclude(stopped_at=None).exists()
