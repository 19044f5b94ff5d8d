"""The household of a resident: its other members, and the grants between them.

Only names and roles of the resident's own household are read, and grants that the resident gave or received.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django_scopes import scopes_disabled

from core.journal import heads
from core.rows import Forged, check, report
from vault.records.enums import HouseholdRole
from vault.records.models import Grant
from vault.records.models.grant import RESIDENT_KIND
from vault.sharing.models import Member


@dataclass(frozen=True)
class Circle:
    """A resident's place in their household, and the other present members."""

    me: Member
    others: Sequence[Member]

    @property
    def partner(self) -> Member | None:
        if self.me.role != HouseholdRole.PARTNER:
            return None
        return next((other for other in self.others if other.role == HouseholdRole.PARTNER), None)

    def other(self, member_id: UUID) -> Member | None:
        return next((other for other in self.others if other.pk == member_id), None)


def of(resident_id: UUID) -> Circle | None:
    """Return the resident's circle, or None if they live in no household here. Cost: one query, and the heads."""
    with scopes_disabled():
        mine = Member.objects.present().filter(resident_id=resident_id)
        found = list(Member.objects.present().filter(household_id__in=mine.values("household_id")))
    me = next((one for one in found if one.resident_id == resident_id), None)
    if me is None:
        return None
    check(me, locked=False)
    if me.left_at is not None:
        return None
    others = [one for one in found if one.household_id == me.household_id and one.pk != me.pk]
    check(*others, locked=False)
    return Circle(me, [one for one in others if one.left_at is None])


def received(resident_id: UUID, *, agreement: str | None = None) -> list[Grant]:
    """Return the active grants that other members of the household gave to this resident."""
    circle = of(resident_id)
    if circle is None:
        return []
    givers = [other.resident_id for other in circle.others]
    with scopes_disabled():
        grants = Grant.objects.active().given_to(RESIDENT_KIND, resident_id).filter(resident_id__in=givers)
        return list(grants.filter(agreement=agreement) if agreement else grants)


def between(me: Member, household: Sequence[Member]) -> list[Grant]:
    """Return every grant between this member and the others, also those that were stopped.

    A parting ends them: a filter would miss one that somebody made look stopped in the database.
    """
    ids = [other.resident_id for other in household]
    with scopes_disabled():
        all_grants = Grant.objects.filter(recipient_kind=RESIDENT_KIND)
        given = all_grants.filter(resident_id=me.resident_id, recipient_id__in=ids)
        return list(given | all_grants.filter(resident_id__in=ids, recipient_id=me.resident_id))


def everybody(me: Member) -> list[Member]:
    """Return the other present members of the household, all its rows checked, also of those who left.

    Raises:
        Forged: the portal did not write one as it is.
    """
    with scopes_disabled():
        found = list(Member.objects.filter(household_id=me.household_id).exclude(pk=me.pk))
    check(*found, locked=False, ended=True)
    return [one for one in found if one.left_at is None]


def standing(found: Sequence[Grant], residents: Sequence[UUID]) -> list[Grant]:
    """Return those of these grants, which the caller has locked, that may still be read, as they are now.

    One that the portal never wrote is reported, and left out.

    Raises:
        Forged: somebody changed or deleted a row that may still open something of one of these residents.
    """
    live = {grant.pk: grant for resident_id in residents for grant in heads.live(resident_id, Grant)}
    for grant in found:
        if grant.pk not in live and grant.stopped_at is None:
            _is_genuine(grant)
    return [live[grant.pk] for grant in found if grant.pk in live]


def _is_genuine(grant: Grant) -> bool:
    """Return whether a grant, which the caller has locked, is as the portal wrote it, and read it again."""
    try:
        check(grant, locked=False)
    except Forged as forged:
        report(forged)
        return False
    return True
