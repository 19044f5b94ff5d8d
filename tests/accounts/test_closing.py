"""Closing of a vault, at once or after thirty days, and its cancellation. Afterwards nothing can be decrypted."""

import json
import shutil
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.actions import closing
from accounts.models import Session, User
from accounts.tasks import close_due
from core import journal, keys, leaving
from core.files.storage import keepers, sealed_storage
from core.journal import checkpoints, erasures
from core.keyrings import keyring
from core.models import JournalLeaf, ResidentKey
from services.dossiers.models import Seal
from tests.accounts.factories import ResidentFactory, signed_in
from tests.attacks.test_rows_put_back import kept as copied
from tests.attacks.test_rows_put_back import put_back
from tests.vault.lived import contest, exported, live
from tests.vault.made import add_signed_notice
from vault.records import gate
from vault.records.models import Grant, Record
from vault.sharing.actions import household
from vault.sharing.models import Member, SharedFact

pytestmark = pytest.mark.django_db(transaction=True)
KEPT = {"core_journalleaf", "core_journalseal"}


@pytest.fixture(autouse=True)
def ledger(settings, tmp_path):
    """Return the folder of this test's own ledger."""
    kept = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "erasures")},
    }
    settings.STORAGES = {**settings.STORAGES, "erasures": kept}
    return tmp_path / "erasures"


@pytest.fixture
def used_vault(resident):
    partner = live(resident)
    contest(resident)
    exported(resident)
    return partner


