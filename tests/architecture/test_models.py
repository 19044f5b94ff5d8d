"""Rules beyond import contracts: relations named by strings, residents' rows without owner, models in the admin."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Field, Model

from core.models import ResidentManager, ResidentModel

ORDER = [
    "config",
    "demo",
    "campaigns.panel",
    "campaigns.debates",
    "campaigns.contributions",
    "campaigns.plans",
    "services.requests",
    "services.dossiers",
    "services.official_forms",
    "services.aids",
    "certification.access",
    "certification.labels",
    "vault.sharing",
    "vault.journal",
    "vault.holders",
    "vault.records",
    "accounts",
    "core",
]
#: Neither of the two may refer to the other.
APART = [
    {"vault.journal", "vault.holders"},
    {"services.requests", "certification.labels"},
    {"services.requests", "certification.access"},
    {"services.dossiers", "certification.labels"},
    {"services.official_forms", "certification.labels"},
    {"services.official_forms", "certification.access"},
    {"services.aids", "certification.labels"},
    {"services.dossiers", "certification.access"},
    {"services.aids", "certification.access"},
]
# They have a resident_id but cannot be a ResidentModel: the database numbers them, or the resident is their key.
OTHER_SHAPE = {"core.JournalLeaf", "core.JournalSeal", "core.ResidentKey", "core.RowHead"}
# All models of the admin. A job has an owner and no content. Of users, accounts' admin lists agents, and companions
# without their residents. A contest is a resident's message to the data protection officer, who alone can read it. An
# emergency access shows its two agents, never the resident's name or the reason.
SHOWN = {
    "core.City",
    "core.LegalPage",
    "core.HelpPage",
    "core.Job",
    "accounts.User",
    "holders.ConnectorHealth",
    "holders.Sender",
    "journal.Contest",
    "sharing.EmergencyAccess",
    "records.PaperKind",
    "records.Holder",
    "places.Place",
    "accounts.FactorReset",
    "accounts.Organisation",
    "accounts.Membership",
    "accounts.OfficeMember",
    "accounts.PendingAccount",
    "accounts.Publisher",
    "accounts.PublisherMember",
    "labels.CharterVersion",
    "labels.Signature",
    "labels.HolderContact",
}


def app_of(model: type[Model]) -> str:
    """Return the app that a model belongs to, or an empty string for a third party's."""
    return next((app for app in ORDER if model.__module__.startswith(f"{app}.")), "")


def ours() -> list[type[Model]]:
    return [model for model in apps.get_models() if app_of(model) in ORDER]


def relations() -> Iterator[tuple[type[Model], str, type[Model]]]:
    for model in ours():
        for field in model._meta.get_fields():
            if (
                isinstance(field, Field)
                and isinstance(field.related_model, type)
                and app_of(field.related_model) in ORDER
            ):
                yield model, field.name, field.related_model


def belongs_to_a_resident(model: type[Model]) -> bool:
    return any(field.name == "resident_id" for field in model._meta.get_fields())


def test_there_are_models_and_relations() -> None:
    assert len(ours()) > 8
    assert len(list(relations())) > 3


@pytest.mark.parametrize(
    ("model", "field", "target"),
    list(relations()),
    ids=lambda value: value if isinstance(value, str) else value._meta.label,
)
def test_a_relation_points_downwards(model: type[Model], field: str, target: type[Model]) -> None:
    assert ORDER.index(app_of(model)) <= ORDER.index(app_of(target))
    assert {app_of(model), app_of(target)} not in APART


@pytest.mark.parametrize(
    "model", [model for model in ours() if belongs_to_a_resident(model)], ids=lambda model: model._meta.label
)
def test_residents_rows_are_found_only_in_their_scope(model: type[Model]) -> None:
    assert issubclass(model, ResidentModel) or model._meta.label in OTHER_SHAPE
    assert all(isinstance(manager, ResidentManager) for manager in model._meta.managers)
    assert isinstance(model._default_manager, ResidentManager)


def test_a_relation_to_a_residents_row_comes_from_a_residents_row() -> None:
    """Otherwise a query from another model would read residents' rows without a scope."""
    astray = [
        f"{model._meta.label}.{field}"
        for model, field, target in relations()
        if belongs_to_a_resident(target) and not belongs_to_a_resident(model)
    ]
    assert astray == []


def test_core_has_no_relation_to_accounts() -> None:
    assert [
        field for model, field, target in relations() if app_of(model) == "core" and app_of(target) == "accounts"
    ] == []


def test_the_admin_shows_no_residents_data() -> None:
    assert {model._meta.label for model in admin.site._registry} <= SHOWN
