"""Whoever kept a copy of the database's rows, and puts them back with their MACs of then, opens nothing again."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from core import journal, rows
from core.journal import checkpoints, heads
from core.journal.lots import Ended
from core.keys import KeyMissing, protect
from core.models import CityKey, JournalLeaf
from core.models.rows import mac_of
from core.rows import Forged, check
from tests.accounts.factories import CompanionFactory, ResidentFactory, signed_in
from tests.attacks.test_written_rows import INCOME, RENT, own, reads
from tests.core.test_checkpoints import outside  # noqa: F401 - a fixture
from tests.vault import scale
from tests.vault.couples import couple, granted
from tests.vault.entrusted import said
from tests.vault.made import HOME, NOTICE, add, add_signed_notice
from tests.vault.shown import PARTS, address, linked
from vault.holders import perms
from vault.holders.actions import connections
from vault.holders.models import Connection
from vault.records import actions, gate, leaving
from vault.records.actions import grants
from vault.records.enums import Happened, HouseholdRole
from vault.records.models import Grant, GrantEvent, Paper, Record
from vault.sharing.across import household_access
from vault.sharing.actions import household, links, mandates
from vault.sharing.models import Link
from vault.types.envelope import build, provenance

pytestmark = pytest.mark.django_db
Rows = dict[str, list[dict[str, Any]]]


def sql(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "web", "the attacker has the portal's own role"
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def kept(*tables: str) -> Rows:
    """Return a copy of whole tables, MACs included."""
    found: Rows = {}
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column.name for column in cursor.description or ()]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def put_back(copy: Rows) -> None:
    """Write the rows again as they were, over those that are there. One that the database refuses stays as it is."""
    for table, stored in copy.items():
        for row in stored:
            key = "id" if "id" in row else next(iter(row))
            values = [str(value) if isinstance(value, dict | list) else value for value in row.values()]
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
            settable = ", ".join(f'"{name}" = %s' for name in row)
            with suppress(DatabaseError), transaction.atomic():
                there = sql(f'UPDATE "{table}" SET {settable} WHERE "{key}" = %s RETURNING 1', *values, row[key])
                if not there:
                    sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', *values)


def by_the_owner(copy: Rows) -> Rows:
    """Return the rows under MACs that no trigger knows: whoever owns the tables can disable them."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    for table, stored in copy.items():
        for row in stored:
            row["mac"] = mac_of(models[table](**row))
    return copy


@pytest.fixture
def giver(resident: User) -> User:
    add_signed_notice(resident)
    return resident


def pause(grant: Grant) -> None:
    grants.pause(grant=grant, by=grant.resident_id)


def stop(grant: Grant) -> None:
    grants.stop(grant=grant, by=grant.resident_id)


@pytest.mark.parametrize("change", [stop, pause])
def test_a_grant_put_back_as_it_was_before_its_change_reads_nothing(
    giver: User, change: Callable[[Grant], None]
) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant")
    change(grant)
    put_back(copy)
    assert not reads(grant)


def test_a_stop_deleted_with_its_event_stays_a_stop(giver: User) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant")
    stop(grant)
    sql("DELETE FROM records_grantevent WHERE grant_id = %s AND happened = 'stopped'", grant.pk)
    put_back(copy)
    with scope(resident=giver.pk):
        assert not GrantEvent.objects.filter(grant=grant, happened=Happened.STOPPED).exists()
    assert not reads(grant)


def test_a_stopped_grant_removed_and_inserted_again_reads_nothing(giver: User) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant", "records_grantfield")
    stop(grant)
    for table in ("grantevent", "grantfield"):
        sql(f"DELETE FROM records_{table} WHERE grant_id = %s", grant.pk)
    sql("DELETE FROM records_grant WHERE id = %s", grant.pk)
    put_back(copy)
    assert not reads(grant)


def test_a_grant_whose_end_came_nearer_does_not_get_its_former_end_back(giver: User) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant")
    grants.shorten(grant=grant, by=giver.pk, ends_at=timezone.now() + timedelta(days=1))
    put_back(copy)
    assert not reads(grant)