def rows_of(resident_id) -> set[str]:
    """Return the tables where a row has this resident_id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.columns WHERE column_name = 'resident_id'"
        )
        found = set()
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{schema}"."{table}" WHERE resident_id = %s', [resident_id])
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def only_the_proof_of(resident) -> bool:
    left = rows_of(resident.pk)
    return "core_journalleaf" in left and left <= KEPT


def close(resident):
    closing.close(user=resident, by=resident.pk)


def test_every_row_but_the_proof_is_deleted(used_vault, resident):
    before = rows_of(resident.pk)
    assert len(before) > 20, "there was something of everything"
    close(resident)
    assert only_the_proof_of(resident)
    assert not leaving.remains(resident_id=resident.pk)


def test_the_key_is_deleted_and_nothing_can_be_decrypted(used_vault, resident):
    with scope(resident=resident.pk):
        contents = list(Record.objects.values_list("content", flat=True))
    close(resident)
    with pytest.raises(keys.KeyMissing):
        keys.key_of(resident_id=resident.pk)
    with pytest.raises(keys.KeyMissing):
        gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=["fiscal.avis_ir#/revenu_fiscal_reference"])
    assert contents and journal.entries(resident_id=resident.pk, limit=5) == []


def test_every_sealed_file_is_deleted(used_vault, resident, stranger):
    add_signed_notice(stranger)
    with scope(resident=resident.pk):
        names = [
            name
            for model in keepers()
            for name in model._default_manager.values_list("stored_name", flat=True)
            if name
        ]
    assert len(names) >= 4
    close(resident)
    assert [name for name in names if sealed_storage.inner.exists(name)] == []


def test_the_journals_proof_is_kept_and_verifies(used_vault, resident):
    with scope(resident=resident.pk):
        before = JournalLeaf.objects.count()
    close(resident)
    with scope(resident=resident.pk):
        assert JournalLeaf.objects.count() > before, "the last entries record the closing and what it stopped"
    assert journal.verify(resident_id=resident.pk).bad == []
    assert list(checkpoints.problems()) == []


def test_other_residents_data_is_kept(used_vault, resident, stranger):
    add_signed_notice(stranger)
    theirs = rows_of(stranger.pk)
    close(resident)
    assert rows_of(stranger.pk) == theirs
    fields = ["fiscal.avis_ir#/revenu_fiscal_reference"]
    assert list(gate.read_own(resident_id=stranger.pk, purpose="Essayer", fields=fields))


def test_the_account_is_emptied(used_vault, resident):
    close(resident)
    user = User.objects.get(pk=resident.pk)
    assert (user.name, user.email, user.contact_email, user.is_active, user.is_resident) == ("", "", "", False, False)
    assert not user.has_usable_password() and user.closes_at is not None
    assert not EmailAddress.objects.filter(user=user).exists() and not Session.objects.filter(user=user).exists()


def test_the_same_address_can_open_another_vault(resident):
    address = resident.email
    close(resident)
    again = ResidentFactory(email=address)
    assert again.pk != resident.pk and again.is_active


def test_the_partner_is_left_as_after_leaving_the_household(used_vault, resident):
    """Their page says that sharing has ended; common facts stay theirs; their agreements lead nowhere any more."""
    close(resident)
    with scope(resident=used_vault.pk):
        me = Member.objects.present().get()
        assert [one["name"] for one in me.partings] == [resident.name]
        assert [grant.state for grant in Grant.objects.all()] == ["stopped"]
        assert SharedFact.objects.filter(own=True).exists()
    household.learn_of_partings(resident_id=used_vault.pk, by=used_vault.pk)
    browser = signed_in(used_vault)
    for name in (
        "sharing:household",
        "sharing:shares",
        "journal:journal",
        "records:home",
        "aids:together",
        "dossiers:home",
    ):
        assert browser.get(reverse(name)).status_code == 200, name


def test_a_grant_cannot_read_afterwards(resident):
    from tests.vault.couples import granted

    add_signed_notice(resident)
    grant = granted(resident, "fiscal.avis_ir#/revenu_fiscal_reference")
    assert list(gate.read(grant=grant, fields=["fiscal.avis_ir#/revenu_fiscal_reference"]))
    close(resident)
    with pytest.raises(keys.KeyMissing):
        gate.read(grant=grant, fields=["fiscal.avis_ir#/revenu_fiscal_reference"])


def test_dossiers_answer_that_they_are_withdrawn(used_vault, resident):
    seal = Seal.objects.get()
    assert seal.valid
    close(resident)
    seal.refresh_from_db()
    assert not seal.valid


def test_closing_twice_changes_nothing(used_vault, resident):
    close(resident)
    leaves = rows_of(resident.pk)
    close(resident)
    assert rows_of(resident.pk) == leaves
    assert len(list(erasures.lines())) == 1


def test_the_ledger_is_written_before_anything_is_erased(resident, monkeypatch):
    def full(erasure):
        raise OSError(28, "full")

    add_signed_notice(resident)
    monkeypatch.setattr(erasures, "write", full)
    with pytest.raises(OSError):
        close(resident)
    with scope(resident=resident.pk):
        assert ResidentKey.objects.exists() and Record.objects.exists()


def test_the_ledger_has_only_an_id_and_a_time(resident, ledger):
    close(resident)
    [file] = [path for path in ledger.rglob("*") if path.is_file()]
    erasure = json.loads(file.read_text())
    assert {*erasure} == {"resident", "at"} and erasure["resident"] == str(resident.pk)


def restore_key(resident):
    """A restore, unlike the portal's role, gives a key to a vault that was erased: here that of a new id."""
    other = uuid4()
    keys.make_key(resident_id=other)
    kid, wrapped = keyring().wrap(bytes(range(32)), keys.context(resident.pk, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE keystore.resident_key SET resident_id = %s, kid = %s, wrapped = %s WHERE resident_id = %s",
            [resident.pk, kid, wrapped, other],
        )


def test_a_restore_replays_the_ledger(resident, stranger, capsys, may_change_keys):
    """Restore the database's previous state: key, values, account."""
    add_signed_notice(resident)
    copy = copied("records_record")
    close(resident)
    assert closing.replay() == 0
    User.objects.filter(pk=resident.pk).update(
        is_active=True, is_resident=True, name="Awa", email="awa@courriel.example"
    )
    restore_key(resident)
    put_back(copy)
    call_command("replay_erasures")
    assert "1 vaults" in capsys.readouterr().out
    assert only_the_proof_of(resident) and not User.objects.get(pk=resident.pk).is_active
    assert closing.replay() == 0
    assert User.objects.get(pk=stranger.pk).is_active


def test_cancelling_a_closing_restores_the_vault(resident):
    add_signed_notice(resident)
    before = rows_of(resident.pk)
    closing.ask(user=resident, by=resident.pk)
    user = closing.cancel(user=resident, by=resident.pk)
    assert user.closes_at is None and rows_of(resident.pk) == before
    events = [line.event for line in journal.entries(resident_id=resident.pk, limit=2)]
    assert events == ["closing_cancelled", "closing_asked"]


def test_the_vault_is_erased_on_its_date_and_not_before(resident, stranger):
    add_signed_notice(resident)
    closing.ask(user=resident, by=resident.pk)
    with time_machine.travel(timezone.now() + timedelta(days=29, hours=23), tick=False):
        close_due()
    assert "records_record" in rows_of(resident.pk)
    with time_machine.travel(timezone.now() + timedelta(days=30, minutes=1), tick=False):
        close_due()
        close_due()
    assert only_the_proof_of(resident) and User.objects.get(pk=stranger.pk).is_active


def test_a_vault_kept_while_others_are_closed_is_not_closed(resident, stranger, monkeypatch):
    kept, real = [], erasures.write

    def keeping_the_other(erasure):
        """Keep the other one of both while this one is closed."""
        other = next(one for one in (resident, stranger) if one.pk != erasure.resident_id)
        closing.cancel(user=other, by=other.pk)
        kept.append(other.pk)
        real(erasure)

    for user in (resident, stranger):
        closing.ask(user=user, by=user.pk)
    monkeypatch.setattr(erasures, "write", keeping_the_other)
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        assert closing.close_due() == 1
    assert len(kept) == 1 and User.objects.get(pk=kept[0]).is_active


def test_a_vault_is_not_kept_once_its_erasure_has_begun(resident, monkeypatch):
    """The closing is at its first step, the others' access. A page still offers to keep the vault, and is too late."""
    browser, real, answers = signed_in(resident), leaving.stop, []

    def stopping(*, resident_id):
        for verb in (closing.cancel, closing.ask):
            with pytest.raises(closing.Begun):
                verb(user=resident, by=resident.pk)
        answers.append(browser.post(reverse("cancel_closing"), follow=True))
        answers.append(browser.post(reverse("confirm_closing"), follow=True))
        real(resident_id=resident_id)

    closing.ask(user=resident, by=resident.pk)
    monkeypatch.setattr(leaving, "stop", stopping)
    close(resident)
    for answer in answers:
        page = answer.content.decode()
        assert "a commencé" in page and "La fermeture est annulée" not in page and "changer d’avis" not in page
    assert only_the_proof_of(resident)


def test_keeping_waits_for_the_mark_of_the_erasure_and_is_refused(resident, monkeypatch):
    """The resident keeps the vault while the ledger's file is being written: one of both waits for the other."""
    real, refused = erasures.write, []

    def keep():
        try:
            closing.cancel(user=resident, by=resident.pk)
        except closing.Begun:
            refused.append(True)
        finally:
            connection.close()

    keeping = threading.Thread(target=keep)

    def writing(erasure):
        keeping.start()
        keeping.join(timeout=0.5)
        assert keeping.is_alive(), "it waits for the account's lock"
        real(erasure)

    closing.ask(user=resident, by=resident.pk)
    monkeypatch.setattr(erasures, "write", writing)
    close(resident)
    keeping.join(timeout=30)
    assert refused and only_the_proof_of(resident)


@pytest.mark.parametrize("step", ["stop", "erase"])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_erasure_that_was_killed_is_never_kept_and_is_resumed(resident, monkeypatch, step, at_once):
    def killed(**_given):
        raise SystemExit

    add_signed_notice(resident)
    closing.ask(user=resident, by=resident.pk)
    at = timezone.now() + (timedelta() if at_once else timedelta(days=31))
    with time_machine.travel(at, tick=False):
        with monkeypatch.context() as patch, pytest.raises(SystemExit):
            patch.setattr(leaving, step, killed)
            if at_once:
                close(resident)
            else:
                close_due()
        with pytest.raises(closing.Begun):
            closing.cancel(user=resident, by=resident.pk)
        assert "records_record" in rows_of(resident.pk)
        assert closing.close_due() == 1
    assert only_the_proof_of(resident)


def test_a_closing_at_once_that_is_kept_before_it_begins_erases_nothing(resident, monkeypatch):
    real = closing._close_if_due

    def kept_first(resident_id):
        closing.cancel(user=resident, by=resident.pk)
        return real(resident_id)

    monkeypatch.setattr(closing, "_close_if_due", kept_first)
    browser = signed_in(resident)
    assert browser.post(reverse("close_now"), {"sure": "on"})["Location"] == reverse("home")
    assert User.objects.get(pk=resident.pk).is_active and list(erasures.lines()) == []


def test_asking_twice_keeps_the_first_date(resident):
    first = closing.ask(user=resident, by=resident.pk).closes_at
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        assert closing.ask(user=resident, by=resident.pk).closes_at == first


def test_a_row_written_late_is_deleted_at_the_next_tick(resident):
    from core.models import Job

    close(resident)
    with scope(resident=resident.pk):
        Job.objects.create(resident_id=resident.pk, kind="read_paper", subject_id=resident.pk, purpose="Essayer")
    close_due()
    assert only_the_proof_of(resident)


def test_emails_announce_it_without_details(resident):
    closing.ask(user=resident, by=resident.pk)
    close(resident)
    assert [message.to for message in mail.outbox] == [[resident.email]] * 2
    asked, done = mail.outbox
    assert "un clic suffit" in asked.body and "one click" in asked.body
    assert "effacé" in done.body and all(resident.name not in str(one.body) for one in (asked, done))


def test_only_the_resident_can_close_their_vault(resident, stranger, agent):
    for verb in (closing.ask, closing.cancel, closing.close):
        with pytest.raises(PermissionDenied):
            verb(user=resident, by=stranger.pk)
        with pytest.raises(PermissionDenied):
            verb(user=agent, by=agent.pk)


# Pages


def test_the_page_lists_the_effects_and_offers_an_export_first(resident):
    page = signed_in(resident).get(reverse("close_vault")).content.decode()
    assert "Ce qui s’efface" in page and "Ce qui reste" in page
    assert page.index(reverse("records:take_away")) < page.index("Continuer")
    assert "checked" not in page


def test_no_choice_is_preselected(resident):
    page = signed_in(resident).post(reverse("close_vault"), {}).content.decode()
    assert "Choisissez quand fermer votre coffre." in page


def test_during_the_delay_every_page_offers_to_cancel(resident):
    browser = signed_in(resident)
    assert browser.post(reverse("close_vault"), {"when": "later"})["Location"] == reverse("confirm_closing")
    browser.get(reverse("confirm_closing"))
    assert User.objects.get(pk=resident.pk).closes_at is None, "looking is not asking"
    browser.post(reverse("confirm_closing"))
    for name in ("home", "records:home", "account"):
        assert "Votre coffre ferme le" in browser.get(reverse(name)).content.decode(), name
    assert browser.post(reverse("cancel_closing"))["Location"] == reverse("home")
    assert "Votre coffre ferme le" not in browser.get(reverse("home")).content.decode()


def test_closing_at_once_needs_a_confirmation(resident):
    browser = signed_in(resident)
    assert browser.post(reverse("close_vault"), {"when": "now"})["Location"] == reverse("close_now")
    assert "Cochez la case" in browser.post(reverse("close_now"), {}).content.decode()
    assert User.objects.get(pk=resident.pk).is_active
    answer = browser.post(reverse("close_now"), {"sure": "on"}, follow=True)
    assert "Votre coffre est fermé" in answer.content.decode() and answer.status_code == 200
    assert browser.get(reverse("records:home"))["Location"].startswith("/connexion/")
    assert not User.objects.get(pk=resident.pk).is_active


@pytest.mark.parametrize("name", ["confirm_closing", "close_now"])
def test_an_old_sign_in_needs_a_confirmation(resident, name):
    browser = signed_in(resident)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        for answer in (browser.get(reverse(name)), browser.post(reverse(name), {"sure": "on"})):
            assert answer["Location"].startswith(reverse("account_reauthenticate"))
    user = User.objects.get(pk=resident.pk)
    assert user.is_active and user.closes_at is None


@pytest.mark.parametrize("name", ["close_vault", "confirm_closing", "close_now", "cancel_closing"])
def test_an_agent_is_refused_and_a_visitor_must_sign_in(agent, name, db):
    method = "post" if name == "cancel_closing" else "get"
    assert getattr(signed_in(agent), method)(reverse(name)).status_code == 403
    assert getattr(Client(), method)(reverse(name))["Location"].startswith("/connexion/")


def test_another_session_ends_too(resident):
    here, elsewhere = signed_in(resident), signed_in(resident)
    assert elsewhere.get(reverse("records:home")).status_code == 200
    here.post(reverse("close_now"), {"sure": "on"})
    assert elsewhere.get(reverse("records:home"))["Location"].startswith("/connexion/")
    with scopes_disabled():
        assert not Session.objects.filter(user_id=resident.pk).exists()


def test_purge_closes_what_is_due_and_leaves_the_rest(resident, stranger):
    add_signed_notice(stranger)
    closing.ask(user=resident, by=resident.pk)
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        call_command("purge")
    assert only_the_proof_of(resident) and "records_record" in rows_of(stranger.pk)
    assert journal.verify().bad == []


def test_purge_as_the_running_role_reports_the_remaining_work(db, capsys):
    call_command("purge")
    assert "was not written anew" in capsys.readouterr().out


def test_a_backup_includes_the_ledger_and_a_restore_replays_both(
    resident, stranger, tmp_path, ledger, may_change_keys
):
    close(resident)
    folder = tmp_path / "backup"
    folder.mkdir()
    for name, kept in closing.ledger():
        (folder / name).write_bytes(kept)
    shutil.rmtree(ledger)
    close(stranger)
    for back in (resident, stranger):
        User.objects.filter(pk=back.pk).update(is_active=True, is_resident=True)
        restore_key(back)
    assert closing.replay_after_restore(folder).startswith("2 vaults")
    assert only_the_proof_of(resident) and only_the_proof_of(stranger)
    assert closing.replay_after_restore(tmp_path / "none").startswith("0 vaults")
