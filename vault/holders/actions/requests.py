"""Data requests to holders: write, correct, note sending and what followed, delete.

The resident sends the letter and notes each date. The holder has the time of GDPR 12(3) to answer.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from core import journal
from core.keys import sealed
from vault import types
from vault.holders import across, letters
from vault.holders.enums import RequestAnswer, RequestStep
from vault.holders.models import DataRequest, RequestPaper
from vault.records import gate, perms, wording
from vault.records.actions.records import Invalid
from vault.records.enums import Right
from vault.records.models import Holder, Paper
from vault.records.papers.answering import Asked
from vault.types.spans import add_months

PREPARE = gettext_noop("Préparer une demande à un organisme")
FOLLOW = gettext_noop("Suivre une demande à un organisme")
NAMES = FAMILY, GIVEN, USED = types.field_ids("identite.pivot", "family_name", "given_name", "preferred_username")
CONTACT = EMAIL, POSTAL = types.field_ids("identite.contact", "email", "adresse")
HOME = "logement.domicile#/adresse"
#: The only values of the vault that go into a letter: the sender and where to answer.
FIELDS = (*NAMES, *CONTACT, HOME)
#: The maximum length of each part of a letter.
LENGTHS = {
    "name": 120,
    "address": 300,
    "email": 254,
    "reference": 80,
    "wanted": 600,
    "since": 10,
    "until": 10,
    "organisation": 120,
    "recipient_address": 300,
    "recipient_email": 254,
}


class AlreadySent(Exception):
    """The letter was sent: its text can no longer change."""


class NotSent(Exception):
    """The letter was not sent yet: no other step can be noted."""


def known_parts(*, resident_id: UUID, holder: Holder, name: str, email: str) -> dict[str, str]:
    """Return the letter's parts known to the vault, through the gate; else the account's name and e-mail address."""
    values = gate.read_own(resident_id=resident_id, purpose=PREPARE, fields=FIELDS)

    def known(field_id: str) -> Any:  # noqa: ANN401 - a payload's value
        return values.value(field_id, person=resident_id)

    family = known(USED) or known(FAMILY)
    whole = " ".join(filter(None, [known(GIVEN), family]))
    address = known(HOME) or known(POSTAL)
    lines = wording.address(address).split(", ") if address else []
    return {
        "name": whole if family else name,
        "address": "\n".join(lines),
        "email": known(EMAIL) or email,
        "wanted": ", ".join(_wanted(holder)),
        "organisation": "" if holder.several else holder.name_fr,
        "recipient_address": holder.postal_address,
        "recipient_email": holder.email,
    }


def start_request(
    *, resident_id: UUID, by: UUID, holder: Holder, right: str, parts: Mapping[str, str], token: UUID | None = None
) -> DataRequest:
    """Create a letter to be sent. Idempotent for one form (`token`).

    Raises:
        Invalid: this right does not apply to this holder's data.
    """
    perms.require_may_write(resident_id, by)
    if right not in holder.rights:
        raise Invalid([_("Ce droit ne vaut pas pour cet organisme.")])
    request = DataRequest(
        pk=uuid4(), resident_id=resident_id, holder=holder.code, right=Right(right), token=token or uuid4()
    )
    with scope(resident=resident_id):
        try:
            with transaction.atomic():
                _seal(request, {"parts": _bounded(parts)})
                request.save(force_insert=True)
                _journal_event(request, by, "request_started", PREPARE)
        except IntegrityError:
            return DataRequest.objects.get(token=request.token)
    return request


def change_request(*, request: DataRequest, by: UUID, parts: Mapping[str, str]) -> DataRequest:
    """Change parts of the letter.

    Raises:
        AlreadySent
        Invalid: the period asked for ends before it starts.
    """

    def changed(held: DataRequest) -> None:
        if held.sent_on is not None:
            raise AlreadySent
        content = _open(held)
        changed_parts = {**content["parts"], **_bounded(parts)}
        since, until = changed_parts.get("since"), changed_parts.get("until")
        if since and until and since > until:
            raise Invalid([_("La fin est avant le début. Choisissez une autre date.")])
        _rewrite(held, {**content, "parts": changed_parts})
        _journal_event(held, by, "request_changed", PREPARE)

    return _change(request, by, changed)


def note_step(*, request: DataRequest, by: UUID, step: RequestStep, on: date | None, answer: str = "") -> DataRequest:
    """Note a step on a day; None takes it back. Sending freezes the letter and starts the time to answer.

    Raises:
        NotSent: the letter was not sent yet.
        Invalid: the day is in the future or contradicts another step.
    """

    def noted(held: DataRequest) -> None:
        if step != RequestStep.SENT and held.sent_on is None:
            raise NotSent
        _check_day(held, step, on)
        if step == RequestStep.SENT:
            _send(held, on)
        else:
            setattr(held, f"{step}_on", on)
        if step == RequestStep.ANSWERED:
            held.answer = RequestAnswer(answer) if on else ""
        before, held.due_on = held.due_on, held.last_day()
        if held.due_on != before:
            held.told_at = None
        held.save()
        _journal_event(held, by, f"request_{step}" if on else "request_undone", FOLLOW)

    return _change(request, by, noted)


def delete_request(*, request: DataRequest, by: UUID) -> None:
    """Delete the letter and its dates. Files received in answer stay papers of the vault."""

    def gone(held: DataRequest) -> None:
        _journal_event(held, by, "request_deleted", FOLLOW)
        held.delete()

    _change(request, by, gone)


def open_request(request: DataRequest) -> dict[str, Any]:
    """Decrypt the letter's content, through the gate."""
    content: dict[str, Any] = gate.own_note(
        resident_id=request.resident_id, purpose=FOLLOW, place=request.place, content=bytes(request.content)
    )
    return content


