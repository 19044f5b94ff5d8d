"""Expiry of a paper: one reminder before it, and its values lose their proof without being rewritten."""

from datetime import date

import pytest
from django.core import mail
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.messages import mails
from tests.at_once import at_once
from tests.vault.made import IDENTITY, add
from tests.vault.sending import notice_pdf, uploaded
from vault.records import actions, gate
from vault.records.models import Paper, PaperKind, Record
from vault.records.tasks import notify_expiring_papers
from vault.records.values.decrypted import Opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-25 09:00+01:00", tick=False)


@pytest.fixture
def notice(browser, resident) -> Paper:
    """Return a kept tax notice, whose values its signature proves."""
    paper = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    return paper


def ends(paper: Paper, day: date | None) -> None:
    actions.set_dates(paper=paper, by=paper.resident_id, issued_on=date(2026, 7, 31), expires_on=day)


def of_kind(paper: Paper, code: str, day: date) -> None:
    with scope(resident=paper.resident_id):
        Paper.objects.filter(pk=paper.pk).update(kind=code, expires_on=day, told_at=None)


def opened(resident, *fields: str) -> Opened:
    found = gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=fields or [INCOME])
    return found[-1]


def stored(resident) -> list[tuple[str, bytes]]:
    with scope(resident=resident.pk):
        return [(record.assurance, bytes(record.content)) for record in Record.objects.order_by("created_at")]


def text(response) -> str:
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


# ---------- the proof of values


def test_a_value_whose_proof_has_expired_is_no_longer_proven(notice, resident, browser):
    before = stored(resident)
    assert opened(resident).origin("revenu_fiscal_reference").proven
    ends(notice, date(2026, 11, 24))
    found = opened(resident)
    origin = found.origin("revenu_fiscal_reference")
    assert (found.assurance, origin.assurance, origin.proven, origin.proof_ended) == (
        "declared",
        "declared",
        False,
        True,
    )
    assert "Preuve expirée" in text(browser.get(reverse("records:home")))
    assert "Preuve expirée" in text(browser.get(reverse("records:paper", args=[notice.pk])))
    assert stored(resident) == before, "what is stored is not rewritten"


def test_correcting_the_date_restores_the_proof(notice, resident):
    ends(notice, date(2026, 11, 24))
    ends(notice, date(2026, 12, 24))
    assert opened(resident).origin("revenu_fiscal_reference").proven


def test_the_last_day_still_counts_until_midnight_in_paris(notice, resident, time_machine):
    ends(notice, date(2026, 11, 25))
    time_machine.move_to("2026-11-25 22:59+00:00", tick=False)
    assert opened(resident).origin("revenu_fiscal_reference").proven
    time_machine.move_to("2026-11-25 23:00+00:00", tick=False)
    assert not opened(resident).origin("revenu_fiscal_reference").proven


def test_values_of_another_source_keep_their_assurance(notice, resident):
    with scope(resident=resident.pk):
        record = Record.objects.current().get(type="fiscal.avis_ir")
    held = gate.own_record(resident_id=resident.pk, purpose="Essayer", record_id=record.pk)
    actions.correct_record(
        record=record, by=resident.pk, payload={**(held.payload if held else {}), "nombre_parts": 3}
    )
    ends(notice, date(2026, 11, 24))
    fields = [INCOME, "fiscal.avis_ir#/nombre_parts"]
    found = opened(resident, *fields)
    assert found.origin("revenu_fiscal_reference").proof_ended
    assert not found.origin("nombre_parts").proof_ended and found.origin("nombre_parts").assurance == "declared"


def test_values_without_a_paper_keep_their_assurance(notice, resident):
    add(
        resident,
        "emploi.revenu",
        {"mois": "2026-10", "net_avant_impot": "1180.00"},
        holder="employeur",
        method="api_pull",
        assurance="holder_verified",
    )
    ends(notice, date(2026, 11, 24))
    assert opened(resident, "emploi.revenu#/net_avant_impot").assurance == "holder_verified"


def test_the_expiry_of_another_resident_s_paper_has_no_effect(notice, resident, other_browser, stranger):
    theirs = uploaded(other_browser, stranger, notice_pdf(income=9000))
    actions.confirm_paper(paper=theirs, by=stranger.pk)
    ends(theirs, date(2026, 11, 24))
    assert opened(resident).origin("revenu_fiscal_reference").proven


def test_an_expired_paper_is_not_deleted(notice, resident, browser):
    ends(notice, date(2026, 8, 1))
    notify_expiring_papers()
    assert browser.get(reverse("records:paper", args=[notice.pk])).status_code == 200


# ---------- reminders


