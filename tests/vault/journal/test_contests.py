"""A resident contests a line: the officer alone reads what was sent, and answers once; the resident is told once, and may withdraw."""

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from core import journal
from core.models import City
from tests.accounts.factories import AgentFactory, signed_in
from tests.vault.couples import granted
from vault.journal.actions import contests
from vault.journal.enums import ContestState
from vault.journal.models import Contest
from vault.journal.tasks import send_alerts
from vault.records import gate

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
WHY = "Je ne connais pas cette personne."


@pytest.fixture
def line(resident):
    """What another read."""
    gate.read(grant=granted(resident, INCOME), fields=[INCOME])
    return newest(resident)


@pytest.fixture
def officer(db):
    officer = AgentFactory(name="Dominique")
    officer.is_dpo = True
    officer.save()
    return officer


@pytest.fixture
def desk(officer):
    return signed_in(officer)


def newest(resident):
    return journal.entries(resident_id=resident.pk, limit=1)[0]


def events(resident):
    return [line.event for line in journal.entries(resident_id=resident.pk, limit=20)]


def contested(resident, line):
    return contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=line.id, message=WHY)


def stored(resident):
    with scope(resident=resident.pk):
        return list(Contest.objects.all())


def page(browser, line):
    return browser.get(reverse("journal:journal_line", args=[line.id])).content.decode()


def in_admin(contest):
    return reverse("admin:journal_contest_change", args=[contest.pk])


def test_the_whole_way(browser, resident, line, desk):
    assert "Ce qu’il verra" in browser.get(reverse("journal:contest", args=[line.id])).content.decode()
    browser.post(reverse("journal:contest", args=[line.id]), {"message": WHY})
    (contest,) = stored(resident)
    assert contest.state == ContestState.SENT
    assert "Envoyée le" in page(browser, line)
    opened = desk.get(in_admin(contest)).content.decode()
    assert WHY in opened
    assert "Paul" in opened
    assert "Revenu fiscal de référence" in opened
    assert newest(resident).event == "contest_read"
    assert desk.post(in_admin(contest), {"answer": "C’était une erreur."}).status_code == 302
    shown = page(browser, line)
    assert "C’était une erreur." in shown
    assert WHY in shown
    assert "Réponse reçue" in browser.get(reverse("journal:journal")).content.decode()
    assert "contest_answered" in events(resident)


def test_a_line_is_contested_once_at_a_time(browser, resident, line):
    first = contested(resident, line)
    assert (
        contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=line.id, message="Encore").pk
        == first.pk
    )
    assert len(stored(resident)) == 1
    assert events(resident).count("contest_sent") == 1
    assert browser.get(reverse("journal:contest", args=[line.id])).status_code == 302


def test_what_was_withdrawn_is_erased_and_may_be_sent_again(browser, resident, line, desk):
    first = contested(resident, line)
    here = reverse("journal:withdraw_contest", args=[line.id])
    assert browser.get(here).status_code == 405
    browser.post(here)
    browser.post(here)
    (held,) = stored(resident)
    assert (held.state, bytes(held.content)) == (ContestState.WITHDRAWN, b"")
    assert events(resident).count("contest_withdrawn") == 1
    assert "Retirée le" in page(browser, line)
    assert desk.get(in_admin(first)).status_code == 404
    assert contested(resident, line).pk != first.pk


def test_an_answer_comes_once_and_stays(browser, resident, line, officer):
    contest = contested(resident, line)
    contests.answer_contest(contest=contest, by=officer, answer="Non.")
    with pytest.raises(contests.Over):
        contests.answer_contest(contest=contest, by=officer, answer="Oui.")
    browser.post(reverse("journal:withdraw_contest", args=[line.id]))
    assert stored(resident)[0].state == ContestState.ANSWERED
    assert "Contester de nouveau" in page(browser, line)


def test_nobody_answers_what_was_withdrawn(resident, line, officer):
    contest = contested(resident, line)
    withdrawn = contests.withdraw_contest(contest=contest, by=resident.pk)
    with pytest.raises(contests.Over):
        contests.answer_contest(contest=contest, by=officer, answer="Non.")
    with pytest.raises(contests.Over):
        contests.read_contest(contest=withdrawn, by=officer)