def notify_overdue_requests() -> int:
    """Notify each resident once, by e-mail and in their journal, that the time to answer has passed.

    Called by the scheduler.
    """
    return sum(_notify_overdue(key, resident_id) for key, resident_id in across.overdue_requests())


def _notify_overdue(key: UUID, resident_id: UUID) -> bool:
    def tell(_request: DataRequest) -> bool:
        return reminding.remind(user_id=resident_id, template="holders/email/request_late")

    def note(held: DataRequest) -> None:
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])
        _journal_event(held, resident_id, "request_late", FOLLOW)

    with scope(resident=resident_id):
        due = DataRequest.objects.late().filter(pk=key, told_at=None)
        return reminding.once("request late", key, due, send=tell, note=note)


def asked(identifier: str) -> Asked | None:
    """Return the request that an uploaded file answers; None if the resident has no request with this id."""
    try:
        request = DataRequest.objects.filter(pk=UUID(identifier)).first()
    except ValueError:
        return None
    return None if request is None else Asked(request.holder, partial(_received, request))


def _received(request: DataRequest, paper: Paper) -> None:
    RequestPaper.objects.create(resident_id=request.resident_id, request=request, paper=paper)


def _change(request: DataRequest, by: UUID, change: Callable[[DataRequest], None]) -> DataRequest:
    perms.require_may_write(request.resident_id, by)
    with transaction.atomic(), scope(resident=by):
        held = DataRequest.objects.select_for_update().filter(pk=request.pk).first()
        if held is None:
            raise PermissionDenied
        change(held)
    return held


def _send(held: DataRequest, on: date | None) -> None:
    """Freeze the letter with the day of sending. None makes it a draft again and removes all later steps."""
    content = {name: kept for name, kept in _open(held).items() if name != "sent"}
    held.sent_on = on
    if on is None:
        held.due_on = held.extended_on = held.reminded_on = held.complained_on = held.answered_on = held.told_at = None
        held.answer = ""
    else:
        holder = Holder.objects.filter(code=held.holder).first()
        content["sent"] = letters.request_letter(held, holder, content, on).kept()
        held.due_on = held.last_day()
    _rewrite(held, content)


def _check_day(held: DataRequest, step: RequestStep, on: date | None) -> None:
    if on is None:
        return
    if on > timezone.localdate():
        raise Invalid([_("Cette date n’est pas encore arrivée.")])
    if step == RequestStep.SENT:
        steps = [held.extended_on, held.reminded_on, held.complained_on, held.answered_on]
        if any(day < on for day in steps if day):
            raise Invalid([_("Vous avez noté une suite avant cette date.")])
        return
    if held.sent_on is not None and on < held.sent_on:
        raise Invalid([_("C’est avant l’envoi de votre lettre.")])
    if step == RequestStep.EXTENDED and held.sent_on is not None and on > add_months(held.sent_on, 1):
        raise Invalid([_("L’organisme devait le dire dans le premier mois : le délai n’est pas prolongé.")])


def _wanted(holder: Holder) -> list[str]:
    """Return the titles of the data that the holder has, in French like the letter."""
    titles = {data_type.code: data_type.words.fr for data_type in types.all_types()}
    found = [titles[code] for code in holder.holds if code in titles]
    return [title[:1].lower() + title[1:] for title in found]


def _bounded(parts: Mapping[str, str]) -> dict[str, str]:
    """Return the known parts, cut to their maximum length, without unprintable characters."""
    return {name: _printable(parts[name])[:most].strip() for name, most in LENGTHS.items() if name in parts}


def _printable(text: str) -> str:
    return "".join(letter for letter in text.replace("\r\n", "\n") if letter == "\n" or letter.isprintable())


def _open(held: DataRequest) -> dict[str, Any]:
    content: dict[str, Any] = sealed.unseal_json(
        bytes(held.content), resident_id=held.resident_id, place=f"note|{held.place}"
    )
    return content


def _seal(held: DataRequest, content: Mapping[str, Any]) -> None:
    """Seal the content like `seal_note`, so that `gate.own_note` decrypts it."""
    held.content = sealed.seal_json(dict(content), resident_id=held.resident_id, place=f"note|{held.place}")


def _rewrite(held: DataRequest, content: Mapping[str, Any]) -> None:
    held.version += 1
    _seal(held, content)
    held.save()


def _journal_event(held: DataRequest, by: UUID, event: str, purpose: str) -> None:
    journal.write(
        resident_id=held.resident_id, actor_id=by, event=event, purpose=purpose, details={"holder": held.holder}
    )
