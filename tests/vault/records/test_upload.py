"""A paper uploaded by the browser: quarantined, checked, proposed, confirmed, then a proof of its values."""

import re

import pytest
from django.urls import reverse
from django_scopes import scope

from core import jobs, journal
from core.models import Job
from tests.telling import tells
from tests.vault.made import HOUSEHOLD, IDENTITY, add
from tests.vault.sending import BRUNO, notice_pdf, quotient_pdf, send, the_paper, uploaded, work
from vault.readers import Unreadable, sandbox
from vault.records import actions, gate
from vault.records.actions import paper_checks
from vault.records.forms.confirmation import COUNTED
from vault.records.models import Paper, PaperFile, Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"


@pytest.fixture(autouse=True)
def her_name(resident):
    """The account has the name on the notices: a vault without an identity compares with it."""
    resident.name = "Nadia Kervella"
    resident.save(update_fields=["name"])


def confirm(client, paper, **answers):
    return client.post(reverse("records:confirm_paper", args=[paper.pk]), answers)


def values(resident):
    return gate.read_own(
        resident_id=resident.pk,
        purpose="essai",
        fields=[INCOME, "fiscal.avis_ir#/annee_revenus", "fiscal.avis_ir#/nombre_parts"],
    )


def tags(client, paper) -> set[str]:
    """Return the paper's state, as the vault's page, the list of papers and its own page tell it."""
    home = client.get(reverse("records:home")).context["papers"]
    listed = client.get(reverse("records:papers")).context["papers"]
    own_page = client.get(reverse("records:paper", args=[paper.pk])).context
    return {*(row.tag for row in [*home, *listed] if str(paper.pk) in row.href), own_page["tag"]}


def test_an_upload_waits_in_quarantine_and_leads_to_its_job(browser, resident):
    response = send(browser, notice_pdf())
    paper = the_paper(resident)
    with scope(resident=resident.pk):
        job = Job.objects.get(subject_id=paper.pk)
    assert paper.state == "quarantined"
    assert response.url == reverse("job", args=[job.pk])
    assert browser.get(reverse("records:download", args=[paper.pk])).status_code == 404


