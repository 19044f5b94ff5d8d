"""Lines that have lasted their time, as their resident meets them: told before, said on pages and in copies; what is contested stays."""

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
from core.templatetags.civic import long_date
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.core.conftest import as_owner  # noqa: F401 - a fixture
from tests.core.test_checkpoints import outside, seal  # noqa: F401 - fixtures
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
    """Somebody whose first line has lasted its time, and who came again a year later."""
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


def line_of(resident, number):
    return next(line for line in journal.entries(resident_id=resident.pk, limit=50) if line.number == number)


def shown(resident, name, *args):
    answer = signed_in(resident).get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_pages_say_where_the_journal_begins_and_that_it_is_whole(elder, purge):
    before = shown(elder, "journal:journal")
    assert "Votre journal commence ici" not in before
    first, second = line_of(elder, 2), line_of(elder, 3)
    assert purge() == 2
    after = shown(elder, "journal:journal")
    assert "Votre journal commence ici" in after
    assert f"Les lignes jusqu’au {long_date(first.at)}" in after
    assert f"à partir du {long_date(second.at + journal.KEPT + DAY)}" in after
    checked = shown(elder, "journal:check_journal")
    assert "Votre journal est entier" in checked
    assert "De 2 lignes, il ne reste que l’empreinte" in checked


def test_a_copy_has_what_is_there_and_proves_the_rest(elder, purge):
    purge()
    table = actions.copy_journal(resident_id=elder.pk, by=elder.pk, form=CopyFormat.CSV).decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(table), delimiter=";")][:2] == ["Ligne", "3"]
    copy = json.loads(actions.copy_journal(resident_id=elder.pk, by=elder.pk, form=CopyFormat.JSON))
    chain = bytes(32)
    for line in copy["lines"]:
        leaf = (
            hashlib.sha256(b"\x00" + base64.b64decode(line["bytes"])).digest()
            if "bytes" in line
            else bytes.fromhex(line["leaf"])
        )
        chain = hashlib.sha256(b"\x01" + chain + leaf).digest()
        assert chain.hex() == line["chain"]
    assert ["bytes" in line for line in copy["lines"][:3]] == [False, False, True]
    assert not {"at", "sentence", "content"} & {*copy["lines"][0]}
    point = copy["checkpoints"][-1]
    path = [bytes.fromhex(node) for node in point["path"]]
    statement = signed_notes.read(point["note"])
    entry = bytes.fromhex(copy["lines"][point["line"] - 1]["chain"])
    assert merkle.leads_to(entry, position=point["position"], size=point["size"], path=path, root=statement.root)
    assert point["line"] == 2
    assert statement.at < timezone.now() - journal.KEPT


def emptied(number):
    """The same copy, in which what a line says was taken out as if it had lasted its time."""

    def edit(content):
        told = json.loads(content)
        for name in ("at", "sentence", "content", "bytes"):
            told["lines"][number - 1].pop(name)
        return json.dumps(told).encode()

    return {"edit": {"journal.json": edit}}


def lied_about(content):
    """As `emptied`, and the old checkpoint is said to be that of the line."""
    told = json.loads(emptied(3)["edit"]["journal.json"](content))
    told["checkpoints"][-1]["line"] = 3
    return json.dumps(told).encode()


def test_another_garant_takes_such_a_copy_and_refuses_one_that_lacks_more(elder, purge, kinds, tmp_path):
    purge()
    copy = copied(elder, tmp_path / "copie.zip")
    for change in (emptied(3), {"edit": {"journal.json": lied_about}}):
        with pytest.raises(CommandError, match=r"what line \d says was taken out before its time"):
            bring(changed(copy, tmp_path, **change), ResidentFactory())
    newcomer = ResidentFactory()
    bring(copy, newcomer)
    assert journal.verify(resident_id=newcomer.pk).first_bad is None


def contested(resident, number):
    return contests.contest_line(
        resident_id=resident.pk, by=resident.pk, entry_id=line_of(resident, number).id, message="Qui est Paul ?"
    )


def test_a_line_that_is_contested_stays_until_it_is_answered_and_its_answer_after_it(elder, purge, stranger):
    contest = contested(elder, 2)
    assert purge() == 1
    assert line_of(elder, 2).event == "granted_read"
    assert journal.verify(resident_id=elder.pk).first_bad is None
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
    here = reverse("journal:journal_line", args=[contest.entry_id])
    assert signed_in(stranger).get(here).status_code == 404
    assert signed_in(elder).get(reverse("journal:contest", args=[contest.entry_id])).status_code == 404


def test_a_contest_that_was_withdrawn_keeps_nothing(elder, purge):
    contest = contested(elder, 2)
    contests.withdraw_contest(contest=contest, by=elder.pk)
    assert purge() == 2
    assert signed_in(elder).get(reverse("journal:journal_line", args=[contest.entry_id])).status_code == 404
    with scope(resident=elder.pk):
        assert Contest.objects.count() == 1


def test_a_resident_is_told_a_month_before_and_once_a_year(elder, resident):
    first = line_of(elder, 1).at + journal.KEPT
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


def test_who_wants_no_reminder_gets_none(elder):
    elder.reminders_by_email = False
    elder.save()
    notify_journal_purge()
    assert mail.outbox == []
