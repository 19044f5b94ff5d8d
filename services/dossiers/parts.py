"""What one partner's page may ask about the other's part of a dossier: was it asked, is it being made, is it ready.

Rows only, never a value, and only of two partners who live in one household now: as `vault/sharing/across/household_access.py` does. A parting closes all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django_scopes import scope, scopes_disabled

from services.aids import catalogue, joint
from services.dossiers.enums import Answer, PartState, State
from services.dossiers.models import Dossier, Part
from services.dossiers.needs import of_partner
from vault.records.content import paper_kinds
from vault.sharing.across import household_access
from vault.sharing.models import Member


@dataclass(frozen=True)
class Told:
    """What the one whose dossier it is knows of the other's part. No state: it was not asked for."""

    me: Member
    partner: Member
    state: PartState | None = None
    ready_at: datetime | None = None

    @property
    def given(self) -> bool:
        return self.state in {PartState.PREPARED, PartState.READY}


@dataclass(frozen=True)
class Received:
    """A part that the other one asks for."""

    part: Part
    asker: Member
    state: PartState
    made: UUID | None = None


def told(dossier: Dossier) -> Told | None:
    """None: no partner lives with them, or these aids ask nothing of one."""
    place = household_access.of(dossier.resident_id)
    if place is None or place.partner is None or not may_have_parts(dossier):
        return None
    with scope(resident=place.partner.resident_id):
        part = Part.objects.filter(dossier_id=dossier.pk, asker_id=place.me.pk, member_id=place.partner.pk).first()
        return Told(place.me, place.partner, *_state(part)) if part else Told(place.me, place.partner)


def may_have_parts(dossier: Dossier) -> bool:
    aids = [catalogue.get(code) for code in dossier.aids if catalogue.exists(code)]
    return not dossier.part_of and bool(of_partner(aids, paper_kinds.by_code()))


def received(resident_id: UUID) -> list[Received]:
    """What the partner who lives with this resident asks of them."""
    place = household_access.of(resident_id)
    if place is None or place.partner is None:
        return []
    with scope(resident=resident_id):
        parts = Part.objects.filter(member=place.me, asker_id=place.partner.pk)
        return [
            Received(part, place.partner, _state(part)[0], own(part).values_list("pk", flat=True).first())
            for part in parts
        ]


def who_sees_it_go(dossier: Dossier) -> Member | None:
    """Whose page will say that the part is withdrawn once this is deleted: no other version of it is left."""
    found = received(dossier.resident_id) if dossier.part_of else []
    one = next((one for one in found if one.part.number == dossier.number), None)
    return one.asker if one is not None and own(one.part).count() == 1 else None


def own(part: Part) -> QuerySet[Dossier]:
    """In the scope of the one who was asked: what they made, newest first."""
    return Dossier.objects.filter(number=part.number).exclude(part_of="")


def forget(dossiers: Sequence[UUID]) -> None:
    """The dossiers are gone: nobody is asked for a part of them any more. What was made for them stays its maker's."""
    with scopes_disabled():
        Part.objects.filter(dossier_id__in=dossiers).delete()


def forget_parted() -> None:
    """Requests between people who do not live together any more, which no page finds."""
    with scopes_disabled():
        gone = Member.objects.exclude(left_at=None).values("pk")
        Part.objects.filter(Q(member_id__in=gone) | Q(asker_id__in=gone)).delete()


def counted(resident_id: UUID) -> UUID | None:
    """The partner whose agreement of now lets the couple's result go into a dossier. An older text did not say that it may."""
    place = household_access.of(resident_id)
    if place is None or place.partner is None:
        return None
    partner = place.partner.resident_id
    grants = [
        grant for grant in household_access.received(resident_id, agreement=joint.CODE) if grant.resident_id == partner
    ]
    return partner if any(grant.notice_version == joint.AGREEMENT.version for grant in grants) else None


def _state(part: Part) -> tuple[PartState, datetime | None]:
    """In the scope of the one who was asked. Whatever they deleted is withdrawn."""
    if part.answer != Answer.YES:
        return (PartState.REFUSED if part.answer == Answer.NO else PartState.ASKED), None
    made = list(own(part))
    built = [dossier.built_at for dossier in made if dossier.state == State.READY and dossier.built_at]
    if built:
        return PartState.READY, max(built)
    return (PartState.PREPARED if made else PartState.WITHDRAWN), None
