"""A resident's consent to a service: a grant, given with what is agreed already."""

import dataclasses
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from certification.access.asking import Asked
from certification.labels import recipient
from certification.labels.enums import SERVICE_KIND
from core.database import locks
from core.models.rows import check
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantPaper, Paper


def standing_grant(asked: Asked) -> Grant | None:
    """Return the grant that the resident in scope gave to the service for this purpose, while it stands."""
    given = Grant.objects.given_to(SERVICE_KIND, asked.service.pk)
    found = given.filter(agreement=asked.agreement.code, subject_id=None, stopped_at=None).first()
    if found is None or not found.stands:
        return None
    check(found, locked=False)
    return found


def agreed_items(grant: Grant) -> list[str]:
    return [item.code for item in agreements.items_of(grant)]


def agreed_papers(grant: Grant) -> list[UUID]:
    """Return the papers of a grant that are still in the vault."""
    found = GrantPaper.objects.filter(grant=grant, paper__in=Paper.objects.kept())
    return list(found.values_list("paper_id", flat=True))


def agreed_writes(grant: Grant) -> list[str]:
    """Return the codes of the lines by which the service may write."""
    return [f"{agreements.WRITE}{type_code}" for type_code in agreements.writes_of(grant)]


def give(*, resident_id: UUID, by: UUID, asked: Asked, terms: Terms) -> Grant:
    """Agree to what a service asks. What is agreed already for this purpose stays, in the new grant that replaces it.

    Call it in the resident's scope.

    Raises:
        PermissionDenied: not their vault, or the label no longer allows the purpose.
        NothingChosen, ValueError: as `grants.give`, or an item that was not asked for.
    """
    if not set(terms.items) <= {item.code for item in asked.items}:
        raise ValueError("not asked for")
    service = Recipient(SERVICE_KIND, asked.service.pk, asked.service.name)
    with transaction.atomic():
        # The city may withdraw the label at this moment: what it ends has begun before, or does not begin.
        locks.hold_shared("label", asked.service.pk)
        if not recipient.may_ask(asked.service.pk, asked.version.pk, resident_id):
            raise PermissionDenied
        former = standing_grant(asked)
        if former is not None:
            items = dict.fromkeys([*agreed_items(former), *terms.items])
            papers = dict.fromkeys([*agreed_papers(former), *terms.papers])
            writes = dict.fromkeys([*agreements.writes_of(former), *terms.writes])
            terms = dataclasses.replace(terms, items=tuple(items), papers=tuple(papers), writes=tuple(writes))
        return grants.give(resident_id=resident_id, by=by, agreement=asked.agreement, recipient=service, terms=terms)
