"""Data requests: the letter, the legal delay, the notification sent once, and permissions."""

import io
import json
from datetime import date
from uuid import uuid4

import pikepdf
import pypdfium2
import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django_scopes import scope

from core import journal
from core.keys.sealed import Unreadable
from core.messages import mails
from tests.at_once import at_once
from tests.vault.made import HOME, IDENTITY, add
from vault.holders import letters
from vault.holders.actions.requests import (
    AlreadySent,
    NotSent,
    change_request,
    delete_request,
    known_parts,
    note_step,
    open_request,
    start_request,
)
from vault.holders.enums import RequestAnswer, RequestState, RequestStep
from vault.holders.models import DataRequest
from vault.holders.tasks import notify_overdue_requests
from vault.records import actions
from vault.records.models import Holder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

SENT, EXTENDED, REMINDED, ANSWERED = RequestStep.SENT, RequestStep.EXTENDED, RequestStep.REMINDED, RequestStep.ANSWERED


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-25 09:00+01:00", tick=False)


def holder(code="caf") -> Holder:
    return Holder.objects.get(code=code)


def started(resident, code="caf", right="access", **parts):
    known = known_parts(resident_id=resident.pk, holder=holder(code), name=resident.name, email=resident.email)
    return start_request(
        resident_id=resident.pk, by=resident.pk, holder=holder(code), right=right, parts={**known, **parts}
    )


def sent(resident, on=date(2026, 11, 20), **more):
    request = started(resident, **more)
    return note_step(request=request, by=resident.pk, step=SENT, on=on)


def note(request, step, on, answer=""):
    return note_step(request=request, by=request.resident_id, step=step, on=on, answer=answer)


def letter(request) -> letters.Letter:
    return letters.request_letter(request, holder(request.holder), open_request(request), date(2026, 11, 25))


def fresh(request) -> DataRequest:
    with scope(resident=request.resident_id):
        return DataRequest.objects.get(pk=request.pk)


def events(resident) -> list[str]:
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=50)]


