"""The content that comes with the software: valid, in two languages, loaded without undoing the city's changes."""

import json

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from jsonschema import Draft202012Validator

from accounts.actions import accounts as accounts_actions
from core.models import ResidentModel
from tests.accounts.factories import signed_in
from vault import types
from vault.holders.models import ConnectorHealth, Sender
from vault.journal.models import Contest
from vault.records.content import holder_catalogue, paper_kinds, who_may_ask
from vault.records.models import Holder, PaperKind
from vault.records.papers import checks
from vault.sharing.models import EmergencyAccess

KINDS = json.loads(paper_kinds.CONTENT.read_text(encoding="utf-8"))["items"]
HOLDERS = json.loads(holder_catalogue.CONTENT.read_text(encoding="utf-8"))["items"]
CHECKS = json.loads(checks.CONTENT.read_text(encoding="utf-8"))["items"]
#: The checks made by a reader.
READ = {"file_not_blank", "2ddoc_signature", "2ddoc_matches_text", "pdf_signature", "pdf_signer"}
LATER_TYPES = {"achats", "energie", "logement.batiment", "mobilite", "loisirs", "banque.operation"}


def test_the_kinds_of_paper_follow_their_schema():
    schema = json.loads((paper_kinds.CONTENT.parent / "paper_kinds.schema.json").read_text(encoding="utf-8"))
    document = json.loads(paper_kinds.CONTENT.read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
    assert len({kind["code"] for kind in KINDS}) == len(KINDS) == document["meta"]["count"]


def test_every_field_of_a_kind_exists_or_belongs_to_a_future_type():
    fields = {entry["field"] for kind in KINDS for entry in kind["readable_fields"] if entry["field"]}
    unknown = {field for field in fields if not types.field_exists(field)}
    assert all(field.startswith(tuple(LATER_TYPES)) for field in unknown), unknown


def test_every_check_has_a_rule_or_a_reader_and_three_texts_in_two_languages():
    for entry in CHECKS:
        made = entry["code"] in checks.RULES or entry["code"] in {*READ, "minimum_asked"}
        assert made != bool(entry.get("not_done")), f"{entry['code']}: it is made, or states why it is not"
        for outcome in ("passed", "failed", "inconclusive"):
            assert entry[outcome]["fr"].endswith((".", "?")) and entry[outcome]["en"].endswith((".", "?")), entry[
                "code"
            ]


def test_every_rule_is_in_the_content_and_applies_to_kinds_that_exist():
    assert set(checks.RULES) <= {entry["code"] for entry in CHECKS}
    codes = {kind["code"] for kind in KINDS}
    assert all(set(entry["applies_to"]) <= codes | {"*"} for entry in CHECKS)


def test_the_askers_of_a_shipped_kind_are_translated():
    askers = {who for kind in KINDS for who in kind["who_may_ask"]}
    assert askers == set(who_may_ask.SHIPPED)
    with translation.override("en"):
        assert all(gettext(who) != who for who in askers)


def test_the_givers_of_the_shipped_kinds_are_in_the_language_catalogues():
    assert {kind["holder"] for kind in KINDS} == set(who_may_ask.GIVERS)
    with translation.override("en"):
        assert gettext("Bailleur") == "Landlord"


def test_the_legal_minimum_is_in_two_languages():
    assert [kind["code"] for kind in KINDS if bool(kind["legal_minimum_fr"]) != bool(kind["legal_minimum_en"])] == []
    kind = PaperKind(legal_minimum_fr="Montrer la carte suffit", legal_minimum_en="Showing the card is enough")
    with translation.override("en"):
        assert kind.legal_minimum == "Showing the card is enough"
    assert kind.legal_minimum == "Montrer la carte suffit"


@pytest.mark.django_db
def test_loading_twice_changes_nothing(capsys):
    call_command("load_content")
    call_command("load_content")
    assert capsys.readouterr().out.splitlines() == [
        f"kinds of paper: {len(KINDS)} added, 0 refreshed",
        f"holders: {len(HOLDERS)} added, 0 refreshed",
        "kinds of paper: 0 added, 0 refreshed",
        "holders: 0 added, 0 refreshed",
    ]


@pytest.mark.django_db
def test_an_edited_kind_is_left_and_the_others_are_refreshed():
    paper_kinds.load()
    PaperKind.objects.filter(code="cni").update(label_fr="Ma carte", edited_at="2026-11-01T10:00:00Z")
    PaperKind.objects.filter(code="passeport").update(label_fr="Vieux nom")
    assert paper_kinds.load() == (0, 1)
    assert PaperKind.objects.get(code="cni").label_fr == "Ma carte"
    assert PaperKind.objects.get(code="passeport").label_fr == "Passeport"


@pytest.mark.django_db(transaction=True)
def test_an_administrator_edits_a_kind_and_loading_keeps_it(kinds, settings):
    boss = accounts_actions.add_agent(email="cheffe@villebrume.example", name="Chloé")
    client = signed_in(boss, second_factor=True)
    kind = PaperKind.objects.get(code="cni")
    url = reverse("admin:records_paperkind_change", args=[kind.pk])
    page = client.get(url)
    assert page.status_code == 200
    form = page.context["adminform"].form
    data = {name: form[name].value() if form[name].value() is not None else "" for name in form.fields}
    answer = client.post(url, {**data, "holder": "La mairie de Villebrume"})
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    paper_kinds.load()
    assert PaperKind.objects.get(code="cni").holder == "La mairie de Villebrume"


def test_no_model_with_a_resident_s_content_is_in_the_admin():
    registered = set(admin.site._registry)
    models = {model for app in apps.get_app_configs() if app.name.startswith("vault.") for model in app.get_models()}
    assert models & registered == {ConnectorHealth, Contest, EmergencyAccess, Holder, PaperKind, Sender}
    # Only the data protection officer may open a contest (test_contests).
    # The register of emergency accesses names no resident (test_emergency_pages).
    owned = {model.__name__ for model in models & registered if issubclass(model, ResidentModel)}
    assert owned == {"Contest", "EmergencyAccess"}
