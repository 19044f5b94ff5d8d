"""Every field of every model declares its treatment when a resident leaves: copied, erased, or kept with a reason."""

import re

import pytest
from django.apps import apps

from core import leaving
from core.leaving import App, Rows


def test_every_field_of_every_model_is_declared():
    assert leaving.undeclared() == []


def test_there_are_declarations():
    declared = {rows.model for rows in leaving.declared()}
    assert declared == {model._meta.label for model in apps.get_models()}
    assert len(declared) > 30


@pytest.fixture
def replace_declarations(monkeypatch):
    """Return a function that replaces the declarations of `journal.Alerts`, to simulate an omission."""

    def change(*rows):
        kept = {name: app for name, app in leaving._apps.items() if name != "journal"}
        journal = leaving._apps["journal"]
        others = [one for one in journal.rows if one.model != "journal.Alerts"]
        monkeypatch.setattr(leaving, "_apps", {**kept, "journal": App("journal", [*others, *rows], level=34)})

    return change


def test_an_undeclared_model_is_reported_with_instructions(replace_declarations):
    replace_declarations()
    [problem] = leaving.undeclared()
    assert problem.startswith("journal.Alerts: say what becomes of its fields") and "leaving.py" in problem


def test_an_undeclared_field_is_reported_with_instructions(replace_declarations):
    replace_declarations(
        Rows(
            "journal.Alerts",
            copied="readings refusals",
            erased={"id resident_id created_at told_at ageing_told_at": "because"},
        )
    )
    [problem] = leaving.undeclared()
    assert problem == (
        "journal.Alerts.seen_number is not named in its app's leaving.py:"
        " put it in copied, or in erased or kept with the reason."
    )


def test_a_field_declared_twice_or_missing_is_reported(replace_declarations):
    names = "id resident_id created_at told_at ageing_told_at seen_number"
    replace_declarations(
        Rows("journal.Alerts", copied="readings refusals told_at", erased={f"{names} colour": "because"})
    )
    problems = leaving.undeclared()
    assert [re.split(" is ", one)[0] for one in problems] == ["journal.Alerts.told_at", "journal.Alerts.colour"]


def test_a_field_that_is_not_copied_has_a_reason():
    for rows in leaving.declared():
        for reason in [*rows.erased.values(), *rows.kept.values()]:
            assert len(reason) > 4, rows.model


def test_apps_are_called_before_those_they_import():
    names = [app.name for app in leaving.registered()]
    order = ["requests", "dossiers", "sharing", "journal", "holders", "records", "accounts", "core"]
    assert sorted(order, key=names.index) == order