@pytest.mark.parametrize("tables", [["records_grantfield"], ["records_grantfield", "records_grant"]])
def test_a_line_taken_out_of_a_grant_and_put_back_is_not_read(giver: User, tables: list[str]) -> None:
    grant = granted(giver, INCOME, PARTS)
    copy = kept(*tables)
    assert reads(grant, PARTS)
    grants.take_out(grant=grant, by=giver.pk, line=PARTS)
    assert reads(grant) and not reads(grant, PARTS)
    put_back(copy)
    assert not reads(grant, PARTS)


def test_a_grant_for_one_reading_put_back_unread_is_not_read_twice(giver: User) -> None:
    grant = granted(giver, INCOME, once=True)
    copy = kept("records_grant")
    assert reads(grant)
    put_back(copy)
    assert not reads(grant)


def wrong(code: str) -> str:
    return "A" * len(code)


def test_the_former_code_of_a_link_put_back_opens_nothing(giver: User) -> None:
    key = linked(giver, INCOME)
    copy = kept("sharing_link")
    links.renew(link=key.link, by=giver.pk, address=False)
    put_back(copy)
    assert Client().post(address(key), {"code": key.code}).status_code != 302


def test_the_count_of_wrong_codes_put_back_gives_no_more_tries(giver: User) -> None:
    key = linked(giver, INCOME)
    copy = kept("sharing_link")
    Client().post(address(key), {"code": wrong(key.code)})
    put_back(copy)
    with scope(resident=giver.pk), pytest.raises(Forged):
        links.enter(link=key.link, typed=wrong(key.code))


def test_the_code_of_an_appointment_put_back_unused_begins_none(giver: User) -> None:
    code = said(giver, "home")
    copy = kept("sharing_appointment")
    mandates.begin(companion=CompanionFactory(), code=code)
    put_back(copy)
    with pytest.raises(Forged):
        mandates.begin(companion=CompanionFactory(), code=code)


def test_a_stopped_connection_put_back_is_not_pulled(resident: User) -> None:
    with scope(resident=resident.pk):
        connection_ = Connection(pk=uuid4(), resident_id=resident.pk, connector="caf", holder="caf", state="active")
        connection_.datasets, connection_.expires_on, connection_.unattended = ["quotient"], date(2999, 1, 1), True
        connections.seal_content(connection_, {"kept": {}, "reached": {}, "outcomes": {}})
        connection_.save(force_insert=True)
    copy = kept("holders_connection")
    connections.stop(connection=connection_, by=resident.pk)
    put_back(copy)
    with scope(resident=resident.pk), pytest.raises(Forged):
        perms.may_pull(Connection.objects.get(), unattended=True)


def test_a_row_and_its_head_put_back_together_read_nothing(giver: User) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant", "core_rowhead")
    stop(grant)
    put_back(copy)
    assert not reads(grant)


def test_an_entry_written_since_makes_no_head_genuine(giver: User) -> None:
    """The entries of the refusals name the former head again. Without a head, no value is shown as a current one."""
    grant = granted(giver, INCOME)
    copy = kept("records_grant", "core_rowhead")
    stop(grant)
    put_back(copy)
    for _time in range(2):
        assert not reads(grant)
        assert not own(giver, INCOME)
    with pytest.raises(CommandError, match="not the one that their journal names"):
        call_command("verify_journal")


def test_without_a_head_nothing_is_read(giver: User) -> None:
    grant = granted(giver, INCOME)
    sql("DELETE FROM core_rowhead")
    assert not reads(grant)


