"""A stale line of a dossier is refreshed on its page: by its connection, by its paper, or typed. Then it is there."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core.models import Job
from services.dossiers.actions import dossiers as actions
from services.dossiers.enums import NeedState, State
from services.dossiers.models import Dossier
from tests.accounts.factories import signed_in
from tests.services.dossiers.made import add_paper, built, fill, fresh, one_page, start
from tests.vault.holders.connectors.conftest import connected, holders, nadia, running  # noqa: F401 - fixtures
from tests.vault.made import add_signed_notice
from vault.holders.models import Connection
from vault.holders.tasks import pull_connection
from vault.records.actions import withdraw_record
from vault.records.enums import PaperState
from vault.records.models import Paper, Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

NOTICE, OLD = "values:fiscal.avis_ir", 2021
SLUG = "ligne-values-fiscal-avis_ir"
TYPED = {f"{SLUG}-annee_revenus-answer": "2025", f"{SLUG}-nombre_parts-answer": "2,5"}
INCOME = {f"{SLUG}-revenu_fiscal_reference-answer": "12 312"}


def refreshing(dossier, key=NOTICE) -> str:
    return f"{reverse('dossiers:refresh', args=[dossier.pk])}?cle={key}"


def page_of(dossier) -> str:
    return reverse("dossiers:dossier", args=[dossier.pk])


def text(response) -> str:
    content: bytes = response.content
    return content.decode().replace("\xa0", " ").replace("\u202f", " ")


def state(dossier, key=NOTICE) -> str:
    return next(need.state for need in actions.read_needs(fresh(dossier)) if need.key == key)


@pytest.fixture
def stale(resident):
    add_signed_notice(resident, annee_revenus=OLD)
    return start(resident, "rsa")


def test_a_value_pulled_again_in_one_press_is_back_on_its_line(nadia, holders, connected):  # noqa: F811 - fixtures
    add_signed_notice(nadia, annee_revenus=OLD)
    connection = connected("dgfip", ["derniere"], spi="0000000000421")
    dossier, browser = start(nadia, "rsa"), signed_in(nadia)
    page = text(browser.get(page_of(dossier)))
    assert page.index("À remettre à jour") < page.index("À compléter") and "Redemander à" in page
    answer = browser.post(refreshing(dossier), {"way": "pull"})
    assert answer["Location"] == f"{page_of(dossier)}#{SLUG}"
    asked = text(browser.get(page_of(dossier)))
    assert "Actualiser" in asked and "Redemander à" not in asked
    browser.post(refreshing(dossier), {"way": "pull"})
    with scope(resident=nadia.pk):
        job = Job.objects.get(subject_id=connection.pk)
    pull_connection(str(job.pk))
    assert state(dossier) == NeedState.PRESENT
    done = text(browser.get(page_of(dossier)))
    assert "À remettre à jour" not in done and f'id="{SLUG}"' in done and 'tabindex="-1"' in done


def test_a_connection_that_stopped_pulls_nothing(nadia, holders, connected):  # noqa: F811 - fixtures
    add_signed_notice(nadia, annee_revenus=OLD)
    connection = connected("dgfip", ["derniere"], spi="0000000000421")
    dossier, browser = start(nadia, "rsa"), signed_in(nadia)
    with scope(resident=nadia.pk):
        held = Connection.objects.get(pk=connection.pk)
        held.state = "stopped"
        held.save()
    assert "Redemander à" not in text(browser.get(page_of(dossier)))
    assert "n’est plus possible" in text(browser.post(refreshing(dossier), {"way": "pull"}, follow=True))
    assert "n’est plus possible" in text(browser.post(refreshing(dossier), {"way": "guess"}, follow=True))
    with scope(resident=nadia.pk):
        assert not Job.objects.filter(subject_id=connection.pk).exists()


@pytest.mark.usefixtures("autumn_2026")
def test_a_value_typed_there_is_declared_and_a_wrong_one_is_said_beside_it(stale, browser, resident):
    wrong = browser.post(refreshing(stale), {"way": "typed", **TYPED})
    said = text(wrong)
    assert wrong.status_code == 400 and "Répondez à la question" in said and "<details" in said
    assert 'value="2025"' in said and 'class="govuk-details" open' in " ".join(said.split())
    answer = browser.post(refreshing(stale), {"way": "typed", **TYPED, **INCOME})
    assert answer.url == f"{page_of(stale)}#{SLUG}" and state(stale) == NeedState.PRESENT
    with scope(resident=resident.pk):
        notices = Record.objects.current().filter(type="fiscal.avis_ir")
        assert {*notices.values_list("assurance", flat=True)} == {"signature_verified", "declared"}
    again = browser.post(refreshing(stale), {"way": "typed", **TYPED, **INCOME}, follow=True)
    assert "déjà à jour" in text(again)


def test_what_the_vault_refuses_is_said_and_nothing_is_written(stale, browser, resident):
    implausible = {**TYPED, **INCOME, f"{SLUG}-annee_revenus-answer": "1850"}
    answer = browser.post(refreshing(stale), {"way": "typed", **implausible})
    assert answer.status_code == 400 and "Il y a un problème" in text(answer)
    with scope(resident=resident.pk):
        assert Record.objects.current().filter(type="fiscal.avis_ir").count() == 1


def test_its_paper_sent_there_is_checked_then_confirmed_and_leads_back(stale, browser, resident):
    assert browser.post(refreshing(stale), {"way": "paper"}).status_code == 400
    form = browser.get(page_of(stale)).context["stale"][0]["paper"]
    file = SimpleUploadedFile("avis.pdf", one_page(), content_type="application/pdf")
    sent = {"way": "paper", "token": form["token"].value(), "file": file}
    assert browser.post(refreshing(stale), sent).url == f"{page_of(stale)}#{SLUG}"
    assert state(stale) == NeedState.CHECKING
    with scope(resident=resident.pk):
        paper = Paper.objects.get()
        assert paper.kind == "avis_impot"
        Paper.objects.update(state=PaperState.TO_CONFIRM)
    line = f"{reverse('dossiers:line', args=[stale.pk])}?cle={NOTICE}"
    confirm = browser.get(line).context["confirm_url"]
    assert confirm.startswith(reverse("records:confirm_paper", args=[paper.pk])) and SLUG in confirm
    elsewhere = reverse("records:confirm_paper", args=[paper.pk]) + "?suite=https://ailleurs.example/"
    assert browser.get(elsewhere).status_code == 200


def test_an_expired_paper_is_replaced_there(browser, resident):
    add_paper(resident, "cni", expires_on=timezone.localdate() - timedelta(days=1))
    dossier, key = start(resident, "rsa"), "paper:cni:applicant"
    (line,) = browser.get(page_of(dossier)).context["stale"]
    assert line["kind"].code == "cni" and line["typed"] is None and not line["holder"]
    file = SimpleUploadedFile("cni.pdf", one_page(), content_type="application/pdf")
    browser.post(refreshing(dossier, key), {"way": "paper", "token": line["paper"]["token"].value(), "file": file})
    assert state(dossier, key) == NeedState.CHECKING


def test_only_its_resident_refreshes_a_line_and_only_of_a_draft(stale, browser, other_browser, resident):
    data = {"way": "typed", **TYPED, **INCOME}
    assert other_browser.post(refreshing(stale), data).status_code == 404
    assert browser.get(refreshing(stale)).status_code == 405
    assert browser.post(refreshing(stale, "values:nothing"), data).status_code == 404
    with scope(resident=resident.pk):
        record = Record.objects.get(type="fiscal.avis_ir")
    withdraw_record(record=record, by=resident.pk)
    assert "déjà à jour" in text(browser.post(refreshing(stale), data, follow=True))
    ready = built(resident, drawn=False)
    assert "déjà fait" in text(browser.post(refreshing(ready), data, follow=True))
    with scope(resident=resident.pk):
        assert not Record.objects.current().filter(type="fiscal.avis_ir").exists()


@pytest.mark.usefixtures("autumn_2026")
def test_an_overtaken_dossier_is_made_again_in_one_press_unless_a_line_is_stale(browser, resident):
    fill(resident)
    ready = built(resident, "rsa", drawn=False)
    add_signed_notice(resident, revenu_fiscal_reference=9000)
    with scope(resident=resident.pk):
        withdraw_record(
            record=Record.objects.current().filter(type="fiscal.avis_ir").order_by("created_at")[0], by=resident.pk
        )
    page = browser.get(page_of(ready))
    assert "Refaire avec les valeurs d’aujourd’hui" in text(page)
    again = reverse("dossiers:again", args=[ready.pk])
    first = browser.post(again, {"token": page.context["token"], "now": "1"})
    assert first.url == browser.post(again, {"token": page.context["token"], "now": "1"}).url
    with scope(resident=resident.pk):
        job = Job.objects.get(kind="dossier", state=Job.State.WAITING)
        assert first.url == reverse("job", args=[job.pk])
        assert Dossier.objects.get(pk=job.subject_id).state == State.DRAFT
        withdraw_record(record=Record.objects.current().get(type="fiscal.avis_ir"), by=resident.pk)
    add_signed_notice(resident, annee_revenus=OLD)
    shown = browser.post(again, {"now": "1"})
    assert shown.url.endswith(f"#{SLUG}") and "Il reste à mettre ceci à jour" in text(browser.get(shown.url))


def test_the_page_stays_within_its_queries(stale, browser, django_assert_max_num_queries):
    browser.get(page_of(stale))
    with django_assert_max_num_queries(25):
        assert browser.get(page_of(stale)).status_code == 200
