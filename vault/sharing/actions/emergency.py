"""Emergency access without the resident's agreement: one agent asks, another accepts, and the resident is notified.

The access is a grant that two agents open: the gate journals each reading, and the resident can stop it at once. It
exists only in a city that chose to have it.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from celery import current_app
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding, two_persons
from accounts.actions.desk import person_of
from accounts.models import User
from accounts.two_persons import ACTS
from core import journal
from core.models import City
from core.rows import check
from core.symbols import symbols
from vault.records import gate
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.actions.notes import same_work, seal_note
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.records.perms import require_may_write
from vault.records.values.decrypted import Values
from vault.sharing import perms
from vault.sharing.across import emergencies
from vault.sharing.agreements.entrusting import EMERGENCY_AGREEMENT, URGENT
from vault.sharing.models import EmergencyAccess
from vault.sharing.models.emergency import EMERGENCY_KIND, LENGTHS, RESTS, WAITS

REASON = gettext_noop("Lire le motif d’un accès d’urgence")
LONGEST = 1000


class NotOffered(Exception):
    """The city does not offer emergency accesses."""


class Over(Exception):
    """The request was decided, refused by its resident, or is more than an hour old."""


class TooSoon(Exception):
    """In the last 24 hours the same two agents opened this vault, or its resident refused or stopped an access."""


class NobodyThere(Exception):
    """No vault has the address or reference that the first agent typed. Deciding shows it and closes the request."""


def ask(*, by: User, written: str, reason: str, items: Sequence[str], minutes: int) -> EmergencyAccess:
    """Create a request for an emergency access, whether or not a vault has this address or reference.

    The work is the same in both cases: for nobody, a key is made, and what it seals and the entry are taken back, so
    that the response time reveals nothing. For the same reason a task notifies the resident.

    Raises:
        NotOffered
        PermissionDenied: `by` is no agent, or asks for their own vault.
        NotTwo: `by` may not be one of the two who decide.
        ValueError: no reason, no item, or a length that is not offered.
    """
    _require_offered()
    perms.require_agent(by)
    ACTS["urgent_access"].require_first(by)
    known = [item.code for item in EMERGENCY_AGREEMENT.items if item.code in items]
    if not known or minutes not in LENGTHS or not reason.strip():
        raise ValueError("not offered")
    person = person_of(written)
    if person == by:
        raise PermissionDenied
    found = person if person is not None and person.is_resident and person.is_active else None
    access = EmergencyAccess(
        pk=uuid4(),
        resident_id=found.pk if found else uuid4(),
        reference=f"{symbols(4)}-{symbols(4)}",
        asked_by=by.pk,
        asked_by_name=two_persons.label(by),
        items=known,
        minutes=minutes,
        expires_at=timezone.now() + WAITS,
    )
    with transaction.atomic(), scope(resident=access.resident_id):
        note = {"reason": reason.strip()[:LONGEST]}
        with same_work(resident_id=access.resident_id, is_there=found is not None):
            sealed = seal_note(resident_id=access.resident_id, place=access.place, note=note)
            _journal_event(access, by, "emergency_asked")
        access.content = sealed if found is not None else b""
        access.save(force_insert=True)
        transaction.on_commit(_notify_soon, robust=True)
    return access


def read_reason(*, access: EmergencyAccess, by: User) -> str:
    """Return the reason to the second agent before they answer, and journal it for the resident.

    Return an empty text if the request matches no vault.

    Raises:
        NotTwo: `by` may not decide with the one who asked: they learn neither the reason, nor whether it is anybody's.
    """
    _require_offered()
    _require_second(access, by)
    ACTS["urgent_access"].require(User.objects.get(pk=access.asked_by), by)
    if access.names_nobody:
        return ""
    note = gate.sent_note(
        resident_id=access.resident_id,
        reader=by.pk,
        purpose=REASON,
        place=access.place,
        content=bytes(access.content),
        event="emergency_considered",
        ground=journal.Ground.EMERGENCY,
        details={"recipient": by.name},
    )
    return str(note["reason"])


def own_reason(access: EmergencyAccess) -> str:
    """Return the reason to the resident whose vault it is about."""
    note = gate.own_note(
        resident_id=access.resident_id,
        purpose=REASON,
        place=access.place,
        content=bytes(access.content),
        event="emergency_reread",
    )
    return str(note["reason"])


def decide(*, access: EmergencyAccess, by: User, agree: bool) -> EmergencyAccess:
    """Record the second agent's answer. If they agree, the access opens now for the length that was asked.

    Raises:
        NotOffered
        PermissionDenied: `by` is no agent, asked for the access, or is the resident.
        NotTwo: the two may not decide together. They may not refuse either: the register then tells the one who
            asked whether somebody has what they wrote.
        Over, TooSoon
        NobodyThere: the answer is recorded and the request is closed.
    """
    _require_offered()
    with transaction.atomic(), scope(resident=access.resident_id):
        held = _locked(access)
        _require_second(held, by)
        if not EmergencyAccess.objects.waiting().filter(pk=held.pk).exists():
            raise Over
        ACTS["urgent_access"].require(User.objects.get(pk=held.asked_by), by)
        if agree and _too_soon(held, by):
            raise TooSoon
        held.decided_by, held.decided_by_name, held.decided_at = by.pk, two_persons.label(by), timezone.now()
        if not held.names_nobody:
            _journal_event(held, by, "emergency_agreed" if agree else "emergency_refused")
            held.grant = _open(held) if agree else None
        held.save()
        transaction.on_commit(_notify_soon, robust=True)
    if agree and held.names_nobody:
        raise NobodyThere
    return held


def decline(*, access: EmergencyAccess, by: UUID) -> EmergencyAccess:
    """Record the resident's refusal before a second agent has answered. Idempotent.

    An open access is stopped like any share.
    """
    require_may_write(access.resident_id, by)
    with transaction.atomic(), scope(resident=access.resident_id):
        held = _locked(access)
        if EmergencyAccess.objects.waiting().filter(pk=held.pk).exists():
            held.declined_at = timezone.now()
            held.save(update_fields=["declined_at"])
            details = {"recipient": held.asked_by_name}
            journal.write(
                resident_id=held.resident_id, actor_id=by, event="emergency_declined", purpose=URGENT, details=details
            )
    return held


def look(*, access: EmergencyAccess, by: User, item_code: str) -> tuple[list[str], Values]:
    """Return the fields of one item and their current values. One reading, one entry in the resident's journal.

    Raises:
        NotOffered
        PermissionDenied: `by` did not ask for the access, or did not tick the item.
        gate.Refused, gate.NotAnchored
    """
    _require_offered()
    perms.require_agent(by)
    item = next(
        (item for item in EMERGENCY_AGREEMENT.items if item.code == item_code and item.code in access.items), None
    )
    if access.grant is None or access.asked_by != by.pk or item is None:
        raise PermissionDenied
    fields = list(item.fields)
    return fields, gate.read(grant=access.grant, fields=fields, person=access.resident_id)


def notify_emergency_accesses() -> int:
    """Notify each resident once that an access was asked and once that it was opened. Return how many were notified.

    The messages name nobody. A task runs this at once; the scheduler runs it again for messages that failed.
    """
    return sum(_notify_resident(key, owner) for key, owner in emergencies.to_notify())


def _require_offered() -> None:
    if not City.current().emergency_access:
        raise NotOffered


def _require_second(access: EmergencyAccess, by: User) -> None:
    perms.require_agent(by)
    if by.pk in {access.asked_by, access.resident_id}:
        raise PermissionDenied


def _locked(access: EmergencyAccess) -> EmergencyAccess:
    return EmergencyAccess.objects.select_for_update().get(pk=access.pk)


def _too_soon(held: EmergencyAccess, by: User) -> bool:
    """Return True within `RESTS` of an access by the same agents or of a refusal. Requires the resident's scope.

    The database keeps the rows and their times while the vault exists.

    Raises:
        Forged: an access, or its grant, is not as the portal wrote it last.
    """
    since = timezone.now() - RESTS - WAITS
    recent = list(EmergencyAccess.objects.filter(created_at__gt=since).exclude(pk=held.pk).select_related("grant"))
    check(*(former.grant for former in recent if former.grant), locked=False)
    for former in recent:
        refused_at = former.declined_at or (
            former.grant.stopped_at if former.grant and former.grant.stopped_at != former.grant.ends_at else None
        )
        if refused_at and refused_at > timezone.now() - RESTS:
            return True
        same = former.decided_by is not None and {former.asked_by, former.decided_by} == {held.asked_by, by.pk}
        if same and former.grant and former.grant.starts_at > timezone.now() - RESTS:
            return True
    return False


def _open(held: EmergencyAccess) -> Grant:
    return grants.open_in_emergency(
        resident_id=held.resident_id,
        by=held.asked_by,
        agreement=EMERGENCY_AGREEMENT,
        recipient=Recipient(EMERGENCY_KIND, held.asked_by, held.asked_by_name, held.pk),
        terms=Terms(held.items, Mode.LOOK, 0, lasts=timedelta(minutes=held.minutes), channel=GrantChannel.EMERGENCY),
    )


def _journal_event(access: EmergencyAccess, by: User, event: str) -> None:
    journal.write(
        resident_id=access.resident_id,
        actor_id=by.pk,
        event=event,
        purpose=URGENT,
        details={"recipient": by.name},
        ground=journal.Ground.EMERGENCY,
        means=journal.Means.ADMIN,
    )


def _notify_soon() -> None:
    current_app.send_task("vault.sharing.tasks.notify_emergencies", retry=False)


def _notify_resident(key: UUID, owner: UUID) -> bool:
    with scope(resident=owner):
        held = EmergencyAccess.objects.to_tell()
        asked = _notify(key, owner, "asked", held.filter(asked_told_at=None))
        opened = _notify(key, owner, "opened", held.filter(grant__isnull=False, opened_told_at=None))
    return asked or opened


def _notify(key: UUID, owner: UUID, step: str, due: QuerySet[EmergencyAccess]) -> bool:
    """Send the e-mail and the text message of a step.

    An error of the mail server is raised: nothing is noted, and the next tick tries again.
    """
    template = f"sharing/email/emergency_{step}"

    def tell(_access: EmergencyAccess) -> bool:
        sent = reminding.remind(user_id=owner, template=template, asked=True)
        reminding.text(user_id=owner, template=template)
        return sent

    def note(held: EmergencyAccess) -> None:
        setattr(held, f"{step}_told_at", timezone.now())
        held.save(update_fields=[f"{step}_told_at"])

    return reminding.once(f"emergency {step}", key, due.filter(pk=key), send=tell, note=note)
