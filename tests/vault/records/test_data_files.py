"""Files of data: a summary, the names of the columns, and one job that keeps all the records.

The file may then be deleted.
"""

from datetime import date

import pytest
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.models import Job
from demo.tour import bank
from tests.vault.data_samples import ROWS, bank_table, load_curve
from tests.vault.made import add
from tests.vault.sending import the_paper, uploaded
from vault import types
from vault.records import actions, gate
from vault.records.enums import PaperState
from vault.records.models import Paper, Record
from vault.records.papers import data_files
from vault.records.presenting import data as data_rows
from vault.records.tasks import keep_data, read_paper
from vault.records.values import persons, summaries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

COLUMNS = {"c0": "date_operation", "c1": "libelle", "c2": "debit", "c3": "credit"}


def work(resident) -> None:
    """Run the waiting jobs, as the worker does."""
    with scope(resident=resident.pk):
        waiting = list(Job.objects.filter(state=Job.State.WAITING))
    for job in waiting:
        {"read_paper": read_paper, "keep_data": keep_data}[job.kind](str(job.pk))


def address(name, paper):
    return reverse(f"records:{name}", args=[paper.pk])


def shown_page(client, name, paper):
    return client.get(address(name, paper), follow=True).content.decode()


def kept(client, resident, content, name="mesures.json"):
    paper = uploaded(client, resident, content, name=name)
    assert client.post(address("keep_data", paper)).status_code == 302
    work(resident)
    return the_paper(resident)


def kept_table(client, resident, rows=ROWS):
    paper = uploaded(client, resident, bank_table(rows), name="compte.csv")
    client.post(address("name_columns", paper), COLUMNS)
    work(resident)
    client.post(address("keep_data", paper))
    work(resident)
    return the_paper(resident)


def records(resident, type_code):
    return gate.read_own(resident_id=resident.pk, purpose="Essai", fields=types.fields_of(type_code)).of_type(
        type_code
    )


def events(resident):
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=100)]


def test_a_file_of_measures_is_summarised_before_anything_is_kept(browser, resident):
    paper = uploaded(browser, resident, load_curve(), name="mesures.json")
    shown = shown_page(browser, "confirm_paper", paper)
    assert "Vérifiez ce que contient ce fichier" in shown
    assert "384\u00a0kWh" in shown, "0.4 kW for 40 days"
    assert "1\u00a0920 mesures, de février 2026 à mars 2026" in shown
    assert '<svg class="wide"' in shown
    assert records(resident, "energie.serie") == []


def test_the_records_are_not_in_the_paper_s_content(browser, resident):
    """A year of half-hours would make every page that decrypts papers slow."""
    paper = uploaded(browser, resident, load_curve(days=120), name="mesures.json")
    opened = gate.own_paper(resident_id=resident.pk, purpose="Essai", paper_id=paper.pk)
    assert opened is not None and opened.records == []
    with scope(resident=resident.pk):
        assert len(bytes(Paper.objects.get(pk=paper.pk).content)) < 5000


def test_confirming_keeps_all_the_records_in_one_job_with_one_entry(browser, resident):
    paper = kept(browser, resident, load_curve())
    assert paper.state == PaperState.KEPT
    february, march = records(resident, "energie.serie")
    assert (len(february.payload["valeurs"]), february.period.start.isoformat()) == (
        28 * 48,
        "2026-01-31T23:00:00+00:00",
    )
    assert march.paper_id == paper.pk and march.method == "upload"
    assert events(resident).count("data_kept") == 1
    shown = shown_page(browser, "paper", paper)
    assert "2 lignes nouvelles sont rangées." in shown


def test_confirming_twice_creates_one_job(browser, resident):
    paper = uploaded(browser, resident, load_curve(), name="mesures.json")
    first = browser.post(address("keep_data", paper))
    second = browser.post(address("keep_data", paper))
    assert first.url == second.url
    with scope(resident=resident.pk):
        assert Job.objects.filter(kind="keep_data").count() == 1
    work(resident)
    assert browser.get(address("keep_data", paper)).url == address("paper", paper)


