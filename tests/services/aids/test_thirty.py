"""The thirty shipped aids, written again through the agents' pages as an agent does, and published by a second one."""

from datetime import date
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from core.pages.forms import DateField
from services.aids import catalogue, shipping
from services.aids.local import checking, evaluation, rule_tree, sheets
from services.aids.local import forms as condition_forms
from services.aids.models import LocalAid
from services.aids.views import local_agents
from services.versions.models import State
from tests.accounts.factories import AgentFactory, signed_in
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db
#: What no form shows, and what says the same in other words.
UNSAID = {"version", "code", "notes", "tests", "checked_later", "link", "description"}


@pytest.fixture
def author(db, villebrume) -> Client:
    paper_kinds.load()
    return signed_in(AgentFactory(name="Awa Sorel"))


@pytest.fixture
def second(db) -> Client:
    return signed_in(AgentFactory(name="Hugo Bastide"))


def at(name: str, *args: object, **query: str) -> str:
    return reverse(f"aids:local_{name}", args=args, query=query or None)


def typed(form: forms.Form) -> dict[str, Any]:
    """Return what an agent types to say what the form shows, field by field."""
    told: dict[str, Any] = {}
    for name, field in form.fields.items():
        value = form.initial.get(name, field.initial)
        if value is None or value is False or value == "":
            continue
        if isinstance(field, DateField):
            value = date.fromisoformat(str(value))
            parts = {"day": value.day, "month": value.month, "year": value.year}
            told |= {f"{name}_{part}": str(number) for part, number in parts.items()}
        else:
            told[name] = value if isinstance(value, list) else str(value).replace("True", "on")
    return told


def send(pages: Client, address: str, told: dict[str, Any]) -> None:
    answer = pages.post(address, told)
    assert answer.status_code == 302, (address, told, answer.context["form"].errors)


def write_tree(pages: Client, aid: LocalAid, rule: dict[str, Any], inside: str) -> None:
    """Add each condition and group of a group, in their order, at its place on the page."""
    for rank, one in enumerate(rule_tree.members(rule)):
        kind = rule_tree.kind_of(one)
        if one.get("level") == "postcode":  # the forms have one way to say it: a condition of its own
            kind, one = "postcode", {"type": "postcode", "values": one["values"]}
        if kind not in rule_tree.GROUPS:
            form = condition_forms.ConditionForm(kind=kind, rule=one)
            send(pages, at("condition", aid.pk, dans=inside, kind=kind), typed(form))
            continue
        send(pages, at("condition", aid.pk, dans=inside, kind=kind), {})
        place = str(rank) if inside == "tout" else f"{inside}-{rank}"
        if kind == "not":  # the page makes a group of what is excluded
            inner = one["not"]
            group = inner if rule_tree.kind_of(inner) in {"all", "any"} else {"any": [inner]}
            write_tree(pages, aid, group, f"{place}-0")
        else:
            write_tree(pages, aid, one, place)


def write(pages: Client, item: dict[str, Any]) -> LocalAid:
    sheet = sheets.SheetForm(initial=local_agents._sheet(item))
    send(pages, at("new"), typed(sheet))
    aid = LocalAid.objects.latest("pk")
    send(pages, at("remove_condition", aid.pk), {"place": "0"})
    conditions = item["conditions"]
    root = conditions if "all" in conditions else {"all": [conditions]}
    write_tree(pages, aid, root, "tout")
    kind = item["amount"]["kind"]
    amount = condition_forms.AmountForm(kind=kind, amount=item["amount"])
    send(pages, at("amount", aid.pk, sorte=kind), typed(amount))
    aid.refresh_from_db()
    for case in item["tests"]:
        send(pages, at("case", aid.pk), typed(sheets.CaseForm(rule=aid.rule, case=case)))
    aid.refresh_from_db()
    return aid


def same(rule: Any) -> Any:
    """Return a rule without what changes nothing: a group of one condition, the default of a field, another word."""
    if isinstance(rule, dict):
        if "type" in rule:
            if rule.get("level") == "postcode":
                return {"type": "postcode", "values": rule["values"]}
            rule = {name: value for name, value in rule.items() if name != "source"}  # nothing reads it
            defaults = {"period": "month", "per": "household", "mode": "in", "value": True}
            found = {name: value for name, value in rule.items() if defaults.get(name) != value}
            if bound := {">=": "min", "<=": "max"}.get(found.get("op", "")):
                found = {name: value for name, value in found.items() if name not in {"op", "value"}}
                found[bound] = rule["value"]
            if found["type"] == "children":
                found.setdefault("count_min", 1)
            return found
        for kind in ("all", "any"):
            if kind in rule:
                inner = [same(one) for one in rule[kind]]
                return inner[0] if len(inner) == 1 else {kind: inner}
        if "not" in rule:
            return {"not": same(rule["not"])}
    return rule


@pytest.mark.parametrize("item", catalogue.local_aids(), ids=lambda item: item["code"])
def test_an_aid_is_written_by_pages_published_by_another_agent_and_gives_what_its_cases_say(item, author, second):
    for other in catalogue.local_aids():  # an agent chooses what it excludes among the public ones
        if other["code"] in item.get("excludes", ()):
            shipping.write(other)
    aid = write(author, item)
    document = aid.document
    assert same(document["conditions"]) == same(item["conditions"])
    assert document["amount"] == {"unit": "EUR", **item["amount"]} or document["amount"] == item["amount"]
    said = {name: value for name, value in item.items() if name not in UNSAID | {"conditions", "amount"}}
    assert {name: document[name] for name in said} == said
    assert [one.as_expected for one in checking.trials(document)] == [True] * len(item["tests"])
    author.post(at("try", aid.pk))
    send(second, at("publish", aid.pk), {"shown": aid.mark})
    aid.refresh_from_db()
    assert aid.state == State.PUBLISHED
    for case in item["tests"]:
        outcome = aid.evaluate(case["facts"], evaluation.day_of(case["facts"], checking._day(item)))
        assert (outcome.status, outcome.amount) == (case["expect"]["status"], case["expect"].get("amount"))