def test_a_head_of_another_resident_is_refused(giver: User, stranger: User) -> None:
    mine, theirs = granted(giver, INCOME), granted(stranger, INCOME)
    pause(mine)
    sql("DELETE FROM core_rowhead WHERE resident_id = %s", giver.pk)
    sql("UPDATE core_rowhead SET resident_id = %s", giver.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        sql("UPDATE records_grant SET resident_id = %s WHERE id = %s", giver.pk, theirs.pk)
    theirs.resident_id = giver.pk
    assert not reads(theirs)


def test_a_deleted_row_and_one_put_back_are_named(giver: User) -> None:
    stopped, deleted = granted(giver, INCOME), granted(giver, "fiscal.avis_ir#/nombre_parts")
    copy = kept("records_grant")
    stop(stopped)
    put_back(copy)
    sql("DELETE FROM records_grantfield WHERE grant_id = %s", deleted.pk)
    sql("DELETE FROM records_grant WHERE id = %s", deleted.pk)
    for command in (["rows", "check"], ["verify_journal"]):
        with pytest.raises(
            CommandError, match=f"(?s){stopped.pk} is not in the head.*1 rows of the head were deleted"
        ):
            call_command(*command)


def test_what_is_refused_is_journalled_and_alerts_the_operator(giver: User, caplog: pytest.LogCaptureFixture) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant")
    stop(grant)
    put_back(copy)
    assert not reads(grant)
    assert "row_refused" in [entry.event for entry in journal.entries(resident_id=giver.pk, limit=3)]
    [refused] = [record for record in caplog.records if "not what the portal wrote" in record.message]
    assert refused.levelname == "ERROR" and vars(refused)["code"] == str(grant.pk)


@pytest.mark.django_db(transaction=True)
def test_row_head_and_journal_put_back_together_are_found_by_the_checkpoints(
    giver: User,
    databases: Any,
    outside: Any,  # noqa: F811 - the fixture
) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant", "core_rowhead")
    with scope(resident=giver.pk):
        last = JournalLeaf.objects.count()
    stop(grant)
    checkpoints.seal()
    put_back(copy)
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        for table in ("core_journalentry", "core_journalleaf"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        owner.execute(
            "DELETE FROM core_journalentry WHERE leaf_id IN (SELECT id FROM core_journalleaf WHERE number > %s)",
            [last],
        )
        owner.execute("DELETE FROM core_journalleaf WHERE number > %s", [last])
        for table in ("core_journalentry", "core_journalleaf"):
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert reads(grant), "nothing inside the database shows it"
    with pytest.raises(CommandError, match="sealed it"):
        call_command("verify_journal")


@pytest.mark.usefixtures("may_sign")
def test_what_ended_before_heads_noted_it_is_noted_once(giver: User) -> None:
    record = add(giver, "logement.domicile", HOME)
    actions.withdraw_record(record=record, by=giver.pk)
    with scope(resident=giver.pk), transaction.atomic():
        tip = heads.lock(giver.pk)
        tip.write(tip.tags, Ended(), tip.end.counter + 1)
    protected = CityKey.objects.get().protected
    former = protect.protect(f"{rows.city_key().hex()} {rows.HEADED}", purpose=rows.PURPOSE)
    assert rows.KEEPER.replace(1, protected, former) == 1
    assert not heads.ended(giver.pk)
    call_command("rows", "sign")
    assert heads.ended(giver.pk).has(record.pk)
    call_command("rows", "check")


def test_a_vault_s_head_says_what_ended_once_for_many_values(resident: User) -> None:
    scale.fill(resident, records=30, papers=2)
    granted(resident, INCOME)
    before = kept("core_rowhead")["core_rowhead"][0]
    assert actions.withdraw_data(resident_id=resident.pk, by=resident.pk, type_code="banque.operation") > 2
    [after] = kept("core_rowhead")["core_rowhead"]
    assert after["counter"] == before["counter"] + 1
    with scope(resident=resident.pk):
        assert len(heads.ended(resident.pk)) == Record.objects.exclude(withdrawn_at=None).count()


def test_a_row_that_somebody_changes_while_a_page_looks_gets_its_new_values(giver: User) -> None:
    key = linked(giver, INCOME)
    with scope(resident=giver.pk):
        seen = Link.objects.select_related("grant").get()
    links.renew(link=key.link, by=giver.pk, address=False)
    with pytest.raises(Forged):
        check(seen)
    stop(key.link.grant)
    check(seen, seen.grant, locked=False)
    assert seen.codes == 2 and not seen.opens


def changed_copy(resident: User) -> Rows:
    """Withdraw a value and return the rows from before."""
    copy = kept("records_record")
    with scope(resident=resident.pk):
        actions.withdraw_record(record=Record.objects.get(), by=resident.pk)
    return copy


def test_a_withdrawn_value_put_back_is_shown_to_nobody(giver: User) -> None:
    grant = granted(giver, INCOME)
    put_back(changed_copy(giver))
    assert not own(giver, INCOME)
    assert not reads(grant)
    assert signed_in(giver).get(reverse("records:home")).status_code == 503


def test_a_value_and_its_head_put_back_together_are_shown_to_nobody(giver: User) -> None:
    granted(giver, INCOME)
    heads = kept("core_rowhead")
    put_back(changed_copy(giver) | heads)
    assert not own(giver, INCOME)


def test_without_its_correction_the_former_value_is_shown_to_nobody(resident: User) -> None:
    first = add(resident, "logement.domicile", HOME)
    grant = granted(resident, RENT)
    second = actions.correct_record(record=first, by=resident.pk, payload={**HOME, "loyer": "1.00"})
    assert own(resident, RENT) and reads(grant, RENT)
    sql("DELETE FROM records_record WHERE id = %s", second.pk)
    assert not own(resident, RENT)
    assert not reads(grant, RENT)
    page = signed_in(resident).get(reverse("records:history", args=[first.pk]))
    assert page.status_code == 503


def test_a_withdrawn_value_put_back_is_not_corrected(resident: User) -> None:
    record = add(resident, "logement.domicile", HOME)
    put_back(changed_copy(resident))
    with pytest.raises(Forged):
        actions.correct_record(record=record, by=resident.pk, payload={**HOME, "loyer": "1.00"})


def test_a_withdrawn_value_put_back_is_not_replaced_by_what_a_holder_sends(resident: User) -> None:
    add(resident, "logement.domicile", HOME)
    put_back(changed_copy(resident))
    source = provenance(holder="caf", method="upload", assurance="declared")
    coming = build(type="logement.domicile", payload={**HOME, "loyer": "700.00"}, provenance=source)
    with pytest.raises(Forged):
        actions.write_many(resident_id=resident.pk, by=resident.pk, envelopes=[coming])


def test_a_withdrawn_value_put_back_is_not_in_the_copy_of_the_vault(giver: User) -> None:
    put_back(changed_copy(giver))
    with scope(resident=giver.pk), pytest.raises(Forged):
        for entry in leaving.copy(gate.copy(resident_id=giver.pk, purpose="Essayer")):
            list(entry.chunks)


def test_a_result_that_was_forgotten_and_is_put_back_is_shown_to_nobody(resident: User) -> None:
    actions.add_record(
        resident_id=resident.pk,
        by=resident.pk,
        subject=actions.Subject(type="logement.domicile", person=resident.pk),
        payload=HOME,
        source=actions.Source(holder="openfisca", method="derived"),
    )
    copy = kept("records_record")
    actions.forget_derived(resident_id=resident.pk, type="logement.domicile", person=resident.pk)
    put_back(copy)
    assert not own(resident, RENT)


def test_an_erased_paper_put_back_is_on_no_page(resident: User) -> None:
    scale.fill(resident, records=0, papers=1)
    with scope(resident=resident.pk):
        paper = Paper.objects.get()
    copy = by_the_owner(kept("records_paper", "records_paperfile"))
    client = signed_in(resident)
    assert client.get(reverse("records:papers")).status_code == 200
    actions.delete_paper(paper=paper, by=resident.pk)
    put_back(copy)
    assert client.get(reverse("records:papers")).status_code == 503
    with pytest.raises(Forged):
        gate.open_file(resident_id=resident.pk, purpose="Essayer", paper_id=paper.pk)


def test_a_member_who_left_and_is_put_back_is_shown_to_nobody(resident: User, stranger: User) -> None:
    couple(resident, stranger)
    copy = by_the_owner(kept("sharing_member"))
    household.leave(resident_id=stranger.pk, by=stranger.pk)
    put_back(copy)
    for looked_at in (stranger, resident):
        with pytest.raises(Forged):
            household_access.of(looked_at.pk)


@pytest.mark.parametrize("use", [household.join, household.offer])
def test_a_used_invitation_put_back_joins_nobody(resident: User, stranger: User, use: Callable[..., Any]) -> None:
    code = household.invite(resident_id=resident.pk, by=resident.pk, role=HouseholdRole.ADULT)
    copy = by_the_owner(kept("sharing_invitation"))
    household.join(resident_id=stranger.pk, by=stranger.pk, code=code)
    put_back(copy)
    late = ResidentFactory()
    with pytest.raises(Forged):
        use(resident_id=late.pk, code=code, **({"by": late.pk} if use is household.join else {}))


def test_what_ended_and_was_put_back_is_named(giver: User) -> None:
    copy = changed_copy(giver)
    [row] = copy["records_record"]
    put_back(copy)
    for command in (["rows", "check"], ["verify_journal"]):
        with pytest.raises(CommandError, match=f"{row['id']} had ended and is here again"):
            call_command(*command)


MISSING = "of records.Record are missing"


def deleted(resident: User, *ids: Any) -> None:
    """Delete current records of the resident in the database, with nothing else: none of them replaced another."""
    marks = ", ".join(["%s"] * len(ids))
    sql(f"DELETE FROM records_record WHERE resident_id = %s AND id IN ({marks})", resident.pk, *ids)


@pytest.fixture
def full(resident: User) -> list[Record]:
    """Two notices and a home: three current records, of two types."""
    return [
        add_signed_notice(resident, annee_revenus=2024),
        add_signed_notice(resident, annee_revenus=2025),
        add(resident, "logement.domicile", HOME),
    ]


def test_a_vault_from_which_a_current_value_was_deleted_is_not_shown_as_whole(
    resident: User, full: list[Record]
) -> None:
    grant = granted(resident, INCOME)
    client = signed_in(resident)
    assert client.get(reverse("records:home")).status_code == 200
    deleted(resident, full[0].pk)
    assert client.get(reverse("records:home")).status_code == 503
    assert not own(resident, INCOME)
    assert not reads(grant)
    assert own(resident, RENT), "nothing is missing among the others"
    assert "row_refused" in [entry.event for entry in journal.entries(resident_id=resident.pk, limit=5)]


def test_a_vault_of_which_all_values_were_deleted_is_not_shown_as_empty(resident: User, full: list[Record]) -> None:
    grant = granted(resident, INCOME)
    deleted(resident, *(one.pk for one in full))
    assert signed_in(resident).get(reverse("records:home")).status_code == 503
    assert not reads(grant)
    with pytest.raises(CommandError, match=MISSING):
        call_command("rows", "check")


def test_a_copy_of_the_vault_is_whole_or_refused(resident: User, full: list[Record]) -> None:
    deleted(resident, full[2].pk)
    with scope(resident=resident.pk), pytest.raises(Forged):
        gate.copy(resident_id=resident.pk, purpose="Essayer")


def test_a_deleted_paper_is_noticed_on_the_page_of_papers(resident: User) -> None:
    scale.fill(resident, records=0, papers=2)
    with scope(resident=resident.pk):
        paper = Paper.objects.all()[0]
    client = signed_in(resident)
    assert client.get(reverse("records:papers")).status_code == 200
    sql("DELETE FROM records_paperfile WHERE paper_id = %s", paper.pk)
    assert client.get(reverse("records:papers")).status_code == 503
    sql("DELETE FROM records_paper WHERE id = %s", paper.pk)
    assert client.get(reverse("records:papers")).status_code == 503


def before_they_were_counted(resident: User) -> None:
    """Write the head as a version without counts did."""
    with scope(resident=resident.pk), transaction.atomic():
        tip = heads.lock(resident.pk)
        tip.write(tip.tags, tip.ended, tip.end.counter + 1)


def counts_of(resident: User) -> Any:
    with scope(resident=resident.pk), transaction.atomic():
        return heads.lock(resident.pk).counts


def test_a_head_from_before_is_believed_and_counts_from_the_next_change_on(resident: User, full: list[Record]) -> None:
    counted = counts_of(resident)
    assert sorted(counted.values()) == [1, 2]
    before_they_were_counted(resident)
    assert own(resident, INCOME) and own(resident, RENT) and counts_of(resident) is None
    actions.withdraw_record(record=full[2], by=resident.pk)
    assert counts_of(resident) == {lot: count for lot, count in counted.items() if count == 2}
    deleted(resident, full[0].pk)
    assert not own(resident, INCOME)


@pytest.mark.usefixtures("may_sign")
def test_heads_from_before_count_once_the_rows_were_signed_again(resident: User, full: list[Record]) -> None:
    counted = counts_of(resident)
    before_they_were_counted(resident)
    protected = CityKey.objects.get().protected
    former = protect.protect(f"{rows.city_key().hex()} {rows.WHOLE}", purpose=rows.PURPOSE)
    assert rows.KEEPER.replace(1, protected, former) == 1
    call_command("rows", "sign")
    assert counts_of(resident) == counted
    deleted(resident, full[0].pk)
    call_command("rows", "sign")
    assert not own(resident, INCOME), "to run it again believes nothing"
    call_command("rows", "sign", "--again")
    assert own(resident, INCOME), "the operator knows what is missing"


def test_counts_follow_what_is_added_corrected_withdrawn_and_deleted(resident: User, full: list[Record]) -> None:
    scale.fill(resident, records=0, papers=3)
    actions.correct_record(record=full[2], by=resident.pk, payload={**HOME, "loyer": "1.00"})
    actions.withdraw_record(record=full[0], by=resident.pk)
    with scope(resident=resident.pk):
        actions.delete_paper(paper=Paper.objects.all()[0], by=resident.pk)
    assert counts_of(resident) == {
        f"records.Record|fiscal.avis_ir|{resident.pk}": 1,
        f"records.Record|logement.domicile|{resident.pk}": 1,
        "records.Paper": 2,
        "records.PaperFile": 2,
    }
    call_command("rows", "check")


def test_many_records_are_counted_in_one_write(resident: User) -> None:
    add(resident, "logement.domicile", HOME)
    before = kept("core_rowhead")["core_rowhead"][0]
    source = provenance(holder="caf", method="upload", assurance="declared")
    coming = [
        build(type="fiscal.avis_ir", payload={**NOTICE, "annee_revenus": year}, provenance=source)
        for year in (2021, 2022, 2023)
    ]
    assert actions.write_many(resident_id=resident.pk, by=resident.pk, envelopes=coming).added == 3
    [after] = kept("core_rowhead")["core_rowhead"]
    assert after["counter"] == before["counter"] + 1


@pytest.mark.parametrize("table", ["sharing_member", "sharing_invitation"])
def test_a_deleted_place_or_invitation_is_named(resident: User, stranger: User, table: str) -> None:
    couple(resident, stranger)
    household.invite(resident_id=resident.pk, by=resident.pk, role=HouseholdRole.ADULT)
    sql(f"DELETE FROM {table} WHERE resident_id = %s", resident.pk)
    for command in (["rows", "check"], ["verify_journal"]):
        with pytest.raises(CommandError, match="are missing"):
            call_command(*command)


def test_what_was_inserted_in_the_place_of_a_deleted_value_does_not_hide_it(
    resident: User, full: list[Record]
) -> None:
    """The number of rows is right again: a withdrawn value that is put back stands there."""
    actions.withdraw_record(record=full[2], by=resident.pk)
    copy = kept("records_record")
    copy["records_record"] = [row | {"withdrawn_at": None} for row in copy["records_record"] if row["withdrawn_at"]]
    deleted(resident, full[0].pk)
    put_back(copy)
    assert not own(resident, INCOME)
    with pytest.raises(CommandError, match=f"(?s){full[2].pk}.*{MISSING}"):
        call_command("rows", "check")


def with_an_old_empty_leaf(resident: User) -> None:
    """Append a leaf without an entry, as the portal's role can: by its time, its entry was purged long ago."""
    sql(
        "INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)"
        " SELECT resident_id, number + 1, '2020-01-01', sha256('x'), sha256('\\x01'::bytea || chain || sha256('x'))"
        " FROM core_journalleaf WHERE resident_id = %s ORDER BY number DESC LIMIT 1",
        resident.pk,
    )


def try_with_an_old_empty_leaf(resident: User) -> None:
    with suppress(DatabaseError), transaction.atomic():
        with_an_old_empty_leaf(resident)


def test_with_an_old_empty_leaf_a_stopped_grant_and_its_head_read_nothing(giver: User) -> None:
    grant = granted(giver, INCOME)
    copy = kept("records_grant", "core_rowhead")
    stop(grant)
    put_back(copy)
    try_with_an_old_empty_leaf(giver)
    assert not reads(grant)


def test_with_an_old_empty_leaf_a_withdrawn_value_and_its_head_are_shown_to_nobody(giver: User) -> None:
    granted(giver, INCOME)
    heads = kept("core_rowhead")
    put_back(changed_copy(giver) | heads)
    try_with_an_old_empty_leaf(giver)
    assert not own(giver, INCOME)


@pytest.mark.parametrize("chain_of", ["resident", "account"])
@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("number", "number + 2"),
        ("at", "at - interval '1 second'"),
        ("chain", "sha256('y')"),
    ],
)
def test_the_database_takes_only_the_next_leaf(giver: User, chain_of: str, changed: str, value: str) -> None:
    whose = giver.pk if chain_of == "resident" else rows.accounts.chain_of(giver.pk)
    columns = {
        "number": "number + 1",
        "at": "greatest(at, now())",
        "leaf": "sha256('x')",
        "chain": "sha256('\\x01'::bytea || chain || sha256('x'))",
    }

    def append(columns: dict[str, str]) -> None:
        with transaction.atomic():
            sql(
                f"INSERT INTO core_journalleaf (resident_id, {', '.join(columns)})"
                f" SELECT resident_id, {', '.join(columns.values())} FROM core_journalleaf"
                " WHERE resident_id = %s ORDER BY number DESC LIMIT 1",
                whose,
            )

    with pytest.raises(DatabaseError, match="does not follow"):
        append(columns | {changed: value})
    append(columns)


