"""The catalogue of holders: valid content, displayed names, and edits by agents that survive a reload."""

import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.forms import BooleanField, MultipleChoiceField
from django.urls import reverse
from django.utils import translation
from jsonschema import Draft202012Validator

from accounts.actions import city_decisions
from accounts.models import CityDecision
from demo.people import vaults
from tests.accounts.factories import AgentFactory, signed_in
from tests.fixtures.files import FILES, File
from vault import types
from vault.readers import Ask, read
from vault.readers.formats.twoddoc import drafts
from vault.records import wording
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import RESIDENT, Holder, PaperKind

#: Sources of records that are no holders: identity providers, file formats and calculators.
NO_ORGANISATIONS = ("FranceConnect", "Compte Mobilité", "Green Button", "PVGIS")

ITEMS = json.loads(holder_catalogue.CONTENT.read_text(encoding="utf-8"))["items"]


@pytest.fixture(autouse=True)
def fresh_names():
    holder_catalogue.forget_names()
    yield
    holder_catalogue.forget_names()


def test_the_holders_match_their_schema():
    document = json.loads(holder_catalogue.CONTENT.read_text(encoding="utf-8"))
    schema = json.loads((holder_catalogue.CONTENT.parent / "holders.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
    assert len({item["code"] for item in ITEMS}) == len(ITEMS) == document["meta"]["count"]


def test_the_types_and_papers_of_a_holder_exist():
    kinds = {item["code"] for item in json.loads(paper_kinds.CONTENT.read_text(encoding="utf-8"))["items"]}
    for item in ITEMS:
        assert set(item["papers"]) <= kinds, item["code"]
        read = {code for download in item["downloads"] for code in download["reads"]}
        assert {*item["holds"], *read} <= {data_type.code for data_type in types.all_types()}, item["code"]


def test_no_two_holders_share_a_code_or_a_brand():
    codes = [
        one
        for item in ITEMS
        for one in {code.lower() for code in [item["code"], *item["record_codes"], *item["brands"]]}
    ]
    assert len(codes) == len(set(codes))


def test_every_text_is_in_both_languages_without_contact_details():
    for item in ITEMS:
        for name in ("name", "short", "identity_proof", "note"):
            assert bool(item[name]["fr"]) == bool(item[name]["en"]), (item["code"], name)
        assert all(download["label"]["fr"] and download["label"]["en"] for download in item["downloads"])
    assert not re.search(r"@|\b0\d( ?\d\d){4}\b|\b\d{5}\b", json.dumps(ITEMS))


def test_the_citys_own_services_are_holders():
    own = {item["code"] for item in ITEMS if "city_dpo" in item["channels"]}
    assert own == {"mediatheque", "cantine_periscolaire", "petite_enfance", "sports_ville"}


@pytest.mark.django_db
def test_a_records_holder_is_displayed_by_name():
    holder_catalogue.load()
    names = {
        code: wording.holder(code)
        for code in ("DGFiP", "CNAF", "cnaf", "MEN", "employeur", "Enedis", "service", RESIDENT, "Ateliers")
    }
    assert names == {
        "DGFiP": "Impôts",
        "CNAF": "CAF",
        "cnaf": "CAF",
        "MEN": "École et université",
        "employeur": "Employeur",
        "Enedis": "Enedis",
        "service": "Calculé ici",
        RESIDENT: "Vous",
        "Ateliers": "Ateliers",
    }
    with translation.override("en"):
        assert wording.holder("DGFiP") == "Tax office"


@pytest.mark.django_db
def test_a_brand_keeps_its_own_name():
    holder_catalogue.load()
    assert wording.holder("EDF") == "EDF"
    assert "EDF" in Holder.objects.get(code="fournisseur_energie").record_holders


@pytest.mark.django_db
def test_names_are_readable_before_the_content_is_loaded():
    assert wording.holder("CNAF") == "CAF"


@pytest.mark.django_db
def test_many_names_cost_one_query(django_assert_num_queries):
    holder_catalogue.load()
    with django_assert_num_queries(1):
        for _time in range(300):
            wording.holder("CNAF")


def test_the_demonstration_uses_holder_codes(time_machine):
    time_machine.move_to("2026-11-25 10:00")
    from datetime import date

    used = {
        one.holder for slug in vaults.stories(date(2026, 11, 25)) for one in vaults.records(slug, date(2026, 11, 25))
    }
    known = {code.lower() for item in ITEMS for code in [item["code"], *item["record_codes"], *item["brands"]]}
    assert {code for code in used if code.lower() not in known} == {RESIDENT, "FranceConnect"}


@pytest.mark.django_db
def test_a_reload_keeps_edited_holders_and_refreshes_the_others():
    holder_catalogue.load()
    Holder.objects.filter(code="caf").update(short_fr="Caf du Lac", edited_at="2026-11-01T10:00:00Z")
    Holder.objects.filter(code="msa").update(short_fr="Vieux nom")
    assert holder_catalogue.load() == (0, 1)
    assert wording.holder("CNAF") == "Caf du Lac"
    assert wording.holder("MSA") == "MSA"


def posted(form) -> dict[str, Any]:
    """Return what the page's form sends: an unticked box, or a list of which nothing is chosen, sends nothing."""
    forms = [form, *form.downloads.forms, form.downloads.management_form] if hasattr(form, "downloads") else [form]
    boxes = [one[name] for one in forms for name in one.fields]
    sent = [box for box in boxes if box.value() or not isinstance(box.field, BooleanField | MultipleChoiceField)]
    return {box.html_name: box.value() if box.value() is not None else "" for box in sent}


@pytest.mark.django_db(transaction=True)
def test_an_agent_adds_a_holder_and_two_persons_fill_in_an_address(kinds, agent):
    desk, by, other = signed_in(agent), AgentFactory(manages_agents=True), AgentFactory(manages_agents=True)
    bank = Holder.objects.get(code="banque")
    change = reverse("admin:records_holder_change", args=[bank.pk])
    data = posted(desk.get(change).context["adminform"].form)
    assert "email" not in data, "who does not govern reads the addresses"
    whole = posted(signed_in(by).get(change).context["adminform"].form)
    proposed = {**whole, "email": "donnees@banque.example", "note_fr": "Le siège."}
    assert signed_in(by).post(change, proposed).status_code == 302
    bank.refresh_from_db()
    assert (bank.email, bank.note_fr) == ("", "Le siège."), "the rest needs nobody else"
    asked = CityDecision.objects.get()
    page = signed_in(other).get(reverse("city_decision", args=[asked.pk])).content.decode()
    assert "donnees@banque.example" in page and bank.name_fr in page
    city_decisions.decide(decision=asked, by=other, agree=True)
    holder_catalogue.load()
    assert Holder.objects.get(code="banque").email == "donnees@banque.example"
    assert signed_in(by).post(change, {**whole, "email": ""}).status_code == 302
    assert Holder.objects.get(code="banque").email == "", "a wrong address is taken away the same day"

    add = reverse("admin:records_holder_add")
    fresh = {
        **data,
        "code": "ludotheque",
        "name_fr": "Ludothèque",
        "name_en": "Toy library",
        "short_fr": "Ludo",
        "short_en": "Toys",
    }
    assert desk.post(add, {**fresh, "theme": "city", "record_codes": "", "brands": ""}).status_code == 302
    holder_catalogue.load()
    assert Holder.objects.get(code="ludotheque").edited_at is not None


@pytest.mark.django_db
def test_an_agent_changes_adds_and_removes_ways_to_download(kinds, agent):
    desk, caf = signed_in(agent, second_factor=True), Holder.objects.get(code="caf")
    change = reverse("admin:records_holder_change", args=[caf.pk])
    before = caf.downloads
    data = posted(desk.get(change).context["adminform"].form)
    assert desk.post(change, data).status_code == 302
    caf.refresh_from_db()
    assert caf.downloads == before and len(before) > 1, "saving without a change keeps each one, with its sources"

    new = f"downloads-{len(before)}-"
    filled = {
        "downloads-0-label_fr": "Mes paiements",
        "downloads-1-DELETE": "on",
        f"{new}label_fr": "Mon quotient",
        f"{new}label_en": "My quotient",
        f"{new}steps": "Mon compte\n\n Documents ",
        f"{new}formats": "PDF\n.csv",
        f"{new}reads": ["social.quotient_familial"],
    }
    assert desk.post(change, data | filled).status_code == 302
    caf.refresh_from_db()
    assert caf.downloads[0]["label"]["fr"] == "Mes paiements" and len(caf.downloads) == len(before)
    assert caf.downloads[-1] == {
        "label": {"fr": "Mon quotient", "en": "My quotient"},
        "steps": ["Mon compte", "Documents"],
        "formats": ["pdf", "csv"],
        "reads": ["social.quotient_familial"],
        "verified": False,
        "source": [],
    }


@pytest.mark.django_db
def test_a_way_to_download_without_a_path_is_refused_beside_its_field(kinds, agent):
    desk, caf = signed_in(agent, second_factor=True), Holder.objects.get(code="caf")
    change = reverse("admin:records_holder_change", args=[caf.pk])
    page = desk.post(change, posted(desk.get(change).context["adminform"].form) | {"downloads-0-steps": " "})
    assert page.status_code == 200 and "Un téléchargement est incomplet" in page.content.decode()
    assert page.context["adminform"].form.downloads.errors[0]["steps"]
    assert Holder.objects.get(code="caf").downloads == caf.downloads


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rights", []),
        ("rights", ["everything"]),
        ("channels", ["pigeon"]),
        ("holds", ["nowhere.type"]),
        ("holds", "fiscal.avis_ir"),
        ("papers", ["unknown"]),
        ("record_codes", [1]),
        ("downloads", [{"label": "x"}]),
        ("downloads", {}),
    ],
)
def test_an_invalid_code_is_refused_on_its_field(kinds, name, value):
    holder = Holder.objects.get(code="caf")
    holder.full_clean()
    setattr(holder, name, value)
    with pytest.raises(ValidationError) as refused:
        holder.full_clean()
    assert set(refused.value.message_dict) == {name}


@pytest.mark.django_db
def test_a_holders_record_codes_and_papers_are_loaded(kinds):
    assert PaperKind.objects.filter(code__in=Holder.objects.get(code="caf").papers).count() == 4
    assert Holder.objects.get(code="caf").record_holders == ["caf", "CNAF", "CAF"]
    assert Path(holder_catalogue.CONTENT).is_file()


def test_written_records_name_holders_by_their_codes():
    """Only codes are written. Other spellings are read, since signed codes and older records have them."""
    codes = {item["code"] for item in json.loads(holder_catalogue.CONTENT.read_text(encoding="utf-8"))["items"]}
    today = date(2026, 11, 25)
    given = {one.holder for slug in vaults.stories(today) for one in vaults.records(slug, today)}
    found = {record["provenance"]["holder"] for file in FILES for record in _records(file)}
    assert (given | found | {drafts.DGFIP}) - codes <= {RESIDENT, *NO_ORGANISATIONS}


def _records(file: File):
    return read(io.BytesIO(file.data), trust_test_authority=False, ask=Ask(endpoint=file.endpoint)).records
