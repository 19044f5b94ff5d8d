"""The demonstration's watch: it really looked twice, and found what the quotient changes; once."""

import pytest
from django.utils import timezone

from demo import seeding, watching
from demo.people import find
from tests.services.watch import made
from vault.records.content import paper_kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("aids")]


def test_a_right_appears_with_the_quotient_that_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: True)
    seeding.fill_city()
    paper_kinds.load()
    person = find(watching.WHO)
    assert person is not None
    account = person.account()
    seeding.fill_vault(account, watching.WHO, timezone.localdate())
    said: list[str] = []
    for _twice in range(2):
        watching.turn_on(said.append)
    found = made.found(account)
    watch = made.watch_of(account)
    import json
    from vault.records.actions.notes import unseal_note
    print(json.dumps(unseal_note(resident_id=account.pk, place=watch.note_place, content=bytes(watch.content)))[:3000])
    from services.aids.actions import simulations
    print([(l.aid.code, l.status, [(r.text, r.answer) for r in l.outcome.reasons]) for l in simulations.simulate(resident_id=account.pk).local][-4:])
    assert [note["code"] for note in found.values() if note["kind"] == "new"] != [], found
    assert all({"cause": "records", "type": "social.quotient_familial"} in note["causes"] for note in found.values())
    assert said == [f"watch: {len(found)} changes found for {account.name}", "watch: on"]
