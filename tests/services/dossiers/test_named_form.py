"""A procedure names an official form: its dossier asks to read it, joins it, and does without a closed one."""

import io
import json
from typing import Any
from uuid import UUID

import pikepdf
import pytest
from django.urls import reverse

from services.dossiers.actions import dossiers as actions
from services.dossiers.actions import official_forms
from services.dossiers.enums import State
from services.procedures.actions import procedures
from services.requests import lines
from services.versions.actions import versions
from tests.accounts.factories import AgentFactory
from tests.services.dossiers.made import fresh, pdf_of, start, work
from tests.services.official_forms.made import FIELDED
from tests.services.official_forms.made import published as published_form
from tests.services.procedures.written import asking, published
from tests.vault.made import HOME, HOUSEHOLD, IDENTITY, add

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]
CODE = "carte-mediatheque"
ASKED = "La démarche le demande."
WITHOUT = "Votre dossier se fait sans lui."


@pytest.fixture
def agents(db) -> tuple[Any, Any]:
    return AgentFactory(name="Awa Sorel"), AgentFactory(name="Hugo Bastide")


@pytest.fixture
def form(agents):
    return published_form(agents[0], agents[1], FIELDED, aids=[])


@pytest.fixture
def nadia(resident):
    add(resident, "identite.pivot", IDENTITY)
    add(resident, "foyer.composition", HOUSEHOLD)
    add(resident, "logement.domicile", {**HOME, "statut_occupation": "locataire_vide"})
    return resident


@pytest.fixture
def dossier(nadia, agents, form):
    published(agents[0], agents[1], asking("identite.pivot#/given_name", code=CODE, form=form.code))
    return start(nadia, CODE)


def page(browser: Any, dossier: Any) -> str:
    answer = browser.get(reverse("dossiers:dossier", args=[dossier.pk]))
    return str(answer.content.decode()).replace("\u00a0", " ").replace("\u202f", " ")


def made(dossier: Any) -> Any:
    actions.build(dossier=fresh(dossier), by=dossier.resident_id)
    work()
    return fresh(dossier)


def data_of(dossier: Any) -> Any:
    with pikepdf.open(io.BytesIO(pdf_of(dossier))) as opened:
        return json.loads(opened.Root.AF[0].EF.F.read_bytes())


def to_read(dossier: Any) -> list[UUID]:
    row = fresh(dossier)
    return [form.pk for form in official_forms.of_dossier(row).to_read(actions.read_note(row))]


def test_the_form_that_a_procedure_names_is_asked_for_until_it_was_read_and_joined(browser, dossier, form, nadia):
    before = page(browser, dossier)
    assert ASKED in before and "Faire le dossier quand même" in before and to_read(dossier) == [form.pk]
    browser.post(reverse("dossiers:join_form", args=[dossier.pk, form.pk]), {"choice": "yes"})
    after = page(browser, dossier)
    assert "Faire le dossier quand même" not in after and to_read(dossier) == []
    done = made(dossier)
    data = data_of(done)
    assert [one["code"] for one in data["forms"]] == [form.code] and data["left_out"] == []
    sent = lines.of_pdf(pdf_of(done), data_hash=done.seal.data_hash).lines
    assert "Nom : Kervella" in next(line.text for line in sent if line.label == form.title)


def test_who_does_not_join_it_makes_the_dossier_all_the_same_and_the_office_reads_that(dossier, form):
    data = data_of(made(dossier))
    assert data["forms"] == [] and data["left_out"] == [form.title]


def test_a_form_that_the_city_closed_is_a_sentence_and_blocks_nothing(browser, dossier, form, agents):
    versions.close(row=form)
    shown = page(browser, dossier)
    assert f"« {form.title} » n’est plus demandé" in shown and WITHOUT in shown
    assert "Faire le dossier quand même" not in shown and to_read(dossier) == []
    done = made(dossier)
    assert done.state == State.READY and data_of(done)["left_out"] == [], "nobody asks for a closed form"


def test_a_dossier_follows_the_form_of_the_version_that_it_began_with(browser, dossier, form, agents, nadia):
    newer = procedures.begin(by=agents[0], item=asking("identite.pivot#/given_name", code=CODE))
    versions.publish(row=versions.try_out(row=newer, by=agents[0]), by=agents[1])
    assert to_read(dossier) == [form.pk]
    assert "Formulaire" in page(browser, dossier), "what changes is said"
    actions.take_new_lists(dossier=fresh(dossier), by=nadia.pk)
    assert to_read(dossier) == [] and ASKED not in page(browser, dossier)


def test_a_form_of_no_aid_is_of_no_other_dossier(nadia, dossier):
    assert official_forms.of_dossier(start(nadia, "rsa")) == official_forms.Forms([], frozenset())


def test_a_draft_with_a_form_asks_few_queries(browser, dossier, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        page(browser, dossier)
