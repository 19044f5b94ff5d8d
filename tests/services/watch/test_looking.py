"""A change of the vault, the month or the city's aids is looked at once, and what it changes is told once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from core import journal
from core.database import locks
from core.journal import checkpoints
from core.models.rows import AuthenticatedRow, check
from services.aids import shipping
from services.aids.benefits import BY_CODE
from services.aids.engine import run as engine
from services.aids.models import LocalAid
from services.aids.reasons import Context, explain
from services.versions.models import State
from services.watch import across
from services.watch.actions import accepting, evaluating, noting
from services.watch.models import Watch
from services.watch.outcomes import Inputs, Outcome
from tests.services.aids import people
from tests.services.watch import made
from vault.records import gate
from vault.records.actions import grants, write_note
from vault.records.models import GrantField, GrantReading
from vault.records.values.decrypted import Values

#: A copy of a field's row, for another field.
ADDED = """
INSERT INTO records_grantfield (id, resident_id, created_at, grant_id, field, required, mac)
    SELECT gen_random_uuid(), resident_id, created_at, grant_id, '{}', required, mac
    FROM records_grantfield WHERE id = %s
"""
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def readings(user: User) -> int:
    with scope(resident=user.pk):
        return GrantReading.objects.count()


def test_the_first_check_tells_nothing(awa: User) -> None:
    watch = made.watch_of(awa)
    assert watch is not None and watch.checked_at is not None and watch.due_at is None
    assert made.findings(awa) == []
    assert made.look() == 0, "nothing is due any more"
    assert readings(awa) == 1


def test_changes_of_ten_minutes_are_looked_at_together(awa: User, november: time_machine.Traveller) -> None:
    people.payslip(awa, "2025-10", "100.00")
    made.later(november, minutes=6)
    people.payslip(awa, "2025-09", "100.00")
    assert made.look() == 0
    made.later(november, minutes=5)
    assert made.look() == 1, "ten minutes after the first of them"
    assert made.look() == 0
    assert readings(awa) == 2


def test_a_right_that_appears_is_found_with_why(awa: User, november: time_machine.Traveller) -> None:
    for month in ("2025-10", "2025-09", "2025-08", "2025-07"):
        people.payslip(awa, month, "0.00")
    made.later(november, minutes=11)
    made.look()
    found = made.found(awa)
    assert found["rsa"]["kind"] == "new"
    assert {"cause": "records", "type": "emploi.revenu"} in found["rsa"]["causes"]
    assert found["rsa"]["why"]["fr"] and found["rsa"]["why"]["en"] != found["rsa"]["why"]["fr"]
    assert found["prime_activite"]["kind"] == "gone"


def test_a_check_asks_the_database_little(awa: User, stranger: User, django_assert_max_num_queries) -> None:
    people.full_vault(stranger)
    made.turned_on(stranger)
    law = evaluating.Law.today()
    claimed = across.claim(10, law=law.mark)
    with django_assert_max_num_queries(22):
        assert evaluating.evaluate(claimed, law) == 1, "Its first outcome is written too."
    with scope(resident=awa.pk):
        Watch.objects.update(law="another month")
    claimed = across.claim(10, law=law.mark)
    with django_assert_max_num_queries(16):
        assert evaluating.evaluate(claimed, law) == 1, "Nothing changed: nothing but the reading is written."


def test_a_reading_of_several_that_fails_leaves_each_to_be_read_alone(
    awa: User, november: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(asked: object) -> None:
        raise LookupError("one resident's values")

    monkeypatch.setattr(gate, "read_together", failing)
    people.payslip(awa, "2025-10", "0.00")
    made.later(november, minutes=11)
    assert made.look() == 1


def test_a_field_that_the_resident_did_not_grant_is_not_read(awa: User, november: time_machine.Traveller) -> None:
    watch = made.watch_of(awa)
    assert watch is not None and watch.grant is not None
    people.payslip(awa, "2025-10", "0.00")
    made.later(november, minutes=11)
    with scope(resident=awa.pk), connection.cursor() as cursor:
        field = GrantField.objects.filter(grant=watch.grant, field="emploi.revenu#/brut").get()
        cursor.execute(ADDED.format("banque.compte#/solde"), [field.pk])
    before = readings(awa)
    assert made.look() == 0 and readings(awa) == before
    refused = next(journal.lines(resident_id=awa.pk))
    assert refused.event == "row_refused" and refused.details["kind"] == "records.GrantField"


def test_the_month_that_changes_is_looked_at_with_the_ages(awa: User, november, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "anchored", lambda: True)
    november.move_to("2026-04-01 08:00:00+02:00")
    assert made.look() == 1
    causes = [cause for note in made.found(awa).values() for cause in note["causes"]]
    assert {"cause": "month"} in causes
    assert {"cause": "age", "name": "Moussa", "age": 8} in causes
    assert made.look() == 0


def test_a_new_version_of_a_local_aid_is_looked_at(awa: User) -> None:
    LocalAid.objects.filter(code="cantine-qf").update(state=State.CLOSED)
    assert made.look() == 1
    gone = made.found(awa)
    assert set(gone) <= {"cantine-qf"}
    assert made.look() == 0


def test_two_versions_of_the_portal_beside_each_other_read_a_watch_once_each(awa: User, november, monkeypatch) -> None:
    new = evaluating.Law.today()
    old = replace(new, mark=replace(new.mark, code="another"))
    made.later(november, minutes=1)
    monkeypatch.setattr(across, "STARTED", timezone.now())
    made.later(november, minutes=1)
    for law in (old, new, old):
        for claimed in [across.claim(10, law=law.mark)]:
            evaluating.evaluate(claimed, law)
    assert readings(awa) == 2, "its first check, and one by the version that came"
    made.later(november, minutes=1)
    monkeypatch.setattr(across, "STARTED", timezone.now())
    assert len(across.claim(10, law=new.mark)) == 1, "a worker that begins reads what another version looked at"


def test_a_new_aid_of_the_city_is_looked_at_whenever_the_worker_began(awa: User, november, monkeypatch) -> None:
    monkeypatch.setattr(across, "STARTED", timezone.now() - timedelta(days=1))
    law = evaluating.Law.today()
    assert across.claim(10, law=law.mark) == []
    assert len(across.claim(10, law=replace(law.mark, city="another"))) == 1


@pytest.mark.parametrize("change", [{"valid_from": date(2025, 11, 28)}, {"valid_to": date(2025, 11, 27)}])
def test_a_national_right_that_changes_in_mid_month_is_looked_at_that_day(awa: User, november, monkeypatch, change):
    """The worker that began before keeps running."""
    rights = shipping.national_rights()
    for name, day in change.items():
        setattr(rights[0], name, day)
    monkeypatch.setattr(shipping, "national_rights", lambda: rights)
    monkeypatch.setattr(checkpoints, "anchored", lambda: True)
    november.move_to("2025-11-26 08:00:00+01:00")
    monkeypatch.setattr(across, "STARTED", timezone.now())
    with scope(resident=awa.pk):
        Watch.objects.update(checked_at=timezone.now(), law=str(evaluating.Law.today().mark))
    november.move_to("2025-11-27 23:59:00+01:00")
    assert made.look() == 0
    november.move_to("2025-11-28 00:01:00+01:00")
    assert made.look() == 1 and made.look() == 0


def test_a_change_during_a_check_is_looked_at_again(awa: User, november, monkeypatch: pytest.MonkeyPatch) -> None:
    people.payslip(awa, "2025-10", "0.00")
    made.later(november, minutes=11)
    real = evaluating._run

    def meanwhile(*arguments: object) -> None:
        people.payslip(awa, "2025-09", "0.00")
        real(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(evaluating, "_run", meanwhile)
        patched.setattr(evaluating, "SECONDS", 0)
        law = evaluating.Law.today()
        assert evaluating.evaluate(across.claim(10, law=law.mark), law) == 1
    watch = made.watch_of(awa)
    assert watch is not None and watch.due_at is not None


def test_a_record_that_no_aid_reads_is_not_looked_at(awa: User, november: time_machine.Traveller) -> None:
    with scope(resident=awa.pk):
        noting.note_change(awa.pk, {"banque.operation"})
    watch = made.watch_of(awa)
    assert watch is not None and watch.due_at is None


def test_after_a_stop_nothing_is_read_and_nothing_is_kept(awa: User, november: time_machine.Traveller) -> None:
    people.payslip(awa, "2025-10", "0.00")
    watch = made.watch_of(awa)
    assert watch is not None and watch.grant is not None
    made.later(november, minutes=11)
    grants.stop(grant=watch.grant, by=awa.pk)
    before = readings(awa)
    assert made.look() == 0 and readings(awa) == before
    assert made.watch_of(awa) is None and made.findings(awa) == []


def test_a_stop_between_the_reading_and_the_writing_writes_nothing(awa: User, november, monkeypatch) -> None:
    people.payslip(awa, "2025-10", "0.00")
    made.later(november, minutes=11)
    watch = made.watch_of(awa)
    assert watch is not None and watch.grant is not None
    real, grant = evaluating._run, watch.grant

    def stopped(*arguments: object) -> None:
        grants.stop(grant=grant, by=awa.pk)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluating, "_run", stopped)
    assert made.look() == 0
    assert made.watch_of(awa) is None and made.findings(awa) == []


def test_a_paused_watch_waits(awa: User, november: time_machine.Traveller) -> None:
    watch = made.watch_of(awa)
    assert watch is not None and watch.grant is not None
    grants.pause(grant=watch.grant, by=awa.pk)
    people.payslip(awa, "2025-10", "0.00")
    made.later(november, minutes=11)
    assert made.look() == 0 and readings(awa) == 1
    grants.resume(grant=watch.grant, by=awa.pk)
    assert made.look() == 1


def test_a_line_taken_out_is_not_read_any_more(awa: User, november: time_machine.Traveller) -> None:
    watch = made.watch_of(awa)
    assert watch is not None and watch.grant is not None
    made.a_finding(awa)
    grants.take_out(grant=watch.grant, by=awa.pk, line="disability")
    assert made.findings(awa) == [], "it was made of that line too"
    assert made.look() == 1 and made.findings(awa) == [], "it begins again, without news"
    with scope(resident=awa.pk):
        last = GrantReading.objects.first()
    assert last is not None and not [name for name in last.fields if name.startswith("handicap.")]


def test_two_workers_look_at_a_watch_once(awa: User, november: time_machine.Traveller) -> None:
    people.payslip(awa, "2025-10", "850.00")
    made.later(november, minutes=11)
    law = evaluating.Law.today()
    first, second = across.claim(10, law=law.mark), across.claim(10, law=law.mark)
    assert (len(first), len(second)) == (1, 0)
    assert evaluating.evaluate(first, law) == 1
    assert evaluating.evaluate(first, law) == 0, "one that had it for too long writes nothing"


def test_another_year_keeps_what_was_found(awa: User, november: time_machine.Traveller) -> None:
    made.a_finding(awa)
    former = made.watch_of(awa)
    assert former is not None and made.turned_on(awa).pk == former.pk, "the same yes twice gives one grant"
    november.move_to(former.grant.ends_at - timedelta(days=10))  # type: ignore[union-attr]
    again = made.turned_on(awa)
    assert again.pk == former.pk and again.grant_id != former.grant_id
    assert len(made.findings(awa)) == 1


def test_an_agreement_to_fewer_lines_forgets_what_was_made_of_the_others(awa: User) -> None:
    made.a_finding(awa)
    made.turned_on(awa, [])
    assert made.findings(awa) == [], "it was made of those lines too"
    assert made.look() == 1 and made.findings(awa) == [], "nothing stopped: it begins again"


def test_a_check_under_the_former_agreement_leaves_the_new_one_due(awa: User, november, monkeypatch) -> None:
    people.payslip(awa, "2025-10", "850.00")
    made.later(november, minutes=11)
    real = evaluating._run

    def meanwhile(*arguments: object) -> None:
        made.turned_on(awa, ["disability"])
        real(*arguments)  # type: ignore[arg-type]

    law = evaluating.Law.today()
    claimed = across.claim(10, law=law.mark)
    with monkeypatch.context() as patched:
        patched.setattr(evaluating, "_run", meanwhile)
        patched.setattr(evaluating, "_news", lambda *_: None)
        evaluating.evaluate(claimed, law)
    watch = made.watch_of(awa)
    assert watch is not None and watch.due_at is not None


def test_a_row_that_somebody_wrote_in_the_database_opens_no_other_vault(awa: User, stranger: User) -> None:
    theirs, hers = made.turned_on(stranger), made.watch_of(awa)
    assert hers is not None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE watch_watch SET grant_id = %s WHERE id = %s", [hers.grant_id, theirs.pk])
    before = readings(awa)
    made.look()
    assert readings(awa) == before
    kept = made.watch_of(stranger)
    assert kept is not None and bytes(kept.content) == b""


def test_without_a_recent_checkpoint_nothing_is_tried(awa: User, november, monkeypatch: pytest.MonkeyPatch) -> None:
    people.payslip(awa, "2025-10", "850.00")
    made.later(november, minutes=11)
    monkeypatch.setattr(checkpoints, "anchored", lambda: False)
    assert made.look() == 0
    events = [line.event for line in journal.entries(resident_id=awa.pk, limit=20)]
    assert "read_refused" not in events, "a line each half hour for each resident says nothing"
    monkeypatch.setattr(checkpoints, "anchored", lambda: True)
    assert made.look() == 1


# A change of the vault, and a stop, take the grant, then the journal, then the row. In another order, each could wait
# for the other, and a resident's page would fail.


def elsewhere(act: Callable[..., Any], *arguments: object) -> Any:
    """Run an act in another connection."""

    def done() -> object:
        try:
            return act(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


def is_free(kind: str, id: UUID) -> bool:
    """Return whether another connection could take a lock now."""

    def tried() -> bool:
        with transaction.atomic():
            return locks.try_hold(kind, id)

    return bool(elsewhere(tried))


def test_a_check_that_writes_has_the_journal_before_the_row(awa: User, november, monkeypatch) -> None:
    people.payslip(awa, "2025-10", "0.00")
    made.later(november, minutes=11)
    free = []

    def writing(row: AuthenticatedRow, **named: Any) -> None:
        free.append(is_free("journal", awa.pk))
        write_note(row, **named)

    monkeypatch.setattr(evaluating, "write_note", writing)
    monkeypatch.setattr(evaluating, "_is_quiet", lambda one, after: False)
    assert made.look() == 1
    assert free == [False]


def test_an_outcome_without_news_waits_for_nobody(awa: User, november, monkeypatch) -> None:
    """It is written with those of others: who waits with several rows in hand could be waited for."""
    watch = made.watch_of(awa)
    assert watch is not None and watch.grant is not None
    law = evaluating.Law.today()
    [claimed] = across.claim(10, law=replace(law.mark, city="another"))
    quiet = [(evaluating.Looked(claimed, None, {}, Values()), Outcome({}, Inputs()))]
    with transaction.atomic(), scope(resident=awa.pk):
        Watch.objects.select_for_update().get()
        assert elsewhere(evaluating._settle_together, quiet, law) == []
    with transaction.atomic():
        gate.lock_exclusively([watch.grant])
        assert elsewhere(evaluating._settle_together, quiet, law) == []
    assert evaluating._settle_together(quiet, law) == [watch.pk]
    after = made.watch_of(awa)
    assert after is not None and after.version == watch.version + 1
    assert evaluating._settle_together(quiet, law) == [], "it was written in the meantime"


def test_an_agreement_has_the_grant_and_the_journal_before_the_row(awa: User, monkeypatch) -> None:
    watch = made.watch_of(awa)
    assert watch is not None and watch.grant is not None
    grant_id, free = watch.grant.pk, []

    def checking(row: AuthenticatedRow) -> None:
        free.append((is_free("grant", grant_id), is_free("journal", awa.pk)))
        check(row)

    monkeypatch.setattr(accepting, "check", checking)
    made.turned_on(awa, [])
    assert free == [(False, False)]


def test_a_broken_household_leaves_the_others_in_peace(awa: User, november, monkeypatch, stranger: User) -> None:
    people.full_vault(stranger)
    made.turned_on(stranger)
    people.payslip(awa, "2025-10", "0.00")
    made.later(november, minutes=11)
    real, calls = engine.run_many, []

    def breaks(groups: object) -> object:
        calls.append(groups)
        raise ZeroDivisionError

    monkeypatch.setattr(engine, "run_many", breaks)
    assert made.look() == 2 and len(calls) == 1 and real is not breaks


def test_run_together_or_alone_gives_the_same(awa: User, resident: User) -> None:
    from services.aids.household.from_json import read

    one, two = read(people.single()), read(people.family())
    groups = [[one], [two, two]]
    for rows, run in zip(groups, engine.run_many(groups), strict=True):
        alone = engine.run(rows)
        assert run.steady == alone.steady
        first, shared = Context(alone, 0), Context(run, 0)
        assert [str(reason.text) for code in BY_CODE for reason in explain(first, code).reasons] == [
            str(reason.text) for code in BY_CODE for reason in explain(shared, code).reasons
        ]


def test_side_rows_of_many_residents_serve_their_own_rows_only() -> None:
    """Incomes that change, or a child who is expected, take a row beside in the engine."""
    from services.aids.household.from_json import read

    changed = people.person(people.family(), disability_rate=0.8)
    changed["people"][0]["incomes"][0] |= {"from": "2025-06", "net": 200, "taxable": 207, "gross": 256}
    expecting = people.person(people.single(), pregnant=True, due_date="2026-02-15")
    groups = [[read(changed)], [read(expecting), read(changed)], [read(people.single())], [read(expecting)]]
    for rows, run in zip(groups, engine.run_many(groups), strict=True):
        alone = engine.run(rows)
        assert (run.first, run.steady) == (alone.first, alone.steady)
        assert Context(run, 0).read("css_cmu_base_ressources") == Context(alone, 0).read("css_cmu_base_ressources")
    assert engine.run(groups[0]).steady[0]["p1.aah"] > 0, "an amount of a person, put back between two passes"