def text_of(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


# ---------- the letter


def test_the_letter_is_filled_from_the_vault(resident):
    add(resident, "identite.pivot", IDENTITY)
    add(resident, "logement.domicile", HOME)
    add(resident, "identite.contact", {"email": "nadia@courriel.example"})
    text = letter(started(resident)).text
    assert "Je m’appelle Nadia Kervella." in text
    assert "14 rue des Tanneries\n00420 Villebrume\nLe 25" in text
    assert "à l’adresse nadia@courriel.example" in text
    assert "en particulier\u00a0: quotient familial" in text
    assert "article 15 du RGPD" in text
    assert not set(text) & set("{}[]")


def test_the_letter_uses_the_usage_name(resident):
    add(resident, "identite.pivot", {**IDENTITY, "preferred_username": "Astruc"})
    assert letter(started(resident)).parts.name == "Nadia Astruc"


def test_a_letter_can_be_written_with_only_a_name(resident):
    text = letter(started(resident)).text
    assert "Je m’appelle Awa." in text
    assert "référence" not in text and "depuis le" not in text and "jusqu’au" not in text
    assert not set(text) & set("{}[]") and "  " not in text


@pytest.mark.parametrize(
    ("code", "right"), [("caf", "access"), ("banque", "access"), ("banque", "portability"), ("enedis", "portability")]
)
def test_every_letter_is_complete_with_all_its_parts_and_with_none(resident, code, right):
    parts = {
        "reference": "42",
        "since": "2026-01-01",
        "until": "2026-06-30",
        "organisation": "Banque du Lac",
        "recipient_address": "1 quai\n2",
    }
    for given in (parts, dict.fromkeys([*parts, "wanted", "email", "address"], "")):
        request = note(started(resident, code, right, **given), SENT, date(2026, 9, 1))
        content = open_request(request)
        for made in (
            letter(request),
            letters.reminder(request, content, date(2026, 11, 25)),
            letters.complaint(request, content, date(2026, 11, 25)),
        ):
            assert not set(made.subject + made.text) & set("{}[]"), made.code
            assert "\n\n\n" not in made.text and " ;\n\n" not in made.text


def test_portability_asks_for_machine_readable_formats(resident):
    assert "lisible par un ordinateur (CSV ou OFX)" in letter(started(resident, "banque", "portability")).text
    assert "(CSV ou JSON)" in letter(started(resident, "eau", "portability")).text


def test_a_public_holder_is_not_asked_for_portability(resident):
    with pytest.raises(actions.Invalid):
        started(resident, "caf", "portability")


def test_every_shipped_letter_is_short_and_titled_in_both_languages():
    items = json.loads(letters.CONTENT.read_text(encoding="utf-8"))["items"]
    assert {item["code"] for item in items} == {"access", "portability", "reminder", "complaint"}
    for item in items:
        assert item["title"]["fr"] and item["title"]["en"]
        assert len(item["body"].split()) <= 180


HOSTILE = (
    "{email} [x {name}] <script>alert(1)</script><img src='file:///etc/passwd'> {{ settings.SECRET_KEY }} {% load x %}"
)


def test_typed_text_is_never_read_as_a_template(resident):
    request = started(resident, wanted=HOSTILE, reference="{name}", email="awa@courriel.example")
    text = letter(request).text
    assert HOSTILE in text and "référence {name}" in text
    pdf = letters.pdf(letter(request))
    assert b"root:" not in pdf and b"SECRET" not in pdf
    assert "<script>alert(1)</script>" in text_of(pdf).replace("\r\n", " ").replace("\n", " ")


def test_a_very_long_text_is_cut_and_makes_a_short_pdf(resident):
    request = started(
        resident,
        name="N" * 5000,
        address="rue\n" * 5000,
        wanted="é" * 90_000,
        reference="\x00\x07réf" * 900,
        organisation="O" * 5000,
    )
    parts = letter(request).parts
    assert (len(parts.name), len(parts.wanted), len(parts.organisation)) == (120, 600, 120)
    assert "\x00" not in parts.reference and len(parts.address) <= 300
    with pikepdf.open(io.BytesIO(letters.pdf(letter(request)))) as opened:
        assert len(opened.pages) <= 4


def test_the_pdf_is_tagged_in_french_and_names_the_holder(resident):
    pdf = letters.pdf(
        letter(
            started(
                resident,
                "banque",
                organisation="Banque du Lac",
                recipient_address="3 quai des Brumes\n00420 Villebrume",
            )
        )
    )
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.Root.MarkInfo.Marked and str(opened.Root.Lang) == "fr"
        assert len(opened.pages) == 1
    text = text_of(pdf)
    assert "Banque du Lac" in text and "3 quai des Brumes" in text and "Objet" in text


def test_the_pdf_contains_no_data_of_others(resident, stranger):
    add(stranger, "identite.pivot", {**IDENTITY, "family_name": "Lassalle", "given_name": "Bruno"})
    add(
        stranger,
        "logement.domicile",
        {"adresse": {"voie": "9 impasse du Secret", "code_postal": "00420", "commune": "Villebrume"}},
    )
    add(resident, "identite.pivot", IDENTITY)
    partner = uuid4()
    add(
        resident,
        "identite.pivot",
        {**IDENTITY, "family_name": "Astruc", "given_name": "Irène"},
        person=partner,
        role="spouse",
    )
    add(resident, "identite.contact", {"email": "irene@courriel.example"}, person=partner, role="spouse")
    made = letter(started(resident))
    pdf = letters.pdf(made)
    read = text_of(pdf) + made.text
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        read += str(opened.docinfo) + opened.Root.Metadata.read_bytes().decode()
    assert "Kervella" in read
    for other in ("Lassalle", "Bruno", "Secret", "Astruc", "Irène", "irene@"):
        assert other not in read


def test_the_mail_link_contains_the_whole_letter_or_is_empty(resident):
    link = letter(started(resident, "banque", recipient_email="donnees@banque.example")).mail_link
    assert link.startswith("mailto:donnees%40banque.example?subject=") and "\n" not in link and " " not in link
    assert letter(started(resident, wanted="é" * 600)).mail_link == ""


def test_a_sent_letter_cannot_change(resident):
    request = sent(resident, reference="A1")
    before = letter(request).text
    assert "Le 20" in before
    with pytest.raises(AlreadySent):
        change_request(request=request, by=resident.pk, parts={"reference": "B2"})
    Holder.objects.filter(code="caf").update(name_fr="Autre", holds=[])
    assert letter(fresh(request)).text == before


def test_taking_back_the_sending_makes_a_draft_again(resident):
    request = note(sent(resident), REMINDED, date(2026, 11, 25))
    request = note(request, SENT, None)
    assert (request.state, request.due_on, request.reminded_on) == (RequestState.DRAFT, None, None)
    request = change_request(request=request, by=resident.pk, parts={"reference": "B2"})
    assert "B2" in letter(request).text


def test_a_period_that_ends_before_it_starts_is_refused(resident):
    request = started(resident, since="2026-05-01")
    with pytest.raises(actions.Invalid):
        change_request(request=request, by=resident.pk, parts={"until": "2026-04-30"})


# ---------- the delay


@pytest.mark.parametrize(
    ("sent_on", "due_on"),
    [
        (date(2026, 9, 15), date(2026, 10, 15)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2026, 3, 31), date(2026, 4, 30)),
        (date(2026, 2, 28), date(2026, 3, 28)),
        (date(2025, 12, 31), date(2026, 1, 31)),
    ],
)
def test_the_delay_ends_on_the_same_day_or_the_last_of_a_month(resident, sent_on, due_on):
    assert sent(resident, on=sent_on).due_on == due_on


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-10-30 12:00+01:00", RequestState.WAITING),  # 29 days
        ("2026-10-31 12:00+01:00", RequestState.WAITING),  # 30 days
        ("2026-11-01 12:00+01:00", RequestState.WAITING),  # 31 days: the last one of a month that has 31
        ("2026-11-01 23:59+01:00", RequestState.WAITING),
        ("2026-11-01 22:59+00:00", RequestState.WAITING),
        ("2026-11-01 23:00+00:00", RequestState.LATE),  # midnight in Paris
        ("2026-11-02 00:00+01:00", RequestState.LATE),
    ],
)
def test_a_request_is_late_after_the_last_day_in_paris(resident, time_machine, now, state):
    request = sent(resident, on=date(2026, 10, 1))
    time_machine.move_to(now, tick=False)
    assert fresh(request).state == state
    with scope(resident=resident.pk):
        assert DataRequest.objects.late().exists() == (state == RequestState.LATE)