def test_a_signed_notice_is_read_confirmed_and_becomes_the_proof_of_each_value(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    paper = uploaded(browser, resident, notice_pdf())
    assert (paper.state, paper.kind) == ("to_confirm", "avis_impot")

    page = browser.get(reverse("records:confirm_paper", args=[paper.pk])).content.decode()
    assert "12\u00a0312\u00a0€" in page
    assert "La signature est valable" in page
    assert not values(resident), "nothing is kept before the resident agrees"

    assert confirm(browser, paper).status_code == 302
    opened = values(resident)[0]
    assert opened.payload["revenu_fiscal_reference"] == 12312
    assert (opened.assurance, opened.method, opened.holder) == ("signature_verified", "upload", "dgfip")
    assert opened.paper_id == paper.pk
    assert the_paper(resident).state == "kept"


def test_confirming_twice_gives_one_record(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    confirm(browser, paper)
    confirm(browser, paper)
    with scope(resident=resident.pk):
        assert Record.objects.filter(type="fiscal.avis_ir").count() == 1


def test_the_same_form_sent_twice_gives_one_paper_and_one_file(browser, resident):
    token = browser.get(reverse("records:add_paper")).context["form"].initial["token"]
    content = notice_pdf()
    first, second = send(browser, content, token=token), send(browser, content, token=token)
    assert first.url == second.url
    with scope(resident=resident.pk):
        assert Paper.objects.count() == PaperFile.objects.count() == Job.objects.filter(kind="read_paper").count() == 1


def test_the_same_form_sent_with_another_file_keeps_both(browser, resident):
    """The browser's back button shows the form with the same token."""
    token = browser.get(reverse("records:add_paper")).context["form"].initial["token"]
    first, second = send(browser, notice_pdf(), token=token), send(browser, quotient_pdf(), token=token)
    assert first.url != second.url
    with scope(resident=resident.pk):
        assert Paper.objects.count() == PaperFile.objects.count() == 2


def test_a_value_that_the_resident_changes_is_declared_and_the_others_stay_verified(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    url = reverse("records:confirm_paper", args=[paper.pk])
    page = browser.post(url, {"edit": "0/nombre_parts"}).content.decode()
    assert 'name="value-0-nombre_parts-answer"' in page and 'value="2,5"' in page
    assert not values(resident)

    browser.post(url, {"edited": "0/nombre_parts", "value-0-nombre_parts-answer": "3"})
    opened = values(resident)[0]
    assert opened.payload["nombre_parts"] == 3
    assert opened.assurance == "declared", "the record promises no more than its weakest value"
    assert opened.origin("nombre_parts").assurance == "declared"
    assert opened.origin("revenu_fiscal_reference").assurance == "signature_verified"


def test_a_value_typed_again_as_it_was_read_stays_verified(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    confirm(browser, paper, edited="0/nombre_parts", **{"value-0-nombre_parts-answer": "2,5"})
    assert values(resident)[0].assurance == "signature_verified"
    assert tags(browser, paper) == {"Vérifié"}


def test_someone_else_s_notice_asks_whose_it_is_and_nothing_is_kept_without_an_answer(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    paper = uploaded(browser, resident, notice_pdf(BRUNO))
    page = confirm(browser, paper)
    assert page.status_code == 400
    assert "Dites à qui est ce papier." in page.content.decode()
    assert not values(resident)


def test_a_notice_in_a_vault_without_a_name_asks_whether_it_is_theirs(browser, resident):
    resident.name = "Inès"
    resident.save(update_fields=["name"])
    paper = uploaded(browser, resident, notice_pdf())
    page = browser.get(reverse("records:confirm_paper", args=[paper.pk])).content.decode()
    assert "Est-ce bien le vôtre" in page and "KERVELLA" in page and "Oui, à moi" in page
    assert "Vérifié<" not in page and "À confirmer" in page
    assert confirm(browser, paper).status_code == 400 and not values(resident)
    confirm(browser, paper, whose="own")
    assert values(resident)[0].assurance == "declared"
    assert tags(browser, paper) == {"Rangé"}, "signed, and not known as theirs"


def test_correcting_moves_the_focus_and_enter_keeps_the_correction(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    url = reverse("records:confirm_paper", args=[paper.pk])
    key, field = "0/nombre_parts", "value-0-nombre_parts-answer"
    page = browser.post(url, {"edit": key}).content.decode()
    opened = re.search(rf'<input[^>]*name="{field}"[^>]*>', page)
    assert opened and "autofocus" in opened[0]
    first = re.search(r"<button[^>]*>", page[page.index("novalidate") :])
    assert first and 'name="save"' in first[0], "Enter presses the first button of the form"
    kept = browser.post(url, {"edited": key, field: "3", "save": "1"}).content.decode()
    assert ">3<" in kept and "Corrigé par vous" in kept and not values(resident)
    assert f'name="{field}" value="3"' in kept
    confirm(browser, paper, edited=key, saved=key, **{field: "3"})
    assert values(resident)[0].payload["nombre_parts"] == 3


def test_a_wrong_correction_is_told_and_stays_open(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    url = reverse("records:confirm_paper", args=[paper.pk])
    field = "value-0-nombre_parts-answer"
    page = browser.post(url, {"edited": "0/nombre_parts", field: "-3", "save": "1"}).content.decode()
    assert "Ce nombre ne peut pas être négatif." in page and f'name="{field}"' in page and 'value="-3"' in page
    assert "Erreur" in page


def test_someone_else_s_notice_is_deleted_with_its_file(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    paper = uploaded(browser, resident, notice_pdf(BRUNO))
    confirm(browser, paper, whose="other")
    assert not values(resident)
    with scope(resident=resident.pk):
        assert not Paper.objects.exists() and not PaperFile.objects.exists()


def test_a_notice_under_another_name_kept_on_the_resident_s_word_is_only_declared(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    paper = uploaded(browser, resident, notice_pdf(BRUNO))
    confirm(browser, paper, whose="own")
    opened = values(resident)[0]
    assert opened.assurance == "declared"
    assert "unreconciled" in opened.quality
    assert tags(browser, paper) == {"Rangé"}


def test_a_partner_s_notice_is_kept_as_theirs(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    partner = {"nom_naissance": "Lassalle", "prenoms": "Bruno", "date_naissance": "1986-01-02", "sexe": "M"}
    household = {**HOUSEHOLD, "allocataires": [*HOUSEHOLD["allocataires"], partner]}
    add(resident, "foyer.composition", household)
    paper = uploaded(browser, resident, notice_pdf(BRUNO))
    page = browser.get(reverse("records:confirm_paper", args=[paper.pk]))
    whose = dict(page.context["said"].whose.fields["whose"].choices)
    bruno = next(key for key, label in whose.items() if "Bruno" in str(label))
    confirm(browser, paper, whose=bruno)
    opened = values(resident)[0]
    assert (str(opened.person), opened.role, opened.assurance) == (bruno, "spouse", "signature_verified")
    assert tags(browser, paper) == {"Rangé"}, "it proves nothing about the resident"


def test_the_resident_chooses_between_two_notices_for_one_year(browser, resident):
    confirm(browser, uploaded(browser, resident, notice_pdf()))
    second = uploaded(browser, resident, notice_pdf(income=13999))
    page = confirm(browser, second)
    assert "Dites lequel des deux avis est le bon." in page.content.decode()
    assert [opened.payload["revenu_fiscal_reference"] for opened in values(resident)] == [12312]

    confirm(browser, second, which="new")
    assert [opened.payload["revenu_fiscal_reference"] for opened in values(resident)] == [13999]
    with scope(resident=resident.pk):
        assert Record.objects.filter(type="fiscal.avis_ir").count() == 2, "the first one stays in the history"


def test_keeping_the_first_of_two_notices_changes_nothing(browser, resident):
    confirm(browser, uploaded(browser, resident, notice_pdf()))
    second = uploaded(browser, resident, notice_pdf(income=13999))
    confirm(browser, second, which="old")
    assert [opened.payload["revenu_fiscal_reference"] for opened in values(resident)] == [12312]
    with scope(resident=resident.pk):
        assert Paper.objects.count() == 1


def test_the_verb_itself_refuses_to_choose_between_two_notices(browser, resident):
    confirm(browser, uploaded(browser, resident, notice_pdf()))
    second = uploaded(browser, resident, notice_pdf(income=13999))
    with pytest.raises(actions.AlreadyOne):
        actions.confirm_paper(paper=second, by=resident.pk)
    assert the_paper(resident).state == "to_confirm"
    assert [opened.payload["revenu_fiscal_reference"] for opened in values(resident)] == [12312]


def test_a_paper_that_was_not_checked_cannot_be_confirmed(browser, resident):
    send(browser, notice_pdf())
    with pytest.raises(actions.NotReady):
        actions.confirm_paper(paper=the_paper(resident), by=resident.pk)
    assert not values(resident)


def test_notices_of_two_years_are_both_kept(browser, resident):
    confirm(browser, uploaded(browser, resident, notice_pdf()))
    confirm(browser, uploaded(browser, resident, notice_pdf(income_year=2024, income=13050)))
    assert [opened.payload["annee_revenus"] for opened in values(resident)] == [2024, 2025]


def test_the_same_file_again_is_reported(browser, resident):
    content = notice_pdf()
    confirm(browser, uploaded(browser, resident, content))
    second = uploaded(browser, resident, content)
    assert "déjà dans votre coffre" in browser.get(reverse("records:confirm_paper", args=[second.pk])).content.decode()


def test_a_paper_without_a_code_is_kept_as_a_proof_and_its_values_are_typed(browser, resident):
    paper = uploaded(browser, resident, quotient_pdf(), kind="attestation_qf")
    response = confirm(browser, paper, issued_on_day="3", issued_on_month="11", issued_on_year="2026")
    assert response.url.startswith(reverse("records:start_typing", args=["social.quotient_familial"]))

    step = browser.post(response.url)
    for answer in ("CNAF", "526", "2026", "11"):
        step = browser.post(step.url, {"answer": answer})
    assert step.url.endswith("/verifier/")
    browser.post(step.url)
    opened = gate.read_own(resident_id=resident.pk, purpose="essai", fields=["social.quotient_familial#/valeur"])[0]
    assert (opened.payload["valeur"], opened.assurance, opened.paper_id) == (526, "declared", paper.pk)


def test_the_journal_has_each_step_and_no_value(browser, resident):
    confirm(browser, uploaded(browser, resident, notice_pdf()))
    entries = journal.entries(resident_id=resident.pk, limit=50)
    assert {"paper_added", "paper_checked", "paper_compared", "paper_kept"} <= {entry.event for entry in entries}
    assert not tells(repr(entries), "12312")


def test_a_job_run_twice_reads_the_paper_once(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    with scope(resident=resident.pk):
        before = the_paper(resident).version
        actions.check_paper(paper_id=paper.pk)
    assert the_paper(resident).version == before


@pytest.mark.parametrize("content", [notice_pdf(), b"MZ no paper"], ids=["paper", "refused"])
def test_a_check_cancelled_at_the_last_moment_has_no_effect(browser, resident, monkeypatch, content):
    send(browser, content)
    with scope(resident=resident.pk):
        job = Job.objects.get(kind="read_paper")
    read = paper_checks._examine

    def cancelled_after_the_last_step(paper):
        jobs.cancel(job=job, by=resident.pk)
        monkeypatch.setattr(jobs.Running, "check", lambda run: None)
        return read(paper)

    monkeypatch.setattr(paper_checks, "_examine", cancelled_after_the_last_step)
    work(resident)
    monkeypatch.undo()
    with scope(resident=resident.pk):
        assert Job.objects.get(pk=job.pk).state == Job.State.CANCELLED
    assert the_paper(resident).state == "checking"
    browser.post(reverse("retry_job", args=[job.pk]))
    work(resident)
    assert the_paper(resident).state in {"to_confirm", "refused"}


def test_a_worker_given_up_for_dead_does_not_refuse_a_kept_paper(browser, resident, monkeypatch):
    """The worker was given up while it read; another one read the paper, and its resident kept it."""
    send(browser, notice_pdf())
    paper = the_paper(resident)

    def too_late(*args, **options):
        monkeypatch.undo()
        actions.check_paper(paper_id=paper.pk)
        actions.confirm_paper(paper=paper, by=resident.pk)
        raise Unreadable("too_heavy")

    monkeypatch.setattr(sandbox, "read", too_late)
    with scope(resident=resident.pk):
        actions.check_paper(paper_id=paper.pk)
        assert the_paper(resident).state == "kept"
        assert PaperFile.objects.count() == 1
    with gate.open_file(resident_id=resident.pk, purpose="essai", paper_id=paper.pk) as stream:
        assert stream.read(4) == b"%PDF"


def test_replacing_a_paper_keeps_the_old_one_until_the_new_one_is_confirmed(browser, resident):
    old = uploaded(browser, resident, notice_pdf())
    confirm(browser, old)
    send(
        browser,
        notice_pdf(printed_income=12312, reference="0000000000001"),
        address="records:replace_paper",
        args=[old.pk],
    )
    work(resident)
    new = the_paper(resident)
    with scope(resident=resident.pk):
        assert Paper.objects.filter(pk=old.pk).exists()
    confirm(browser, new)
    with scope(resident=resident.pk):
        assert list(Paper.objects.values_list("pk", flat=True)) == [new.pk]
    assert [(opened.paper_id, opened.assurance) for opened in values(resident)] == [(new.pk, "signature_verified")]


def test_five_values_show_and_the_rest_is_folded_until_it_is_corrected(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    url = reverse("records:confirm_paper", args=[paper.pk])
    said = browser.get(url).context["said"]
    assert len(said.main_rows) <= COUNTED and len(said.main_rows) + len(said.more_rows) == len(said.rows)
    assert {"0/revenu_fiscal_reference", "0/nombre_parts", "0/declarant1"} <= {row.key for row in said.main_rows}
    folded = said.more_rows[0].key
    again = browser.post(url, {"edit": folded}).context["said"]
    assert folded in {row.key for row in again.main_rows} and folded not in {row.key for row in again.more_rows}


def test_the_page_says_what_the_paper_changes_even_if_nothing_is_replaced(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    page = browser.get(reverse("records:confirm_paper", args=[paper.pk])).content.decode()
    assert "Elles n’en remplacent aucune" in page and "Vos aides seront recalculées" in page


def test_the_next_act_after_a_notice_is_to_see_what_it_changes(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    page = browser.get(reverse("records:paper", args=[paper.pk])).content.decode()
    assert page.index("Voir ce que cela change pour mes aides") < page.index("Télécharger")


@pytest.mark.parametrize("page", ["Quittance de loyer\nLocataire : M. Bruno LASSALLE", "RIB"])
def test_a_paper_without_a_code_that_names_another_person_asks_whose_it_is(browser, resident, page):
    from tests.fixtures.signed import pdf

    text = page if page != "RIB" else "Relevé d’identité bancaire\nTitulaire du compte : M. Bruno LASSALLE\n"
    add(resident, "identite.pivot", IDENTITY)
    paper = uploaded(browser, resident, pdf(text))
    shown = browser.get(reverse("records:confirm_paper", args=[paper.pk])).content.decode()
    assert "Est-ce bien le vôtre" in shown and "LASSALLE" in shown
