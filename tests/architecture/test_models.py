"""What import contracts cannot see: relations named by strings, rows that forgot whose they are, models that the admin would show."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Field, Model

from core.models import ResidentManager, ResidentModel

ORDER = [
    "config",
    "demo",
    "services.dossiers",
    "services.aids",
    "vault.sharing",
    "vault.journal",
    "vault.holders",
    "vault.records",
    "accounts",
    "core",
]
#: Neither may point at the other.
APART = {"vault.journal", "vault.holders"}
# They carry a resident's id and have reasons of their own to be no ResidentModel: numbered by the database; keyed by the resident.
OTHER_SHAPE = {"core.JournalLeaf", "core.JournalSeal", "core.ResidentKey"}
# All that the admin may show. A job has an owner and no content; of people, accounts' admin shows agents, and companions without whom
# they act for; a contest is what its resident sent to the data protection officer, whom alone it opens for; an emergency access is told
# by who asked and who agreed, never its resident's name nor the reason.
SHOWN = {
    "core.City",
    "core.LegalPage",
    "core.Job",
    "accounts.User",
    "holders.ConnectorHealth",
    "journal.Contest",
    "sharing.EmergencyAccess",
    "records.PaperKind",
    "records.Holder",
    "aids.LocalAid",
    "accounts.FactorReset",
    "accounts.Organisation",
    "accounts.Membership",
}


def room(model: type[Model]) -> str:
    """Return the app that a model belongs to; an empty string if it is a third party's."""
    return next((app for app in ORDER if model.__module__.startswith(f"{app}.")), "")


def ours() -> list[type[Model]]:
    return [model for model in apps.get_models() if room(model) in ORDER]


def relations() -> Iterator[tuple[type[Model], str, type[Model]]]:
    for model in ours():
        for field in model._meta.get_fields():
            if (
                isinstance(field, Field)
                and isinstance(field.related_model, type)
                and room(field.related_model) in ORDER
            ):
                yield model, field.name, field.related_model


def belongs_to_a_resident(model: type[Model]) -> bool:
    return any(field.name == "resident_id" for field in model._meta.get_fields())


def test_there_is_something_to_look_at() -> None:
    assert len(ours()) > 8
    assert len(list(relations())) > 3


@pytest.mark.parametrize(
    ("model", "field", "target"),
    list(relations()),
    ids=lambda value: value if isinstance(value, str) else value._meta.label,
)
def test_a_relation_points_downwards(model: type[Model], field: str, target: type[Model]) -> None:
    assert ORDER.index(room(model)) <= ORDER.index(room(target))
    assert {room(model), room(target)} != APART


@pytest.mark.parametrize(
    "model", [model for model in ours() if belongs_to_a_resident(model)], ids=lambda model: model._meta.label
)
def test_a_residents_rows_are_only_found_in_their_scope(model: type[Model]) -> None:
    assert issubclass(model, ResidentModel) or model._meta.label in OTHER_SHAPE
    assert all(isinstance(manager, ResidentManager) for manager in model._meta.managers)
    assert isinstance(model._default_manager, ResidentManager)


def test_a_relation_to_a_residents_row_comes_from_a_residents_row() -> None:
    """Or a query that starts elsewhere would lead into a vault without a scope."""
    astray = [
        f"{model._meta.label}.{field}"
        for model, field, target in relations()
        if belongs_to_a_resident(target) and not belongs_to_a_resident(model)
    ]
    assert astray == []


def test_core_never_points_at_accounts() -> None:
    assert [
        field for model, field, target in relations() if room(model) == "core" and room(target) == "accounts"
    ] == []


def test_the_admin_shows_nothing_that_a_resident_has_entrusted() -> None:
    assert {model._meta.label for model in admin.site._registry} <= SHOWN
