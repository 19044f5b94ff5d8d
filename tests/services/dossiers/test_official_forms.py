"""The official form of a dossier: filled with the vault, read before it is joined, and drawn again each time."""

import io
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pikepdf
import pymupdf
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.files.storage import sealed_storage
from core.models import Job
from services.dossiers.actions import building, official_forms
from services.dossiers.actions import dossiers as actions
from services.dossiers.enums import State
from services.official_forms.actions import official_forms as publishing
from services.official_forms.drawing import CannotDraw
from services.official_forms.filling import fill
from services.requests import lines
from services.versions.actions import versions
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.dossiers.made import fresh, pdf_of, start, work
from tests.services.official_forms.made import FIELDED, FLAT, mapped, published
from tests.vault.made import HOME, HOUSEHOLD, IDENTITY, add
from vault.readers import Unreadable, sandbox
from vault.records import gate
from vault.records.actions import withdraw_record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]
TYPED = "Sœur aînée, à L’Haÿ-les-Roses"


@pytest.fixture
def agents(db):
    return AgentFactory(name="Awa Sorel"), AgentFactory(name="Hugo Bastide")


@pytest.fixture
def form(agents):
    return published(agents[0], agents[1], FIELDED)


@pytest.fixture
def nadia(resident):
    add(resident, "identite.pivot", IDENTITY)
    add(resident, "foyer.composition", HOUSEHOLD)
    add(resident, "logement.domicile", {**HOME, "statut_occupation": "locataire_vide"})
    cache.clear()
    return resident


@pytest.fixture
def dossier(nadia):
    return start(nadia, "rsa")


def at(name, *args):
    return reverse(f"dossiers:{name}", args=args)


def text(answer):
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def said(pdf: bytes) -> dict[str, str]:
    shown = [(one.field_name, one.field_value) for one in pymupdf.open(stream=pdf)[0].widgets()]
    return {name: value for name, value in shown if value not in ("", "Off")}


def test_the_page_of_the_lines_loads_no_blank(nadia, dossier, form):
    with CaptureQueriesContext(connection) as asked:
        assert signed_in(nadia).get(at("form", dossier.pk, form.pk)).status_code == 200
    assert [one["sql"] for one in asked if '"blank"' in one["sql"]] == []


def test_a_resident_reads_types_looks_and_joins(browser, dossier, form):
    """Four pages: the dossier, what the form says, its pages, and the dossier again."""
    listed = text(browser.get(at("dossier", dossier.pk)))
    assert "Le formulaire officiel" in listed and at("form", dossier.pk, form.pk) in listed
    shown = text(browser.get(at("form", dossier.pk, form.pk)))
    for expected in ("Kervella", "31031988", "Milo", "Lison", "Coché", "Saisi par vous", "Ce qu’il demande encore"):
        assert expected in shown, expected
    kept = browser.post(at("form", dossier.pk, form.pk), {"motif": TYPED})
    assert kept["Location"] == at("form", dossier.pk, form.pk)
    assert "Tapé par vous pour ce formulaire" in text(browser.get(at("form", dossier.pk, form.pk)))
    pages = browser.get(at("form_pages", dossier.pk, form.pk))
    assert text(pages).count("data:image/jpeg;base64,") == 1 and "no-store" in pages["Cache-Control"]
    sent = browser.get(at("form_pdf", dossier.pk, form.pk))
    assert "attachment" in sent["Content-Disposition"] and "no-store" in sent["Cache-Control"]
    assert "Kervella" not in sent["Content-Disposition"]
    found = said(sent.content)
    assert (found["identite.nom"], found["motif"]) == ("Kervella", TYPED)
    assert (found["enfant_1"], found["enfant_2"]) == ("Milo", "Lison")
    browser.post(at("join_form", dossier.pk, form.pk), {"choice": "yes"})
    assert "Joint" in text(browser.get(at("dossier", dossier.pk)))