def test_running_the_job_again_writes_no_record(browser, resident):
    paper = kept(browser, resident, load_curve())
    with scope(resident=resident.pk):
        actions.keep_data(paper_id=paper.pk)
        assert Record.objects.count() == 2
    assert events(resident).count("data_kept") == 1


def test_adding_the_same_file_again_reports_known_records(browser, resident):
    kept(browser, resident, load_curve())
    paper = kept(browser, resident, load_curve())
    assert "2 lignes étaient déjà là." in shown_page(browser, "paper", paper)
    assert len(records(resident, "energie.serie")) == 2


def test_a_later_export_supersedes_the_records_that_differ(browser, resident):
    kept(browser, resident, load_curve(watts=400))
    paper = kept(browser, resident, load_curve(watts=500))
    assert "2 lignes remplacent celles d’un envoi précédent." in shown_page(browser, "paper", paper)
    february, _march = records(resident, "energie.serie")
    assert february.payload["valeurs"][0] == 500
    assert len(gate.own_history(resident_id=resident.pk, purpose="Essai", record_id=february.record_id)) == 2


def test_a_job_cancelled_in_time_keeps_nothing(browser, resident):
    from core import jobs

    paper = uploaded(browser, resident, load_curve(), name="mesures.json")
    browser.post(address("keep_data", paper))
    with scope(resident=resident.pk):
        job = Job.objects.get(kind="keep_data")

    def refuse() -> None:
        raise jobs.Cancelled

    with scope(resident=resident.pk), pytest.raises(jobs.Cancelled):
        actions.keep_data(paper_id=job.subject_id, finish=refuse)
    assert records(resident, "energie.serie") == []
    with scope(resident=resident.pk):
        assert Paper.objects.get(pk=paper.pk).state == PaperState.TO_CONFIRM


def test_the_columns_of_a_bank_s_table_are_asked_with_our_guess(browser, resident):
    paper = uploaded(browser, resident, bank_table(), name="compte.csv")
    response = browser.get(address("confirm_paper", paper), follow=True)
    assert response.redirect_chain[-1][0] == address("name_columns", paper)
    form = response.context["form"]
    assert [form.fields[name].initial for name in form.fields] == ["date_operation", "libelle", "debit", "credit"]
    assert "CARTE BOULANGERIE" in response.content.decode()


def test_a_table_with_named_columns_is_summarised_then_kept(browser, resident):
    paper = uploaded(browser, resident, bank_table(), name="compte.csv")
    browser.post(address("name_columns", paper), COLUMNS)
    work(resident)
    shown = shown_page(browser, "confirm_paper", paper)
    assert "5 opérations, de mars 2026 à avril 2026" in shown
    assert "637\u00a0€" in shown and "602\u00a0€" in shown
    browser.post(address("keep_data", paper))
    work(resident)
    amounts = sorted(record.payload["montant"] for record in records(resident, "banque.operation"))
    assert amounts == ["-12.50", "-12.50", "-612.00", "301.00", "301.00"]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"c0": "ignored", "c1": "libelle", "c2": "debit", "c3": "credit"},
            "Dites quelle colonne donne la date de l’opération.",
        ),
        (
            {"c0": "date_operation", "c1": "libelle", "c2": "ignored", "c3": "ignored"},
            "Dites quelle colonne donne le montant",
        ),
        (
            {"c0": "date_operation", "c1": "montant", "c2": "montant", "c3": "ignored"},
            "Deux colonnes ne peuvent pas être",
        ),
        (
            {"c0": "date_operation", "c1": "montant", "c2": "debit", "c3": "credit"},
            "Une colonne donne déjà le montant.",
        ),
    ],
)
def test_impossible_columns_are_refused_with_a_sentence(browser, resident, columns, sentence):
    paper = uploaded(browser, resident, bank_table(), name="compte.csv")
    response = browser.post(address("name_columns", paper), columns)
    assert response.status_code == 400 and sentence in response.content.decode()


