"""A companion hands a mandate over to a colleague of the same organisation, by one yes of its resident.

The yes gives a new mandate on the same terms, to the same end, and ends the former one in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from accounts.models import Membership, User
from core import journal
from vault.records import gate
from vault.records import perms as record_perms
from vault.records.actions import grants
from vault.records.actions.grants import Changed
from vault.records.enums import Happened
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.sharing import perms
from vault.sharing.actions import acts
from vault.sharing.actions.household import fingerprint
from vault.sharing.actions.mandates import give_to, today
from vault.sharing.agreements.entrusting import MANDATE
from vault.sharing.enums import Act
from vault.sharing.models import Handover, Mandate
from vault.sharing.models.asking import WAITS

HAND_OVER = gettext_noop("Confier votre accompagnement à un collègue")
MESSAGE = "sharing/email/access_asked"


class NotWaiting(Exception):
    """It was answered, has expired, or the mandate is over."""


def colleagues(mandate: Mandate) -> list[Membership]:
    """Return whom this mandate may be handed over to: the others of the organisation. An appointment is not."""
    place = Membership.objects.current().filter(pk=mandate.membership_id).first()
    if place is None or mandate.grant.agreement != MANDATE:
        return []
    others = Membership.objects.current().filter(organisation=place.organisation_id).exclude(pk=place.pk)
    return list(others.select_related("person", "organisation").order_by("person__name"))


def offer(*, mandate: Mandate, companion: User, membership_id: UUID) -> Handover:
    """Propose a colleague to the resident. One at a time: a second offer is the first.

    Raises:
        PermissionDenied: another companion's mandate, or nobody of the organisation.
        gate.Refused: the mandate is paused, stopped or expired.
    """
    perms.require_may_act(mandate, companion)
    place = next((one for one in colleagues(mandate) if one.pk == membership_id), None)
    if place is None:
        raise PermissionDenied
    grant = mandate.grant
    with acts.under(grant):
        former = Handover.objects.select_for_update().filter(grant=grant, answered_at=None).first()
        if former is not None and former.waits:
            return former
        if former is not None:
            former.answered_at = timezone.now()
            former.save(update_fields=["answered_at"])
        made = Handover.objects.create(
            resident_id=grant.resident_id,
            grant=grant,
            membership_id=place.pk,
            label=place.label,
            expires_at=min(timezone.now() + WAITS, grant.ends_at),
        )
        _journal_event(made, companion.pk, "handover_offered")
        transaction.on_commit(lambda: reminding.remind(user_id=grant.resident_id, template=MESSAGE), robust=True)
    return made


def agreement_of(grant: Grant) -> Agreement:
    """Return the mandate's agreement, to the same end.

    Raises:
        LookupError: no agreement has this code any more.
    """
    found = agreements.of(grant)
    if found is None:
        raise LookupError(grant.agreement)
    items = tuple(agreements.items_of(grant))
    return replace(found, items=items, months=(), short=(), until=grant.ends_at)


def accept(*, handover: Handover, by: UUID, seen: str, shown: dict[str, str]) -> Mandate:
    """Give the colleague the same mandate, and end the former.

    Args:
        seen: the fingerprint of the values that the page showed.

    Raises:
        NotWaiting
        PermissionDenied: another resident's, or the colleague left the organisation.
        Changed: a value changed since the page was shown.
    """
    record_perms.require_may_write(handover.resident_id, by)
    if fingerprint(today(resident_id=handover.resident_id)) != seen:
        raise Changed
    with transaction.atomic(), scope(resident=handover.resident_id):
        grant = Grant.objects.get(pk=handover.grant_id)
        gate.lock_exclusively([grant])
        held = Handover.objects.select_for_update().get(pk=handover.pk)
        grant.refresh_from_db()
        place = Membership.objects.current().select_related("person", "organisation").filter(pk=held.membership_id)
        if not held.waits or not grant.stands:
            raise NotWaiting
        if (new := place.first()) is None:
            raise PermissionDenied
        agreement, former = agreement_of(grant), Mandate.objects.get(grant=grant)
        codes = [item.code for item in agreement.items if not item.required]
        terms = Terms(codes, agreement.modes[0], until=grant.ends_at, shown=shown)
        made = give_to(held.resident_id, new, agreement, terms, _acts(former))
        _end(grant, by)
        held.answered_at, held.given_id = timezone.now(), made.grant_id
        held.save(update_fields=["answered_at", "given_id"])
    return made


def refuse(*, handover: Handover, by: UUID) -> None:
    """Say no: the former mandate goes on. Idempotent."""
    record_perms.require_may_write(handover.resident_id, by)
    with transaction.atomic(), scope(resident=handover.resident_id):
        held = Handover.objects.select_for_update().get(pk=handover.pk)
        if held.waits:
            held.answered_at = timezone.now()
            held.save(update_fields=["answered_at"])
            _journal_event(held, by, "handover_declined")


def _end(grant: Grant, by: UUID) -> None:
    now = timezone.now()
    grants.end(grant, now)
    grants.journal_grant_event(grant, by, "grant_stopped")
    grants.note(grant, Happened.REPLACED, now)


def _acts(mandate: Mandate) -> Sequence[Act]:
    return [Act(code) for code in mandate.acts]


def _journal_event(handover: Handover, by: UUID, event: str) -> None:
    details = {"recipient": handover.label, "grant": str(handover.grant_id)}
    journal.write(resident_id=handover.resident_id, actor_id=by, event=event, purpose=HAND_OVER, details=details)