def test_each_drawing_is_an_entry_of_the_journal_first(browser, dossier, form, nadia, monkeypatch):
    def entries():
        return [
            one.purpose
            for one in journal.entries(resident_id=nadia.pk, limit=50)
            if one.purpose == official_forms.FILL
        ]

    browser.get(at("form_pages", dossier.pk, form.pk))
    assert len(entries()) == 1
    monkeypatch.setattr(gate, "read_own", lambda **_asked: (_ for _ in ()).throw(RuntimeError("no entry")))
    monkeypatch.setattr(official_forms, "draw", lambda *_asked: pytest.fail("drawn without an entry"))
    with pytest.raises(RuntimeError):
        browser.get(at("form_pages", dossier.pk, form.pk))


def test_what_was_typed_is_sealed_and_nothing_drawn_is_kept(browser, dossier, form):
    root = Path(sealed_storage.inner.path(""))
    before = {path for path in root.rglob("*") if path.is_file()}
    browser.post(at("form", dossier.pk, form.pk), {"motif": TYPED})
    browser.get(at("form_pages", dossier.pk, form.pk))
    browser.get(at("form_pdf", dossier.pk, form.pk))
    assert {path for path in root.rglob("*") if path.is_file()} == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_cache WHERE value LIKE '%%Kervella%%' OR value LIKE '%%Haÿ%%'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT note FROM dossiers_dossier WHERE id = %s", [dossier.pk])
        assert TYPED.encode() not in bytes(cursor.fetchone()[0])


def test_a_joined_form_is_in_the_pdf_as_text_pages_and_file(dossier, form, nadia):
    official_forms.answer(dossier=dossier, by=nadia.pk, form=form, answers={"motif": TYPED})
    official_forms.join(dossier=fresh(dossier), by=nadia.pk, form=form, joined=True)
    actions.build(dossier=dossier, by=nadia.pk)
    work()
    done = fresh(dossier)
    assert done.state == State.READY
    pdf = pdf_of(done)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        data = json.loads(opened.Root.AF[0].EF.F.read_bytes())
        attached = opened.Root.AF[1].EF.F.read_bytes()
    assert data["forms"][0]["lines"]["Motif"] == TYPED and data["forms"][0]["blank"] == form.sha256
    assert said(attached)["identite.nom"] == "Kervella"
    words = " ".join(page.get_text() for page in pymupdf.open(stream=pdf).pages())
    assert "Demande d’aide" in words and TYPED in " ".join(words.split())
    (line,) = [one for one in lines.of_pdf(pdf, data_hash=done.seal.data_hash).lines if one.label == "Demande d’aide"]
    assert "Nom : Kervella" in line.text and TYPED in line.text
    with scope(resident=nadia.pk):
        assert set(done.used_records) >= {
            str(one.record_id)
            for one in gate.read_own(
                resident_id=nadia.pk, purpose="Essayer", fields=["logement.domicile#/statut_occupation"]
            )
        }


def test_a_form_that_nobody_joined_is_in_no_pdf(dossier, form, nadia):
    actions.build(dossier=dossier, by=nadia.pk)
    work()
    with pikepdf.open(io.BytesIO(pdf_of(fresh(dossier)))) as opened:
        assert json.loads(opened.Root.AF[0].EF.F.read_bytes())["forms"] == [] and len(opened.Root.AF) == 1


def problem_of(dossier) -> str:
    with scope(resident=dossier.resident_id):
        return Job.objects.filter(subject_id=dossier.pk).latest("created_at").problem


def test_a_newer_version_is_read_before_it_goes(browser, dossier, form, nadia, agents):
    official_forms.join(dossier=dossier, by=nadia.pk, form=form, joined=True)
    author, second = agents
    later = publishing.renew(form=form, by=author)
    versions.publish(row=later, by=second)
    actions.build(dossier=dossier, by=nadia.pk)
    work()
    assert fresh(dossier).state == State.DRAFT and problem_of(dossier) == "form_changed"
    moved = browser.get(at("form", dossier.pk, form.pk))
    assert moved["Location"] == at("form", dossier.pk, later.pk)
    assert "La ville l’a mis à jour" in text(browser.get(at("dossier", dossier.pk)))
    official_forms.join(dossier=fresh(dossier), by=nadia.pk, form=later, joined=True)
    actions.build(dossier=fresh(dossier), by=nadia.pk)
    work()
    assert fresh(dossier).state == State.READY


