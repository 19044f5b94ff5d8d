"""Pages of holders and data requests: their content, refusals and links."""

import re
from datetime import date, datetime
from html import unescape

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import make_aware
from django_scopes import scope, scopes_disabled

from core import journal
from core.pdf import apart
from tests.vault.made import HOME, IDENTITY, add, add_signed_notice
from tests.vault.sending import notice_pdf, the_paper, work
from vault.holders.forms.requests import PARTS, STEPS
from vault.holders.models import DataRequest, RequestPaper
from vault.holders.tasks import notify_overdue_requests
from vault.records import actions
from vault.records.models import Holder, Paper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-25 09:00+01:00", tick=False)


def text(response) -> str:
    return " ".join(response.content.decode().replace("\u00a0", " ").replace("&#x27;", "’").split())


def write(browser, code="caf", **data) -> DataRequest:
    url = reverse("holders:start_request", args=[code])
    token = browser.get(url).context["form"].initial["token"]
    answer = browser.post(url, {"token": token, **data})
    assert answer.status_code == 302, answer.content.decode()
    key = answer["Location"].rstrip("/").split("/")[-1]
    with scope(resident=browser.session["_auth_user_id"]):
        return DataRequest.objects.get(pk=key)


def noted(browser, request, slug, day, **more):
    data = {"on_day": day.day, "on_month": day.month, "on_year": day.year, **more}
    return browser.post(reverse("holders:request_step", args=[request.pk, slug]), data)


def page(browser, request):
    return browser.get(reverse("holders:request", args=[request.pk]))


def test_the_list_shows_the_data_received_from_each_holder_with_its_date(browser, resident):
    add_signed_notice(resident)
    add(
        resident,
        "emploi.revenu",
        {"mois": "2026-10", "employeur": "Ateliers du Lavoir", "net_avant_impot": "1180.00"},
        holder="Ateliers du Lavoir",
        method="upload",
        assurance="consistent",
        retrieved_at=make_aware(datetime(2026, 11, 3, 10)),
    )
    content = text(browser.get(reverse("holders:holders")))
    assert "avis d’impôt sur le revenu. Dernière réception le 25 novembre 2026." in content
    assert content.count("Dernière réception le 3 novembre 2026.") == 1, (
        "an unknown employer counts for the holder “employeur”"
    )


def test_typed_values_count_for_no_holder(browser, resident):
    add(resident, "logement.domicile", HOME)
    assert "Dernière réception" not in text(browser.get(reverse("holders:holders")))


def test_the_holders_pages_decrypt_no_value(browser, resident, django_assert_max_num_queries):
    before = len(journal.entries(resident_id=resident.pk, limit=100))
    with django_assert_max_num_queries(15):
        browser.get(reverse("holders:holders"))
    browser.get(reverse("holders:holder", args=["caf"]))
    assert len(journal.entries(resident_id=resident.pk, limit=100)) == before


@pytest.mark.parametrize(
    ("word", "found"), [("caf", "CAF"), ("QUOTIENT", "CAF"), ("edf", "Fournisseur"), ("linky", "Enedis")]
)
def test_a_holder_is_found_by_name_brand_or_data(browser, word, found):
    content = text(browser.get(reverse("holders:holders"), {"q": word}))
    assert found in content and "Médiathèque" not in content


def test_an_empty_search_result_says_so(browser):
    content = text(browser.get(reverse("holders:holders"), {"q": "<b>rien</b>"}))
    assert "Aucun organisme ne correspond" in content and "<b>rien" not in content


def test_every_holder_has_a_page_with_its_channels(browser):
    for holder in Holder.objects.all():
        response = browser.get(reverse("holders:holder", args=[holder.code]))
        content = text(response)
        assert response.status_code == 200, holder.code
        assert "Préparer ma lettre" in content and "copie de pièce d’identité" in content, holder.code
        unverified = [one for one in holder.downloads if not one["verified"]]
        assert content.count("Chemin non vérifié") == len(unverified), holder.code
        assert ("ne s’y applique pas" in content) == ("portability" not in holder.rights), holder.code


def test_a_holders_page_is_translated_to_english(browser):
    browser.cookies["garant_language"] = "en"
    content = text(browser.get(reverse("holders:holder", args=["caf"])))
    assert "Payment certificate" in content and "Prepare my letter" in content and "Path not verified" not in content


def test_a_holder_that_an_agent_added_has_its_page(browser):
    Holder.objects.create(
        code="ludo", name_fr="Ludothèque", name_en="Toys", short_fr="L", short_en="L", theme="city", rights=["access"]
    )
    assert "Ludothèque" in text(browser.get(reverse("holders:holders")))
    assert browser.get(reverse("holders:holder", args=["ludo"])).status_code == 200
    assert write(browser, "ludo").holder == "ludo"


def test_an_unknown_holder_is_a_404(browser):
    assert browser.get(reverse("holders:holder", args=["nulle-part"])).status_code == 404
    assert browser.get(reverse("holders:start_request", args=["nulle-part"])).status_code == 404