def test_only_the_officer_reads_and_answers(resident, line, agent):
    contest = contested(resident, line)
    boss = AgentFactory(name="Chloé")
    boss.is_superuser = True
    boss.save()
    for person in (agent, boss):
        client = signed_in(person)
        assert client.get(reverse("admin:journal_contest_changelist")).status_code == 403
        assert client.get(in_admin(contest)).status_code == 404
        assert "contest" not in client.get(reverse("admin:index")).content.decode()
        with pytest.raises(PermissionDenied):
            contests.read_contest(contest=contest, by=person)
        with pytest.raises(PermissionDenied):
            contests.answer_contest(contest=contest, by=person, answer="Non.")
    assert "contest_read" not in events(resident)


def test_an_officer_whose_account_is_closed_reads_nothing(resident, line, officer):
    contest = contested(resident, line)
    officer.is_active = False
    with pytest.raises(PermissionDenied):
        contests.read_contest(contest=contest, by=officer)


def test_another_resident_contests_and_withdraws_nothing(other_browser, resident, stranger, line):
    contest = contested(resident, line)
    for name in ("journal:contest", "journal:withdraw_contest", "journal:journal_line"):
        assert other_browser.post(reverse(name, args=[line.id]), {"message": "x"}).status_code in {404, 405}
    with pytest.raises(PermissionDenied):
        contests.contest_line(resident_id=stranger.pk, by=stranger.pk, entry_id=line.id, message="x")
    with pytest.raises(PermissionDenied):
        contests.withdraw_contest(contest=contest, by=stranger.pk)
    assert stored(resident)[0].state == ContestState.SENT


def test_nothing_of_it_is_in_clear(resident, line):
    contested(resident, line)
    (held,) = stored(resident)
    assert WHY.encode() not in bytes(held.content)
    assert "connais" not in repr(vars(held))


def test_the_list_of_the_officer_has_dates_and_no_content(resident, line, desk):
    contested(resident, line)
    shown = desk.get(reverse("admin:journal_contest_changelist")).content.decode()
    assert "Attend votre réponse" in shown
    assert "Paul" not in shown
    assert "contest_read" not in events(resident)


def test_the_officer_is_written_to_without_content(resident, line):
    City.objects.update_or_create(
        pk=1,
        defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042", "dpo_email": "dpo@v.example"},
    )
    contested(resident, line)
    (sent,) = mail.outbox
    assert sent.to == ["dpo@v.example"]
    assert "Paul" not in f"{sent.subject} {sent.body}"
    assert WHY not in sent.body


def test_the_resident_is_told_once_that_there_is_an_answer_and_not_which(resident, line, officer):
    resident.reminders_by_email = False
    resident.save()
    contest = contested(resident, line)
    send_alerts()
    assert mail.outbox == []
    contests.answer_contest(contest=contest, by=officer, answer="Paul était autorisé.")
    send_alerts()
    send_alerts()
    (sent,) = mail.outbox
    assert "Une réponse vous attend" in sent.subject
    assert "Paul" not in f"{sent.subject} {sent.body}"


def test_a_mail_server_that_is_down_is_tried_again(resident, line, officer, monkeypatch):
    contests.answer_contest(contest=contested(resident, line), by=officer, answer="Non.")
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_alerts()
    send_alerts()
    assert len(mail.outbox) == 1


def test_a_message_without_words_is_refused(browser, resident, line):
    answer = browser.post(reverse("journal:contest", args=[line.id]), {"message": "  "})
    assert answer.context["form"].errors
    assert stored(resident) == []


def test_erasing_the_key_makes_it_unreadable(resident, line, officer):
    from core.keys import KeyMissing
    from core.models import ResidentKey

    contest = contested(resident, line)
    with scopes_disabled():
        ResidentKey.objects.filter(pk=resident.pk).delete()
    with pytest.raises(KeyMissing):
        contests.read_contest(contest=contest, by=officer)
