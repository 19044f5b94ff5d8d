"""The demonstration's watch: it really looked twice, and found what the wages change; once."""

import pytest
from django.utils import timezone

from demo.people.accounts import find
from demo.seeding import city, residents, watching
from tests.services.watch import made
from vault.records.content import paper_kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("aids")]


def test_a_right_appears_with_the_wages_that_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: True)
    city.fill_city()
    paper_kinds.load()
    person = find(watching.WHO)
    assert person is not None
    account = person.account()
    residents.fill_vault(account, watching.WHO, timezone.localdate())
    said: list[str] = []
    for _twice in range(2):
        watching.turn_on(said.append)
    found = made.found(account)
    assert [note["code"] for note in found.values() if note["kind"] == "new"] != [], found
    assert all({"cause": "records", "type": "emploi.revenu"} in note["causes"] for note in found.values())
    assert said == [f"watch: {len(found)} changes found for {account.name}", "watch: on"]
