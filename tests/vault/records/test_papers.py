"""A paper's own pages: its file as a safe download, the values that it proves, the effect of deleting it."""

import re
from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.files.storage import sealed_storage
from core.keys.sealed import Unreadable
from tests.fixtures import hostile
from tests.telling import tells
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.sending import notice_pdf, quotient_pdf, the_paper, uploaded
from vault import types
from vault.records import actions, gate
from vault.records.gate import own_reads
from vault.records.models import Paper, PaperFile, Record
from vault.records.values import persons

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"


@pytest.fixture
def content() -> bytes:
    return notice_pdf()


@pytest.fixture
def paper(browser, resident, content) -> Paper:
    paper = uploaded(browser, resident, content, name="Avis d’été n° 1.pdf")
    actions.confirm_paper(paper=paper, by=resident.pk)
    return the_paper(resident)


def get(client, name, paper, **headers):
    return client.get(reverse(f"records:{name}", args=[paper.pk]), headers=headers)


def test_the_file_is_downloaded_byte_for_byte_as_an_attachment_that_cannot_run(browser, paper, content):
    response = get(browser, "download", paper)
    assert b"".join(response.streaming_content) == content
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''Avis%20d%E2%80%99%C3%A9t%C3%A9")
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Cache-Control"] == "no-store"
    assert (response["Content-Type"], response["Content-Length"]) == ("application/pdf", str(len(content)))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=3-999999999", 3, None)],
)
def test_a_range_of_the_file_is_downloaded(browser, paper, content, asked, start, end):
    response = get(browser, "download", paper, range=asked)
    part = content[start:end]
    assert response.status_code == 206
    assert b"".join(response.streaming_content) == part
    first = start if start >= 0 else len(content) + start
    assert response["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(content)}"


def test_a_range_outside_the_file_is_refused(browser, paper, content):
    response = get(browser, "download", paper, range="bytes=999999999-")
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(content)}")


LONG = "9" * 5000


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=a-b",
        "pages=1-2",
        "bytes=0-1,4-5",
        "bytes=-",
        pytest.param(f"bytes={LONG}-", id="long start"),
        pytest.param(f"bytes=-{LONG}", id="long end"),
    ],
)
def test_an_invalid_range_gives_the_whole_file(browser, paper, content, asked):
    response = get(browser, "download", paper, range=asked)
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == content


def test_a_download_writes_an_entry(browser, paper, resident):
    get(browser, "download", paper).close()
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (entry.event, entry.details) == ("file_opened", {"kind": "avis_impot"})


def test_the_file_is_not_opened_if_the_entry_cannot_be_written(browser, paper, monkeypatch):
    opened = []
    monkeypatch.setattr(sealed_storage, "open", lambda *args, **kwargs: opened.append(args))

    def broken(**kwargs):
        if kwargs["event"] == "file_opened":
            raise RuntimeError("no entry")

    monkeypatch.setattr(journal, "write", broken)
    browser.raise_request_exception = False
    assert get(browser, "download", paper).status_code == 500
    assert opened == []


def test_the_preview_is_an_image_of_the_first_page(browser, paper):
    response = get(browser, "preview", paper)
    assert response["Content-Type"] == "image/jpeg"
    assert response.content.startswith(b"\xff\xd8\xff")
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_the_page_shows_no_preview_unless_asked(browser, paper):
    url = reverse("records:preview", args=[paper.pk])
    assert url not in get(browser, "paper", paper).content.decode()
    assert url in browser.get(reverse("records:paper", args=[paper.pk]) + "?apercu=1").content.decode()


def test_the_page_shows_the_proven_values_and_the_checks(browser, paper):
    page = get(browser, "paper", paper).content.decode()
    assert "12\u00a0312\u00a0€" in page
    assert "contrôles réussis" in page
    assert "Avis d’impôt sur le revenu 2026" in page


@pytest.mark.parametrize("name", ["paper", "delete_paper", "replace_paper"])
def test_the_page_of_a_paper_decrypts_only_it_and_the_records_it_proves(browser, paper, resident, monkeypatch, name):
    add_signed_notice(resident, annee_revenus=2020)
    add(resident, "logement.domicile", HOME)
    uploaded(browser, resident, quotient_pdf(), kind="attestation_qf")
    records, papers = spied(monkeypatch, "decrypted"), spied(monkeypatch, "decrypt_papers")
    get(browser, name, paper)
    entry = page_entry(resident)
    assert set(entry.fields) == set(types.fields_of("fiscal.avis_ir"))
    with scope(resident=resident.pk):
        assert [record.pk for [record, _content] in records] == [Record.objects.get(paper=paper).pk]
    assert [found.paper_id for found in papers] == [paper.pk]


def test_the_page_of_a_paper_that_proves_nothing_decrypts_no_record(browser, resident, monkeypatch):
    add(resident, "logement.domicile", HOME)
    kept = uploaded(browser, resident, quotient_pdf(), kind="facture_eau")
    records = spied(monkeypatch, "decrypted")
    get(browser, "paper", kept)
    assert page_entry(resident).fields == [] and records == []


