"""Whether tokens may be made under a grant: it stands, and its service's label still allows it.

This reads no value and opens nothing. The gate checks the grant again in each reading, under its lock.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django_scopes import scope

from accounts.models import User
from certification.access.enums import Environment
from certification.access.models import Client, RefusedCalls
from certification.labels import recipient
from certification.labels.enums import SERVICE_KIND
from core.models.rows import check
from vault.records.models import Grant, GrantField


class Given(NamedTuple):
    """A grant with its fields, and whether calls under it were refused before. Nothing of it is checked."""

    grant: Grant
    fields: list[str]
    was_refused: bool


def find(person_id: UUID, grant_id: UUID, client: Client) -> Given | None:
    """Return the grant that a resident gave to the client's service, in whatever state, or None. Cost: one query.

    Its rows are not checked: the gate does, in each reading. Who decides by them otherwise calls `check_grant`.
    """
    with scope(resident=person_id):
        given = Grant.objects.given_to(SERVICE_KIND, client.service_id).filter(pk=grant_id)
        fields = GrantField.objects.filter(grant=OuterRef("pk")).order_by("field").values("field")
        refused = Exists(RefusedCalls.objects.filter(grant_id=OuterRef("pk")))
        rows = given.annotate(granted=ArraySubquery(fields), was_refused=refused)
        row: Any = rows.defer("snapshot", "recipient_name").first()
    return None if row is None else Given(row, row.granted, row.was_refused)


def check_grant(grant: Grant) -> None:
    """Check a grant outside a reading.

    Call it for a person whom the client may know (`is_known_to`).

    Raises:
        Forged: the portal did not write it as it is.
    """
    with scope(resident=grant.resident_id):
        check(grant, locked=False)


def is_known_to(person: User, client: Client) -> bool:
    """Return whether a client may have to do with this person: a test client with personas, a live one with none."""
    test = client.environment == Environment.TEST
    return person.is_active and person.is_resident and person.is_persona is test


def standing(person: User, grant_id: UUID, client: Client) -> Grant | None:
    """Return the grant while it stands; a paused one stands."""
    if not is_known_to(person, client):
        return None
    found = find(person.pk, grant_id, client)
    if found is None:
        return None
    check_grant(found.grant)
    return found.grant if found.grant.stands else None


def is_labelled(grant: Grant) -> bool:
    return recipient.refusal(grant) is None
