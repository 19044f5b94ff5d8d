"""Checkpoints: each entry ends under one, even if it commits late, and later changes are detected and reported."""

import base64
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from core import journal
from core.journal import checkpoints, merkle, sealing, signed_notes
from core.journal.checkpoints import Fault
from core.journal.signed_notes import Statement
from core.models import Checkpoint, JournalSeal
from core.operations import health
from core.residents import prepare
from tests.core.test_journal import erase

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ["core_checkpoint", "core_journalseal"]


@pytest.fixture(autouse=True)
def outside(settings, tmp_path):
    """Return the folder of the copies outside, and use a signing key made for this test."""
    settings.CHECKPOINT_KEY, settings.MAKE_CHECKPOINT_KEY = tmp_path / "key.pem", True
    folder = tmp_path / "outside"
    settings.STORAGES = settings.STORAGES | {
        "checkpoints": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
    }
    return folder


@pytest.fixture
def person():
    return someone()


def someone(lines=0):
    person = uuid4()
    prepare(person)
    for _ in range(lines):
        write(person)
    return person


def write(person, event="read"):
    with transaction.atomic():
        return journal.write(resident_id=person, actor_id=person, event=event, purpose="Essayer")


def make_checkpoint():
    """Make a checkpoint, which must not be None."""
    checkpoint = checkpoints.seal()
    assert checkpoint is not None
    return checkpoint


def sealed_numbers():
    """Return the number of the entry sealed by each checkpoint, by resident."""
    with scopes_disabled():
        return {(seal.checkpoint_id, seal.resident_id): seal.number for seal in JournalSeal.objects.all()}


def test_the_heads_of_the_journals_that_grew_are_sealed_once(person):
    other = someone(2)
    write(person)
    assert make_checkpoint().number == 1
    assert sealed_numbers() == {(1, person): 1, (1, other): 2}
    assert checkpoints.seal() is None
    write(person)
    write(person)
    checkpoints.seal()
    assert sealed_numbers() == {(1, person): 1, (1, other): 2, (2, person): 3}
    assert list(checkpoints.problems()) == []


def test_without_entries_a_checkpoint_is_made_every_hour(person, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    checkpoints.seal()
    time_machine.move_to(start + timedelta(minutes=50), tick=False)
    assert checkpoints.seal() is None
    time_machine.move_to(start + timedelta(minutes=61), tick=False)
    assert signed_notes.read(make_checkpoint().note).root == merkle.EMPTY
    assert list(checkpoints.problems()) == []


@pytest.fixture
def two_turns(monkeypatch, time_machine):
    """Compare the residents in two turns, as in a large city. Return a function that moves to a turn's minute."""
    monkeypatch.setattr(sealing, "_turns", lambda: 2)
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def move(minute):
        time_machine.move_to(start + timedelta(minutes=minute), tick=False)

    move(0)
    return move


def in_turn(turn):
    """Make a resident whose turn it is in even minutes (0) or in odd ones (1)."""
    person = UUID(int=uuid4().int >> 1 | turn << 127)
    prepare(person)
    return person


def test_an_entry_that_commits_late_is_in_the_next_checkpoint(person, databases):
    """Selecting by id or by time would skip for ever this entry, whose transaction spans the checkpoint."""
    early, late = someone(1), person
    with psycopg.connect(databases.url("owner")) as slow:
        slow.execute(
            "INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)"
            " VALUES (%s, 1, now(), sha256('x'), sha256(decode('01' || repeat('00', 32), 'hex') || sha256('x')))",
            [late],
        )
        write(someone())
        checkpoints.seal()
        assert late not in {resident for _number, resident in sealed_numbers()}
        assert (1, early) in sealed_numbers()
        slow.commit()
    checkpoints.seal()
    assert sealed_numbers()[2, late] == 1
    assert len(sealed_numbers()) == 3
    assert list(checkpoints.problems()) == []


def test_an_open_transaction_delays_no_checkpoint(person, databases):
    with psycopg.connect(databases.url("owner")) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        write(person)
        checkpoints.seal()
        assert sealed_numbers() == {(1, person): 1}


def test_a_large_city_seals_new_entries_at_once_and_compares_the_others_in_turn(two_turns, tamper):
    """An entry whose transaction number lies is sealed when its resident's turn comes."""
    even, odd = in_turn(0), in_turn(1)
    write(odd)
    checkpoints.seal()
    assert sealed_numbers() == {(1, odd): 1}
    write(even)
    write(odd)
    with tamper() as admin:
        admin.execute("UPDATE core_journalleaf SET xid = 1")
    two_turns(2)
    checkpoints.seal()
    assert sealed_numbers() == {(1, odd): 1, (2, even): 1}
    two_turns(3)
    checkpoints.seal()
    assert sealed_numbers() == {(1, odd): 1, (2, even): 1, (3, odd): 2}
    assert list(checkpoints.problems()) == []


def test_the_turns_cover_every_id_once():
    for turns in (1, 2, 7, 60):
        bounds = [sealing._turn(turn, turns) for turn in range(turns)]
        assert (bounds[0][0].int, bounds[-1][1].int) == (0, 2**128 - 1)
        assert all(after[0].int == before[1].int + 1 for before, after in pairwise(bounds))


def test_a_turn_lasts_an_hour_at_most_whatever_the_keys(person, monkeypatch):
    assert sealing._turns() == 1
    monkeypatch.setattr(sealing, "COMPARED", 1)
    assert sealing._turns() == 2
    for _ in range(70):
        someone()
    assert sealing._turns() == 60


def test_no_entry_is_missed_when_transaction_numbers_restart(two_turns, tamper):
    person = in_turn(1)
    write(person)
    checkpoints.seal()
    with tamper() as admin:
        admin.execute("UPDATE core_checkpoint SET upto = 9000000000000")
    write(person)
    checkpoints.seal()
    assert sealed_numbers() == {(1, person): 1, (2, person): 2}
    write(person)
    checkpoints.seal()
    assert sealed_numbers()[3, person] == 3


def test_two_concurrent_schedulers_make_one_checkpoint(person, databases):
    write(person)
    with psycopg.connect(databases.url("web")) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [checkpoints.LOCK])
        assert checkpoints.seal() is None
    assert checkpoints.seal() is not None


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_running_role_cannot_delete(person, table, change):
    write(person)
    checkpoints.seal()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