def test_confirming_a_paper_decrypts_the_types_read_on_it_and_the_names_of_the_household(browser, resident):
    add(resident, "logement.domicile", HOME)
    add_signed_notice(resident, annee_revenus=2020)
    read = uploaded(browser, resident, notice_pdf())
    get(browser, "confirm_paper", read)
    compared, described = journal.entries(resident_id=resident.pk, limit=2)
    assert (compared.event, described.event) == ("paper_compared", "papers_read")
    asked = {*persons.FIELDS, *types.fields_of("fiscal.avis_ir")}
    assert set(compared.fields) == {one for one in asked if one.startswith("fiscal.avis_ir#")}, "of what is there"


def test_the_page_of_a_paper_shows_the_values_that_it_still_proves_after_a_correction(browser, paper, resident):
    with scope(resident=resident.pk):
        record = Record.objects.get()
    [read] = gate.read_own(resident_id=resident.pk, purpose="essai", fields=types.fields_of(record.type))
    actions.correct_record(record=record, by=resident.pk, payload={**read.payload, "nombre_parts": 3})
    proven = {row.label: row.value for row in get(browser, "paper", paper).context["rows"]}
    assert proven["Revenu fiscal de référence"] == "12\u00a0312\u00a0€" and "Nombre de parts" not in proven


@pytest.mark.parametrize("name", ["paper", "delete_paper", "replace_paper", "confirm_paper", "download"])
def test_the_page_of_a_paper_deleted_meanwhile_is_not_found(browser, resident, monkeypatch, name):
    read = uploaded(browser, resident, notice_pdf())
    if name != "confirm_paper":
        actions.confirm_paper(paper=read, by=resident.pk)

    def deleting(verb):
        def run(**options):
            actions.delete_paper(paper=read, by=resident.pk)
            return verb(**options)

        return run

    for verb in ("own_page", "own_paper"):
        monkeypatch.setattr(gate, verb, deleting(getattr(gate, verb)))
    assert get(browser, name, read).status_code == 404
    with scope(resident=resident.pk):
        assert not Paper.objects.exists(), "the test deleted it in time"


def spied(monkeypatch, verb) -> list[Any]:
    """Return a list that collects what `own_page` decrypts with this function."""
    results, real = [], getattr(own_reads, verb)

    def run(*args, **more):
        found = real(*args, **more)
        results.extend(found)
        return found

    monkeypatch.setattr(own_reads, verb, run)
    return results


def page_entry(resident):
    """Return the last entry of the journal: a page writes one, and no other."""
    last, before = journal.entries(resident_id=resident.pk, limit=2)
    assert last.event == "vault_read" and before.event != "vault_read"
    return last


def test_the_page_before_deleting_lists_the_values_that_lose_their_proof(browser, paper, resident):
    add_signed_notice(resident, annee_revenus=2020, revenu_fiscal_reference=777)
    page = get(browser, "delete_paper", paper).content.decode()
    assert "Revenu fiscal de référence (12\u00a0312\u00a0€)" in page
    assert not tells(page, "777")
    assert re.search(r"retire la preuve de \d+ valeurs", page)


def test_deleting_keeps_the_values_without_their_proof_and_erases_the_file(browser, paper, resident):
    with scope(resident=resident.pk):
        stored = PaperFile.objects.get().stored_name
    browser.post(reverse("records:delete_paper", args=[paper.pk]))
    opened = gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])[0]
    assert (opened.payload["revenu_fiscal_reference"], opened.assurance, opened.paper_id) == (12312, "declared", None)
    assert opened.origin("revenu_fiscal_reference").proven is False
    assert not sealed_storage.inner.exists(stored)
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()
        assert Record.objects.count() == 2, "the verified record stays in the history"


def test_deleting_a_paper_leaves_the_values_that_another_one_proves(browser, paper, resident):
    other = uploaded(browser, resident, notice_pdf(income_year=2024, income=13050))
    actions.confirm_paper(paper=other, by=resident.pk)
    actions.delete_paper(paper=paper, by=resident.pk)
    found = gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME, "fiscal.avis_ir#/annee_revenus"])
    assert {opened.payload["annee_revenus"]: opened.assurance for opened in found} == {
        2025: "declared",
        2024: "signature_verified",
    }


def test_deleting_also_unproves_the_values_of_a_corrected_record(browser, paper, resident):
    with scope(resident=resident.pk):
        record = Record.objects.get()
    whole = gate.own_record(resident_id=resident.pk, purpose="essai", record_id=record.pk)
    assert whole is not None
    actions.correct_record(record=record, by=resident.pk, payload={**whole.payload, "nombre_parts": 3})
    actions.delete_paper(paper=paper, by=resident.pk)
    opened = gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])[0]
    assert opened.origin("revenu_fiscal_reference").assurance == "declared"
    assert opened.origin("revenu_fiscal_reference").paper_id is None


