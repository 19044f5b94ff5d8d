"""The content files follow their schemas, and all their references exist."""

import json
from collections.abc import Iterator

import jsonschema
import pytest
from django.utils.translation import override

from ops import messages
from ops.cluster import ROOT
from services.aids import benefits, catalogue, urgent
from services.aids.local import checking
from services.procedures import shipping
from vault import types


def situations() -> list[urgent.Situation]:
    return [urgent.situation(item["code"], item["title"], item) for item in catalogue.urgent_situations()]


SITUATIONS = situations()
KINDS = {item["code"] for item in json.loads((ROOT / "vault/records/content/paper_kinds.json").read_text())["items"]}


@pytest.mark.parametrize(
    "name", ["aid_dossiers", "urgent_situations", "local_aids", "english", "question_order", "exclusions"]
)
def test_each_file_follows_its_schema(name):
    schema = checking.schema() if name == "local_aids" else catalogue.schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(catalogue.load(name))] == []


def displayed_texts(value: object) -> Iterator[str]:
    """Yield each displayed text. Skip sources (`source`), file metadata (`meta`) and URLs."""
    if isinstance(value, dict):
        yield from (
            text for key, inner in value.items() if key not in {"meta", "source"} for text in displayed_texts(inner)
        )
    elif isinstance(value, list):
        yield from (text for inner in value for text in displayed_texts(inner))
    elif isinstance(value, str) and not value.startswith("http"):
        yield value


@pytest.mark.parametrize("name", ["aid_dossiers", "urgent_situations", "local_aids", "national_rights", "exclusions"])
def test_displayed_texts_have_their_non_breaking_spaces(name):
    assert [text for text in displayed_texts(catalogue.load(name)) if messages.spaced(text) != text] == []


@pytest.mark.parametrize("aid", catalogue.all_aids(), ids=lambda aid: aid.code)
def test_each_aid_asks_for_papers_and_fields_that_exist(aid):
    assert {kind for paper in aid.papers for kind in (paper.kind, *paper.alternatives)} <= KINDS
    assert all(types.field_exists(field) for field in aid.fields)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.code)
def test_each_urgent_situation_names_papers_aids_and_numbers_that_exist(situation):
    assert set(situation.papers) <= KINDS
    assert all(catalogue.exists(code) for code in situation.dossiers)
    numbers = {item["number"] for item in catalogue.load("urgent_situations")["numbers"]}
    assert {call.number for call in (situation.first_call, *situation.other_calls)} <= numbers


def test_the_five_urgent_needs_are_there():
    codes = {situation.code: situation for situation in SITUATIONS}
    assert {"sans_abri", "pas_a_manger", "violences", "deces", "perte_emploi"} <= codes.keys()
    assert [code for code, situation in codes.items() if situation.discreet] == ["violences"]


def test_an_aid_that_does_not_exist_is_refused():
    with pytest.raises(catalogue.UnknownAid):
        catalogue.get("nothing")
    assert not catalogue.exists("nothing") and catalogue.exists("rsa")


def test_each_benefit_leads_to_an_aid_of_the_catalogue():
    assert all(catalogue.exists(benefit.dossier) for benefit in benefits.ALL if benefit.dossier)


@pytest.mark.parametrize("aid", catalogue.local_aids(), ids=lambda aid: aid["code"])
def test_local_aids_name_papers_that_exist(aid):
    assert set(aid["papers"]) <= KINDS


def test_urgent_situations_are_fully_translated():
    """A missing translation would hide whom to call."""
    english = catalogue.load("english")["situations"]
    french = {number["name"] for number in catalogue.numbers().values()}
    for situation in SITUATIONS:
        french |= {situation.title, situation.intro, *situation.rights, *situation.places, *situation.first_days}
        french |= {text for call in situation.calls for text in (call.name, call.why)}
        french |= {event.label for event in situation.events}
        french |= {text for deadline in situation.deadlines for text in (deadline.what, deadline.when)}
    assert {*english} == french
    with override("en"):
        (english_one,) = (one for one in situations() if one.code == "violences")
        assert english_one.title == english["Je subis des violences"] == "I am suffering violence"


def test_displayed_facts_about_aids_are_translated():
    """Organisations, places, forms, appeals and the shipped local aids."""
    displayed: set[str | None] = set()
    for aid in catalogue.all_aids():
        displayed |= {
            aid.organisation,
            *aid.where_to_send,
            *(form.title for form in aid.forms),
            *(step.to for step in aid.appeals),
            *(paper.note for paper in aid.papers if paper.note),
            *(paper.condition.question for paper in aid.papers if paper.condition and paper.condition.question),
        }
    displayed |= {item["text"] for item in catalogue.load("exclusions")["items"]}
    for item in shipping.shipped():
        papers = [*item["papers"], *item["guarantors"]["papers"]]
        displayed |= {item["summary"], item["organisation"], *item["where_to_send"], item["renewal"], item["notes"]}
        displayed |= {step["to"] for step in item["appeals"]} | {section["title"] for section in item["sections"]}
        displayed |= {text for paper in papers for text in (paper["note"], (paper["condition"] or {}).get("question"))}
    displayed.discard(None)
    for rules in (*catalogue.local_aids(), *catalogue.national_rights()):
        displayed |= {rules["label"], rules["institution"]["name"], rules["instructions"], rules["contact"]}
    assert {*catalogue.load("english")["catalogue"]} == displayed
    with override("en"):
        assert catalogue.in_words("Tribunal administratif") == "Administrative court"
        assert catalogue.in_words("Ce que la ville a écrit") == "Ce que la ville a écrit"
    assert catalogue.in_words("Tribunal administratif") == "Tribunal administratif"


def test_every_aid_has_an_english_name():
    with override("en"):
        assert [aid.title for aid in catalogue.all_aids() if aid.name == aid.title] == []
