"""The pages of a request: each user, each state, the words."""

import io
from datetime import timedelta
from uuid import uuid4

import pikepdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from services.requests import across, letters
from services.requests.actions import answering
from services.requests.actions import office as actions
from services.requests.actions.outside import note_sent
from services.requests.enums import Fault, Proposal
from services.requests.models import SentRequest
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.dossiers.made import add_paper
from tests.services.requests.made import PAPER, copied, finished, fresh, member, opened_office, proposed, sent, work
from vault.records import gate
from vault.records.actions import withdraw_record
from vault.records.enums import PaperState
from vault.records.models import Paper, Record

pytestmark = pytest.mark.django_db(transaction=True)


def text(response) -> str:
    content: bytes = response.content
    return content.decode().replace("\xa0", " ").replace("\u202f", " ")


def pdf(response) -> bool:
    return b"".join(response.streaming_content).startswith(b"%PDF")


def asked(row, place, line=PAPER):
    actions.take(request=row, place=place)
    return actions.ask_correction(
        request=fresh(row), place=place, line=line, fault=Fault.OUTDATED, message="Moins de 3 mois."
    )


def test_a_resident_sends_what_the_page_shows_and_follows_it(resident, stranger, office):
    browser, dossier = signed_in(resident), finished(resident)
    url = reverse("requests:send", args=[dossier.pk])
    page = browser.get(url)
    for said in ("526 €", "Facture d’août", "Relevé d’identité bancaire", "Service Enfance", "retire la demande"):
        assert said in text(page)
    assert " checked" not in text(page)
    assert browser.post(url, {}).status_code == 400
    form = page.context["form"]
    data = {"token": form["token"].value(), "seen": form["seen"].value(), "office": str(office.pk), "months": "6"}
    assert browser.post(url, data | {"seen": "0" * 64}).status_code == 409
    assert "Ce service n’est plus ouvert." in text(browser.post(url, data | {"office": str(uuid4())}))
    answer = browser.post(url, data, follow=True)
    assert "Votre demande est partie. Service Enfance répond avant le" in text(answer)
    again = browser.post(url, data, follow=True)
    assert "rien n’est envoyé deux fois" in text(again)
    with scope(resident=resident.pk):
        row = SentRequest.objects.get()
    work()
    followed = reverse("requests:request", args=[row.pk])
    assert "Récépissé" in text(browser.get(followed)) and "0 jour compté sur" in text(browser.get(followed))
    assert pdf(browser.get(reverse("requests:letter", args=[row.pk, "receipt"])))
    assert row.number in text(browser.get(reverse("requests:home")))
    for name in ("requests:request", "requests:withdraw"):
        assert signed_in(stranger).get(reverse(name, args=[row.pk])).status_code == 404
    assert signed_in(stranger).get(url).status_code == 404
    assert Client().get(followed).status_code == 302


def test_sending_asks_to_confirm_who_one_is(resident, office):
    browser = signed_in(resident)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "code", "at": 0}]
    session.save()
    answer = browser.get(reverse("requests:send", args=[finished(resident).pk]))
    assert answer.status_code == 302 and "/confirmer/" in answer["Location"]


def test_without_an_office_the_dossier_says_where_else_to_go(resident):
    dossier = finished(resident)
    browser = signed_in(resident)
    assert "Aucun service ne reçoit" in text(browser.get(reverse("requests:send", args=[dossier.pk])))
    assert reverse("requests:send", args=[dossier.pk]) not in text(
        browser.get(reverse("dossiers:dossier", args=[dossier.pk]))
    )


def test_the_office_s_list_has_no_name_and_is_searched_by_number(resident, office, claire):
    row = sent(resident, office)
    browser = signed_in(claire.person)
    page = text(browser.get(reverse("requests:inbox")))
    assert row.number in page and "Kervella" not in page and "Awa" not in page
    assert row.number not in text(browser.get(reverse("requests:inbox"), {"no": "2026-XXXXX"}))
    assert row.number not in text(browser.get(reverse("requests:inbox"), {"pour": "moi"}))
    for other in (AgentFactory(), resident):
        assert signed_in(other).get(reverse("requests:inbox")).status_code == 403
    elsewhere = member(opened_office("Service Sports"), "Idriss Vasseur")
    assert signed_in(elsewhere.person).get(reverse("requests:office", args=[row.pk])).status_code == 404
    no_factor = signed_in(claire.person, second_factor=False)
    assert no_factor.get(reverse("requests:inbox")).status_code == 302