def test_midnight_is_local_in_summer_too(resident, time_machine):
    time_machine.move_to("2026-06-10 09:00+02:00", tick=False)
    request = sent(resident, on=date(2026, 6, 1))
    time_machine.move_to("2026-07-01 21:59+00:00", tick=False)
    assert fresh(request).state == RequestState.WAITING
    time_machine.move_to("2026-07-01 22:00+00:00", tick=False)
    assert fresh(request).state == RequestState.LATE


def test_an_extension_adds_two_months_and_can_be_taken_back(resident):
    request = note(sent(resident, on=date(2026, 10, 1)), EXTENDED, date(2026, 10, 20))
    assert request.due_on == date(2027, 1, 1) and request.state == RequestState.WAITING
    request = note(request, EXTENDED, None)
    assert request.due_on == date(2026, 11, 1) and request.state == RequestState.LATE


def test_an_extension_announced_after_the_first_month_is_refused(resident):
    request = sent(resident, on=date(2026, 9, 30))
    note(request, EXTENDED, date(2026, 10, 30))
    note(request, EXTENDED, None)
    with pytest.raises(actions.Invalid):
        note(request, EXTENDED, date(2026, 10, 31))


def test_impossible_days_are_refused(resident):
    request = started(resident)
    with pytest.raises(NotSent):
        note(request, ANSWERED, date(2026, 11, 25), RequestAnswer.WHOLE)
    with pytest.raises(actions.Invalid):
        note(request, SENT, date(2026, 11, 26))
    request = note(request, SENT, date(2026, 11, 20))
    with pytest.raises(actions.Invalid):
        note(request, ANSWERED, date(2026, 11, 19), RequestAnswer.WHOLE)
    request = note(request, REMINDED, date(2026, 11, 22))
    with pytest.raises(actions.Invalid):
        note(request, SENT, date(2026, 11, 23))
    assert fresh(request).sent_on == date(2026, 11, 20)


