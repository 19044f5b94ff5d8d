"""The input of a paper's checks: the vault's values, and the resident's other papers."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from core.keys import sealed
from core.models import City
from vault import types
from vault.records.enums import Outcome
from vault.records.models import Paper, PaperKind
from vault.records.papers.checks import address, amounts, months, tax
from vault.records.papers.checks.check_input import CheckInput
from vault.records.values import persons
from vault.records.values.decrypted import Values

#: The fields of the vault that the checks compare.
COMPARED = (
    *persons.FIELDS,
    *address.HELD,
    *types.field_ids(
        tax.NOTICE,
        "annee_revenus",
        "revenu_fiscal_reference",
        "nombre_parts",
        "date_etablissement",
        "date_mise_en_recouvrement",
    ),
    *types.field_ids(months.PAYSLIP, "mois", "net_social", "net_avant_impot"),
    *types.field_ids(amounts.QUOTIENT, "valeur", "annee", "mois"),
    *types.field_ids(amounts.GRANT, "echelon"),
)


def check_input_of(paper: Paper, content: Mapping[str, Any], kind: PaperKind | None, known: Values) -> CheckInput:
    city = City.current()
    reading = content.get("reading", {})
    return CheckInput(
        resident_id=paper.resident_id,
        kind=kind,
        declared=content.get("declared", ""),
        recognised=reading.get("kind", ""),
        media_type=content["media_type"],
        pages=content.get("pages", 0) + sum(side["pages"] for side in _sides(content)),
        records=reading.get("records", []),
        known=known,
        today=timezone.localdate(),
        issued_on=paper.issued_on,
        expires_on=paper.expires_on,
        same_file=_is_here_already(paper, content["sha256"]),
        siblings=_siblings(paper),
        read_names=reading.get("names", []),
        code_failed=any(
            check["code"] == "2ddoc_read" and check["outcome"] == Outcome.FAILED for check in content.get("found", [])
        ),
        kinds=[reading.get("kinds", []), *(side.get("kinds", []) for side in _sides(content))],
        sharpness=[
            reading.get("sharpness", "inconclusive"),
            *(side.get("sharpness", "inconclusive") for side in _sides(content)),
        ],
        leaves=reading.get("leaves", 0),
        insee=city.insee,
        town=city.name,
    )


def _sides(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the other files that were checked."""
    return [side for side in content.get("sides", {}).values() if "pages" in side]


def _siblings(paper: Paper) -> list[date]:
    same = (
        Paper.objects.kept()
        .filter(kind=paper.kind, issued_on__isnull=False)
        .exclude(pk__in=[paper.pk, paper.replaces_id or paper.pk])
    )
    return [day for day in same.values_list("issued_on", flat=True) if day]


def _is_here_already(paper: Paper, sha256: str) -> bool:
    """Return whether the vault has the same file.

    Hashes are sealed, so that the database does not reveal who holds a known file. Cost: decrypts each kept paper.
    """
    others = list(Paper.objects.kept().exclude(pk__in=[paper.pk, paper.replaces_id or paper.pk]))
    if not others:
        return False
    box = sealed.box(resident_id=paper.resident_id)
    return any(box.unseal_json(other.content, place=other.place)["sha256"] == sha256 for other in others)
