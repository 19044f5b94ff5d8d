"""Purge of old entries: residents are notified before, pages and copies show it, contested entries stay."""

import base64
import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.journal import merkle, signed_notes
from core.journal.checkpoints import seal
from core.templatetags.civic import long_date
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.core.conftest import as_owner  # noqa: F401 - a fixture
from tests.core.test_checkpoints import outside  # noqa: F401 - fixtures
from tests.vault.records.test_import import bring, changed, copied
from vault.journal.actions import contests
from vault.journal.actions import journal as actions
from vault.journal.enums import CopyFormat
from vault.journal.models import Contest
from vault.journal.tasks import notify_journal_purge

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def write(resident):
    with transaction.atomic():
        return journal.write(
            resident_id=resident.pk,
            actor_id=resident.pk,
            event="granted_read",
            purpose="Essayer",
            details={"recipient": "Paul"},
        )


@pytest.fixture
def elder(outside):  # noqa: F811 - the fixture
    """Return a resident with a first entry old enough to purge, and another a year later."""
    with time_machine.travel(timezone.now() - journal.KEPT - 2 * DAY, tick=False):
        elder = ResidentFactory(email="ancienne@courriel.example")
        write(elder)
        seal()
    with time_machine.travel(timezone.now() - journal.KEPT + 365 * DAY, tick=False):
        write(elder)
        seal()
    return elder


@pytest.fixture
def purge(as_owner):  # noqa: F811 - the fixture
    def run():
        with as_owner():
            return actions.purge()

    return run


def entry_of(resident, number):
    return next(entry for entry in journal.entries(resident_id=resident.pk, limit=50) if entry.number == number)


def shown(resident, name, *args):
    answer = signed_in(resident).get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_pages_show_where_the_journal_begins_after_a_purge(elder, purge):
    before = shown(elder, "journal:journal")
    assert "Votre journal commence ici" not in before
    first, second = entry_of(elder, 2), entry_of(elder, 3)
    assert purge() == 2
    after = shown(elder, "journal:journal")
    assert "Votre journal commence ici" in after
    assert f"Les lignes jusqu’au {long_date(first.at)}" in after
    assert f"à partir du {long_date(second.at + journal.KEPT + DAY)}" in after
    checked = shown(elder, "journal:check_journal")
    assert "Votre journal est entier" in checked
    assert "De 2 lignes, il ne reste que l’empreinte" in checked


def test_a_copy_proves_purged_entries_by_their_hashes(elder, purge):
    purge()
    table = actions.copy_journal(resident_id=elder.pk, by=elder.pk, form=CopyFormat.CSV).decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(table), delimiter=";")][:2] == ["Ligne", "3"]
    copy = json.loads(actions.copy_journal(resident_id=elder.pk, by=elder.pk, form=CopyFormat.JSON))
    chain = bytes(32)
    for row in copy["lines"]:
        leaf = (
            hashlib.sha256(b"\x00" + base64.b64decode(row["bytes"])).digest()
            if "bytes" in row
            else bytes.fromhex(row["leaf"])
        )
        chain = hashlib.sha256(b"\x01" + chain + leaf).digest()
        assert chain.hex() == row["chain"]
    assert ["bytes" in row for row in copy["lines"][:3]] == [False, False, True]
    assert not {"at", "sentence", "content"} & {*copy["lines"][0]}
    point = copy["checkpoints"][-1]
    path = [bytes.fromhex(node) for node in point["path"]]
    statement = signed_notes.read(point["note"])
    entry = bytes.fromhex(copy["lines"][point["line"] - 1]["chain"])
    assert merkle.leads_to(entry, position=point["position"], size=point["size"], path=path, root=statement.root)
    assert point["line"] == 2
    assert statement.at < timezone.now() - journal.KEPT


def emptied(number):
    """Return an edit of a copy that removes the content of one entry, as if it were purged."""

    def edit(content):
        copy = json.loads(content)
        for name in ("at", "sentence", "content", "bytes"):
            copy["lines"][number - 1].pop(name)
        return json.dumps(copy).encode()

    return {"edit": {"journal.json": edit}}


def with_false_checkpoint(content):
    """Edit a copy like `emptied`, and make its old checkpoint name the emptied entry."""
    copy = json.loads(emptied(3)["edit"]["journal.json"](content))
    copy["checkpoints"][-1]["line"] = 3
    return json.dumps(copy).encode()


def test_an_import_accepts_a_purged_copy_and_refuses_one_that_lacks_more(elder, purge, kinds, tmp_path):
    purge()
    copy = copied(elder, tmp_path / "copie.zip")
    for change in (emptied(3), {"edit": {"journal.json": with_false_checkpoint}}):
        with pytest.raises(CommandError, match=r"what line \d says was taken out before its time"):
            bring(changed(copy, tmp_path, **change), ResidentFactory())
    newcomer = ResidentFactory()
    bring(copy, newcomer)
    assert journal.verify(resident_id=newcomer.pk).bad == []


def contested(resident, number):
    return contests.contest_line(
        resident_id=resident.pk, by=resident.pk, entry_id=entry_of(resident, number).id, message="Qui est Paul ?"
    )


def test_a_contested_entry_is_purged_only_after_the_answer_which_stays(elder, purge, stranger):
    contest = contested(elder, 2)
    assert purge() == 1
    assert entry_of(elder, 2).event == "granted_read"
    assert journal.verify(resident_id=elder.pk).bad == []
    officer = AgentFactory()
    officer.is_dpo = True
    officer.save()
    contests.answer_contest(contest=contest, by=officer, answer="Une personne du CCAS.")
    assert purge() == 1
    page = shown(elder, "journal:journal_line", contest.entry_id)
    assert "Cette ligne est effacée" in page
    assert "Paul" in page
    assert "Une personne du CCAS." in page
    assert "Contester de nouveau" not in page
    url = reverse("journal:journal_line", args=[contest.entry_id])
    assert signed_in(stranger).get(url).status_code == 404
    assert signed_in(elder).get(reverse("journal:contest", args=[contest.entry_id])).status_code == 404


def test_a_withdrawn_contest_does_not_keep_its_entry(elder, purge):
    contest = contested(elder, 2)
    contests.withdraw_contest(contest=contest, by=elder.pk)
    assert purge() == 2
    assert signed_in(elder).get(reverse("journal:journal_line", args=[contest.entry_id])).status_code == 404
    with scope(resident=elder.pk):
        assert Contest.objects.count() == 1


def test_a_resident_is_notified_a_month_before_and_once_a_year(elder, resident):
    first = entry_of(elder, 1).at + journal.KEPT
    with time_machine.travel(first - 31 * DAY, tick=False):
        notify_journal_purge()
    assert mail.outbox == []
    with time_machine.travel(first - 30 * DAY + timedelta(hours=1), tick=False):
        notify_journal_purge()
        notify_journal_purge()
    (message,) = mail.outbox
    assert message.to == ["ancienne@courriel.example"]
    assert "prenez une copie de votre journal" in message.body
    assert "take a copy of your journal" in message.body
    with time_machine.travel(first + 300 * DAY, tick=False):
        notify_journal_purge()
    assert len(mail.outbox) == 1
    with time_machine.travel(first + 340 * DAY, tick=False):
        notify_journal_purge()
    assert len(mail.outbox) == 2


def test_a_resident_without_reminders_is_not_notified(elder):
    elder.reminders_by_email = False
    elder.save()
    notify_journal_purge()
    assert mail.outbox == []
