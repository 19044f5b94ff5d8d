from collections.abc import Collection, Iterable
from uuid import UUID

from django_scopes import scopes_disabled

from core import rows
from vault.records.enums import GrantState
from vault.records.models import Grant
from vault.sharing.models import SharedFact


def active_grants(grant_ids: Collection[UUID], *, giver_id: UUID | None = None) -> set[UUID]:
    """Return those of the ids that are active grants, of this giver or of anybody.

    Raises:
        Forged: a grant is not as the portal wrote it, or was stopped and put back.
    """
    with scopes_disabled():
        found = Grant.objects.active().filter(pk__in=grant_ids)
        active = [*(found.filter(resident_id=giver_id) if giver_id else found)]
    rows.check(*active, locked=False)
    return {grant.pk for grant in active if grant.state == GrantState.ACTIVE}


def leave_facts(grants: Collection[Grant]) -> None:
    """Leave the copies under these grants, which the caller has checked, to the recipients who hold them."""
    with scopes_disabled():
        for fact in believed(SharedFact.objects.filter(grant_id__in=[grant.pk for grant in grants])):
            fact.own = True
            fact.save(update_fields=["own"])


def forget_facts(grant: Grant) -> None:
    """Delete the copies that a recipient holds, once the giver has stopped. Copies left by a parting stay."""
    with scopes_disabled():
        held = SharedFact.objects.filter(grant_id=grant.pk)
        left = [fact.pk for fact in believed(held.filter(own=True))]
        held.exclude(pk__in=left).delete()


def believed(facts: Iterable[SharedFact]) -> list[SharedFact]:
    """Return the copies that the portal wrote as they are. Another one is reported, and left out."""
    kept = []
    for fact in facts:
        try:
            rows.check(fact)
        except rows.Forged as forged:
            rows.report(forged)
        else:
            kept.append(fact)
    return kept
