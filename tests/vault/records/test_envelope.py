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
