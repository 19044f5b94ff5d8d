"""Pages of a resident's dossiers: the whole path by forms alone, and the right to open each page."""

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from django_scopes import scope

from core import journal
from core.keys.sealed import Unreadable
from core.models import Job
from services.dossiers import recipients
from services.dossiers.actions import dossiers as actions
from services.dossiers.enums import Choice, State
from services.dossiers.models import Dossier
from tests.accounts.factories import signed_in
from tests.services.dossiers.made import add_paper, built, fill, fresh, one_page, start, work
from vault.records.models import Paper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
RIB = "paper:rib:applicant"


def url(name, dossier, **query):
    address = reverse(f"dossiers:{name}", args=[dossier.pk])
    return f"{address}?{'&'.join(f'{key}={value}' for key, value in query.items())}" if query else address


def test_whom_it_is_for_is_read_by_its_resident_and_sealed_in_its_own_row(browser, resident):
    dossier, other = start(resident, "rsa", recipient="Guichet des Glycines"), start(resident, "rsa", recipient="CAF")
    assert b"Guichet" not in bytes(dossier.recipient)
    assert recipients.of(fresh(dossier)) == "Guichet des Glycines"
    dossier.recipient = other.recipient
    with pytest.raises(Unreadable):
        recipients.of(dossier)


@pytest.mark.parametrize("page", ["home", "dossiers:home"])
def test_one_more_dossier_costs_no_more_queries(browser, resident, page):
    start(resident, "rsa", recipient="Guichet des Glycines")
    browser.get(reverse(page))  # The process keeps what the city shipped.
    counted = []
    for _one_more in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert "Guichet des Glycines" in browser.get(reverse(page)).content.decode()
        counted.append(len(queries))
        start(resident, "rsa", recipient="CAF de Villebrume")
    assert counted[0] == counted[1]


def test_a_dossier_is_made_downloaded_and_deleted_by_forms_alone(browser, resident):
    fill(resident)
    add_paper(resident, "rib")
    new = reverse("dossiers:new") + "?aide=rsa"
    token = browser.get(new).context["form"].initial.get("token") or browser.get(new).context["form"]["token"].value()
    response = browser.post(new, {"aids": ["rsa"], "recipient": "CAF de Villebrume", "token": token})
    with scope(resident=resident.pk):
        dossier = Dossier.objects.get()
    assert response.url == url("dossier", dossier)
    page = browser.get(response.url).content.decode()
    assert "CAF de Villebrume" in page
    assert "Manquant" in page

    response = browser.post(url("build", dossier))
    assert response.url == reverse("job", args=[fresh(dossier).job.pk])
    assert browser.get(url("dossier", dossier)).url == response.url, "the work is shown while it lasts"
    work()
    assert browser.get(response.url).status_code == 200
    page = browser.get(url("dossier", dossier)).content.decode()
    dossier = fresh(dossier)
    assert dossier.seal.code in page
    assert dossier.number in page

    response = browser.get(url("download", dossier))
    assert response["Content-Disposition"] == f'attachment; filename="dossier-{dossier.number}.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert b"".join(response.streaming_content).startswith(b"%PDF")
    assert journal.entries(resident_id=resident.pk, limit=1)[0].purpose == actions.DOWNLOAD

    assert browser.get(url("delete", dossier)).status_code == 200
    assert browser.post(url("delete", dossier)).url == reverse("dossiers:home")
    assert "Aucun dossier" in browser.get(reverse("dossiers:home")).content.decode()


def test_a_list_shows_ones_own_dossiers_only(browser, other_browser, resident):
    dossier = start(resident)
    assert url("dossier", dossier) in browser.get(reverse("dossiers:home")).content.decode()
    assert url("dossier", dossier) not in other_browser.get(reverse("dossiers:home")).content.decode()
    assert Client().get(reverse("dossiers:home")).status_code == 302


def test_acts_need_a_post_and_a_token(browser, resident):
    dossier = start(resident)
    for name in ("choose", "build", "again"):
        assert browser.get(url(name, dossier)).status_code == 405
    strict = signed_in(resident, client=Client(enforce_csrf_checks=True))
    assert strict.post(url("build", dossier)).status_code == 403
    assert fresh(dossier).job is None