def test_deleting_is_idempotent(paper, resident):
    assert actions.delete_paper(paper=paper, by=resident.pk)
    assert actions.delete_paper(paper=paper, by=resident.pk) == []


def test_the_dates_of_a_paper_give_its_expiry(browser, resident):
    paper = uploaded(browser, resident, quotient_pdf(), kind="facture_eau")
    actions.confirm_paper(paper=paper, by=resident.pk)
    browser.post(
        reverse("records:paper_dates", args=[paper.pk]),
        {"issued_on_day": "31", "issued_on_month": "8", "issued_on_year": "2025"},
    )
    paper = the_paper(resident)
    assert (paper.issued_on, paper.expires_on) == (date(2025, 8, 31), date(2025, 11, 30))
    assert "Expiré le 30\u00a0novembre 2025" in browser.get(reverse("records:home")).content.decode()


def test_an_end_before_the_date_of_the_paper_is_refused(browser, paper):
    answers = {"issued_on_day": "3", "issued_on_month": "5", "issued_on_year": "2025"}
    answers |= {"expires_on_day": "2", "expires_on_month": "5", "expires_on_year": "2025"}
    response = browser.post(reverse("records:paper_dates", args=[paper.pk]), answers)
    assert "La fin est avant la date du papier." in response.content.decode()


def test_the_kind_of_a_paper_is_found_by_search(browser, resident):
    paper = uploaded(browser, resident, quotient_pdf(), kind="autre_document")
    url = reverse("records:paper_kind", args=[paper.pk])

    def shown(**query) -> list[str]:
        return re.findall(r'name="kind"\s+value="(\w+)"', browser.get(url, query).content.decode())

    assert len(shown()) == 8 and "avis_impot" in shown(), "the most asked for, before a search"
    assert set(shown(q="loyer")) == {"quittance_loyer", "attestation_loyer"}
    assert "quittance_loyer" in shown(q="QUITT") and len(shown(q="attestation")) == 12
    page = browser.get(url, {"q": "introuvable"}).content.decode()
    assert "Aucune nature ne correspond" in page and 'name="kind"' not in page


@pytest.mark.parametrize("kind", ["", "rien_du_tout", "fichier_donnees"])
def test_a_kind_that_is_none_is_refused_and_changes_nothing(browser, resident, kind):
    paper = uploaded(browser, resident, quotient_pdf(), kind="autre_document")
    response = browser.post(reverse("records:paper_kind", args=[paper.pk]), {"kind": kind})
    assert response.status_code == 400 and "Choisissez la nature du papier." in response.content.decode()
    with scope(resident=resident.pk):
        assert Paper.objects.get(pk=paper.pk).kind == "autre_document"


def test_the_file_comes_first_and_the_expected_kind_is_said(browser):
    page = browser.get(reverse("records:add_paper")).content.decode()
    assert "<select" not in page and "Papier attendu" not in page
    page = browser.get(reverse("records:add_paper"), {"nature": "cni"}).content.decode()
    assert "Carte nationale d’identité" in page and 'name="kind" value="cni"' in page
    assert "Papier attendu" not in browser.get(reverse("records:add_paper"), {"nature": "x" * 300}).content.decode()


def test_changing_the_kind_of_a_paper_runs_the_checks_of_that_kind(browser, resident):
    paper = uploaded(browser, resident, quotient_pdf(), kind="autre_document")
    assert "address_recent" not in {check.code for check in opened_paper(resident, paper).checks}
    browser.post(reverse("records:paper_kind", args=[paper.pk]), {"kind": "facture_eau"})
    assert opened_paper(resident, paper).outcome("address_recent") == "inconclusive"


def test_an_older_content_put_back_is_not_decrypted(browser, resident, paper):
    old = the_paper(resident)
    actions.set_dates(paper=paper, by=resident.pk, issued_on=None, expires_on=None)
    with scope(resident=resident.pk):
        Paper.objects.filter(pk=paper.pk).update(content=old.content)
    with pytest.raises(Unreadable):
        opened_paper(resident, paper)


def opened_paper(resident, paper):
    return gate.own_paper(resident_id=resident.pk, purpose="essai", paper_id=paper.pk)


def test_each_page_of_a_file_can_be_previewed(browser, resident):
    several = uploaded(browser, resident, hostile.pdf(pages=3), kind="autre_document")
    url = reverse("records:preview", args=[several.pk])
    assert [browser.get(f"{url}?page={number}").status_code for number in ("1", "3", "x", "", "4")] == [
        200,
        200,
        200,
        200,
        404,
    ]
    page = browser.get(reverse("records:paper", args=[several.pk]) + "?apercu=1&page=2").content.decode()
    assert "Page 2 sur 3" in page and "page=1#" in page and "page=3#" in page and "?page=2" in page
    assert (
        "Page 3 sur 3"
        in browser.get(reverse("records:paper", args=[several.pk]) + "?apercu=1&page=9").content.decode()
    )
