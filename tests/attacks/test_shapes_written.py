"""Whoever writes to the database, without the keyring, writes what no page expects: values of another shape, of
another person, of a time to come. A page refuses them (503), nobody is told what did not happen, and no watch waits
for ever.
"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from certification.labels.actions import complaints
from certification.labels.models import Complaint
from core import journal
from core.models import City, CityKey
from core.rows import Forged
from services.watch import across
from services.watch.models import Watch
from tests.accounts.factories import AgentFactory, signed_in
from tests.attacks.test_rows_put_back import kept
from tests.attacks.test_written_rows import INCOME, insert, sql
from tests.certification.made import labelled, member, publisher, service
from tests.vault.couples import couple, granted, shared
from tests.vault.made import HOME, add
from vault.holders.actions import connections
from vault.holders.models import Connection
from vault.journal.actions import contests
from vault.records import actions
from vault.records.enums import GrantChannel, Happened
from vault.records.models import Draft, Grant, GrantEvent, GrantReading
from vault.sharing.actions import erasures

pytestmark = pytest.mark.django_db


def status(resident: User, name: str, *args: object) -> int:
    client = signed_in(resident)
    client.raise_request_exception = False
    return client.get(reverse(name, args=args)).status_code


def refused(statement: str, *values: object) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement, *values)


# The city's key, the city's row


def test_the_citys_key_is_not_put_back_by_the_portals_role() -> None:
    former = kept("core_citykey")["core_citykey"][0]["protected"]
    refused("UPDATE core_citykey SET protected = %s", former)
    refused("DELETE FROM core_citykey")
    assert CityKey.objects.get().protected == former


def test_the_citys_row_is_not_deleted(databases: Any) -> None:
    """Pages would show a city without telephone, and no alert. Its owner cannot either, but by an act of their own."""
    City(name="Villebrume", of_name="de Villebrume", insee="00042", phone="01 99 00 42 00").save()
    refused("DELETE FROM core_city")
    assert City.current().name == "Villebrume"
    with psycopg.connect(databases.url("owner")) as owner, pytest.raises(psycopg.Error, match="never deleted"):
        owner.execute("DELETE FROM core_city")


# A draft


def drafted(resident: User) -> Draft:
    return actions.start_draft(
        resident_id=resident.pk, by=resident.pk, type="logement.domicile", only=["loyer"], answers={"loyer": "612.00"}
    )


@pytest.mark.parametrize("change", ["person = gen_random_uuid()", "role = 'spouse'", "type = 'type.inconnu'"])
def test_a_draft_written_to_be_of_something_else_is_not_filed(resident: User, change: str) -> None:
    draft = drafted(resident)
    sql(f"UPDATE records_draft SET {change} WHERE id = %s", draft.pk)
    assert status(resident, "records:check_answers", draft.pk) == 503
    with pytest.raises(Forged):
        actions.finish_draft(draft=draft, by=resident.pk)


# The watch


@pytest.mark.parametrize(
    "change", ["due_at = '2999-01-01'", "taken_until = '2999-01-01', due_at = now()", "checked_at = '2999-01-01'"]
)
def test_a_watch_is_not_kept_from_looking_by_a_time_that_nobody_writes(resident: User, change: str) -> None:
    grant = granted(resident, INCOME)
    law = across.LawMark("city", "code", timezone.now())
    with scope(resident=resident.pk):
        Watch.objects.create(resident_id=resident.pk, grant=grant, law="city:former", checked_at=timezone.now())
    if "checked_at" not in change:
        sql("UPDATE watch_watch SET law = 'city:code'")
    assert across.claim(1, law=law) == []
    sql(f"UPDATE watch_watch SET {change}")
    assert len(across.claim(1, law=law)) == 1


# Values of another shape


def test_a_history_of_another_shape_is_refused(resident: User, stranger: User) -> None:
    couple(resident, stranger)
    add(resident, "logement.domicile", HOME)
    grant = shared(resident, stranger, "address")
    assert status(resident, "sharing:share", grant.pk) == 200
    sql("UPDATE records_grantevent SET lines = '5'")
    assert status(resident, "sharing:share", grant.pk) == 503


def test_no_receipt_is_signed_for_an_event_that_somebody_wrote(resident: User) -> None:
    grant, now = granted(resident, INCOME), timezone.now()
    event = GrantEvent(resident_id=resident.pk, grant=grant, happened=Happened.STOPPED, at=now, ends_at=now, lines=[])
    insert(event)
    assert status(resident, "sharing:receipt", grant.pk, event.pk) == 503
    with scope(resident=resident.pk):
        assert GrantEvent.objects.get().receipt == ""


def reading(grant: Grant, **more: Any) -> None:
    row = {"resident_id": grant.resident_id, "grant": grant, "at": timezone.now(), "line": 1, "fields": [INCOME]}
    insert(GrantReading(**row | more))


def test_readings_of_another_shape_are_refused(resident: User) -> None:
    grant = granted(resident, INCOME)
    columns = "resident_id, created_at, grant_id, at, person, paper_kind, visit"
    reading(grant)
    sql(
        f"INSERT INTO records_grantreading (id, line, fields, {columns})"
        f" SELECT gen_random_uuid(), line + 1, '5', {columns} FROM records_grantreading"
    )
    assert status(resident, "sharing:share_received", grant.pk) == 503


def test_nobody_is_asked_to_erase_what_their_grant_never_covered(resident: User) -> None:
    grant = granted(resident, INCOME, recipient_kind="companion", channel=GrantChannel.PAGE)
    reading(grant, fields=["sante.ald#/exoneration"], paper_kind="AAAA")
    with scope(resident=resident.pk):
        assert not erasures.received(grant)
    reading(grant)
    with scope(resident=resident.pk):
        assert erasures.received(grant).fields == [INCOME]


def test_partings_of_another_shape_are_refused(resident: User, stranger: User) -> None:
    mine, _theirs = couple(resident, stranger)
    assert status(resident, "sharing:household") == 200
    for shape in ("5", '[{"name": "Paul"}]', '[{"name": "Paul", "told": false}]'):
        sql("UPDATE sharing_member SET partings = %s WHERE id = %s", shape, mine.pk)
        assert status(resident, "sharing:household") == 503


def test_a_problem_that_no_holder_has_is_refused(resident: User) -> None:
    with scope(resident=resident.pk):
        row = Connection(pk=uuid4(), resident_id=resident.pk, connector="caf", holder="caf", state="active")
        row.datasets, row.expires_on, row.unattended = ["quotient"], timezone.localdate() + timedelta(days=99), True
        connections.seal_content(row, {"kept": {}, "reached": {}, "outcomes": {}})
        row.save(force_insert=True)
    assert status(resident, "holders:connection", row.pk) == 200
    sql("UPDATE holders_connection SET problem = 'jamais vu'")
    assert status(resident, "holders:connection", row.pk) == 503


def test_an_id_that_is_none_is_not_found_in_the_admin() -> None:
    client = signed_in(AgentFactory())
    client.raise_request_exception = False
    for model in (Grant, City, User):
        number = ContentType.objects.get_for_model(model).pk
        assert client.get(f"/admin/r/{number}/none/").status_code == 404
        assert Client().get(f"/admin/r/{number}/none/").status_code in {302, 404}


# Messages


def contested(resident: User) -> Any:
    journal.write(resident_id=resident.pk, actor_id=resident.pk, event="record_added", purpose="Essayer")
    [entry] = journal.entries(resident_id=resident.pk, limit=1)
    return contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=entry.id, message="Non")


def test_an_answer_that_the_officer_did_not_write_is_told_to_nobody(resident: User) -> None:
    contest = contested(resident)
    mail.outbox.clear()
    sql("UPDATE journal_contest SET answered_at = now(), answered_by = gen_random_uuid()")
    assert contests.notify_contest_answers() == 0 and not mail.outbox
    assert status(resident, "journal:journal_line", contest.entry_id) == 503


def test_a_contest_moved_to_another_line_is_refused(resident: User) -> None:
    contest = contested(resident)
    sql("UPDATE journal_contest SET entry_id = gen_random_uuid()")
    assert status(resident, "journal:journal_line", contest.entry_id) == 503


def test_a_problem_with_a_service_is_answered_to_who_told_it(resident: User, stranger: User) -> None:
    owner = member(house := publisher())
    about = labelled(owner, service(owner, house)).service
    complaints.complain(
        resident_id=resident.pk, by=resident.pk, service=about, about=Complaint.About.OTHER, message="Non"
    )
    mail.outbox.clear()
    sql("UPDATE labels_complaint SET resident_id = %s, answered_at = now(), answered_by = %s", stranger.pk, uuid4())
    assert complaints.notify_answers() == 0 and not mail.outbox
    with scope(resident=stranger.pk), pytest.raises(Forged):
        Complaint.objects.get()