def test_correcting_the_day_of_sending_moves_the_delay(resident):
    request = note(sent(resident, on=date(2026, 9, 1)), SENT, date(2026, 11, 2))
    assert (request.due_on, request.state) == (date(2026, 12, 2), RequestState.WAITING)
    assert letter(request).day.endswith("novembre 2026")


def test_an_answer_ends_the_delay_and_may_be_partial(resident):
    request = note(sent(resident, on=date(2026, 9, 1)), ANSWERED, date(2026, 10, 20), RequestAnswer.WHOLE)
    assert request.state == RequestState.ANSWERED and not request.may_complain
    assert note(request, ANSWERED, date(2026, 10, 20), RequestAnswer.PARTIAL).may_complain
    request = note(request, ANSWERED, None)
    assert (request.state, request.answer) == (RequestState.LATE, "")


def test_a_complaint_lists_the_steps(resident):
    request = note(sent(resident, on=date(2026, 9, 1), reference="A1"), REMINDED, date(2026, 10, 5))
    text = letters.complaint(request, open_request(request), date(2026, 11, 25)).text
    for words in (
        "le 1er\u00a0septembre 2026",
        "1er\u00a0octobre 2026",
        "relancé l’organisme le 5\u00a0octobre 2026",
        "aucune réponse",
        "article 15",
    ):
        assert words in text
    request = note(request, ANSWERED, date(2026, 10, 20), RequestAnswer.REFUSED)
    text = letters.complaint(request, open_request(request), date(2026, 11, 25)).text
    assert "a refusé" in text and "le délai s’est terminé" not in text


# ---------- the notification


def test_a_late_request_is_notified_once(resident):
    sent(resident, on=date(2026, 10, 1))
    sent(resident, on=date(2026, 11, 20))
    notify_overdue_requests()
    notify_overdue_requests()
    assert [message.to for message in mail.outbox] == [[resident.email]]
    assert events(resident).count("request_late") == 1


def test_two_workers_at_once_send_one_message(resident):
    sent(resident, on=date(2026, 10, 1))
    at_once(notify_overdue_requests)
    assert len(mail.outbox) == 1
    assert events(resident).count("request_late") == 1


def test_the_message_names_nobody_in_both_languages(resident):
    sent(resident, on=date(2026, 10, 1), code="mdph")
    notify_overdue_requests()
    message = mail.outbox[0]
    content = f"{message.subject} {message.body}"
    assert "MDPH" not in content and "andicap" not in content and resident.name not in content
    assert "délai" in content and "deadline" in content.lower()


def test_a_failed_message_is_sent_again(resident, monkeypatch):
    request = sent(resident, on=date(2026, 10, 1))

    def refuse(*_args, **_more):
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", refuse)
        with pytest.raises(mails.NotSent):
            notify_overdue_requests()
    assert fresh(request).told_at is None and "request_late" not in events(resident)
    notify_overdue_requests()
    assert len(mail.outbox) == 1