def test_an_older_entry_under_the_last_leaf_makes_no_former_head_current(giver: User) -> None:
    """The portal's role may delete a key, then the entries: it inserts neither again so that the vault opens."""
    grant = granted(giver, INCOME)
    copy = kept("records_grant", "core_rowhead")
    key, older = last_entry(giver)
    stop(grant)
    sql("DELETE FROM keystore.resident_key WHERE resident_id = %s", giver.pk)
    sql("SELECT core_erase_journal(%s)", giver.pk)
    marks = ", ".join(["%s"] * len(key))
    with pytest.raises(IntegrityError), transaction.atomic():
        sql(
            f"INSERT INTO keystore.resident_key (resident_id, version, kid, wrapped, created_at) VALUES ({marks})",
            *key,
        )
    put_back(copy)
    sql(
        "INSERT INTO core_journalentry (id, resident_id, created_at, content, leaf_id) SELECT %s, %s, %s, %s, max(id)"
        " FROM core_journalleaf WHERE resident_id = %s",
        *older,
        giver.pk,
    )
    with pytest.raises(KeyMissing):
        reads(grant)


def last_entry(resident: User) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the row of the resident's key, and that of the last entry of their journal."""
    [key] = sql(
        "SELECT resident_id, version, kid, wrapped, created_at FROM keystore.resident_key WHERE resident_id = %s",
        resident.pk,
    )
    [entry] = sql(
        "SELECT id, resident_id, created_at, content FROM core_journalentry WHERE resident_id = %s"
        " ORDER BY leaf_id DESC LIMIT 1",
        resident.pk,
    )
    return key, entry
