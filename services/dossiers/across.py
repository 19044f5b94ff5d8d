"""Queries across residents for dossiers: the partner's part of a dossier, and what the scheduler deletes.

They read rows only, never a value. A part is found only between two partners who live in one household now, as in
`vault/sharing/across/household_access.py`; once one leaves, neither finds the other's part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django_scopes import scope, scopes_disabled

from core.models.rows import check
from services.aids.together import joint
from services.dossiers.content.needs import aids_for_partner
from services.dossiers.enums import Answer, PartState, State
from services.dossiers.models import Dossier, Part
from services.procedures import finding
from vault.records.content import paper_kinds
from vault.records.models import Grant
from vault.sharing.across import household_access
from vault.sharing.models import Member


@dataclass(frozen=True)
class PartnerPart:
    """The partner's part of a dossier, as its owner may see it. `state` is None if no part was requested."""

    me: Member
    partner: Member
    state: PartState | None = None
    ready_at: datetime | None = None

    @property
    def given(self) -> bool:
        return self.state in {PartState.PREPARED, PartState.READY}


@dataclass(frozen=True)
class Received:
    """A request from the partner for the resident's own part."""

    part: Part
    asker: Member
    state: PartState
    made: UUID | None = None


def partner_part(dossier: Dossier) -> PartnerPart | None:
    """Return the partner's part, or None if the resident has no partner or the aids require nothing from one."""
    place = household_access.of(dossier.resident_id)
    if place is None or place.partner is None or not may_have_parts(dossier):
        return None
    with scope(resident=place.partner.resident_id):
        part = Part.objects.filter(dossier_id=dossier.pk, asker_id=place.me.pk, member_id=place.partner.pk).first()
        return PartnerPart(place.me, place.partner, *_state(part)) if part else PartnerPart(place.me, place.partner)


def may_have_parts(dossier: Dossier) -> bool:
    aids = finding.chosen(dossier.aids, dossier.versions)
    return not dossier.part_of and bool(aids_for_partner(aids, paper_kinds.by_code()))


def received(resident_id: UUID) -> list[Received]:
    """Return the requests from the partner who lives with this resident."""
    with scope(resident=resident_id):
        return [
            Received(part, asker, _state(part)[0], dossiers_for(part).values_list("pk", flat=True).first())
            for part, asker in _from_partner(resident_id)
        ]


def unanswered(resident_id: UUID) -> list[tuple[Part, Member]]:
    """Return the requests from the partner of this resident that wait for an answer, and who asks each."""
    return [(part, asker) for part, asker in _from_partner(resident_id) if _state(part)[0] == PartState.ASKED]


def _from_partner(resident_id: UUID) -> list[tuple[Part, Member]]:
    place = household_access.of(resident_id)
    if place is None or place.partner is None:
        return []
    with scope(resident=resident_id):
        parts = list(Part.objects.filter(member=place.me, asker_id=place.partner.pk))
    check(*parts)
    return [(part, place.partner) for part in parts]


def asker_of_withdrawn_part(dossier: Dossier) -> Member | None:
    """Return the partner whose page will show the part as withdrawn once this dossier, its only one, is deleted."""
    found = received(dossier.resident_id) if dossier.part_of else []
    one = next((one for one in found if one.part.number == dossier.number), None)
    return one.asker if one is not None and dossiers_for(one.part).count() == 1 else None


def dossiers_for(part: Part) -> QuerySet[Dossier]:
    """Return the dossiers made for a request, newest first. Requires the scope of the partner who was asked."""
    return Dossier.objects.filter(number=part.number).exclude(part_of="")


def forget(dossiers: Sequence[UUID]) -> None:
    """Delete the requests about deleted dossiers. A partner keeps the dossiers already made."""
    with scopes_disabled():
        Part.objects.filter(dossier_id__in=dossiers).delete()


def forget_others(dossier_id: UUID, *, asker: Member, member: Member) -> None:
    """Delete the requests about a dossier between any other two members, such as a former partner."""
    with scopes_disabled():
        Part.objects.filter(dossier_id=dossier_id).exclude(asker_id=asker.pk, member_id=member.pk).delete()


def forget_parted() -> None:
    """Delete the requests between people who no longer live together."""
    with scopes_disabled():
        gone = Member.objects.exclude(left_at=None).values("pk")
        Part.objects.filter(Q(member_id__in=gone) | Q(asker_id__in=gone)).delete()


def expired_dossiers() -> list[tuple[UUID, UUID]]:
    """Return the id and the resident's id of each expired dossier."""
    with scopes_disabled():
        return list(Dossier.objects.expired().values_list("pk", "resident_id"))


def for_procedures(codes: Iterable[str]) -> list[tuple[UUID, UUID, list[str], str]]:
    """Return the dossiers that ask for one of these: id, resident's id, codes, what their resident was told."""
    either = Q()
    for code in codes:
        either |= Q(aids__contains=[code])
    if not either:
        return []
    with scopes_disabled():
        rows = Dossier.objects.filter(either, part_of="").exclude(pk__in=Dossier.objects.expired())
        return list(rows.values_list("pk", "resident_id", "aids", "closing_told"))


def joint_partner(resident_id: UUID) -> UUID | None:
    """Return the partner whose current agreement allows the couple's result in a dossier. Older texts did not cover
    this.
    """
    place = household_access.of(resident_id)
    if place is None or place.partner is None:
        return None
    partner = place.partner.resident_id
    grants = [
        grant for grant in household_access.received(resident_id, agreement=joint.CODE) if grant.resident_id == partner
    ]
    return partner if any(grant.notice_version == joint.AGREEMENT.version for grant in grants) else None


def _state(part: Part) -> tuple[PartState, datetime | None]:
    """Return the state and the completion time. Requires the scope of the partner who was asked; a deleted part is
    withdrawn.
    """
    if part.answer != Answer.YES:
        return (PartState.REFUSED if part.answer == Answer.NO else PartState.ASKED), None
    made = list(dossiers_for(part))
    built = [dossier.built_at for dossier in made if dossier.state == State.READY and dossier.built_at]
    if built:
        return PartState.READY, max(built)
    return (PartState.PREPARED if made else PartState.WITHDRAWN), None


def preparers(dossiers: Sequence[Dossier]) -> dict[UUID, str]:
    """Return the name of the companion who prepared each dossier; one that its resident began has none.

    Cost: one query, none without such a dossier. Requires the resident's scope.
    """
    under = {dossier.prepared_under for dossier in dossiers if dossier.prepared_under}
    if not under:
        return {}
    named = dict(Grant.objects.filter(pk__in=under).values_list("pk", "recipient_label"))
    return {dossier.pk: named[key] for dossier in dossiers if (key := dossier.prepared_under) in named}
