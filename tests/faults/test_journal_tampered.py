"""An attacker with the whole database changes, removes, swaps or cuts entries: the first bad one is reported."""

import pytest
from django.core.management import CommandError, call_command

from core import journal
from core.journal import checkpoints
from core.journal.checkpoints import Fault, seal
from tests.core.test_checkpoints import outside  # noqa: F401 - a fixture, for each of these tests
from tests.core.test_journal import erase

pytestmark = pytest.mark.django_db(transaction=True)

THIRD = "(SELECT id FROM core_journalleaf WHERE resident_id = %(who)s AND number = 3)"
FOURTH = THIRD.replace("3", "4")
TAMPERED = {
    "a leaf's hash edited": (
        "UPDATE core_journalleaf SET leaf = sha256('x') WHERE id = " + THIRD,
        3,
        "does not follow",
    ),
    "a leaf and its chain edited": (
        "UPDATE core_journalleaf l SET leaf = sha256('x'), chain = sha256('\\x01'::bytea || p.chain || sha256('x')) "
        "FROM core_journalleaf p WHERE p.resident_id = l.resident_id AND p.number = 2 AND l.id = " + THIRD,
        3,
        "not what was written",
    ),
    "a content edited": (
        "UPDATE core_journalentry SET content = set_byte(content, 20, get_byte(content, 20) # 1) WHERE leaf_id = "
        + THIRD,
        3,
        "changed or moved",
    ),
    "a time edited": (
        "UPDATE core_journalleaf SET at = at - interval '1 hour' WHERE id = " + THIRD,
        3,
        "number or time",
    ),
    "an entry removed alone": ("DELETE FROM core_journalentry WHERE leaf_id = " + THIRD, 3, "removed"),
    "a line removed": (
        f"DELETE FROM core_journalentry WHERE leaf_id = {THIRD}; DELETE FROM core_journalleaf WHERE id = {THIRD}",
        4,
        "missing",
    ),
    "the first line removed": (
        "DELETE FROM core_journalentry WHERE leaf_id ="
        " (SELECT id FROM core_journalleaf WHERE resident_id = %(who)s AND number = 1); "
        "DELETE FROM core_journalleaf WHERE resident_id = %(who)s AND number = 1",
        2,
        "missing",
    ),
    "a line removed and the others renumbered": (
        f"DELETE FROM core_journalentry WHERE leaf_id = {THIRD}; DELETE FROM core_journalleaf WHERE id = {THIRD}; "
        "UPDATE core_journalleaf SET number = number - 1 WHERE resident_id = %(who)s AND number > 3",
        3,
        "does not follow",
    ),
    "two lines in each other's place": (
        "UPDATE core_journalleaf SET number = 7 - number WHERE resident_id = %(who)s AND number IN (3, 4)",
        3,
        "does not follow",
    ),
    "two contents exchanged": (
        "UPDATE core_journalentry e SET content = o.content FROM core_journalentry o WHERE e.leaf_id IN "
        f"({THIRD}, {FOURTH}) AND o.leaf_id IN ({THIRD}, {FOURTH}) AND o.leaf_id <> e.leaf_id",
        3,
        "changed or moved",
    ),
    "two entries exchanged": (
        f"UPDATE core_journalentry SET leaf_id = CASE leaf_id WHEN {THIRD} THEN {FOURTH} ELSE {THIRD} END "
        f"WHERE leaf_id IN ({THIRD}, {FOURTH})",
        3,
        "not what was written",
    ),
    "a line given to someone else": (
        "UPDATE core_journalentry SET resident_id = %(other)s WHERE leaf_id = " + THIRD,
        3,
        "removed",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_change_around_the_triggers_is_reported(five, someone_else, tamper, case):
    statements, number, reason = TAMPERED[case]
    with tamper() as admin:
        if case.startswith(("two e", "two lines")):
            admin.execute("ALTER TABLE core_journalentry DROP CONSTRAINT core_journalentry_leaf_id_key")
            admin.execute("ALTER TABLE core_journalleaf DROP CONSTRAINT journal_leaf_number_once")
        for statement in statements.split("; "):
            admin.execute(statement, {"who": five, "other": someone_else} if "%(" in statement else None)
    found = journal.verify(resident_id=five)
    assert found.bad[0].startswith(f"resident {five}, entry {number}: ")
    assert reason in found.bad[0]
    assert journal.verify().bad == found.bad
    assert journal.verify(resident_id=someone_else) == (2, [])


def test_a_broken_chain_is_reported_even_if_its_entries_were_erased(five, tamper):
    erase(five)
    with tamper() as admin:
        admin.execute("UPDATE core_journalleaf SET leaf = sha256('x') WHERE resident_id = %s AND number = 2", [five])
    assert "entry 2" in journal.verify(resident_id=five).bad[0]


def test_the_command_names_a_bad_entry_and_fails(five, tamper, capsys):
    with tamper() as admin:
        admin.execute("DELETE FROM core_journalentry WHERE leaf_id = " + THIRD, {"who": five})
    with pytest.raises(CommandError, match=f"Bad entry: resident {five}, entry 3") as caught:
        call_command("verify_journal")
    assert caught.value.returncode == 1
    assert capsys.readouterr().out.startswith("5 entries checked.\n")


# Changes of the checkpoints' own tables, and entries whose chain was recomputed, with the expected report.
ALTERED = {
    "a forged note": (
        "UPDATE core_checkpoint SET note = replace(note, E'\\n2\\n', E'\\n3\\n') WHERE number = 2",
        "checkpoint 2: its signature",
    ),
    "a note in another's place": (
        "UPDATE core_checkpoint SET note = (SELECT note FROM core_checkpoint WHERE number = 1) WHERE number = 2",
        "checkpoint 2: its number or time",
    ),
    "a checkpoint removed": ("DELETE FROM core_checkpoint WHERE number = 2", "checkpoint 2 is missing"),
    "the last checkpoint removed": ("DELETE FROM core_checkpoint WHERE number = 3", "checkpoint 3 lies outside"),
    "all checkpoints removed": ("DELETE FROM core_checkpoint", "checkpoint 1 lies outside"),
    "a seal removed": ("DELETE FROM core_journalseal WHERE checkpoint_id = 2", "checkpoint 2: its root"),
    "a seal edited": (
        "UPDATE core_journalseal SET chain = sha256('x') WHERE checkpoint_id = 2",
        "checkpoint 2: its root",
    ),
    "a line written anew": (
        "UPDATE core_journalleaf SET chain = sha256('x') WHERE number = 2",
        "entry 2 is not what it was",
    ),
    "the last lines cut off": ("DELETE FROM core_journalleaf WHERE number > 2", "entry 3 is gone"),
    "all lines cut off": ("DELETE FROM core_journalleaf", "entry 1 is gone"),
    "lines exchanged": (
        "UPDATE core_journalleaf SET number = 5 - number WHERE number IN (2, 3)",
        "entry 2 is not what it was",
    ),
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_checkpoint_or_chain_is_reported(three, tamper, case, capsys):
    statement, says = ALTERED[case]
    with tamper() as admin:
        if case == "lines exchanged":
            admin.execute("ALTER TABLE core_journalleaf DROP CONSTRAINT journal_leaf_number_once")
        admin.execute(statement)
    found = list(checkpoints.problems())
    assert any(says in problem for problem in found), found
    with pytest.raises(CommandError):
        call_command("verify_journal")


def test_a_history_signed_again_differs_from_its_copies_outside(three, tamper):
    with tamper() as admin:
        admin.execute("DELETE FROM core_journalseal; DELETE FROM core_checkpoint")
        admin.execute("UPDATE core_journalleaf SET xid = 0")
    seal()
    assert "checkpoint 1: its copy outside says something else" in list(checkpoints.problems())


def test_a_residents_own_check_detects_a_truncated_journal(three, tamper):
    with tamper() as admin:
        admin.execute("DELETE FROM core_journalleaf WHERE number = 3")
    assert [fault for _proof, fault in checkpoints.checked(resident_id=three)] == [Fault.CUT, None, None]


def test_every_bad_entry_of_every_journal_is_named(five, someone_else, tamper):
    with tamper() as admin:
        admin.execute("DELETE FROM core_journalentry WHERE leaf_id = " + THIRD, {"who": five})
        admin.execute("UPDATE core_journalleaf SET chain = sha256('x') WHERE resident_id = %s AND number = 1", [five])
        admin.execute("DELETE FROM core_journalentry WHERE resident_id = %s", [someone_else])
    with pytest.raises(CommandError) as caught:
        call_command("verify_journal")
    problems = [line for line in str(caught.value).splitlines() if "entry: " in line]
    named = [problem.split(": ")[1] for problem in problems]
    expected = [f"resident {five}, entry {number}" for number in (1, 2, 3)]
    assert sorted(named) == sorted(expected + [f"resident {someone_else}, entry {number}" for number in (1, 2)])
