"""Help requests: a resident asks an organisation for help on a half-day, and one of its companions answers.

A request gives no access to the vault; a mandate may follow.
"""

from datetime import date, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from accounts.actions import places
from accounts.models import Organisation, User
from core import journal
from core.rows import check
from vault.records import gate, perms
from vault.records.actions.notes import seal_note
from vault.sharing.enums import HalfDay, HelpAnswer
from vault.sharing.models import HelpRequest

HELP = gettext_noop("Demander de l’aide à un organisme")
#: How many days ahead a resident may ask.
AHEAD = 14


def days(today: date) -> list[date]:
    """Return the working days on offer, from tomorrow on, so that a companion has time to read the request."""
    ahead = [today + timedelta(days=count) for count in range(1, AHEAD + 1)]
    return [day for day in ahead if day.weekday() < 5]


def ask_help(
    *, resident_id: UUID, by: UUID, organisation: Organisation, name: str, on_day: date, half: HalfDay
) -> HelpRequest:
    """Create a help request; withdraw the open one at the same organisation.

    Raises:
        ValueError: the day is not offered.
        PermissionDenied: the organisation is inactive or does not answer help requests.
    """
    perms.require_may_write(resident_id, by)
    if on_day not in days(timezone.localdate()):
        raise ValueError("not offered")
    if not organisation.is_active or not organisation.answers_help:
        raise PermissionDenied
    with transaction.atomic(), scope(resident=resident_id):
        HelpRequest.objects.open().filter(organisation_id=organisation.pk).update(
            withdrawn_at=timezone.now(), content=b""
        )
        row = HelpRequest(
            pk=uuid4(), resident_id=resident_id, organisation_id=organisation.pk, organisation_name=organisation.name
        )
        row.on_day, row.half = on_day, half
        row.content = seal_note(resident_id=resident_id, place=row.place, note={"name": name})
        row.save(force_insert=True)
        _journal_event(row, by, "help_asked", organisation.name)
    return row


def withdraw_help(*, request: HelpRequest, by: UUID) -> None:
    """Withdraw the request and erase its name. Idempotent.

    Raises:
        Forged: somebody made the row look answered or withdrawn.
    """
    perms.require_may_write(request.resident_id, by)
    with transaction.atomic(), scope(resident=request.resident_id):
        held = HelpRequest.objects.select_for_update().get(pk=request.pk)
        check(held)
        if held.withdrawn_at is None and not held.answer:
            held.withdrawn_at, held.content = timezone.now(), b""
            held.save(update_fields=["withdrawn_at", "content"])
            _journal_event(held, by, "help_withdrawn", held.organisation_name)


def open_help(*, request: HelpRequest, companion: User) -> str:
    """Return the name that the resident gave to a companion of the organisation, and journal it for the resident.

    Raises:
        PermissionDenied: the companion does not work for the organisation now.
    """
    _require_same_organisation(request, companion)
    note = gate.sent_note(
        resident_id=request.resident_id,
        reader=companion.pk,
        purpose=HELP,
        place=request.place,
        content=bytes(request.content),
        event="help_read",
        means=journal.Means.PAGE,
    )
    return str(note["name"])


def answer_help(*, request: HelpRequest, companion: User, answer: HelpAnswer) -> bool:
    """Record the answer and notify the resident, without saying what it is.

    Return False if the request was already answered or withdrawn: the first answer stays.

    Raises:
        PermissionDenied: the companion does not work for the organisation now.
    """
    _require_same_organisation(request, companion)
    with transaction.atomic(), scope(resident=request.resident_id):
        held = HelpRequest.objects.open().select_for_update().filter(pk=request.pk).first()
        if held is None:
            return False
        held.answer, held.answered_at = answer, timezone.now()
        held.save(update_fields=["answer", "answered_at"])
        _journal_event(held, companion.pk, "help_answered", held.organisation_name)
    reminding.text(user_id=request.resident_id, template="sharing/email/help_answered")
    reminding.remind(user_id=request.resident_id, template="sharing/email/help_answered", asked=True)
    return True


def _require_same_organisation(request: HelpRequest, companion: User) -> None:
    place = places.of_companion(companion)
    if place is None or place.organisation_id != request.organisation_id:
        raise PermissionDenied


def _journal_event(request: HelpRequest, by: UUID, event: str, name: str) -> None:
    journal.write(resident_id=request.resident_id, actor_id=by, event=event, purpose=HELP, details={"recipient": name})