@pytest.mark.parametrize("change", ["UPDATE core_checkpoint SET note = ''", "UPDATE core_journalseal SET number = 9"])
def test_neither_the_running_role_nor_the_owner_can_change_a_checkpoint(person, change, databases):
    write(person)
    checkpoints.seal()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    with psycopg.connect(databases.url("owner")) as owner, pytest.raises(psycopg.Error, match="append-only"):
        owner.execute(change)


def test_a_note_is_verified_with_the_public_key_alone(person):
    write(person)
    note = make_checkpoint().note
    (published,) = signed_notes.public_keys()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(published.split("+", 2)[2])[1:])
    text, _empty, signature = note.rpartition("\n\n— ")
    key.verify(base64.b64decode(signature.split(" ")[1])[4:], f"{text}\n".encode())
    assert text.startswith("garant/journal\n1\n")


def test_a_changed_note_or_another_signature_is_refused(person, settings, tmp_path):
    write(person)
    note = make_checkpoint().note
    for wrong in ("", "x", note.replace("\n1\n", "\n2\n"), note[:-8], note.replace("garant", "autre")):
        with pytest.raises(signed_notes.Forged):
            signed_notes.read(wrong)
    settings.CHECKPOINT_KEY = tmp_path / "another.pem"
    with pytest.raises(signed_notes.Forged):
        signed_notes.read(note)


def test_a_new_key_signs_and_the_old_one_still_checks(person, settings, tmp_path):
    write(person)
    old = make_checkpoint().note
    before = settings.CHECKPOINT_KEY.read_bytes()
    settings.CHECKPOINT_KEY = tmp_path / "new.pem"
    signed_notes.make_key()
    settings.CHECKPOINT_KEY.write_bytes(settings.CHECKPOINT_KEY.read_bytes() + before)
    assert signed_notes.read(old).number == 1
    assert len(signed_notes.public_keys()) == 2
    write(person)
    checkpoints.seal()
    assert list(checkpoints.problems()) == []


def test_an_unusable_key_raises_with_instructions(settings, tmp_path):
    settings.MAKE_CHECKPOINT_KEY = False
    with pytest.raises(signed_notes.KeyUnusable, match="make_checkpoint_key"):
        signed_notes.check_key()
    settings.CHECKPOINT_KEY.write_text("x")
    settings.CHECKPOINT_KEY.chmod(0o644)
    with pytest.raises(signed_notes.KeyUnusable, match="chmod 600"):
        signed_notes.check_key()
    settings.CHECKPOINT_KEY.chmod(0o600)
    with pytest.raises(signed_notes.KeyUnusable, match="must hold Ed25519"):
        signed_notes.check_key()
    with pytest.raises(signed_notes.KeyUnusable, match="exists"):
        signed_notes.make_key()


@pytest.fixture
def three(person):
    for _ in range(3):
        write(person)
        checkpoints.seal()
    return person


def test_a_missing_or_changed_copy_outside_is_reported(three, outside):
    first, second, _third = sorted(outside.rglob("*.txt"))
    first.unlink()
    second.write_text("x")
    assert list(checkpoints.problems()) == [
        "checkpoint 1: its copy outside is gone",
        "checkpoint 2: its copy outside says something else",
    ]


def test_old_entries_without_a_checkpoint_are_reported(two_turns, tamper):
    person = in_turn(1)
    write(person)
    checkpoints.seal()
    write(person)
    with tamper() as admin:
        admin.execute("UPDATE core_journalleaf SET xid = 0")
    two_turns(180)
    checkpoints.seal()
    assert list(checkpoints.problems()) == [f"resident {person}, entry 2 is under no checkpoint"]