def test_an_agent_asks_for_a_correction_and_the_resident_mends_that_line(resident, office, claire):
    row = sent(resident, office)
    agent, browser = signed_in(claire.person), signed_in(resident)
    url = reverse("requests:office", args=[row.pk])
    assert "Prendre cette demande" in text(agent.get(url))
    agent.post(reverse("requests:take", args=[row.pk]))
    page = text(agent.get(f"{url}?ligne={PAPER}"))
    assert 'Faire corriger : <span lang="fr">Facture d’août</span>' in page and "Kervella" in page
    ask = reverse("requests:ask", args=[row.pk, PAPER])
    wrong = agent.post(ask, {"fault": "outdated", "message": ""})
    assert wrong.status_code == 400 and "Écrivez ce qui suffit" in text(wrong)
    assert (
        agent.post(reverse("requests:ask", args=[row.pk, "l9"]), {"fault": "outdated", "message": "x"}).status_code
        == 404
    )
    agent.post(ask, {"fault": "outdated", "message": "Moins de 3 mois."})
    with scope(resident=resident.pk):
        correction = fresh(row).corrections.get()
    assert "Moins de 3 mois." in text(browser.get(reverse("requests:request", args=[row.pk])))
    assert "Corriger une ligne" in text(browser.get(reverse("home")))
    fix = reverse("requests:correct", args=[row.pk, correction.pk])
    assert browser.post(fix, {"text": " "}).status_code == 400
    done = browser.post(fix, {"text": "Quittance d’octobre"}, follow=True)
    assert "Votre correction est partie" in text(done)
    assert "n’attend plus de correction" in text(browser.get(fix, follow=True))
    seen = text(agent.get(url))
    assert '<ins><span lang="fr">Quittance d’octobre</span></ins>' in seen and "daté du 14 août 2026" in seen
    assert "Claire Morvan" in text(browser.get(reverse("journal:journal")))


def test_a_refusal_shows_its_reason_first_and_the_letter_to_appeal(resident, office, claire, hugo):
    row = proposed(sent(resident, office), claire, Proposal.REFUSE, reason="Le quotient est au-dessus de 650 €.")
    own = signed_in(claire.person).post(reverse("requests:decide", args=[row.pk]), {"answer": "yes", "shown": "2"})
    assert own.status_code == 403 and "un autre agent du service la prend" in text(own)
    decide = signed_in(hugo.person)
    assert "Rien n’a changé" in text(
        decide.post(reverse("requests:decide", args=[row.pk]), {"shown": "2"}, follow=True)
    )
    decide.post(reverse("requests:decide", args=[row.pk]), {"answer": "yes", "shown": "2"})
    browser = signed_in(resident)
    page = text(browser.get(reverse("requests:request", args=[row.pk])))
    assert page.index("Le quotient est au-dessus") < page.index("Décidé le") < page.index("Où en est votre demande")
    appeal = browser.get(reverse("requests:appeal", args=[row.pk]))
    assert appeal.content.startswith(b"%PDF")


def test_withdrawing_is_said_before_and_takes_the_request_from_the_office(resident, office, claire):
    row = sent(resident, office)
    browser, agent = signed_in(resident), signed_in(claire.person)
    url = reverse("requests:withdraw", args=[row.pk])
    assert "Le service n’y répondra pas" in text(browser.get(url))
    browser.post(url)
    assert row.number not in text(agent.get(reverse("requests:inbox")))
    gone = agent.get(reverse("requests:office", args=[row.pk]))
    assert gone.status_code == 410 and "La personne l’a retirée" in text(gone)
    assert agent.post(reverse("requests:take", args=[row.pk])).status_code == 410
    assert browser.get(url).status_code == 302
    assert browser.get(reverse("requests:appeal", args=[row.pk])).status_code == 404


def test_the_office_opens_the_pdf_and_no_other_paper(resident, office, claire):
    row = sent(resident, office)
    agent = signed_in(claire.person)
    assert pdf(agent.get(reverse("requests:office_dossier", args=[row.pk])))
    assert agent.get(reverse("requests:office_paper", args=[row.pk, uuid4()])).status_code == 410


