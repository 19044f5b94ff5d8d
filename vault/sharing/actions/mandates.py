"""Mandates and appointments: what a resident grants to a companion, and the companion's acts.

Each act checks the mandate under its grant's lock.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from smtplib import SMTPException
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from accounts.actions import places
from accounts.models import Membership, User
from core import journal
from core.files.uploads import SealedUpload
from core.journal import heads
from core.symbols import new_code, read_code
from vault.records import gate
from vault.records.actions import grants
from vault.records.actions.grants import Changed, NothingChosen, Recipient
from vault.records.actions.notes import seal_note, unseal_note
from vault.records.actions.papers import take_in
from vault.records.enums import Mode
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement
from vault.records.grants.terms import Terms
from vault.records.models import Grant, Paper
from vault.records.perms import require_may_write
from vault.records.values.decrypted import Values
from vault.sharing import perms
from vault.sharing.across import appointments
from vault.sharing.actions import acts
from vault.sharing.actions.household import fingerprint, values_today
from vault.sharing.agreements.entrusting import AGREEMENT, APPOINTMENT_AGREEMENT, ENTRUST, MEET
from vault.sharing.enums import Act, Done
from vault.sharing.models import Appointment, Mandate
from vault.sharing.models.mandate import APPOINTMENT, CODE_LASTS, COMPANION_KIND

logger = logging.getLogger(__name__)


class NoAppointment(Exception):
    """The code is mistyped, used, cancelled or older than a day. The error does not say which."""


@dataclass(frozen=True)
class Chosen:
    """The items and acts that the resident ticked, and the values that the page showed beside each item."""

    items: Sequence[str]
    acts: Sequence[Act]
    shown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AppointmentTerms:
    """The resident's choices for an appointment, read from its code."""

    resident_id: UUID
    terms: Terms
    acts: list[Act]


def entrust(
    *, resident_id: UUID, by: UUID, membership_id: UUID, terms: Terms, acts: Sequence[Act], seen: str
) -> Mandate:
    """Sign a mandate on the resident's page. It replaces the companion's former mandate.

    Args:
        seen: the fingerprint of the values that the page showed.

    Raises:
        PermissionDenied: the membership has ended.
        Changed: a value changed since the page was shown.
        NothingChosen
    """
    require_may_write(resident_id, by)
    if fingerprint(today(resident_id=resident_id)) != seen:
        raise Changed
    membership = Membership.objects.current().filter(pk=membership_id).select_related("person", "organisation").first()
    if membership is None:
        raise PermissionDenied
    with transaction.atomic(), scope(resident=resident_id):
        return give_to(resident_id, membership, AGREEMENT, terms, acts)


def today(*, resident_id: UUID) -> Values:
    """Return the values that a mandate or an appointment would open now: both agreements have the same items."""
    return values_today(resident_id=resident_id, agreement=AGREEMENT)


def never_again(former: Grant, agreement: Agreement, terms: Terms, seen: str) -> Grant:
    """Refuse to renew (`RecipientKind.give`): a mandate is signed on its own page, an appointment starts by a code.

    Raises:
        PermissionDenied: always.
    """
    raise PermissionDenied


def notify_signed_mandate(mandate: Mandate) -> None:
    """Notify the resident and the companion, without a name. A message that cannot be sent is logged."""
    reminding.text(user_id=mandate.resident_id, template="sharing/email/mandate_signed")
    for user_id, template in (
        (mandate.resident_id, "sharing/email/mandate_signed"),
        (mandate.grant.recipient_id, "sharing/email/mandate_received"),
    ):
        try:
            reminding.remind(user_id=user_id, template=template, asked=True)
        except (OSError, SMTPException) as error:
            logger.warning("a message about a mandate could not be sent", extra={"code": type(error).__name__})


def make_code(*, resident_id: UUID, by: UUID, chosen: Chosen) -> str:
    """Return a new appointment code, shown only once. Cancel the former one.

    Raises:
        NothingChosen
    """
    require_may_write(resident_id, by)
    if not chosen.items and not chosen.acts:
        raise NothingChosen
    code = new_code()
    with transaction.atomic(), scope(resident=resident_id):
        _cancel_open(resident_id)
        row = Appointment(
            pk=uuid4(), resident_id=resident_id, code_hash=_hash(code), expires_at=timezone.now() + CODE_LASTS
        )
        note = {"items": list(chosen.items), "acts": [act.value for act in chosen.acts], "shown": dict(chosen.shown)}
        row.content = seal_note(resident_id=resident_id, place=row.place, note=note)
        row.save(force_insert=True)
        journal.write(resident_id=resident_id, actor_id=by, event="appointment_made", purpose=MEET)
    return code


def cancel_code(*, resident_id: UUID, by: UUID) -> None:
    """Cancel a code that was not typed yet. An appointment that has begun is stopped like any share."""
    require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        if _cancel_open(resident_id):
            journal.write(resident_id=resident_id, actor_id=by, event="appointment_cancelled", purpose=MEET)


