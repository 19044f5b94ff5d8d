"""The record envelope: the JSON form of every record that enters, whatever its source (types/record-1.0.0.json)."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from core import schemas
from vault.types import catalogue

# The person of an envelope that does not name one: the vault that receives it sets its own resident.
NOBODY = UUID(int=0)
UUID_TEXT = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHA256 = re.compile("[0-9a-f]{64}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+00:00")


class BadEnvelope(ValueError):
    """An envelope that breaks its schema, because of a bug or a compromised reader, never of a resident's answer."""


def build(
    *,
    type: str,
    payload: Mapping[str, Any],
    provenance: Mapping[str, Any],
    person: UUID = NOBODY,
    role: str = "self",
    period: Mapping[str, str] | None = None,
    validity: Mapping[str, str | None] | None = None,
    supersedes: UUID | None = None,
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": str(uuid4()),
        "type": type,
        "type_version": catalogue.get(type).version,
        "subject": {"person": str(person), "role": role},
        "payload": dict(payload),
        "provenance": dict(provenance),
    }
    parts = {"period": period, "validity": validity, "supersedes": str(supersedes) if supersedes else None}
    return record | {name: value for name, value in parts.items() if value}


def provenance(*, holder: str, method: str, assurance: str, **more: Any) -> dict[str, Any]:
    """Build the provenance of an envelope, retrieved now.

    Args:
        more: issued_at, source_document, raw_sha256, parser, signature, consent, quality; None leaves one out.
    """
    known = {name: value for name, value in more.items() if value is not None}
    return {
        "holder": holder,
        "method": method,
        "assurance": assurance,
        "retrieved_at": datetime.now(UTC).isoformat(timespec="seconds"),
    } | known


def latest_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the payload converted to the latest version of its type.

    A paper may wait for its resident while the software changes.
    """
    return catalogue.upgraded(
        record["type"], record["type_version"], record["payload"], str(record["provenance"]["retrieved_at"])[:7]
    )


def validate(record: Mapping[str, Any]) -> None:
    """Check the envelope, not its payload: the resident completes missing values, which `types.problems` lists.

    Raises:
        BadEnvelope: the first error, with its place.
    """
    errors = sorted(_validator().iter_errors(dict(record)), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        raise BadEnvelope(f"{schemas.place(errors[0]) or 'record'}: {errors[0].message}")


def validate_all(records: Iterable[Mapping[str, Any]]) -> None:
    """Check many envelopes. Those that differ only by their identifier, hash, period and payload are checked once.

    Raises:
        BadEnvelope: the first error, with its place.
    """
    known: set[str] = set()
    for record in records:
        common = _common(record)
        if not common or common not in known:
            validate(record)
            known.add(common)


def _common(record: Mapping[str, Any]) -> str:
    """Return what an envelope has in common with others, or an empty text if it has to be checked by itself."""
    provenance, period = record.get("provenance"), record.get("period", {})
    if not isinstance(provenance, dict) or not isinstance(period, dict) or not isinstance(record.get("payload"), dict):
        return ""
    if not UUID_TEXT.fullmatch(str(record.get("id"))) or not SHA256.fullmatch(str(provenance.get("raw_sha256"))):
        return ""
    for moment in period.values():
        try:
            if not INSTANT.fullmatch(str(moment)) or not isinstance(moment, str):
                return ""
            datetime.fromisoformat(moment)
        except ValueError:
            return ""
    own = {"id", "payload", "period", "provenance"}
    rest = {name: value for name, value in record.items() if name not in own}
    shared = {name: value for name, value in provenance.items() if name != "raw_sha256"}
    return repr((list(record), list(period), rest, shared))


@cache
def _validator() -> schemas.Validator:
    schema = json.loads((catalogue.FOLDER / "record-1.0.0.json").read_text(encoding="utf-8"))
    return schemas.validator(schema, formats=["date", "uuid"], checks={"date-time": _is_an_instant})


def _is_an_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
