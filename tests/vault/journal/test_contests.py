"""Contests: only the data protection officer reads and answers one, once; the resident may withdraw it before."""

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
def entry(resident):
    """Return the entry of a reading by another."""
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
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=20)]


def contested(resident, entry):
    return contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=entry.id, message=WHY)


def stored(resident):
    with scope(resident=resident.pk):
        return list(Contest.objects.all())


def page(browser, entry):
    return browser.get(reverse("journal:journal_line", args=[entry.id])).content.decode()


def in_admin(contest):
    return reverse("admin:journal_contest_change", args=[contest.pk])


def test_a_contest_is_sent_read_answered_and_shown(browser, resident, entry, desk):
    assert "Ce qu’il verra" in browser.get(reverse("journal:contest", args=[entry.id])).content.decode()
    browser.post(reverse("journal:contest", args=[entry.id]), {"message": WHY})
    (contest,) = stored(resident)
    assert contest.state == ContestState.SENT
    assert "Envoyée le" in page(browser, entry)
    opened = desk.get(in_admin(contest)).content.decode()
    assert WHY in opened
    assert "Paul" in opened
    assert "Revenu fiscal de référence" in opened
    assert newest(resident).event == "contest_read"
    assert desk.post(in_admin(contest), {"answer": "C’était une erreur."}).status_code == 302
    shown = page(browser, entry)
    assert "C’était une erreur." in shown
    assert WHY in shown
    assert "Réponse reçue" in browser.get(reverse("journal:journal")).content.decode()
    assert "contest_answered" in events(resident)


def test_an_entry_has_one_open_contest_at_a_time(browser, resident, entry):
    first = contested(resident, entry)
    assert (
        contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=entry.id, message="Encore").pk
        == first.pk
    )
    assert len(stored(resident)) == 1
    assert events(resident).count("contest_sent") == 1
    assert browser.get(reverse("journal:contest", args=[entry.id])).status_code == 302


def test_a_withdrawn_contest_is_erased_and_another_may_be_sent(browser, resident, entry, desk):
    first = contested(resident, entry)
    url = reverse("journal:withdraw_contest", args=[entry.id])
    assert browser.get(url).status_code == 405
    browser.post(url)
    browser.post(url)
    (held,) = stored(resident)
    assert (held.state, bytes(held.content)) == (ContestState.WITHDRAWN, b"")
    assert events(resident).count("contest_withdrawn") == 1
    assert "Retirée le" in page(browser, entry)
    assert desk.get(in_admin(first)).status_code == 404
    assert contested(resident, entry).pk != first.pk


def test_an_answer_cannot_change_or_be_withdrawn(browser, resident, entry, officer):
    contest = contested(resident, entry)
    contests.answer_contest(contest=contest, by=officer, answer="Non.")
    with pytest.raises(contests.Over):
        contests.answer_contest(contest=contest, by=officer, answer="Oui.")
    browser.post(reverse("journal:withdraw_contest", args=[entry.id]))
    assert stored(resident)[0].state == ContestState.ANSWERED
    assert "Contester de nouveau" in page(browser, entry)


def test_a_withdrawn_contest_cannot_be_read_or_answered(resident, entry, officer):
    contest = contested(resident, entry)
    withdrawn = contests.withdraw_contest(contest=contest, by=resident.pk)
    with pytest.raises(contests.Over):
        contests.answer_contest(contest=contest, by=officer, answer="Non.")
    with pytest.raises(contests.Over):
        contests.read_contest(contest=withdrawn, by=officer)


def test_only_the_officer_reads_and_answers(resident, entry, agent):
    contest = contested(resident, entry)
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


def test_an_officer_with_a_closed_account_cannot_read(resident, entry, officer):
    contest = contested(resident, entry)
    officer.is_active = False
    with pytest.raises(PermissionDenied):
        contests.read_contest(contest=contest, by=officer)


def test_another_resident_cannot_contest_or_withdraw(other_browser, resident, stranger, entry):
    contest = contested(resident, entry)
    for name in ("journal:contest", "journal:withdraw_contest", "journal:journal_line"):
        assert other_browser.post(reverse(name, args=[entry.id]), {"message": "x"}).status_code in {404, 405}
    with pytest.raises(PermissionDenied):
        contests.contest_line(resident_id=stranger.pk, by=stranger.pk, entry_id=entry.id, message="x")
    with pytest.raises(PermissionDenied):
        contests.withdraw_contest(contest=contest, by=stranger.pk)
    assert stored(resident)[0].state == ContestState.SENT


def test_a_contest_stores_no_plaintext(resident, entry):
    contested(resident, entry)
    (held,) = stored(resident)
    assert WHY.encode() not in bytes(held.content)
    assert "connais" not in repr(vars(held))


def test_the_officers_list_shows_dates_and_no_content(resident, entry, desk):
    contested(resident, entry)
    shown = desk.get(reverse("admin:journal_contest_changelist")).content.decode()
    assert "Attend votre réponse" in shown
    assert "Paul" not in shown
    assert "contest_read" not in events(resident)


def test_the_officer_gets_an_email_without_content(resident, entry):
    City.objects.update_or_create(
        pk=1,
        defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042", "dpo_email": "dpo@v.example"},
    )
    contested(resident, entry)
    (sent,) = mail.outbox
    assert sent.to == ["dpo@v.example"]
    assert "Paul" not in f"{sent.subject} {sent.body}"
    assert WHY not in sent.body


def test_the_resident_is_notified_once_of_an_answer_without_its_content(resident, entry, officer):
    resident.reminders_by_email = False
    resident.save()
    contest = contested(resident, entry)
    send_alerts()
    assert mail.outbox == []
    contests.answer_contest(contest=contest, by=officer, answer="Paul était autorisé.")
    send_alerts()
    send_alerts()
    (sent,) = mail.outbox
    assert "Une réponse vous attend" in sent.subject
    assert "Paul" not in f"{sent.subject} {sent.body}"


def test_a_failed_message_is_sent_again(resident, entry, officer, monkeypatch):
    contests.answer_contest(contest=contested(resident, entry), by=officer, answer="Non.")
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_alerts()
    send_alerts()
    assert len(mail.outbox) == 1


def test_an_empty_message_is_refused(browser, resident, entry):
    answer = browser.post(reverse("journal:contest", args=[entry.id]), {"message": "  "})
    assert answer.context["form"].errors
    assert stored(resident) == []


def test_a_contest_is_unreadable_once_the_key_is_erased(resident, entry, officer):
    from core.keys import KeyMissing
    from core.models import ResidentKey

    contest = contested(resident, entry)
    with scopes_disabled():
        ResidentKey.objects.filter(pk=resident.pk).delete()
    with pytest.raises(KeyMissing):
        contests.read_contest(contest=contest, by=officer)