def test_a_draft_has_no_file_to_download(browser, resident):
    assert browser.get(url("download", start(resident))).status_code == 404


def test_a_missing_paper_is_added_on_its_own_page(browser, resident):
    dossier = start(resident, "rsa")
    address = url("line", dossier, cle=RIB)
    page = browser.get(address)
    assert "Manquant" in page.content.decode()
    token = page.context["form"]["token"].value()
    content = one_page()
    for _ in range(2):
        sent = browser.post(address, {"token": token, "file": SimpleUploadedFile("rib.pdf", content)})
        assert sent.url == f"{url('dossier', dossier)}#ligne-paper-rib-applicant"
    with scope(resident=resident.pk):
        assert Paper.objects.get().kind == "rib"
    assert "Contrôle en cours" in browser.get(url("dossier", dossier)).content.decode()


def test_form_without_a_file_shows_an_error(browser, resident):
    address = url("line", start(resident, "rsa"), cle=RIB)
    response = browser.post(address, {"token": str(uuid4())})
    assert response.status_code == 400
    assert response.context["form"].errors
    assert "Erreur" in response.content.decode()


def test_stranger_adds_no_paper_to_a_dossier(other_browser, resident, stranger):
    dossier = start(resident, "rsa")
    sent = other_browser.post(
        url("line", dossier, cle=RIB), {"token": str(uuid4()), "file": SimpleUploadedFile("x.pdf", one_page())}
    )
    assert sent.status_code == 404
    for person in (resident, stranger):
        with scope(resident=person.pk):
            assert not Paper.objects.exists()


def test_unknown_need_answers_404(browser, resident):
    assert browser.get(url("line", start(resident, "rsa"), cle="paper:inconnu:x")).status_code == 404


def test_a_question_is_answered_and_a_line_left_out_and_taken_back(browser, resident):
    dossier, key = start(resident, "rsa"), "paper:titre_sejour:applicant"
    assert "Union européenne" in browser.get(url("line", dossier, cle=key)).content.decode()
    browser.post(url("choose", dossier), {"key": key, "choice": "no"})
    assert "Pas pour vous" in browser.get(url("dossier", dossier)).content.decode()
    browser.post(url("choose", dossier), {"key": key, "choice": "left_out"})
    assert "Non joint" in browser.get(url("dossier", dossier)).content.decode()
    browser.post(url("choose", dossier), {"key": key, "choice": "undo"})
    assert "Union européenne" in browser.get(url("dossier", dossier)).content.decode()
    browser.post(url("choose", dossier), {"key": key, "choice": "nonsense"})
    assert actions.read_note(fresh(dossier))["choices"] == {}


def test_every_line_of_every_kind_has_a_page(browser, resident):
    fill(resident)
    add_paper(resident, "rib")
    add_paper(resident, "cni", state="to_confirm")
    add_paper(resident, "avis_impot", state="checking")
    dossier = start(resident, "rsa", "aide_logement")
    actions.choose(dossier=dossier, by=resident.pk, key="values:identite.contact", choice=Choice.LEFT_OUT)
    needs = actions.read_needs(fresh(dossier))
    assert {str(need.state) for need in needs} >= {"present", "missing", "to_confirm", "checking", "ask", "left_out"}
    for need in needs:
        page = browser.get(url("line", dossier, cle=need.key))
        assert page.status_code == 200
        assert escape(need.title) in page.content.decode()


def test_the_letter_is_proposed_kept_and_may_be_emptied(browser, resident):
    dossier = start(resident, "rsa")
    assert "Madame, Monsieur" in browser.get(url("letter", dossier)).content.decode()
    browser.post(url("letter", dossier), {"letter": "Bonjour, je demande le RSA."})
    assert "Bonjour, je demande le RSA." in browser.get(url("letter", dossier)).content.decode()
    browser.post(url("letter", dossier), {"letter": ""})
    assert actions.letter_of(fresh(dossier), actions.read_note(fresh(dossier))) == ""


def test_a_letter_that_is_too_long_is_refused_and_kept_on_screen(browser, resident):
    dossier = start(resident, "rsa")
    response = browser.post(url("letter", dossier), {"letter": "x" * 5001})
    assert response.status_code == 400
    assert "x" * 5001 in response.content.decode()
    assert fresh(dossier).note is None


