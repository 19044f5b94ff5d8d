"""After a resident stopped a request, no agent of the office reads it, under load.

    OFFICE_READS=3000 python -m pytest tests/faults/test_stop_against_offices.py   as the issue asks; 48 by default

Agents keep opening with the row that they had before the stop, as a page in another tab does.
"""

import os

import pytest

from tests.attacks.racing import race
from tests.services.requests.made import fresh, member, opened_office, sent
from vault.records.actions import grants

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
READS = int(os.environ.get("OFFICE_READS", "48"))
ROUNDS, READERS = 4, 4


def test_no_agent_opens_a_request_after_its_stop(resident):
    office = opened_office()
    place = member(office, "Claire Morvan")
    rows = [sent(resident, office) for _ in range(ROUNDS)]
    more = -(-READS // (ROUNDS * READERS))
    named = [f"{resident.pk}:{row.pk}:{place.pk}" for row in rows]
    outcome = race(
        [row.grant for row in rows],
        readers=READERS,
        stop=lambda grant: grants.stop(grant=grant, by=resident.pk),
        words=["tests.attacks.racing_office", str(more), *named],
    )
    assert outcome.reads >= ROUNDS * READERS and outcome.tried >= READS
    assert (outcome.opened_late, outcome.begun_late) == (0, 0)
    assert {fresh(row).state for row in rows} == {"withdrawn"} and all(fresh(row).content is None for row in rows)
