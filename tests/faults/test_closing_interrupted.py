"""Closings met by an error: a row that somebody wrote, a lost connection, a mail server that is down, a second run.

The vault is kept whole, or it is erased in the end; and no vault keeps another one from being erased.
"""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import closing
from accounts.management.commands import purge
from accounts.models import User
from core import leaving
from core.journal import checkpoints, erasures, keyless
from core.journal.erasures import Erasure
from core.messages import mails
from core.models import Job
from tests.accounts.factories import signed_in
from tests.accounts.test_closing import close, ledger, only_the_proof_of  # noqa: F401 - a fixture, for each test
from tests.attacks.test_rows_put_back import kept as copied
from tests.attacks.test_rows_put_back import put_back, sql
from tests.core.test_checkpoints import outside  # noqa: F401 - a fixture, for each test
from tests.vault.couples import couple, granted, shared
from tests.vault.made import add_signed_notice
from vault.records.models import Grant
from vault.sharing.across import household_access
from vault.sharing.actions import household
from vault.sharing.models import Member, SharedFact

pytestmark = pytest.mark.django_db(transaction=True)
INCOME, PARTS = "fiscal.avis_ir#/revenu_fiscal_reference", "fiscal.avis_ir#/nombre_parts"


def ask_both(*residents):
    for resident in residents:
        closing.ask(user=resident, by=resident.pk)


def in_a_month():
    return time_machine.travel(timezone.now() + timedelta(days=31), tick=False)


def write_late(resident):
    with scope(resident=resident.pk):
        Job.objects.create(resident_id=resident.pk, kind="read_paper", subject_id=resident.pk, purpose="Essayer")


# Rows that the portal did not write


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE sharing_member SET role = 'adult' WHERE resident_id = %(other)s",
        "UPDATE sharing_member SET role = 'adult' WHERE resident_id = %(own)s",
        "UPDATE records_grant SET ends_at = ends_at + interval '1 day' WHERE resident_id = %(own)s",
        "UPDATE core_rowhead SET counter = counter + 1 WHERE resident_id = %(own)s",
        "DELETE FROM account_emailaddress WHERE user_id = %(own)s",
        "DELETE FROM keystore.resident_key WHERE resident_id = %(other)s",
        "UPDATE sharing_sharedfact SET own = true, content = 'written' WHERE resident_id = %(own)s",
    ],
)
def test_a_row_that_somebody_wrote_does_not_keep_the_vault(resident, stranger, written):
    add_signed_notice(resident)
    couple(resident, stranger)
    shared(stranger, resident, "people")
    granted(resident, INCOME, ends_at=timezone.now() + timedelta(days=60))
    closing.ask(user=resident, by=resident.pk)
    with connection.cursor() as cursor:
        cursor.execute(written, {"own": resident.pk, "other": stranger.pk})
        assert cursor.rowcount == 1
    with in_a_month():
        assert closing.close_due() == 1
    assert only_the_proof_of(resident)


def test_the_other_shares_end_all_the_same(resident):
    add_signed_notice(resident)
    grants = [granted(resident, INCOME), granted(resident, PARTS), granted(resident, INCOME)]
    sql("UPDATE records_grant SET ends_at = ends_at + interval '1 day' WHERE id = %s", grants[1].pk)
    leaving.stop(resident_id=resident.pk)
    with scope(resident=resident.pk):
        assert {grant.pk for grant in Grant.objects.exclude(stopped_at=None)} == {grants[0].pk, grants[2].pk}


# One vault that cannot be erased


def forge_account(stuck, *, before):
    """Write a right into an account. PostgreSQL then finds the account first, and the other one after it."""
    sql("UPDATE accounts_user SET at_desk = true WHERE id = %s", stuck.pk)
    sql("UPDATE accounts_user SET name = name WHERE id = %s", before.pk)


def test_a_vault_that_cannot_be_closed_keeps_no_other_from_it(resident, stranger):
    ask_both(resident, stranger)
    forge_account(resident, before=stranger)
    with in_a_month(), pytest.raises(closing.NotAllClosed):
        closing.close_due()
    assert only_the_proof_of(stranger)
    assert erasures.find(resident.pk) is None