def test_columns_that_read_no_row_are_asked_again(browser, resident):
    paper = uploaded(browser, resident, bank_table(), name="compte.csv")
    browser.post(
        address("name_columns", paper), {"c0": "ignored", "c1": "date_operation", "c2": "montant", "c3": "ignored"}
    )
    work(resident)
    shown = shown_page(browser, "confirm_paper", paper)
    assert "Que dit chaque colonne" in shown and "Avec ces colonnes, aucune ligne n’a pu être lue." in shown
    with scope(resident=resident.pk):
        assert Paper.objects.get(pk=paper.pk).state == PaperState.TO_CONFIRM


def test_the_operations_of_overlapping_statements_are_kept_once(browser, resident):
    kept_table(browser, resident)
    kept_table(browser, resident, [*ROWS[2:], ("07/04/2026", "CARTE PRIMEUR", "8,00", "")])
    assert len(records(resident, "banque.operation")) == 6


def test_deleting_the_file_keeps_the_values_as_they_were(browser, resident):
    paper = kept(browser, resident, load_curve())
    assert "Les données qu’il contenait restent dans votre coffre." in shown_page(browser, "delete_paper", paper)
    browser.post(address("delete_paper", paper))
    with scope(resident=resident.pk):
        assert not Paper.objects.filter(pk=paper.pk).exists()
        assert Record.objects.count() == 2, "no new version of 2,000 records for one file"
    assert [record.paper_id for record in records(resident, "energie.serie")] == [None, None]


def test_a_file_with_trips_reveals_places():
    held = data_files.DataFile(format="gpx", held=[data_files.Held("mobilite.trajet", 12)])
    assert held.has_places
    assert not data_files.DataFile(format="ofx", held=[data_files.Held("banque.operation", 12)]).has_places


def test_a_stranger_finds_no_file_of_data(browser, other_browser, resident):
    paper = uploaded(browser, resident, bank_table(), name="compte.csv")
    for name in ("keep_data", "name_columns"):
        assert other_browser.get(address(name, paper)).status_code == 404
        assert other_browser.post(address(name, paper), COLUMNS).status_code == 404


def test_a_paper_is_not_a_file_of_data(browser, resident):
    from tests.vault.sending import notice_pdf

    paper = uploaded(browser, resident, notice_pdf())
    assert browser.get(address("keep_data", paper)).status_code == 404
    assert browser.get(address("name_columns", paper)).status_code == 404


def test_no_url_holds_the_columns(browser, resident):
    paper = uploaded(browser, resident, bank_table(), name="compte.csv")
    response = browser.post(address("name_columns", paper), COLUMNS)
    assert "date_operation" not in response.url


def test_a_table_with_fewer_values_than_the_bank_s_ofx_removes_none(browser, resident):
    ofx = bank.ofx(date(2026, 5, 4))
    kept(browser, resident, ofx, name="compte.ofx")
    before = {
        (record.payload["compte"], record.payload["reference"]) for record in records(resident, "banque.operation")
    }
    operations = [(day, label, amount) for day, amount, label in bank.operations(date(2026, 5, 4))]
    rows = [
        (f"{day:%d/%m/%Y}", label, amount.lstrip("-") if amount[0] == "-" else "", amount)
        for day, label, amount in operations
    ]
    paper = kept_table(
        browser, resident, [(day, label, out, "" if out else amount) for day, label, out, amount in rows]
    )
    assert "15 lignes étaient déjà là." in shown_page(browser, "paper", paper)
    assert {
        (record.payload["compte"], record.payload["reference"]) for record in records(resident, "banque.operation")
    } == before


MILO = {"prenoms": "Milo", "nom_naissance": "Kervella", "date_naissance": "2017-06-02"}


@pytest.fixture
def with_a_child(resident):
    add(resident, "foyer.composition", {"allocataires": [], "enfants": [MILO], "situation_familiale": "C"})
    values = gate.read_own(resident_id=resident.pk, purpose="Essai", fields=persons.FIELDS)
    return persons.persons(values, resident_id=resident.pk)[1]


def statement_to_keep(client, resident, rows=ROWS):
    paper = uploaded(client, resident, bank_table(rows), name="compte.csv")
    client.post(address("name_columns", paper), COLUMNS)
    work(resident)
    return paper