def test_each_page_stays_within_its_queries(resident, office, claire, hugo, django_assert_max_num_queries):
    corrected, row = sent(resident, office), sent(resident, office)
    correction = asked(corrected, claire)
    outside = note_sent(
        resident_id=resident.pk,
        by=resident.pk,
        dossier=finished(resident, aids=["prime_activite"]),
        office="CAF",
        number="0427781",
        on=timezone.localdate(),
        token=uuid4(),
    )
    agent, browser = signed_in(claire.person), signed_in(resident)
    of_resident = [
        ("home",),
        ("send", finished(resident).pk),
        ("request", corrected.pk),
        ("correct", corrected.pk, correction.pk),
        ("withdraw", row.pk),
        ("outside_note", finished(resident).pk),
        ("outside", outside.pk),
        ("outside_step", outside.pk, "reponse"),
        ("outside_step", outside.pk, "numero"),
        ("outside_forget", outside.pk),
    ]
    pages = [(browser, reverse(f"requests:{name}", args=args), 25) for name, *args in of_resident]
    pages += [(agent, reverse("requests:inbox"), 25)]
    pages += [(agent, reverse("requests:office", args=[one.pk]), 27) for one in (row, corrected)]
    pages += [(agent, f"{reverse('requests:office', args=[corrected.pk])}?ligne=l1", 27)]
    for client, url, most in pages:
        with django_assert_max_num_queries(most):
            assert client.get(url).status_code == 200, url


def test_a_list_of_five_hundred_costs_what_a_list_of_one_does(resident, office, claire):
    row = sent(resident, office)
    agent, url = signed_in(claire.person), reverse("requests:inbox")
    agent.get(url)
    counted = []
    for times in (0, 500):
        copied(row, times)
        with CaptureQueriesContext(connection) as queries:
            page = agent.get(url)
        counted.append(len(queries))
    assert counted[0] == counted[1]
    shown = text(page)
    assert "501 demandes ouvertes" in shown and "Page 1 sur 11" in shown
    assert shown.count("/prendre/") <= across.A_PAGE and "Kervella" not in shown and "Awa" not in shown
    assert row.number in text(agent.get(url, {"no": row.number}))
    with CaptureQueriesContext(connection) as queries:
        assert agent.get(url, {"page": "11"}).status_code == 200
    assert len(queries) == counted[0]
    read = [one["sql"] for one in queries.captured_queries if "requests_sentrequest" in one["sql"]]
    assert read and not any('"content"' in sql or '"decision"' in sql for sql in read), "a list opens nothing"


def test_a_right_that_ends_soon_is_reminded_once_and_asked_for_again(resident, office, claire, hugo, mailoutbox):
    soon = timezone.localdate() + timedelta(days=20)
    row = proposed(sent(resident, office), claire, ends_on=soon)
    actions.decide(request=row, place=hugo)
    work()
    mailoutbox.clear()
    assert answering.follow() == 1 and answering.follow() == 0 and len(mailoutbox) == 1
    browser = signed_in(resident)
    assert "Redemander : Tarif de cantine" in text(browser.get(reverse("home")))
    page = browser.get(reverse("requests:request", args=[row.pk]))
    assert "Voir ce papier dans mon coffre" in text(page)
    again = reverse("dossiers:dossier", args=[row.dossier_id])
    assert page.context["again"] == again and again in text(page)
    sent(resident, office, finished(resident))
    assert "Redemander :" not in text(browser.get(reverse("home")))


def test_the_paper_of_a_decision_says_how_many_pages_it_has(resident, office, claire, hugo, monkeypatch):
    row = proposed(sent(resident, office), claire)
    actions.decide(request=row, place=hugo)
    monkeypatch.setattr(letters, "draw", lambda *given: blank(3))
    work()
    with scope(resident=resident.pk):
        paper = Paper.objects.get(kind="decision_demande")
    opened = gate.own_paper(resident_id=resident.pk, purpose="Essayer", paper_id=paper.pk)
    assert opened is not None and opened.pages == 3


def blank(pages: int) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for _page in range(pages):
            pdf.add_blank_page(page_size=(595, 842))
        pdf.save(out)
    return out.getvalue()


def test_a_decision_withdrawn_from_the_vault_gets_no_paper(resident, office, claire, hugo):
    row = proposed(sent(resident, office), claire)
    actions.decide(request=row, place=hugo)
    with scope(resident=resident.pk):
        record = Record.objects.get(type="droit.decision")
    withdraw_record(record=record, by=resident.pk)
    work()
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()
    assert pdf(signed_in(resident).get(reverse("requests:letter", args=[row.pk, "decision"])))


