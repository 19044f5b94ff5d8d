"""Versions of types: schemas stay, major versions have steps, and old records are read in the latest version."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django_scopes import scope
from jsonschema import Draft202012Validator

from core.keys import sealed
from tests.vault.made import HOME
from vault import types
from vault.records import actions, gate
from vault.records.actions.records import Source, Subject, made
from vault.records.models import Record
from vault.types import envelope, steps

CODES = [data_type.code for data_type in types.all_types()]
MAJORS = sorted({(code, int(version.split(".")[0])) for code in CODES for version in types.versions(code)})
OLD_RESULT = {
    "calcul": "aides",
    "version": "174.0",
    "entrees": [{"record_id": "5a3c7e0a-0c52-4c39-9d55-7e0a5a3c0c52"}],
    "resultats": {"prime_activite": "212.4", "rsa": False, "note": "à revoir"},
    "hypotheses": ["Loyer au 1er mars"],
}


@pytest.mark.parametrize(
    ("code", "major"), [one for one in MAJORS if one[1] < int(types.get(one[0]).version.split(".")[0])]
)
def test_every_former_major_version_has_its_step(code, major):
    assert (code, major) in steps.STEPS


def test_every_step_leads_from_a_version_that_exists_to_the_next():
    for code, major in steps.STEPS:
        assert {major, major + 1} <= {found for name, found in MAJORS if name == code}


def test_every_schema_is_a_schema_and_names_its_version():
    for data_type in types.all_types():
        for version in types.versions(data_type.code):
            schema = types.schema_of(data_type.code, version)
            Draft202012Validator.check_schema(schema)
            assert schema["$id"].endswith(f"/{data_type.code}/{version}.json")


def test_a_minor_version_only_adds_fields():
    for data_type in types.all_types():
        by_major: dict[str, list[dict[str, Any]]] = {}
        for version in reversed(types.versions(data_type.code)):
            by_major.setdefault(version.split(".")[0], []).append(types.schema_of(data_type.code, version))
        for schemas in by_major.values():
            for older, newer in zip(schemas, schemas[1:], strict=False):
                assert _only_adds(older, newer), data_type.code


def _only_adds(older: dict[str, Any], newer: dict[str, Any]) -> bool:
    """Return whether a payload of the older schema is valid in the newer one, with the same meaning."""
    if "properties" in older:
        fields = older["properties"]
        same = all(
            name in newer["properties"] and _only_adds(schema, newer["properties"][name])
            for name, schema in fields.items()
        )
        return same and set(newer.get("required", ())) <= set(older.get("required", ()))
    if "items" in older:
        return _only_adds(older["items"], newer["items"])
    return older == newer


def test_a_result_of_version_1_becomes_a_list():
    assert Draft202012Validator(types.schema_of("calcul.resultat", "1.0.0")).is_valid(OLD_RESULT)
    upgraded = types.upgraded("calcul.resultat", "1.0.0", OLD_RESULT, "2026-03")
    assert types.validate("calcul.resultat", upgraded) == []
    assert upgraded["periode"] == "2026-03" and upgraded["moteur"] == "aides 174.0"
    assert upgraded["resultats"] == [
        {"code": "prime_activite", "titre": "prime_activite", "statut": "unknown", "montant": "212.40"},
        {"code": "rsa", "titre": "rsa", "statut": "not_eligible"},
        {"code": "note", "titre": "note", "statut": "unknown"},
    ]


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_a_home_of_version_1_is_valid_in_the_latest(version):
    old = {"adresse": HOME["adresse"], "depuis": "2019-05-14"}
    assert Draft202012Validator(types.schema_of("logement.domicile", version)).is_valid(old)
    assert types.validate("logement.domicile", types.upgraded("logement.domicile", version, old, "2026-03")) == []


def test_the_month_of_moving_in_is_enough():
    payload = {"adresse": HOME["adresse"], "depuis": "2019-05-00"}
    assert types.validate("logement.domicile", payload) == []
    assert types.validate("logement.domicile", payload | {"depuis": "2019-00-12"}) != []


@pytest.mark.django_db(transaction=True)
class TestRecords:
    """An old record, in a vault filled before the new version."""

    @pytest.fixture
    def old(self, resident):
        with scope(resident=resident.pk):
            box = sealed.box(resident_id=resident.pk)
            subject = Subject(type="calcul.resultat", person=resident.pk, type_version="1.0.0")
            source = Source(
                holder="service", method="derived", assurance="declared", retrieved_at=datetime(2026, 3, 4, tzinfo=UTC)
            )
            record = made(box, resident.pk, subject, OLD_RESULT, source, older=None)
            record.save()
        return record

    def test_an_old_record_is_read_in_the_latest_version_and_not_rewritten(self, resident, old):
        before = bytes(old.content)
        fields = ["calcul.resultat#/resultats", "calcul.resultat#/periode"]
        (found,) = gate.read_own(resident_id=resident.pk, purpose="Essai", fields=fields)
        assert found.payload["periode"] == "2026-03"
        assert {result["code"] for result in found.payload["resultats"]} == {"prime_activite", "rsa", "note"}
        with scope(resident=resident.pk):
            kept = Record.objects.get(pk=old.pk)
        assert (bytes(kept.content), kept.type_version) == (before, "1.0.0")

    def test_its_history_is_read_in_the_latest_version(self, resident, old):
        (found,) = gate.own_history(resident_id=resident.pk, purpose="Essai", record_id=old.pk)
        assert found.payload["moteur"] == "aides 174.0"

    def test_a_correction_is_a_record_of_the_latest_version(self, resident, old):
        opened = gate.own_record(resident_id=resident.pk, purpose="Essai", record_id=old.pk)
        assert opened is not None
        newer = actions.correct_record(record=old, by=resident.pk, payload={**opened.payload, "periode": "2026-04"})
        assert newer.type_version == types.get("calcul.resultat").version

    def test_a_value_read_before_the_change_is_kept_in_the_latest_version(self, resident):
        provenance = envelope.provenance(holder="EDF", method="upload", assurance="declared")
        read = envelope.build(
            type="logement.domicile",
            payload={"adresse": HOME["adresse"], "depuis": "2019-05-14"},
            provenance=provenance,
        )
        written = actions.write_many(
            resident_id=resident.pk, by=resident.pk, envelopes=[read | {"type_version": "1.1.0"}]
        )
        assert written.added == 1
        with scope(resident=resident.pk):
            assert Record.objects.get().type_version == types.get("logement.domicile").version