def test_a_resident_gets_one_reminder_within_the_notice_of_the_kind(notice, resident, time_machine):
    of_kind(notice, "cni", date(2027, 3, 1))
    assert PaperKind.objects.get(code="cni").renewal_notice_days == 90
    time_machine.move_to("2026-11-30 12:00+01:00", tick=False)
    notify_expiring_papers()
    assert mail.outbox == []
    time_machine.move_to("2026-12-01 12:00+01:00", tick=False)
    notify_expiring_papers()
    notify_expiring_papers()
    time_machine.move_to("2027-02-20 12:00+01:00", tick=False)
    notify_expiring_papers()
    assert [message.to for message in mail.outbox] == [[resident.email]]
    events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=50)]
    assert events.count("paper_expiring") == 1


def test_the_message_names_no_paper(notice, resident):
    of_kind(notice, "titre_sejour", date(2026, 12, 20))
    notify_expiring_papers()
    message = f"{mail.outbox[0].subject} {mail.outbox[0].body}"
    assert "séjour" not in message and resident.name not in message
    assert "arrive à sa fin" in message and "coming to its end" in message


def test_several_papers_are_in_one_reminder(notice, resident, browser):
    other = uploaded(browser, resident, notice_pdf(income_year=2024), name="b.pdf")
    actions.confirm_paper(paper=other, by=resident.pk)
    for paper in (notice, other):
        of_kind(paper, "cni", date(2026, 12, 20))
    notify_expiring_papers()
    assert len(mail.outbox) == 1


def test_two_workers_at_once_send_one_message(notice, resident):
    of_kind(notice, "cni", date(2026, 12, 20))
    at_once(actions.notify_expiring_papers)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("kind", "day"),
    [
        ("avis_impot", date(2026, 11, 30)),
        ("cni", date(2026, 11, 24)),
        ("cni", date(2027, 11, 30)),
        ("", date(2026, 11, 30)),
    ],
    ids=["a kind without notice", "already over", "far off", "no kind"],
)
def test_no_reminder_is_sent(notice, kind, day):
    of_kind(notice, kind, day)
    notify_expiring_papers()
    assert mail.outbox == []


def test_a_paper_to_confirm_has_no_reminder(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    of_kind(paper, "cni", date(2026, 12, 1))
    notify_expiring_papers()
    assert mail.outbox == []


def test_without_reminders_by_email_the_home_page_still_shows_the_expiry(notice, resident, browser):
    resident.reminders_by_email = False
    resident.save()
    of_kind(notice, "passeport", date(2027, 4, 1))
    notify_expiring_papers()
    assert mail.outbox == []
    assert "Expire le 1er avril 2027" in text(browser.get("/")), "within the 180 days of its kind"


def test_a_new_expiry_date_gets_its_own_reminder(notice, resident, time_machine):
    of_kind(notice, "cni", date(2026, 12, 20))
    notify_expiring_papers()
    ends(notice, date(2026, 12, 20))
    notify_expiring_papers()
    assert len(mail.outbox) == 1, "the date did not change"
    ends(notice, date(2027, 12, 20))
    time_machine.move_to("2027-12-01 12:00+01:00", tick=False)
    notify_expiring_papers()
    assert len(mail.outbox) == 2


def test_a_reminder_is_sent_again_after_a_mail_server_failure(notice, resident, monkeypatch):
    of_kind(notice, "cni", date(2026, 12, 20))

    def refuse(*_args, **_more):
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", refuse)
        with pytest.raises(mails.NotSent):
            notify_expiring_papers()
    notify_expiring_papers()
    assert len(mail.outbox) == 1


def test_without_any_notice_no_reminder_is_sent(notice):
    of_kind(notice, "cni", date(2026, 12, 20))
    PaperKind.objects.update(renewal_notice_days=None)
    notify_expiring_papers()
    assert mail.outbox == []


def test_an_old_identity_card_counts_five_more_years(notice, resident):
    add(resident, "identite.pivot", IDENTITY)
    actions.set_kind(paper=notice, by=resident.pk, kind="cni")
    for _time in range(2):
        changed = actions.set_dates(
            paper=notice, by=resident.pk, issued_on=date(2012, 5, 3), expires_on=date(2022, 5, 2)
        )
        assert changed.expires_on == date(2027, 5, 2) and not changed.expired
    again = actions.set_dates(paper=notice, by=resident.pk, issued_on=date(2012, 5, 3), expires_on=date(2027, 5, 2))
    assert again.expires_on == date(2027, 5, 2), "the five years are added once"
    card = gate.own_paper(resident_id=resident.pk, purpose="Essayer", paper_id=notice.pk)
    assert card is not None and card.outcome("cni_extension") == "passed"