def test_a_closed_form_blocks_nothing_and_is_said_to_be_left_out(browser, dossier, form, nadia, agents):
    official_forms.join(dossier=dossier, by=nadia.pk, form=form, joined=True)
    versions.close(row=form)
    assert browser.get(at("form", dossier.pk, form.pk))["Location"] == at("dossier", dossier.pk)
    actions.build(dossier=dossier, by=nadia.pk)
    work()
    with pikepdf.open(io.BytesIO(pdf_of(fresh(dossier)))) as opened:
        data = json.loads(opened.Root.AF[0].EF.F.read_bytes())
    assert data["forms"] == [] and "Demande d’aide" in data["left_out"]


def test_a_form_that_closes_while_the_pdf_is_made_does_not_go_out(dossier, form, nadia, agents, monkeypatch):
    official_forms.join(dossier=dossier, by=nadia.pk, form=form, joined=True)
    real: Any = vars(building)["draw"]

    def slowly(content, **options):
        versions.close(row=form)
        return real(content, **options)

    monkeypatch.setattr(building, "draw", slowly)
    actions.build(dossier=dossier, by=nadia.pk)
    work()
    assert fresh(dossier).state == State.DRAFT and problem_of(dossier) == "changed"


def test_a_value_that_no_longer_fits_is_named_and_does_not_go_out_cut(browser, dossier, form, nadia):
    official_forms.join(dossier=dossier, by=nadia.pk, form=form, joined=True)
    add(
        nadia,
        "identite.pivot",
        {**IDENTITY, "family_name": "Kervella de Penthièvre " * 4},
    )
    refused = browser.get(at("form_pages", dossier.pk, form.pk))
    assert refused.status_code == 422 and "« Nom »" in text(refused) and "ne tient pas" in text(refused)
    assert "data:image" not in text(refused)
    sent = browser.get(at("form_pdf", dossier.pk, form.pk))
    assert sent["Location"] == at("form_pages", dossier.pk, form.pk)
    assert "Kervella" not in str(dict(browser.session)), "the session keeps no value"
    actions.build(dossier=dossier, by=nadia.pk)
    work()
    assert problem_of(dossier) == "form_does_not_fit"
    official_forms.join(dossier=fresh(dossier), by=nadia.pk, form=form, joined=False)
    actions.build(dossier=fresh(dossier), by=nadia.pk)
    work()
    assert fresh(dossier).state == State.READY


def test_pages_that_no_machine_can_draw_are_a_sentence(browser, dossier, form, monkeypatch):
    def heavy(*_asked, **_options):
        raise Unreadable("too_heavy")

    monkeypatch.setattr(sandbox, "raster", heavy)
    assert browser.get(at("form_pages", dossier.pk, form.pk)).status_code == 422


def test_more_children_than_rows_are_refused_and_none_is_dropped(browser, dossier, form, nadia):
    third = {**HOUSEHOLD["enfants"][0], "prenoms": "Anouk", "date_naissance": "2024-01-05"}
    add(nadia, "foyer.composition", {**HOUSEHOLD, "enfants": [*HOUSEHOLD["enfants"], third]})
    shown = text(browser.get(at("form", dossier.pk, form.pk)))
    assert "le formulaire a 2 lignes, et votre foyer 3 personnes" in shown
    with pytest.raises(CannotDraw, match="2 lignes"):
        official_forms.read(dossier=dossier, form=form, note={})