def test_a_long_list_has_pages_the_urgent_first_and_a_number_finds_a_closed_one(
    resident, office, claire, hugo, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(across, "A_PAGE", 2)
    refused = proposed(sent(resident, office), claire, Proposal.REFUSE)
    actions.decide(request=refused, place=hugo)
    today = timezone.localdate()
    dues = {"later": 40, "late": -3, "soon": 2}
    rows = {}
    for name, days in dues.items():
        rows[name] = sent(resident, office)
        with scope(resident=resident.pk):
            held = SentRequest.objects.get(pk=rows[name].pk)
            held.due_on = today + timedelta(days=days)
            held.save()
    browser, url = signed_in(claire.person), reverse("requests:inbox")
    with django_assert_max_num_queries(20):
        first = text(browser.get(url))
    assert first.index(rows["soon"].number) < first.index(rows["late"].number) and "Page 1 sur 2" in first
    assert rows["later"].number not in first and rows["later"].number in text(browser.get(url, {"page": "2"}))
    assert "3 demandes ouvertes : 1 en retard, 3 sans personne." in first
    found = text(browser.get(url, {"no": refused.number.lower()}))
    assert refused.number in found and "Terminées" in found
    assert "Aucune demande de ce service" in text(browser.get(url, {"no": "2026-XXXXX"}))


def test_the_views_that_an_agent_repeats_are_one_line_with_a_count_and_hide_nothing(resident, office, claire, hugo):
    row, other = sent(resident, office), sent(resident, office)
    for place, read, times in ((claire, row, 4), (hugo, row, 1), (claire, other, 1)):
        for _time in range(times):
            actions.open_request(request=fresh(read), place=place)
    actions.take(request=fresh(row), place=claire)
    for _time in range(35):
        actions.open_request(request=fresh(row), place=claire)
    browser = signed_in(resident)
    page = text(browser.get(reverse("journal:journal")))
    assert page.count("a ouvert votre demande") == 3 and page.count("39 fois ce jour-là") == 1
    assert "étudie votre demande" in page and "Hugo Bastide" in page
    each = text(browser.get(reverse("journal:journal"), {"qui": str(fresh(row).grant_id)}))
    assert each.count("a ouvert votre demande") > 3 and "fois ce jour-là" not in each
    home = text(browser.get(reverse("home")))
    assert "étudie votre demande" in home and home.count("a ouvert votre demande") <= 2


def test_an_urgent_correction_is_the_first_thing_to_do(resident, office, claire):
    urgent = asked(sent(resident, office), claire)
    add_paper(resident, "rib", state=PaperState.TO_CONFIRM)
    browser = signed_in(resident)
    names = [str(one.name) for one in browser.get(reverse("home")).context["home"].todo]
    assert names[0] != "Corriger une ligne de votre demande"
    with scope(resident=resident.pk):
        urgent.answer_by = timezone.localdate() + timedelta(days=7)
        urgent.save()
    names = [str(one.name) for one in browser.get(reverse("home")).context["home"].todo]
    assert names[0] == "Corriger une ligne de votre demande"


def test_a_decided_request_is_not_to_be_decided_any_more(resident, office, claire, hugo):
    row = proposed(sent(resident, office), claire)
    browser, url = signed_in(hugo.person), reverse("requests:inbox")
    assert "à décider" in text(browser.get(url))
    actions.decide(request=row, place=hugo)
    found = text(browser.get(url, {"no": row.number}))
    assert row.number in found and "à décider" not in found


def test_what_an_answer_makes_compulsory_is_never_called_optional(resident, office, claire):
    row = sent(resident, office)
    actions.take(request=row, place=claire)
    page = text(signed_in(claire.person).get(reverse("requests:office", args=[row.pk])))
    forms = page[page.index('id="propose"') :]
    assert forms.count("(facultatif)") == 2, "the two dates alone"
    correction = actions.ask_correction(
        request=fresh(row), place=claire, line=PAPER, fault=Fault.OUTDATED, message="Moins de 3 mois."
    )
    assert "(facultatif)" not in text(
        signed_in(resident).get(reverse("requests:correct", args=[row.pk, correction.pk]))
    )


def test_who_chose_no_reminders_reads_that_no_message_will_come(resident, office):
    row = sent(resident, office)
    browser, url = signed_in(resident), reverse("requests:request", args=[row.pk])
    assert "Aucun e-mail ne vous dira" not in text(browser.get(url))
    browser.post(reverse("choose_reminders"), {"by_email": "no"})
    page = text(browser.get(url))
    assert "Aucun e-mail ne vous dira" in page and reverse("choose_reminders") in page