def test_late_rows_of_others_are_deleted_all_the_same(resident, stranger):
    for one in (resident, stranger):
        close(one)
        write_late(one)
    forge_account(resident, before=stranger)
    with pytest.raises(closing.NotAllClosed):
        closing.close_due()
    assert only_the_proof_of(stranger)


def test_purge_removes_the_rest_all_the_same(resident, monkeypatch):
    reached = []
    closing.ask(user=resident, by=resident.pk)
    sql("UPDATE accounts_user SET at_desk = true WHERE id = %s", resident.pk)
    monkeypatch.setattr(leaving, "purge", lambda: reached.append("purge"))
    monkeypatch.setattr(purge, "_owns_the_keys", lambda: reached.append("keys"))
    with in_a_month(), pytest.raises(closing.NotAllClosed):
        call_command("purge")
    assert reached == ["purge", "keys"]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_mail_that_cannot_leave_keeps_no_vault(resident, stranger, monkeypatch, at_once):
    def refused(*_given, **_more):
        raise mails.NotSent

    ask_both(resident, stranger)
    monkeypatch.setattr(mails, "send", refused)
    if at_once:
        assert closing.close(user=resident, by=resident.pk)
    else:
        with in_a_month():
            assert closing.close_due() == 2
        assert only_the_proof_of(stranger)
    assert only_the_proof_of(resident)


# An erasure that is resumed, or done again after a restore


def sealed_at(at):
    """Seal what was written until then, and return what is wrong about journals without a key."""
    with time_machine.travel(at, tick=False):
        checkpoints.seal()
    return list(keyless.problems())


def test_an_erasure_resumed_after_five_hours_leaves_nothing_to_report(resident, stranger, monkeypatch):
    def killed(**_given):
        raise SystemExit

    add_signed_notice(resident)
    began = timezone.now()
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(leaving, "erase", killed)
        close(resident)
    add_signed_notice(stranger)
    assert sealed_at(began + timedelta(hours=5)) == []
    with time_machine.travel(began + timedelta(hours=5, minutes=1), tick=False):
        assert closing.close_due() == 1
    assert sealed_at(began + timedelta(hours=5, minutes=2)) == []
    assert only_the_proof_of(resident)
    erasure = erasures.find(resident.pk)
    assert erasure is not None and erasure.at == began + timedelta(hours=5, minutes=1)


def test_a_replay_ends_what_others_have_before_it_erases(resident, stranger):
    add_signed_notice(resident)
    couple(resident, stranger)
    shared(resident, stranger, "people")
    erasures.write(Erasure(resident.pk, timezone.now()))  # and a restore brought the vault back
    assert closing.replay() == 1
    assert only_the_proof_of(resident)
    with scope(resident=stranger.pk):
        assert [one["name"] for one in Member.objects.present().get().partings] == [resident.name]
        assert SharedFact.objects.filter(own=True).exists()


def test_a_replay_days_after_the_erasure_leaves_nothing_to_report(resident):
    add_signed_notice(resident)
    began = timezone.now()
    erasures.write(Erasure(resident.pk, began - timedelta(days=3)))
    assert sealed_at(began) == []
    assert closing.replay() == 1
    assert sealed_at(began + timedelta(minutes=1)) == []


def test_a_replay_meets_a_row_that_somebody_wrote(resident, stranger, tmp_path):
    couple(resident, stranger)
    sql("UPDATE sharing_member SET role = 'adult' WHERE resident_id = %s", stranger.pk)
    sql("UPDATE accounts_user SET at_desk = true WHERE id = %s", stranger.pk)
    for one in (resident, stranger):
        erasures.write(Erasure(one.pk, timezone.now()))
    with pytest.raises(closing.NotAllClosed):
        closing.replay()
    assert only_the_proof_of(resident)
    assert "replay_erasures" in closing.replay_after_restore(tmp_path / "none")


def test_a_row_that_came_back_without_its_key_is_deleted(resident):
    write_late(resident)
    copy = copied("core_job")
    close(resident)
    put_back(copy)
    assert closing.replay() == 1
    assert only_the_proof_of(resident)


