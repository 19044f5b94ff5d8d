"""Rich authorization requests (RFC 9396): what a service asks for, and what was granted. Ids of fields, no value."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django_scopes import scope

from certification.access.enums import DETAILS_TYPE
from certification.labels.enums import PREFIX
from vault.records.grants import agreements
from vault.records.models import Grant, GrantPaper

LONGEST = 10_000


class Malformed(ValueError):
    """The parameters do not say what is asked for."""


@dataclass(frozen=True)
class Details:
    """The purpose that is asked for. `fields` and `papers` are None for all of the purpose."""

    purpose: UUID | None = None
    fields: tuple[str, ...] | None = None
    papers: tuple[str, ...] | None = None


def read(parameters: Mapping[str, str]) -> Details:
    """Read `authorization_details`, or the shorter `purpose`. Without either, a service with one purpose asks for it.

    Raises:
        Malformed
    """
    text = parameters.get("authorization_details", "")
    if not text:
        purpose = parameters.get("purpose", "")
        return Details(_uuid(purpose) if purpose else None)
    if len(text) > LONGEST:
        raise Malformed("too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    if not (isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict)):
        raise Malformed("a list of one object is expected")
    [detail] = found
    if detail.get("type") != DETAILS_TYPE or detail.keys() - {"type", "purpose", "fields", "papers"}:
        raise Malformed(f"an object of type {DETAILS_TYPE} has purpose, fields and papers")
    return Details(_uuid(detail.get("purpose")), _texts(detail, "fields"), _texts(detail, "papers"))


def granted_details(grant: Grant) -> list[dict[str, Any]]:
    """Return what a grant allows, in the same shape, with the papers by id."""
    with scope(resident=grant.resident_id):
        papers = GrantPaper.objects.filter(grant=grant).order_by("pk").values_list("paper_id", flat=True)
        return [
            {
                "type": DETAILS_TYPE,
                "purpose": str(purpose_of(grant)),
                "fields": sorted(agreements.fields_of(grant)),
                "documents": [str(paper_id) for paper_id in papers],
                "until": grant.ends_at.isoformat(),
            }
        ]


def purpose_of(grant: Grant) -> UUID:
    """Return the id of the purpose's version that a grant to a service names."""
    return UUID(grant.agreement.removeprefix(f"{PREFIX}:"))


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise Malformed("the purpose is an id of the register") from error


def _texts(detail: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    found: Sequence[Any] | None = detail.get(name)
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Malformed(f"{name} is a list of texts")
    return tuple(found)
