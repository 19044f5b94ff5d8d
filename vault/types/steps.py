"""From one major version of a type to the next: a function of the payload, applied when a record is opened, never written back.

A minor version adds optional fields: it needs no function. The schema of every version stays in the type's folder.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Payload = Mapping[str, Any]
Step = Callable[[Payload, str], dict[str, Any]]


def upgrade(code: str, version: str, latest: str, payload: Payload, month: str) -> Payload:
    """The payload as the latest version says it. `month` (2026-03) is when the record was made, for what older versions left unsaid."""
    for major in range(int(version.partition(".")[0]), int(latest.partition(".")[0])):
        payload = STEPS[code, major](payload, month)
    return payload


def _outcome_in_lines(payload: Payload, month: str) -> dict[str, Any]:
    """`calcul.resultat` 2: a list of results that each have a status, where version 1 had figures by name; the period is said.

    Version 1 told no entitlement from an estimate: the status is unknown. It had no hash of its inputs either.
    """
    return {
        "periode": month,
        "moteur": f"{payload['calcul']} {payload['version']}",
        "empreinte": "",
        "resultats": [_outcome_line(name, value) for name, value in payload["resultats"].items()],
        **{name: payload[name] for name in ("hypotheses", "entrees", "facteurs") if name in payload},
    }


def _outcome_line(name: str, value: object) -> dict[str, Any]:
    line = {"code": name, "titre": name, "statut": "unknown"}
    if isinstance(value, bool):
        return line | {"statut": "eligible" if value else "not_eligible"}
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return line
    return line | {"montant": f"{amount:.2f}"} if amount.is_finite() else line


def _since_some_day(payload: Payload, month: str) -> dict[str, Any]:
    """`logement.domicile` 2: `depuis` may be partly unknown (2019-05-00), which every full date of version 1 satisfies."""
    return dict(payload)


#: (type, major version left) -> what its payload becomes in the next one.
STEPS: dict[tuple[str, int], Step] = {
    ("calcul.resultat", 1): _outcome_in_lines,
    ("logement.domicile", 1): _since_some_day,
}
