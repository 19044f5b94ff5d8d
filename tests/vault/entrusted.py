"""Mandates and appointments for tests, made with the verbs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.actions import places
from accounts.models import Membership, Organisation, User
from vault.records.enums import Mode
from vault.records.grants.terms import Terms
from vault.sharing.across import mandates as rows
from vault.sharing.actions import helping, mandates
from vault.sharing.actions.household import fingerprint
from vault.sharing.actions.mandates import Chosen
from vault.sharing.agreements.entrusting import AGREEMENT
from vault.sharing.enums import Act, HalfDay
from vault.sharing.models import HelpRequest, Mandate
from vault.sharing.presenting.household import values_by_item

A_DAY = timedelta(days=1)


def entrusted(
    resident: User, companion: User, *items: str, acts: Sequence[Act] = (), months: int = 0, **more: Any
) -> Mandate:
    """Give a mandate for a day, or for some months."""
    place = place_at(companion)
    values = mandates.today(resident_id=resident.pk)
    lasts = None if months else A_DAY
    terms = Terms(items, Mode.LOOK, months, lasts=lasts, shown=values_by_item(AGREEMENT, values), **more)
    made = mandates.entrust(
        resident_id=resident.pk,
        by=resident.pk,
        membership_id=place.pk,
        terms=terms,
        acts=acts,
        seen=fingerprint(values),
    )
    return as_they_find_it(companion, made)


def place_at(companion: User) -> Membership:
    place = places.of_companion(companion)
    assert place is not None
    return place


def as_they_find_it(companion: User, mandate: Mandate) -> Mandate:
    """Return the mandate as the companion's pages find it, with its items."""
    found = rows.find(companion, mandate.pk)
    assert found is not None
    return found


def said(resident: User, *items: str, acts: Sequence[Act] = ()) -> str:
    """Return the code of an appointment."""
    return mandates.make_code(resident_id=resident.pk, by=resident.pk, chosen=Chosen(items, acts))


def helping_place(name: str = "CCAS de Villebrume") -> Organisation:
    """Return an organisation that answers help requests."""
    place, _made = Organisation.objects.update_or_create(name=name, defaults={"answers_help": True})
    return place


def help_of(resident: User, place: Organisation | None = None) -> HelpRequest:
    """Ask for help on the first day offered."""
    return helping.ask_help(
        resident_id=resident.pk,
        by=resident.pk,
        organisation=place or helping_place(),
        name="Awa D.",
        on_day=helping.days(timezone.localdate())[0],
        half=HalfDay.MORNING,
    )