def test_a_failed_copy_is_written_at_the_next_tick(person, outside, monkeypatch):
    write(person)
    outside.parent.joinpath("outside").write_text("no folder")
    checkpoints.seal()
    assert checkpoints.unanchored() == 1
    outside.unlink()
    checkpoints.seal()
    assert checkpoints.unanchored() == 0
    assert list(checkpoints.problems()) == []


def test_a_truncated_copy_is_rewritten_but_a_different_one_is_not(person, outside):
    write(person)
    checkpoint = make_checkpoint()
    copy = outside / checkpoints.name_outside(checkpoint)
    Checkpoint.objects.update(anchored_at=None)
    copy.write_text(checkpoint.note[:20])
    checkpoints.publish()
    assert copy.read_text() == checkpoint.note
    Checkpoint.objects.update(anchored_at=None)
    copy.write_text("another")
    checkpoints.publish()
    assert copy.read_text() == "another"
    assert checkpoints.unanchored() == 1


def test_the_time_of_an_erased_entry_does_not_make_the_portal_young(person, outside, time_machine, as_owner):
    """Otherwise one row that nothing covers would lift the limit of four hours."""
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    closed = uuid4()
    prepare(closed)
    write(closed)
    write(person)
    erase(closed)
    time_machine.move_to(start + timedelta(hours=5), tick=False)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_journalleaf DISABLE TRIGGER USER")
        cursor.execute("UPDATE core_journalleaf SET at = now() + interval '9 days' WHERE resident_id = %s", [closed])
        cursor.execute("ALTER TABLE core_journalleaf ENABLE TRIGGER USER")
    assert not checkpoints.anchored()


def test_checkpoints_are_not_anchored_after_four_hours_without_a_copy(person, outside, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    write(person)
    assert checkpoints.anchored()
    time_machine.move_to(start + timedelta(hours=5), tick=False)
    assert not checkpoints.anchored()
    checkpoints.seal()
    assert checkpoints.anchored()
    time_machine.move_to(start + timedelta(hours=10), tick=False)
    outside.rename(outside.with_name("elsewhere"))
    outside.write_text("no folder any more")
    checkpoints.seal()
    assert not checkpoints.anchored()


def test_what_is_remembered_for_a_batch_ends_with_its_four_hours(
    person, outside, time_machine, django_assert_num_queries
):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    write(person)
    checkpoints.seal()
    with checkpoints.remembered():
        assert checkpoints.anchored()
        with django_assert_num_queries(0):
            assert checkpoints.anchored()
        time_machine.move_to(start + timedelta(hours=4, seconds=1), tick=False)
        assert not checkpoints.anchored(), "and asks again"
        checkpoints.seal()
        assert checkpoints.anchored()
    time_machine.move_to(start + timedelta(hours=9), tick=False)
    assert not checkpoints.anchored(), "nothing is remembered after the batch"


def test_a_resident_s_proofs_lead_to_the_published_roots(three):
    someone(2)
    write(three)
    checkpoints.seal()
    found = checkpoints.proofs(resident_id=three)
    assert [proof.number for proof in found] == [4, 3, 2, 1]
    assert [checkpoints.fault_of(proof) for proof in found] == [None] * 4
    assert found[0].size == 2
    assert checkpoints.proofs(resident_id=uuid4()) == []


def test_the_proof_of_an_altered_seal_fails(three, tamper):
    with tamper() as admin:
        admin.execute("UPDATE core_journalseal SET chain = sha256('x') WHERE checkpoint_id = 3")
    faults = [fault for _proof, fault in checkpoints.checked(resident_id=three)]
    assert faults == [Fault.CHANGED, None, None]
    assert checkpoints.fault_of(checkpoints.proofs(resident_id=three)[0]) == Fault.ASTRAY


def test_the_command_counts_what_it_checked(three, capsys):
    call_command("verify_journal")
    assert capsys.readouterr().out == "3 entries checked.\n3 checkpoints checked, 0 without a copy outside yet.\n"


def test_the_doctor_hears_of_a_verification_of_all_that_found_nothing(three, tamper):
    call_command("verify_journal", "--resident", str(three))
    assert health.last_sign(health.VERIFIED) is None
    with tamper() as admin:
        admin.execute("UPDATE core_journalseal SET chain = sha256('x') WHERE checkpoint_id = 3")
        with pytest.raises(CommandError):
            call_command("verify_journal")
        assert health.last_sign(health.VERIFIED) is None


def test_the_doctor_hears_that_the_journals_are_whole(three):
    call_command("verify_journal")
    assert health.last_sign(health.VERIFIED)


def test_the_statement_reads_as_it_was_written():
    statement = Statement(7, bytes(range(32)), timezone.now().replace(microsecond=0), bytes(32))
    assert signed_notes.read(signed_notes.sign(statement)) == statement
