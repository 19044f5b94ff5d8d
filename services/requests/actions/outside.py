"""Requests to offices outside Garant: the resident sends them and notes what follows. Nothing leaves Garant.

The time and what silence means come from the catalogue of aids; where it does not know, two months and a refusal (CRPA
L231-1 and L231-4, 3°). A paper that the office asks for stops the time until it is sent (L114-5).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from core import journal
from services.dossiers import perms as dossier_perms
from services.dossiers.models import Dossier
from services.procedures import finding
from services.procedures.enums import Silence
from services.requests import clock, perms
from services.requests.enums import OutsideAnswer, OutsideStep
from services.requests.models import OutsideRequest
from vault.records import gate
from vault.records.actions.notes import seal_note, unseal_note

FOLLOW = gettext_noop("Suivre une demande que vous avez envoyée vous-même")
NEWS, RENEWAL = "requests/email/news", "requests/email/renewal"
OFFICE_LENGTH, NUMBER_LENGTH = 80, 40


class WrongDay(ValueError):
    """A day in the future, or one that contradicts another step. The message is for the resident."""


class WrongEnd(WrongDay):
    """The end of what was granted comes before its answer."""


def note_sent(
    *, resident_id: UUID, by: UUID, dossier: Dossier, office: str, number: str, on: date, token: UUID
) -> OutsideRequest:
    """Note that the resident sent this dossier to an office. The same form sent twice gives one request.

    Raises:
        WrongDay
    """
    dossier_perms.require_owner(dossier, by)
    row = OutsideRequest(resident_id=resident_id, dossier_id=dossier.pk, aids=dossier.aids, token=token, sent_on=on)
    _check_day(row, OutsideStep.SENT, on)
    row.due_on = row.last_day(months_of(row))
    _seal(row, office, number)
    with scope(resident=resident_id):
        try:
            with transaction.atomic():
                row.save(force_insert=True)
                _write(row, by, "outside_sent", office)
        except IntegrityError:
            return OutsideRequest.objects.get(token=token)
    return row


def note_step(
    *,
    request: OutsideRequest,
    by: UUID,
    step: OutsideStep,
    on: date | None,
    answer: str = "",
    ends_on: date | None = None,
) -> OutsideRequest:
    """Note the day of a step; None takes it back, and with it what followed.

    Args:
        ends_on: of a granted answer, until when it lasts; its renewal is reminded a month before.

    Raises:
        WrongDay
    """

    def noted(held: OutsideRequest) -> None:
        if on is None and step == OutsideStep.SENT:
            raise WrongDay(_("Une demande a un jour d’envoi. Supprimez-la si elle n’est pas partie."))
        if on is not None:
            _check_day(held, step, on)
        setattr(held, f"{step}_on", on)
        if step == OutsideStep.ASKED:
            held.supplied_on = None
        if step == OutsideStep.ANSWERED:
            held.answer = OutsideAnswer(answer) if on else ""
            _end(held, ends_on if held.answer == OutsideAnswer.GRANTED else None)
        before, held.due_on = held.due_on, held.last_day(months_of(held))
        if held.due_on != before:
            held.told_at = None
        held.save()
        _write(held, by, "outside_noted", _open(held)["office"])

    return _change(request, by, noted)


def note_number(*, request: OutsideRequest, by: UUID, office: str, number: str) -> OutsideRequest:
    """Change the name of the office and the number that it gave."""

    def noted(held: OutsideRequest) -> None:
        held.version += 1
        _seal(held, office, number)
        held.save(update_fields=["version", "content"])
        _write(held, by, "outside_noted", office)

    return _change(request, by, noted)


def forget(*, request: OutsideRequest, by: UUID) -> None:
    """Delete what the resident noted. The request itself goes on at its office."""

    def gone(held: OutsideRequest) -> None:
        _write(held, by, "outside_deleted", _open(held)["office"])
        held.delete()

    _change(request, by, gone)


def opened(request: OutsideRequest) -> dict[str, Any]:
    """Return the office's name and its number, through the gate, with one entry."""
    note: dict[str, Any] = gate.own_note(
        resident_id=request.resident_id, purpose=FOLLOW, place=request.note_place, content=bytes(request.content)
    )
    return note


