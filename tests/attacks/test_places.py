"""Content that was sealed while the vault was one app still decrypts: places are literals, not names of tables.

The fixture holds one row for each literal, made by the code of that time, with the wrapped key, its keyring and a
file.
"""

import base64
import hashlib
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models import Model
from django_scopes import scope

from accounts.models import User
from core.keys import sealed
from core.models import ResidentKey
from vault.records import gate

FIXTURE = json.loads((Path(__file__).parents[1] / "fixtures" / "rows_of_one_app.json").read_text(encoding="utf-8"))
RESIDENT = UUID(FIXTURE["resident"])
OURS = {"core", "records", "holders", "journal", "sharing", "dossiers"}
MODELS = {model.__name__: model for model in apps.get_models() if model._meta.app_label in OURS}

pytestmark = pytest.mark.django_db(transaction=True)


def value(kept: Any) -> Any:
    match kept:
        case {"b64": text}:
            return base64.b64decode(text)
        case {"at": text}:
            return datetime.fromisoformat(text)
        case {"on": text}:
            return date.fromisoformat(text)
        case {"seconds": count}:
            return timedelta(seconds=count)
    return kept


def built(model: str, key: str) -> Model:
    """Return the row of the fixture as an instance of today's model, without the columns that it has no more."""
    kept = next(row["fields"] for row in FIXTURE["rows"] if row["model"] == model and row["fields"].get("id") == key)
    columns = {field.attname for field in MODELS[model]._meta.concrete_fields}
    return MODELS[model](**{name: value(one) for name, one in kept.items() if name in columns})


def places(row: Model) -> set[str]:
    """Return every place that today's model seals something for."""
    names = ("place", "first_place", "name_place", "note_place", "recipient_place")
    own = {str(getattr(row, name)) for name in names if hasattr(row, name)}
    return own | {f"note|{place}" for place in own}


@pytest.fixture
def resident(settings: Any, tmp_path: Path) -> User:
    ring = tmp_path / "keyring.json"
    ring.write_text(json.dumps(FIXTURE["keyring"]))
    ring.chmod(0o600)
    settings.KEYRING, settings.MAKE_KEYRING = str(ring), False
    user = User.objects.create(id=RESIDENT, name="Awa", is_resident=True)
    key = FIXTURE["key"]
    with scope(resident=RESIDENT):
        ResidentKey.objects.create(
            resident_id=RESIDENT, version=key["version"], kid=key["kid"], wrapped=base64.b64decode(key["wrapped"])
        )
    return user


@pytest.mark.parametrize("kept", FIXTURE["sealed"], ids=lambda kept: kept["place"].split("|", 1)[1][-30:])
def test_a_row_of_before_decrypts_at_the_place_of_today_s_model(kept: dict[str, str], resident: User) -> None:
    row = built(kept["model"], kept["pk"])
    if kept["model"] != "JournalEntry":
        assert kept["place"] in places(row)
    text = sealed.unseal(bytes(getattr(row, kept["field"])), resident_id=RESIDENT, place=kept["place"])
    assert text == base64.b64decode(kept["plaintext"])


def test_every_literal_has_a_row() -> None:
    literals = {name for name, model in MODELS.items() if any(hasattr(model, one) for one in ("place", "note_place"))}
    # Sealed since the vault became several apps.
    newer = {"Part", "ErasureRequest", "LotLine"}
    assert literals - newer == {kept["model"] for kept in FIXTURE["sealed"]} - {"JournalEntry"}


def test_a_record_and_a_file_of_before_open_by_the_gate(resident: User, folder: Path) -> None:
    sealed_record = next(kept for kept in FIXTURE["sealed"] if kept["model"] == "Record")
    record = built("Record", sealed_record["pk"])
    file = FIXTURE["file"]
    with scope(resident=RESIDENT):
        paper = built("Paper", file["paper"])
        paper.replaces_id = None  # type: ignore[attr-defined]
        paper.resident_id = record.resident_id = RESIDENT  # type: ignore[attr-defined]
        paper.save(force_insert=True)
        kept = next(row["fields"] for row in FIXTURE["rows"] if row["model"] == "PaperFile")
        side = built("PaperFile", kept["id"])
        side.resident_id = RESIDENT  # type: ignore[attr-defined]
        side.save(force_insert=True)
        record.paper_id = record.supersedes_id = None  # type: ignore[attr-defined]
        record.save(force_insert=True)
    storages["sealed"].save(file["stored_name"], ContentFile(base64.b64decode(file["sealed"])))
    found = gate.own_record(resident_id=RESIDENT, purpose="Essayer", record_id=record.pk)
    assert found is not None
    assert found.payload == json.loads(base64.b64decode(sealed_record["plaintext"]))["payload"]
    with gate.open_file(
        resident_id=RESIDENT, purpose="Essayer", paper_id=paper.pk, position=file["position"]
    ) as opened:
        assert hashlib.sha256(opened.read()).hexdigest() == file["sha256"]
