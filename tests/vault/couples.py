"""A couple for tests: two residents who joined by a code, and their agreements, made with the verbs."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement, Item
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantField
from vault.records.models.grant import RESIDENT_KIND
from vault.sharing.across import household_access
from vault.sharing.actions import household
from vault.sharing.models import Member
from vault.sharing.presenting.household import values_by_item

TRIED = Agreement(
    code="tried",
    version="1",
    title="Essayer",
    purpose="Essayer un partage",
    words=("Pour voir.",),
    items=(
        Item("income", "Votre revenu", ("fiscal.avis_ir#/revenu_fiscal_reference",), required=True),
        Item("parts", "Vos parts", ("fiscal.avis_ir#/nombre_parts",)),
    ),
    modes=(Mode.LOOK, Mode.COUNT),
    role=HouseholdRole.PARTNER,
)


def couple(one: User, other: User, role: HouseholdRole = HouseholdRole.PARTNER) -> tuple[Member, Member]:
    code = household.invite(resident_id=one.pk, by=one.pk, role=role)
    household.join(resident_id=other.pk, by=other.pk, code=code)
    return place(one), place(other)


def place(resident: User) -> Member:
    found = household_access.of(resident.pk)
    assert found is not None
    return found.me


def agreed(
    giver: User, receiver: User, code: str, *items: str, mode: Mode = Mode.LOOK, months: int = 1, **more: Any
) -> Grant:
    terms = Terms(items, mode, months, **more)
    return household.agree(
        resident_id=giver.pk, by=giver.pk, member_id=place(receiver).pk, agreement=agreements.get(code), terms=terms
    )


def shared(giver: User, receiver: User, *items: str) -> Grant:
    values = household.own_facts(resident_id=giver.pk)
    fingerprint = household.fingerprint(values)
    terms = Terms(items, Mode.KEEP, 1, shown=values_by_item(agreements.get("shared_facts"), values))
    return household.share_facts(
        resident_id=giver.pk, by=giver.pk, member_id=place(receiver).pk, terms=terms, seen=fingerprint
    )


def granted(resident: User, *fields: str, **more: Any) -> Grant:
    """Create the row of a grant, to no particular recipient."""
    now = timezone.now()
    values = {
        "recipient_kind": RESIDENT_KIND,
        "recipient_id": uuid4(),
        "recipient_label": "Paul",
        "agreement": TRIED.code,
        "purpose": TRIED.purpose,
        "mode": Mode.LOOK,
        "notice_version": "1",
        "notice_hash": "0" * 64,
        "language": "fr",
        "starts_at": now,
        "ends_at": now + timedelta(days=30),
        **more,
    }
    with scope(resident=resident.pk):
        grant = Grant.objects.create(resident_id=resident.pk, **values)
        for field in fields:
            GrantField.objects.create(resident_id=resident.pk, grant=grant, field=field, required=True)
    return grant