def notify_late(key: UUID, resident_id: UUID) -> bool:
    """Tell a resident once that the time has passed."""

    def tell(_request: OutsideRequest) -> bool:
        reminding.remind(user_id=resident_id, template=NEWS)
        return True

    def note(held: OutsideRequest) -> None:
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])
        _write(held, resident_id, "outside_late", _open(held)["office"])

    with scope(resident=resident_id):
        due = OutsideRequest.objects.late().filter(pk=key, told_at=None)
        return reminding.once("outside late", key, due, send=tell, note=note)


def remind_renewal(key: UUID, resident_id: UUID) -> bool:
    """Tell a resident once that what was granted ends soon."""

    def tell(_request: OutsideRequest) -> bool:
        reminding.remind(user_id=resident_id, template=RENEWAL)
        return True

    def note(held: OutsideRequest) -> None:
        held.renewal_told_at = timezone.now()
        held.save(update_fields=["renewal_told_at"])

    with scope(resident=resident_id):
        due = OutsideRequest.objects.to_renew().filter(pk=key, renewal_told_at=None)
        return reminding.once("outside renewal", key, due, send=tell, note=note)


def months_of(request: OutsideRequest) -> int:
    """Return the longest time that its procedures gave their office on the day of sending, in months."""
    known = [one.decision_delay.months for one in finding.on_day(request.aids, request.sent_on)]
    return max([months for months in known if months], default=clock.MONTHS)


def silence_grants(request: OutsideRequest) -> bool:
    """Return whether no answer means yes, for each of its procedures as it was on the day of sending."""
    found = [one.decision_delay.silence_means for one in finding.on_day(request.aids, request.sent_on)]
    return bool(found) and all(meaning == Silence.ACCEPTED for meaning in found)


def _end(held: OutsideRequest, ends_on: date | None) -> None:
    """Note until when what was granted lasts; another day is reminded again."""
    if ends_on is not None and held.answered_on is not None and ends_on < held.answered_on:
        raise WrongEnd(_("Cette date est avant la réponse."))
    if ends_on != held.ends_on:
        held.ends_on, held.renewal_told_at = ends_on, None


def _check_day(held: OutsideRequest, step: OutsideStep, on: date) -> None:
    if on > timezone.localdate():
        raise WrongDay(_("Cette date n’est pas encore arrivée."))
    days = {
        OutsideStep.SENT: held.sent_on,
        OutsideStep.ASKED: held.asked_on,
        OutsideStep.SUPPLIED: held.supplied_on,
        OutsideStep.ANSWERED: held.answered_on,
    }
    order = list(days)
    place = order.index(step)
    if step == OutsideStep.SUPPLIED and held.asked_on is None:
        raise WrongDay(_("Notez d’abord quel jour l’organisme l’a demandé."))
    if any(day and day > on for day in map(days.get, order[:place])):
        raise WrongDay(_("Vous avez noté une étape d’avant, à un jour d’après."))
    # A paper asked for again is a new one: the former answer to it goes.
    later = order[place + 1 :] if step != OutsideStep.ASKED else [OutsideStep.ANSWERED]
    if any(day and day < on for day in map(days.get, later)):
        raise WrongDay(_("Vous avez noté une suite avant cette date."))


def _change(request: OutsideRequest, by: UUID, change: Callable[[OutsideRequest], None]) -> OutsideRequest:
    perms.require_owner(request, by)
    with transaction.atomic(), scope(resident=by):
        held = OutsideRequest.objects.select_for_update().filter(pk=request.pk).first()
        if held is None:
            raise PermissionDenied
        change(held)
    return held


def _seal(held: OutsideRequest, office: str, number: str) -> None:
    note = {"office": office.strip()[:OFFICE_LENGTH], "number": number.strip()[:NUMBER_LENGTH]}
    held.content = seal_note(resident_id=held.resident_id, place=held.note_place, note=note)


def _open(held: OutsideRequest) -> Mapping[str, Any]:
    return unseal_note(resident_id=held.resident_id, place=held.note_place, content=bytes(held.content))


def _write(held: OutsideRequest, by: UUID, event: str, office: str) -> None:
    journal.write(
        resident_id=held.resident_id, actor_id=by, event=event, purpose=FOLLOW, details={"recipient": office}
    )