def begin(*, companion: User, code: str) -> Mandate:
    """Begin the two hours of an appointment. If two companions type the code at once, only one succeeds.

    Raises:
        PermissionDenied: the companion has no current membership.
        NoAppointment
    """
    place = places.of_companion(companion)
    if place is None:
        raise PermissionDenied
    with typed(code) as chosen:
        mandate = give_to(chosen.resident_id, place, APPOINTMENT_AGREEMENT, chosen.terms, chosen.acts)
        _journal_act(mandate.grant, companion, "appointment_begun", MEET)
    return mandate


@contextmanager
def typed(code: str) -> Iterator[AppointmentTerms]:
    """Use the code once: run the block in a transaction and in its resident's scope.

    Raises:
        NoAppointment
    """
    with transaction.atomic():
        row = appointments.find_locked(_hash(code))
        if row is None:
            raise NoAppointment
        with scope(resident=row.resident_id):
            note = unseal_note(resident_id=row.resident_id, place=row.place, content=bytes(row.content))
            terms = Terms(note["items"], Mode.LOOK, 0, lasts=APPOINTMENT, shown=note["shown"])
            yield AppointmentTerms(row.resident_id, terms, [Act(act) for act in note["acts"]])
            row.used_at = timezone.now()
            row.save(update_fields=["used_at"])


def look(*, mandate: Mandate, companion: User, item_code: str, agreement: Agreement) -> tuple[list[str], Values]:
    """Return the fields of one item and their current values. One reading, one entry in the resident's journal.

    Raises:
        PermissionDenied: the item was not ticked, or the mandate is another companion's.
        gate.Refused, gate.NotAnchored
    """
    perms.require_may_act(mandate, companion)
    item = next(
        (item for item in agreement.named(agreements.fields_of(mandate.grant)) if item.code == item_code), None
    )
    if item is None:
        raise PermissionDenied
    fields = list(item.fields)
    return fields, gate.read(grant=mandate.grant, fields=fields, person=mandate.resident_id)


def add_paper(*, mandate: Mandate, companion: User, kind: str | None, upload: SealedUpload, token: UUID) -> Paper:
    """Add a paper to the resident's vault, quarantined like any other. Only the resident confirms its values.

    Raises:
        PermissionDenied: the mandate does not allow it.
        gate.Refused: the mandate is paused, stopped or expired.
    """
    perms.require_may_act(mandate, companion)
    if not mandate.allows(Act.ADD_PAPER):
        raise PermissionDenied
    grant = mandate.grant
    paper = Paper(pk=uuid4(), resident_id=mandate.resident_id, kind=kind or "")

    def added(kept: Paper) -> None:
        acts.note(grant, Done.PAPER)
        more = {"kind": kept.kind} if kept.kind else {}
        _journal_act(grant, companion, "mandate_paper_added", ENTRUST, more)

    with acts.under(grant):
        return take_in(paper, upload, token, added, brought_by=grant.recipient_label)


def give_back(*, mandate: Mandate, companion: User) -> None:
    """End a mandate at the companion's wish. Idempotent. When this returns, they can read nothing more.

    Raises:
        PermissionDenied: the mandate is another companion's.
    """
    perms.require_may_act(mandate, companion)
    grants.give_back(grant=mandate.grant, by=companion.pk)


def give_to(
    resident_id: UUID,
    membership: Membership,
    agreement: Agreement,
    terms: Terms,
    acts: Sequence[Act],
    subject_id: UUID | None = None,
) -> Mandate:
    """Give a mandate that the resident chose: signed, by an appointment code, or in answer to a request.

    Requires the resident's scope and a transaction.

    Args:
        subject_id: the access request that the mandate answers.
    """
    recipient = Recipient(COMPANION_KIND, membership.person_id, membership.label, subject_id)
    grant = grants.give(resident_id=resident_id, by=resident_id, agreement=agreement, recipient=recipient, terms=terms)
    return Mandate.objects.create(
        resident_id=resident_id,
        grant=grant,
        membership_id=membership.pk,
        name=User.objects.get(pk=resident_id).name,
        acts=[act.value for act in acts],
    )


def _journal_act(
    grant: Grant, companion: User, event: str, purpose: str, more: Mapping[str, Any] | None = None
) -> None:
    details = {"recipient": grant.recipient_label, "grant": str(grant.pk), **(more or {})}
    journal.write(resident_id=grant.resident_id, actor_id=companion.pk, event=event, purpose=purpose, details=details)


def _hash(code: str) -> str:
    """Hash a code. Its 60 random bits need no slow hash."""
    return hashlib.sha256(b"appointment" + read_code(code).encode()).hexdigest()


def _cancel_open(resident_id: UUID) -> int:
    """Cancel the code that waits. Return how many were cancelled. Requires the resident's scope.

    Raises:
        Forged: somebody changed or deleted a row that may still open something.
    """
    list(Appointment.objects.select_for_update().order_by("pk"))
    waiting = [code.pk for code in heads.live(resident_id, Appointment)]
    return Appointment.objects.filter(pk__in=waiting).update(cancelled_at=timezone.now())