# Two runs of one closing


def elsewhere(act):
    """Call `act` over another connection, as another process does, and return what it returned."""
    found = []

    def run():
        try:
            found.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    assert found, "it failed, or waits for a lock"
    return found[0]


def test_leaving_a_household_twice_at_once_is_leaving_once(resident, stranger, monkeypatch):
    couple(resident, stranger)
    real = household_access.of
    looked: list[household_access.Circle | None] = []

    def of(resident_id):
        """Let another process leave the household just after this one has looked."""
        found = real(resident_id)
        if not looked:
            looked.append(found)
            elsewhere(lambda: household.leave(resident_id=resident.pk, by=resident.pk))
        return found

    monkeypatch.setattr(household_access, "of", of)
    household.leave(resident_id=resident.pk, by=resident.pk)
    assert looked and real(resident.pk) is None
    with scope(resident=stranger.pk):
        assert len(Member.objects.present().get().partings) == 1


def test_a_closing_that_runs_twice_at_once_sends_one_mail(resident, monkeypatch):
    """The scheduler takes the vault too, since its date has come, and is the first to erase it."""
    real, closed = leaving.stop, []

    def meanwhile(**given):
        monkeypatch.setattr(leaving, "stop", real)
        closed.append(elsewhere(closing.close_due))
        real(**given)

    monkeypatch.setattr(leaving, "stop", meanwhile)
    assert closing.close(user=resident, by=resident.pk)
    assert closed == [1] and len(mail.outbox) == 1
    assert only_the_proof_of(resident)


def test_the_page_says_that_the_vault_is_closed_if_the_scheduler_was_first(resident, monkeypatch):
    real, browser = closing._due, signed_in(resident)

    def scheduler_first():
        monkeypatch.setattr(closing, "_due", real)
        assert elsewhere(closing.close_due) == 1
        return real()

    monkeypatch.setattr(closing, "_due", scheduler_first)
    assert browser.post(reverse("close_now"), {"sure": "on"})["Location"] == reverse("vault_closed")
    assert len(mail.outbox) == 1
    assert only_the_proof_of(resident)


# A connection that is lost


@pytest.fixture
def lost(monkeypatch, databases):
    """Return a function: the database ends the connection, and the lock, while the ledger's file is written."""

    real = erasures.write

    def lost(meanwhile):
        def slow(erasure):
            monkeypatch.setattr(erasures, "write", real)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            with databases.server.admin(connection.settings_dict["NAME"]) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            elsewhere(meanwhile)
            real(erasure)

        monkeypatch.setattr(erasures, "write", slow)

    return lost


def test_a_vault_kept_meanwhile_has_no_erasure(resident, lost):
    lost(meanwhile=lambda: closing.cancel(user=resident, by=resident.pk))
    with pytest.raises(OperationalError):
        close(resident)
    kept = User.objects.get(pk=resident.pk)
    assert kept.is_resident and kept.closes_at is None
    assert list(erasures.lines()) == [] and closing.replay() == 0


def test_a_vault_that_nobody_kept_is_erased_by_the_next_run(resident, lost):
    lost(meanwhile=lambda: None)
    with pytest.raises(OperationalError):
        close(resident)
    with pytest.raises(closing.Begun):
        closing.cancel(user=resident, by=resident.pk)
    assert closing.close_due() == 1
    assert only_the_proof_of(resident)


def test_a_vault_erased_meanwhile_keeps_its_erasure(resident, lost):
    lost(meanwhile=closing.close_due)
    with pytest.raises(OperationalError):
        close(resident)
    assert only_the_proof_of(resident)
    assert [one.resident_id for one in erasures.lines()] == [resident.pk]


# Late rows


def test_rows_written_late_are_deleted_after_a_closing_that_was_late_itself(resident):
    closing.ask(user=resident, by=resident.pk)
    with time_machine.travel(timezone.now() + timedelta(days=35), tick=False) as clock:
        assert closing.close_due() == 1
        write_late(resident)
        clock.shift(timedelta(hours=1))
        closing.close_due()
    assert only_the_proof_of(resident)
