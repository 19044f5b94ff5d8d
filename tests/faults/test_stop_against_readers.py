"""After a stop or a pause is acknowledged no read succeeds, under load. `bench/gate.py` runs a hundred rounds."""

import pytest

from tests.attacks.racing import FIELD, race
from tests.vault.couples import TRIED, granted
from tests.vault.made import add_signed_notice
from vault.records.actions import grants as actions_grants
from vault.records.grants import agreements

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