def test_forms_left_open_redirect_to_the_finished_dossier(browser, resident):
    dossier = built(resident, drawn=False)
    for name, data in [("letter", {"letter": "x"}), ("choose", {"key": RIB, "choice": "left_out"}), ("build", {})]:
        assert browser.post(url(name, dossier), data).url == url("dossier", dossier)
    assert browser.get(url("letter", dossier)).url == url("dossier", dossier)
    assert browser.get(url("line", dossier, cle=RIB)).url == url("dossier", dossier)


def test_a_new_version_is_one_even_when_asked_twice(browser, resident):
    dossier = built(resident, "rsa", drawn=False)
    token = str(browser.get(url("dossier", dossier)).context["token"])
    first = browser.post(url("again", dossier), {"token": token})
    assert browser.post(url("again", dossier), {"token": token}).url == first.url
    assert browser.post(url("again", dossier), {"token": "deux"}).status_code == 404
    with scope(resident=resident.pk):
        assert Dossier.objects.count() == 2


def test_failed_job_is_shown_on_the_draft_with_a_way_to_try_again(browser, resident, settings, tmp_path):
    dossier = start(resident)
    settings.SEAL_KEY, settings.MAKE_SEAL_KEY = tmp_path / "none", False
    browser.post(url("build", dossier))
    work()
    assert "n’a pas abouti" in browser.get(url("dossier", dossier)).content.decode()
    job = fresh(dossier).job
    assert job.state == Job.State.FAILED
    assert "signer" in browser.get(reverse("job", args=[job.pk])).content.decode()
    settings.MAKE_SEAL_KEY = True
    browser.post(reverse("retry_job", args=[job.pk]))
    work()
    assert fresh(dossier).state == State.READY


def test_ready_page_has_the_address_the_delay_and_the_appeals(browser, resident):
    page = browser.get(url("dossier", built(resident, "aah", drawn=False))).content.decode()
    for sentence in ("MDPH", "4 mois", "Si c’est refusé", "Nous le gardons jusqu’au"):
        assert sentence in page


@pytest.mark.parametrize("language", ["fr", "en"])
def test_hostile_text_stays_text_on_every_page(browser, resident, language):
    browser.cookies["garant_language"] = language
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    dossier = start(resident, "rsa", recipient=hostile)
    actions.write_letter(dossier=dossier, by=resident.pk, text=hostile)
    for name in ("dossier", "letter", "delete"):
        assert "<script>alert" not in browser.get(url(name, dossier)).content.decode()
    assert "<script>alert" not in browser.get(reverse("dossiers:home")).content.decode()


def test_pages_hold_no_inline_style_or_script(browser, resident):
    dossier, done = start(resident, "rsa"), built(resident, "rsa", drawn=False)
    addresses = [
        reverse("dossiers:home"),
        reverse("dossiers:new"),
        url("dossier", dossier),
        url("line", dossier, cle=RIB),
        url("letter", dossier),
    ]
    for address in [*addresses, url("dossier", done), url("delete", done), reverse("dossiers:verify")]:
        page = browser.get(address).content.decode()
        assert not re.search(r'\sstyle="|<script(?![^>]*\ssrc=)|\son\w+="', page), address


def test_unknown_aid_in_the_url_answers_404(browser):
    assert browser.get(reverse("dossiers:new") + "?aide=inconnue").status_code == 404


def test_the_start_page_needs_an_aid(browser):
    response = browser.post(reverse("dossiers:new"), {"token": str(uuid4())})
    assert response.status_code == 400
    assert response.context["form"].errors["aids"]


def test_a_dossier_of_which_everything_is_kept_back_is_not_called_ready(resident):
    dossier = start(resident)
    for need in actions.read_needs(dossier):
        actions.choose(dossier=fresh(dossier), by=resident.pk, key=need.key, choice=Choice.LEFT_OUT)
    page = signed_in(resident).get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "Tout est prêt" not in page and "de ne pas joindre" in page
    actions.build(dossier=fresh(dossier), by=resident.pk)
    work(drawn=False)
    listed = signed_in(resident).get(reverse("dossiers:home")).content.decode()
    done = signed_in(resident).get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "PDF fait" in listed and "Le PDF de votre dossier est fait" in done and "est prêt" not in done
