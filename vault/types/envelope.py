"""The record envelope: the JSON form of every record that enters, whatever its source (types/record-1.0.0.json)."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from vault.types import catalogue

# The person of an envelope that does not name one: the vault that receives it sets its own resident.
NOBODY = UUID(int=0)


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
    errors: Sequence[Any] = sorted(
        _validator().iter_errors(dict(record)), key=lambda error: list(map(str, error.absolute_path))
    )
    if errors:
        place = "/".join(map(str, errors[0].absolute_path))
        raise BadEnvelope(f"{place or 'record'}: {errors[0].message}")


@cache
def _validator() -> Any:  # noqa: ANN401 - jsonschema is untyped
    from jsonschema import Draft202012Validator, FormatChecker  # the readers' child builds envelopes without it

    schema = json.loads((catalogue.FOLDER / "record-1.0.0.json").read_text(encoding="utf-8"))
    checker = FormatChecker(["date", "uuid"])
    checker.checks("date-time", raises=ValueError)(_is_an_instant)
    return Draft202012Validator(schema, format_checker=checker)


def _is_an_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