def test_an_answered_request_is_not_notified(resident):
    request = sent(resident, on=date(2026, 10, 1))
    note(request, ANSWERED, date(2026, 11, 24), RequestAnswer.WHOLE)
    notify_overdue_requests()
    assert mail.outbox == [] and fresh(request).told_at is None


def test_a_resident_without_reminders_gets_no_message(resident):
    resident.reminders_by_email = False
    resident.save()
    sent(resident, on=date(2026, 10, 1))
    notify_overdue_requests()
    assert mail.outbox == []
    assert events(resident).count("request_late") == 1


def test_a_resident_without_email_gets_no_message(resident):
    resident.email = resident.contact_email = ""
    resident.save()
    sent(resident, on=date(2026, 10, 1))
    notify_overdue_requests()
    assert mail.outbox == []


def test_an_extended_delay_is_notified_again_when_it_passes(resident, time_machine):
    request = sent(resident, on=date(2026, 10, 1))
    notify_overdue_requests()
    note(request, EXTENDED, date(2026, 10, 20))
    notify_overdue_requests()
    assert len(mail.outbox) == 1
    time_machine.move_to("2027-01-02 09:00+01:00", tick=False)
    notify_overdue_requests()
    assert len(mail.outbox) == 2


# ---------- permissions


def test_another_resident_cannot_change_a_request(resident, stranger):
    request = sent(resident)
    for act in (
        lambda: change_request(request=request, by=stranger.pk, parts={"name": "Bruno"}),
        lambda: note_step(request=request, by=stranger.pk, step=ANSWERED, on=date(2026, 11, 25), answer="whole"),
        lambda: delete_request(request=request, by=stranger.pk),
        lambda: start_request(resident_id=resident.pk, by=stranger.pk, holder=holder(), right="access", parts={}),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert fresh(request).answered_on is None


def test_the_same_form_sent_twice_gives_one_request(resident):
    token = uuid4()
    made = [
        start_request(
            resident_id=resident.pk,
            by=resident.pk,
            holder=holder(),
            right="access",
            parts={"name": "Awa"},
            token=token,
        )
        for _ in range(2)
    ]
    assert made[0].pk == made[1].pk
    assert events(resident).count("request_started") == 1


def test_a_letter_stores_no_plaintext(resident):
    request = sent(resident, name="Nadia Canari", address="7 rue du Canari", reference="CANARI-42", wanted="canari")
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM holders_datarequest t WHERE id = %s", [request.pk])
        assert "anari" not in cursor.fetchone()[0].lower()
    assert b"anari" not in bytes(fresh(request).content).lower()


def test_each_act_writes_one_entry(resident):
    request = sent(resident)
    note(request, REMINDED, date(2026, 11, 25))
    note(request, REMINDED, None)
    delete_request(request=request, by=resident.pk)
    acts = [event for event in reversed(events(resident)) if event.startswith("request_")]
    assert acts == ["request_started", "request_sent", "request_reminded", "request_undone", "request_deleted"]
    assert journal.verify(resident_id=resident.pk).bad == []


def test_the_database_refuses_inconsistent_rows(resident):
    request = started(resident)
    for wrong in (
        {"answered_on": date(2026, 11, 25), "answer": "whole"},
        {"sent_on": date(2026, 11, 25)},
        {"sent_on": date(2026, 11, 25), "due_on": date(2026, 11, 24)},
        {"right": "everything"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), scope(resident=resident.pk):
            DataRequest.objects.filter(pk=request.pk).update(**wrong)


def test_an_older_sealed_content_put_back_does_not_decrypt(resident):
    request = started(resident)
    old = bytes(request.content)
    change_request(request=request, by=resident.pk, parts={"reference": "B2"})
    with scope(resident=resident.pk):
        DataRequest.objects.filter(pk=request.pk).update(content=old)
    with pytest.raises(Unreadable):
        open_request(fresh(request))