def test_an_empty_vault_gets_a_form_to_type(browser, resident, form):
    cache.clear()
    mine = start(resident, "rsa")
    shown = text(browser.get(at("form", mine.pk, form.pk)))
    assert "Rien encore" in shown and "1 réponse obligatoire manque" in shown
    browser.post(at("form", mine.pk, form.pk), {"nom": "Ÿvonne Œuf", "locataire": "on"})
    found = said(browser.get(at("form_pdf", mine.pk, form.pk)).content)
    assert found["identite.nom"] == "Ÿvonne Œuf" and found["logement"] == "Locataire"
    # What the vault learns goes before it; what was typed stays for the day when it is withdrawn.
    record = add(resident, "identite.pivot", IDENTITY)
    assert said(browser.get(at("form_pdf", mine.pk, form.pk)).content)["identite.nom"] == "Kervella"
    withdraw_record(record=record, by=resident.pk)
    assert said(browser.get(at("form_pdf", mine.pk, form.pk)).content)["identite.nom"] == "Ÿvonne Œuf"


def test_the_form_of_another_aid_another_persons_dossier_or_a_draft_is_not_found(
    browser, other_browser, dossier, form, nadia, agents
):
    elsewhere = start(nadia, "apa_domicile")
    assert browser.get(at("form", elsewhere.pk, form.pk))["Location"] == at("dossier", elsewhere.pk)
    for name in ("form", "form_pages", "form_pdf"):
        assert other_browser.get(at(name, dossier.pk, form.pk)).status_code == 404
    assert other_browser.post(at("join_form", dossier.pk, form.pk), {"choice": "yes"}).status_code == 404
    waiting = publishing.renew(form=form, by=agents[0])
    assert browser.get(at("form", dossier.pk, waiting.pk))["Location"] == at("form", dossier.pk, form.pk)


def test_a_finished_dossier_no_longer_changes(browser, dossier, form, nadia):
    actions.build(dossier=dossier, by=nadia.pk)
    work()
    for answer in (
        browser.get(at("form", dossier.pk, form.pk)),
        browser.post(at("join_form", dossier.pk, form.pk), {"choice": "yes"}),
    ):
        assert answer["Location"] == at("dossier", dossier.pk)
    with pytest.raises(actions.AlreadyBuilt):
        official_forms.join(dossier=fresh(dossier), by=nadia.pk, form=form, joined=True)


def test_a_new_version_of_a_dossier_keeps_what_was_typed(dossier, form, nadia):
    official_forms.answer(dossier=dossier, by=nadia.pk, form=form, answers={"motif": TYPED, "inconnu": "x"})
    copy = actions.again(dossier=fresh(dossier), by=nadia.pk, token=uuid4())
    assert actions.read_note(fresh(copy))["forms"]["demande"]["answers"] == {"motif": TYPED}


def test_pages_are_drawn_twenty_times_a_minute_at_most(browser, dossier, form, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "form_pages": "1/m/user"}
    answers = [browser.get(at("form_pages", dossier.pk, form.pk)).status_code for _time in range(2)]
    assert answers == [200, 429]


def test_the_pages_ask_few_queries(browser, dossier, form, django_assert_max_num_queries):
    for name in ("dossier", "form", "form_pages"):
        address = at(name, dossier.pk) if name == "dossier" else at(name, dossier.pk, form.pk)
        browser.get(address)
        with django_assert_max_num_queries(25):
            assert browser.get(address).status_code == 200


def test_a_box_is_ticked_by_its_values_only(resident):
    add(resident, "logement.domicile", {**HOME, "statut_occupation": "proprietaire"})
    values = gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=["logement.domicile#/statut_occupation"])
    found = fill(mapped(FLAT), values, resident_id=resident.pk, answers={})
    assert [one.ticked for one in found.filled] == [False]
    assert [line.name for line in found.missing] == ["nom", "naissance", "motif"]


def test_a_map_whose_type_is_gone_is_a_sentence(browser, dossier, agents, monkeypatch):
    form = published(agents[0], agents[1], FLAT, code="ancien")
    monkeypatch.setattr("services.official_forms.mapping._is_known", lambda value: False)
    shown = text(browser.get(at("form", dossier.pk, form.pk)))
    assert "n’existe pas dans les coffres" in shown
