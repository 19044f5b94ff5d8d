"""Convert payloads from one major version of a type to the next when a record is decrypted; never written back.

A minor version adds optional fields and needs no conversion. The schema of every version stays in the type's folder.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Payload = Mapping[str, Any]
Step = Callable[[Payload, str], dict[str, Any]]


def upgrade(code: str, version: str, latest: str, payload: Payload, month: str) -> Payload:
    """Return the payload converted to the latest version.

    Args:
        month: when the record was made, as 2026-03; some older versions lack the period.
    """
    for major in range(int(version.partition(".")[0]), int(latest.partition(".")[0])):
        payload = STEPS[code, major](payload, month)
    return payload


def _results_with_status(payload: Payload, month: str) -> dict[str, Any]:
    """Convert `calcul.resultat` 1, amounts by name, to version 2, a list of results with a status, and a period.

    Version 1 did not distinguish an entitlement from an estimate, so the status is unknown. It had no hash of its
    inputs.
    """
    return {
        "periode": month,
        "moteur": f"{payload['calcul']} {payload['version']}",
        "empreinte": "",
        "resultats": [_result(name, value) for name, value in payload["resultats"].items()],
        **{name: payload[name] for name in ("hypotheses", "entrees", "facteurs") if name in payload},
    }


def _result(name: str, value: object) -> dict[str, Any]:
    result = {"code": name, "titre": name, "statut": "unknown"}
    if isinstance(value, bool):
        return result | {"statut": "eligible" if value else "not_eligible"}
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return result
    return result | {"montant": f"{amount:.2f}"} if amount.is_finite() else result


def _partial_since(payload: Payload, month: str) -> dict[str, Any]:
    """Convert `logement.domicile` 1 to 2, where `depuis` may be a partial date (2019-05-00): full dates stay valid."""
    return dict(payload)


#: The conversion to the next major version, by type and major version.
STEPS: dict[tuple[str, int], Step] = {
    ("calcul.resultat", 1): _results_with_status,
    ("logement.domicile", 1): _partial_since,
}