def test_the_right_is_asked_only_if_several_apply(browser):
    assert 'name="right"' not in browser.get(reverse("holders:start_request", args=["caf"])).content.decode()
    response = browser.get(reverse("holders:start_request", args=["banque"]))
    assert response.content.decode().count('name="right"') == 2
    assert " checked" not in response.content.decode()
    refused = browser.post(
        reverse("holders:start_request", args=["banque"]), {"token": response.context["form"].initial["token"]}
    )
    assert refused.status_code == 400 and "Erreur" in text(refused)
    assert write(browser, "banque", right="portability").right == "portability"


def test_a_letter_goes_from_draft_to_answer(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    request = write(browser)
    content = text(page(browser, request))
    assert "À envoyer" in content and "Nadia Kervella" in content and "Votre numéro chez cet organisme" in content

    part = reverse("holders:request_part", args=[request.pk, "reference"])
    assert browser.post(part, {"answer": "0012345"}).status_code == 302
    assert "référence 0012345" in text(page(browser, request))

    answer = noted(browser, request, "envoyee", date(2026, 11, 20))
    content = text(browser.get(answer["Location"]))
    assert "En attente" in content and "a jusqu’au 20 décembre 2026" in content
    assert browser.get(part).status_code == 302, "a sent letter cannot change"

    noted(browser, request, "prolongee", date(2026, 11, 24))
    assert "20 février 2027" in text(page(browser, request))

    assert "Qu’avez-vous reçu" in text(browser.get(reverse("holders:request_step", args=[request.pk, "reponse"])))
    refused = noted(browser, request, "reponse", date(2026, 11, 25))
    assert refused.status_code == 400 and "choisissez une réponse" in text(refused).lower()
    noted(browser, request, "reponse", date(2026, 11, 25), answer="whole")
    content = text(page(browser, request))
    assert "Reçu" in content and "Ajouter un fichier reçu" in content


def test_a_late_request_leads_to_the_reminder_then_to_the_complaint(browser, resident):
    request = write(browser)
    noted(browser, request, "envoyee", date(2026, 10, 1))
    content = text(page(browser, request))
    assert "En retard" in content and "Voir la relance" in content
    assert "Votre demande est restée sans réponse : CAF" in text(browser.get("/"))
    reminder = reverse("holders:request_letter", args=[request.pk, "relance"])
    assert "1er octobre 2026" in text(browser.get(reminder))
    noted(browser, request, "relancee", date(2026, 11, 10))
    assert "Voir la plainte" in text(page(browser, request))
    complaint = text(browser.get(reverse("holders:request_letter", args=[request.pk, "plainte"])))
    assert "relancé l’organisme le 10 novembre 2026" in complaint and "cnil.fr" in complaint
    noted(browser, request, "plainte-deposee", date(2026, 11, 25))
    assert "restée sans réponse" not in text(browser.get("/"))


def test_each_letter_downloads_as_a_pdf_without_a_name_in_its_file_name(browser):
    request = write(browser)
    noted(browser, request, "envoyee", date(2026, 10, 1))
    for slug in ("demande", "relance", "plainte"):
        response = browser.get(reverse("holders:request_pdf", args=[request.pk, slug]))
        assert response.content.startswith(b"%PDF") and response["Content-Type"] == "application/pdf"
        assert response["Content-Disposition"] == f'attachment; filename="{slug}.pdf"'
        assert "sandbox" in response["Content-Security-Policy"] and response["Cache-Control"] == "no-store"


def test_reminder_and_complaint_are_refused_before_the_delay_has_passed(browser):
    request = write(browser)
    noted(browser, request, "envoyee", date(2026, 11, 20))
    for slug in ("relance", "plainte"):
        assert browser.get(reverse("holders:request_pdf", args=[request.pk, slug])).status_code == 404
        assert browser.get(reverse("holders:request_letter", args=[request.pk, slug])).status_code == 302
    assert browser.get(reverse("holders:request_pdf", args=[request.pk, "autre"])).status_code == 404


def test_a_pdf_that_cannot_be_drawn_shows_a_message(browser, monkeypatch):
    def fail(*_args, **_more):
        raise apart.NotDrawn

    request = write(browser)
    monkeypatch.setattr(apart, "draw", fail)
    response = browser.get(reverse("holders:request_pdf", args=[request.pk, "demande"]), follow=True)
    assert "copiez le texte" in text(response)


def test_an_uploaded_answer_is_linked_to_its_request(browser, resident):
    request = write(browser)
    noted(browser, request, "envoyee", date(2026, 11, 20))
    form = browser.get(reverse("records:add_paper"))
    sent = {
        "kind": "",
        "token": form.context["form"].initial["token"],
        "file": SimpleUploadedFile("a.pdf", notice_pdf()),
    }
    assert browser.post(f"{reverse('records:add_paper')}?demande={request.pk}", sent).status_code == 302
    work(resident)
    paper = the_paper(resident)
    with scope(resident=resident.pk):
        assert [row.paper_id for row in request.papers.all()] == [paper.pk]
    actions.confirm_paper(paper=paper, by=resident.pk)
    assert "Avis d’impôt" in text(page(browser, request))
    browser.post(reverse("holders:delete_request", args=[request.pk]))
    with scope(resident=resident.pk):
        assert Paper.objects.filter(pk=paper.pk, answers=None).exists()


def test_a_file_cannot_answer_another_residents_request(browser, other_browser, stranger):
    request = write(browser)
    form = other_browser.get(reverse("records:add_paper"))
    sent = {
        "kind": "",
        "token": form.context["form"].initial["token"],
        "file": SimpleUploadedFile("a.pdf", notice_pdf()),
    }
    other_browser.post(f"{reverse('records:add_paper')}?demande={request.pk}", sent)
    assert the_paper(stranger)
    with scopes_disabled():
        assert not RequestPaper.objects.exists()


def test_hostile_text_is_escaped(browser):
    request = write(browser)
    part = reverse("holders:request_part", args=[request.pk, "donnees"])
    browser.post(part, {"answer": "</textarea><script>alert(1)</script>{{ 7|add:7 }}"})
    shown = page(browser, request).content.decode()
    assert "<script>alert(1)" not in shown and "&lt;script&gt;alert(1)" in shown and "{{ 7|add:7 }}" in shown
    refused = browser.post(part, {"answer": "x" * 601})
    assert refused.status_code == 400 and "Erreur" in text(refused)


def test_every_part_and_step_has_a_page_and_an_error(browser):
    request = write(browser)
    for slug in PARTS:
        assert browser.get(reverse("holders:request_part", args=[request.pk, slug])).status_code == 200, slug
    assert browser.post(reverse("holders:request_part", args=[request.pk, "nom"]), {"answer": ""}).status_code == 400
    assert (
        browser.post(
            reverse("holders:request_part", args=[request.pk, "e-mail"]), {"answer": "pas une adresse"}
        ).status_code
        == 400
    )
    for slug in STEPS:
        status = browser.get(reverse("holders:request_step", args=[request.pk, slug])).status_code
        assert status == (200 if slug == "envoyee" else 302), slug
    future = noted(browser, request, "envoyee", date(2026, 11, 26))
    assert "n’est pas encore arrivée" in text(future)
    assert "Erreur" in text(
        browser.post(reverse("holders:request_step", args=[request.pk, "envoyee"]), {"on_day": "31", "on_month": "2"})
    )
    for name in ("request_part", "request_step"):
        assert browser.get(reverse(f"holders:{name}", args=[request.pk, "nulle-part"])).status_code == 404


def test_a_date_can_be_taken_back(browser):
    request = write(browser)
    noted(browser, request, "envoyee", date(2026, 11, 20))
    url = reverse("holders:request_step", args=[request.pk, "envoyee"])
    assert "Effacer cette date" in text(browser.get(url))
    assert browser.post(url, {"undo": "1"}).status_code == 302
    assert "À envoyer" in text(page(browser, request))


def test_requests_to_a_holder_that_the_city_no_longer_names_stay_readable(browser):
    request = write(browser, "banque", right="access")
    Holder.objects.filter(code="banque").update(code="ancienne_banque")
    assert page(browser, request).status_code == 200
    assert browser.get(reverse("holders:holders")).status_code == 200
    assert browser.get(reverse("holders:request_pdf", args=[request.pk, "demande"])).content.startswith(b"%PDF")


def test_the_journal_names_the_holder_of_a_sent_request(browser):
    request = write(browser)
    noted(browser, request, "envoyee", date(2026, 11, 20))
    content = text(browser.get(reverse("journal:journal")))
    assert "Vous avez envoyé une demande de vos données : CAF." in content


def test_reminders_can_be_switched_off(browser, resident):
    url = reverse("choose_reminders")
    assert browser.get(url).status_code == 200
    assert browser.post(url, {}).status_code == 200
    assert browser.post(url, {"by_email": "no"}).status_code == 302
    request = write(browser)
    noted(browser, request, "envoyee", date(2026, 10, 1))
    notify_overdue_requests()
    assert mail.outbox == []
    browser.post(url, {"by_email": "yes"})
    resident.refresh_from_db()
    assert resident.reminders_by_email


def test_the_upload_page_from_a_holder_names_it(browser):
    holder = browser.get(reverse("holders:holder", args=["banque"])).content.decode()
    leads = re.search(r'href="(/coffre/ajouter/\?[^"]*organisme=banque[^"]*)"', holder)
    assert leads
    page = text(browser.get(unescape(leads[1])))
    assert (
        "Ajoutez votre fichier" in page
        and "Banque" in page
        and "Ajoutez un papier" not in page
        and "Envoyer ce fichier" in page
    )


def test_the_upload_page_from_a_request_names_its_holder(browser):
    row = write(browser)
    page = text(browser.get(reverse("records:add_paper"), {"demande": row.pk}))
    assert "Ajoutez votre fichier" in page and Holder.objects.get(code="caf").name in page


@pytest.mark.parametrize("query", ["", "?organisme=", "?organisme=inconnu", "?demande=x"])
def test_the_upload_page_without_a_known_holder_asks_for_a_paper(browser, query):
    assert "Ajoutez un papier" in text(browser.get(reverse("records:add_paper") + query))
