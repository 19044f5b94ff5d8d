"""Complaints: a resident tells the city of a problem with a service, and an agent answers within fifteen days.

Agents read the message, never the name, and the publisher reads neither. The register says that a complaint was
upheld, in words that an agent writes for it.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from accounts.models import User
from certification.labels import across, perms
from certification.labels.models import Complaint, Service
from certification.labels.states import NotNow
from core import journal
from core.database import locks
from core.journal import register
from vault.records import gate
from vault.records.actions.notes import seal_note, unseal_note
from vault.records.perms import require_may_write

COMPLAINT = gettext_noop("Signaler un problème avec un service")
LONGEST = 2000
#: Open complaints of one resident about one service: more would be the same one.
MOST = 3


class TooMany(Exception):
    """The resident has as many open complaints about this service as one may have."""


def complain(*, resident_id: UUID, by: UUID, service: Service, about: Complaint.About, message: str) -> Complaint:
    """Tell the city of a problem with a service.

    Raises:
        PermissionDenied: the vault is another resident's.
        ValueError: no message.
        TooMany
    """
    require_may_write(resident_id, by)
    if not message.strip():
        raise ValueError("say what happened")
    with transaction.atomic(), scope(resident=resident_id):
        # Two forms sent at once would both count the others only.
        locks.hold("complaints", resident_id)
        if Complaint.objects.open().filter(service=service).count() >= MOST:
            raise TooMany
        row = Complaint(resident_id=resident_id, service=service, about=about)
        note = {"message": message.strip()[:LONGEST], "answer": ""}
        row.content = seal_note(resident_id=resident_id, place=row.place, note=note)
        row.save(force_insert=True)
        _journal_event(row, by, "complaint_sent")
    return row


def open_own(complaint: Complaint) -> dict[str, Any]:
    """Decrypt a complaint for its resident, through the gate."""
    return gate.own_note(
        resident_id=complaint.resident_id,
        purpose=COMPLAINT,
        place=complaint.place,
        content=bytes(complaint.content),
        event="complaint_opened",
    )


def read(*, complaint: Complaint, by: User) -> dict[str, Any]:
    """Decrypt a complaint for an agent, through the gate, with an entry in the resident's journal.

    Raises:
        PermissionDenied: `by` is no agent, or worked for the publisher.
    """
    perms.require_agent(by, complaint.service.publisher)
    return gate.sent_note(
        resident_id=complaint.resident_id,
        reader=by.pk,
        purpose=COMPLAINT,
        place=complaint.place,
        content=bytes(complaint.content),
        event="complaint_read",
        details={"recipient": complaint.service.name},
    )


def answer(*, complaint: Complaint, by: User, text: str, upheld: str = "") -> Complaint:
    """Answer, which cannot change later. The resident is told at the next tick.

    Args:
        upheld: if the complaint is upheld, what the register says of it: nothing about the resident.

    Raises:
        PermissionDenied: as `read`.
        ValueError: no answer.
        NotNow: it is answered.
    """
    perms.require_agent(by, complaint.service.publisher)
    if not text.strip():
        raise ValueError("answer something")
    with transaction.atomic(), scope(resident=complaint.resident_id):
        held = Complaint.objects.select_for_update().get(pk=complaint.pk)
        if held.answered_at is not None:
            raise NotNow
        note = unseal_note(resident_id=held.resident_id, place=held.place, content=bytes(held.content))
        held.version += 1
        note |= {"answer": text.strip()[:LONGEST]}
        held.content = seal_note(resident_id=held.resident_id, place=held.place, note=note)
        held.answered_at, held.answered_by, held.upheld = timezone.now(), by.pk, bool(upheld.strip())
        held.save()
        _journal_event(held, by.pk, "complaint_answered")
        if held.upheld:
            content = {"service": complaint.service.name, "reasons": upheld.strip()}
            register.write(kind="label", subject_id=complaint.service_id, event="complaint_upheld", content=content)
    return held


def find(*, complaint_id: UUID, by: User) -> Complaint:
    """Return a complaint to an agent, without its content.

    Raises:
        PermissionDenied: as `read`.
        DoesNotExist
    """
    found = across.complaint(complaint_id)
    if found is None:
        raise Complaint.DoesNotExist
    perms.require_agent(by, found.service.publisher)
    return found


def notify_answers() -> int:
    """Tell each resident once that there is an answer; retried if sending fails. Called by the scheduler."""
    return sum(map(_notify, across.answers_to_tell()))


def _notify(answered: Complaint) -> bool:
    resident_id = answered.resident_id

    def tell(_complaint: Complaint) -> bool:
        return reminding.remind(user_id=resident_id, template="labels/email/complaint_answered", asked=True)

    def note(held: Complaint) -> None:
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])

    with scope(resident=resident_id):
        due = Complaint.objects.filter(pk=answered.pk, told_at=None)
        return reminding.once("complaint answered", answered.pk, due, send=tell, note=note)


def _journal_event(complaint: Complaint, by: UUID, event: str) -> None:
    own = by == complaint.resident_id
    journal.write(
        resident_id=complaint.resident_id,
        actor_id=by,
        event=event,
        purpose=COMPLAINT,
        details={"recipient": complaint.service.name},
        ground=None if own else journal.Ground.OWN,
    )
