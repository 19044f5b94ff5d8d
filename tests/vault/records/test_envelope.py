"""The envelope: `build` gives its shape, and `validate` refuses another."""

from collections.abc import Callable
from typing import Any

import pytest

from vault import types
from vault.types import envelope


def record() -> dict[str, Any]:
    origin = envelope.provenance(
        holder="dgfip", method="upload", assurance="signature_verified", issued_at="2026-07-31T00:00:00+02:00"
    )
    return envelope.build(
        type="fiscal.avis_ir", payload={"revenu_fiscal_reference": 1}, provenance=origin, validity={"until": None}
    )


def test_build_gives_an_envelope_of_the_type_s_version() -> None:
    made = record()
    envelope.validate(made)
    assert made["type_version"] == types.get("fiscal.avis_ir").version


def test_an_envelope_accepts_every_type_of_the_catalogue() -> None:
    origin = envelope.provenance(holder="résident", method="typed", assurance="declared")
    for data_type in types.all_types():
        envelope.validate(envelope.build(type=data_type.code, payload={}, provenance=origin))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.pop("payload"),
        lambda one: one.update(type="made.up"),
        lambda one: one.update(surprise=1),
        lambda one: one.update(id="not-a-uuid"),
        lambda one: one["provenance"].update(assurance="certain"),
        lambda one: one["provenance"].update(retrieved_at="2026-07-31"),
        lambda one: one["provenance"].update(source_document="abc"),
    ],
)
def test_a_wrong_envelope_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    made = record()
    spoil(made)
    with pytest.raises(envelope.BadEnvelope):
        envelope.validate(made)
    good = [record(), record()]
    with pytest.raises(envelope.BadEnvelope):
        envelope.validate_all([*good, made])


def whole() -> dict[str, Any]:
    made = record()
    made["provenance"]["raw_sha256"] = "a" * 64
    made["period"] = {"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-02T00:00:00+00:00"}
    return made


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.update(id="x" * 36),
        lambda one: one.update(id=None),
        lambda one: one.update(payload=[]),
        lambda one: one.update(period={"start": "2026-13-01T00:00:00+00:00"}),
        lambda one: one.update(period={"start": "2026-01-01T00:00:00+00:00", "surprise": "2026-01-01T00:00:00+00:00"}),
        lambda one: one["provenance"].update(raw_sha256="A" * 64),
        lambda one: one["provenance"].update(holder=1),
        lambda one: one["subject"].update(role="stranger"),
    ],
)
def test_one_wrong_envelope_among_thousands_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    """Envelopes alike are checked once: what differs from one to the next is checked for each."""
    many = [whole() for _ in range(3)]
    envelope.validate_all(many)
    spoil(many[2])
    with pytest.raises(envelope.BadEnvelope):
        envelope.validate_all(many)
