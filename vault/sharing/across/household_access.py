"""The few questions that one resident's page may ask about another: who lives with them, what they were granted.

Everything else starts from the scope. Here a row of someone else is looked at, never a value: names and roles of one's own household,
and the grants that name the one who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django_scopes import scope, scopes_disabled

from vault.records.enums import HouseholdRole
from vault.records.models import Grant
from vault.records.models.grant import RESIDENT_KIND
from vault.sharing.models import Member


@dataclass(frozen=True)
class Circle:
    """A resident's place in their household, and the others who are there now."""

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
    with scope(resident=resident_id):
        me = Member.objects.present().filter(resident_id=resident_id).first()
    return None if me is None else Circle(me, others(me))


def others(me: Member) -> list[Member]:
    with scopes_disabled():
        return list(Member.objects.present().filter(household_id=me.household_id).exclude(pk=me.pk))


def received(resident_id: UUID, *, agreement: str | None = None) -> list[Grant]:
    """Active grants that others of the same household gave to this resident."""
    circle = of(resident_id)
    if circle is None:
        return []
    givers = [other.resident_id for other in circle.others]
    with scopes_disabled():
        grants = Grant.objects.active().given_to(RESIDENT_KIND, resident_id).filter(resident_id__in=givers)
        return list(grants.filter(agreement=agreement) if agreement else grants)


def between(me: Member, household: Sequence[Member]) -> list[Grant]:
    """Every grant not yet stopped from or to this member and the others: what a parting ends."""
    ids = [other.resident_id for other in household]
    with scopes_disabled():
        open_ones = Grant.objects.filter(stopped_at=None, recipient_kind=RESIDENT_KIND)
        given = open_ones.filter(resident_id=me.resident_id, recipient_id__in=ids)
        return list(given | open_ones.filter(resident_id__in=ids, recipient_id=me.resident_id))