def test_in_a_household_a_bank_s_file_asks_whose_it_is_without_a_preselected_answer(browser, resident, with_a_child):
    paper = statement_to_keep(browser, resident)
    shown = shown_page(browser, "keep_data", paper)
    assert "De qui s’agit-il" in shown and "Milo" in shown and "checked" not in shown
    response = browser.post(address("keep_data", paper))
    assert response.status_code == 400 and "Dites de qui il s’agit." in response.content.decode()
    work(resident)
    assert records(resident, "banque.operation") == []


def test_a_child_s_records_are_kept_as_theirs_and_shown_separately(browser, resident, with_a_child):
    paper = statement_to_keep(browser, resident)
    browser.post(address("keep_data", paper), {"person": str(with_a_child.id)})
    work(resident)
    assert {(record.person, record.role) for record in records(resident, "banque.operation")} == {
        (with_a_child.id, "child")
    }
    mine = statement_to_keep(browser, resident, [("06/04/2026", "CARTE PRIMEUR", "8,00", "")])
    browser.post(address("keep_data", mine), {"person": str(resident.pk)})
    work(resident)
    page = reverse("records:of_type", args=["banque.operation"])
    year, month = (browser.get(page + asked).content.decode() for asked in ("", "?mois=2026-04"))
    assert "Opération bancaire, Vous" in year and "Opération bancaire, Milo" in year
    assert "De qui" in month and "CARTE PRIMEUR" in month


def test_a_person_outside_the_household_cannot_be_chosen(browser, resident, with_a_child):
    paper = statement_to_keep(browser, resident)
    response = browser.post(address("keep_data", paper), {"person": "5b0f9d1e-0000-4000-8000-000000000000"})
    assert response.status_code == 400 and "Dites de qui il s’agit." in response.content.decode()


def test_for_a_meter_the_page_does_not_ask_whose_it_is(browser, resident, with_a_child):
    paper = uploaded(browser, resident, load_curve(), name="mesures.json")
    assert "De qui s’agit-il" not in shown_page(browser, "keep_data", paper)
    assert browser.post(address("keep_data", paper)).status_code == 302


def test_a_direction_that_the_file_does_not_say_is_asked_and_nothing_is_chosen_beforehand(browser, resident):
    paper = uploaded(browser, resident, b"debut;kW\n2026-06-01 00:00:00;0.5\n", name="maison.csv")
    shown = shown_page(browser, "confirm_paper", paper)
    assert "Que mesure ce fichier" in shown and " checked" not in shown
    refused = browser.post(address("keep_data", paper))
    assert refused.status_code == 200 and "Dites ce que mesure ce fichier." in refused.content.decode()
    browser.post(address("keep_data", paper), {"direction": "gaz"})
    with scope(resident=resident.pk):
        assert not Job.objects.filter(kind="keep_data").exists()
    browser.post(address("keep_data", paper), {"direction": "production"})
    work(resident)
    (block,) = records(resident, "energie.serie")
    assert block.payload["flux"] == "production"


def test_the_verb_refuses_a_direction_that_nobody_said(browser, resident):
    paper = uploaded(browser, resident, b"debut;kW\n2026-06-01 00:00:00;0.5\n", name="maison.csv")
    with pytest.raises(actions.NotReady):
        actions.ask_to_keep(paper=paper, by=resident.pk)


def test_amounts_of_two_currencies_are_two_lines():
    items = [
        ("banque.operation", {"date_operation": "2026-01-05", "montant": "-12.50", "devise": "EUR", "compte": "1"}),
        ("banque.operation", {"date_operation": "2026-01-06", "montant": "-4.00", "devise": "GBP", "compte": "1"}),
    ]
    shown = [data_rows.line_shown(line, chart=False) for line in summaries.lines(items)]
    assert [(one.title.rpartition(", ")[2], one.totals[0]["value"]) for one in shown] == [
        ("1", "12,50\u00a0€"),
        ("GBP", "4\u00a0GBP"),
    ]
