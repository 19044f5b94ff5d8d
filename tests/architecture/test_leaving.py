"""Every field of every model says what becomes of it when a resident leaves: copied, erased, or kept with the reason."""

import re

import pytest
from django.apps import apps

from core import leaving
from core.leaving import App, Rows


def test_every_field_of_every_model_is_declared():
    assert leaving.undeclared() == []


def test_there_is_something_to_look_at():
    declared = {rows.model for rows in leaving.declared()}
    assert declared == {model._meta.label for model in apps.get_models()}
    assert len(declared) > 30


@pytest.fixture
def without_papers(monkeypatch):
    """The registry as it would be if somebody had added a field or a model and thought no further."""

    def change(*rows):
        kept = {name: app for name, app in leaving._apps.items() if name != "journal"}
        journal = leaving._apps["journal"]
        others = [one for one in journal.rows if one.model != "journal.Alerts"]
        monkeypatch.setattr(leaving, "_apps", {**kept, "journal": App("journal", [*others, *rows], level=34)})

    return change


def test_a_model_that_nobody_declared_is_refused_with_what_to_write(without_papers):
    without_papers()
    [said] = leaving.undeclared()
    assert said.startswith("journal.Alerts: say what becomes of its fields") and "leaving.py" in said


def test_a_new_field_is_refused_with_what_to_write(without_papers):
    without_papers(
        Rows(
            "journal.Alerts",
            copied="readings refusals",
            erased={"id resident_id created_at told_at ageing_told_at": "because"},
        )
    )
    [said] = leaving.undeclared()
    assert said == (
        "journal.Alerts.seen_number is not named in its app's leaving.py: put it in copied, or in erased or kept with the reason."
    )


def test_a_field_that_is_named_twice_or_gone_is_refused(without_papers):
    names = "id resident_id created_at told_at ageing_told_at seen_number"
    without_papers(Rows("journal.Alerts", copied="readings refusals told_at", erased={f"{names} colour": "because"}))
    said = leaving.undeclared()
    assert [re.split(" is ", one)[0] for one in said] == ["journal.Alerts.told_at", "journal.Alerts.colour"]


def test_what_is_not_copied_has_a_reason():
    for rows in leaving.declared():
        for reason in [*rows.erased.values(), *rows.kept.values()]:
            assert len(reason) > 4, rows.model


def test_apps_above_are_asked_before_those_they_import():
    names = [app.name for app in leaving.registered()]
    order = ["dossiers", "sharing", "journal", "holders", "records", "accounts", "core"]
    assert sorted(order, key=names.index) == order
