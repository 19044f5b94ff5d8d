"""A couple's dossier in two parts: ask, take the question back, agree, say no. Each act is told in the journal of the one who does it."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope, scopes_disabled

from core import journal
from services.dossiers import actions, parts, perms
from services.dossiers.enums import Answer
from services.dossiers.models import Dossier, Part
from services.dossiers.needs import Need
from services.dossiers.parts import Received

IN_PARTS = gettext_noop("Faire un dossier en deux parts, chacun la sienne")


class AlreadyAgreed(Exception):
    """Their part is being made, or is ready: to go back on it is to delete it."""


def ask(*, dossier: Dossier, by: UUID) -> None:
    """Once for one dossier: whatever the answer was, asking again changes nothing.

    Raises:
        PermissionDenied: not theirs, no partner lives with them, or nothing is asked of one.
        Dossier.DoesNotExist: it was deleted meanwhile.
    """
    perms.require_owner(dossier, by)
    told = parts.told(dossier)
    if told is None:
        raise PermissionDenied
    with scope(resident=by), transaction.atomic():
        row = Dossier.objects.select_for_update(of=("self",)).get(pk=dossier.pk)
        with scopes_disabled():
            Part.objects.filter(dossier_id=row.pk).exclude(asker_id=told.me.pk, member_id=told.partner.pk).delete()
        with scope(resident=told.partner.resident_id):
            columns = {"asker_id": told.me.pk, "number": row.number, "aids": row.aids, "recipient": row.recipient}
            columns |= {"resident_id": told.partner.resident_id, "member_id": told.partner.pk}
            _part, created = Part.objects.get_or_create(dossier_id=row.pk, defaults=columns)
        if created:
            _tell(by, "part_asked", row.number, told.partner.name)


def take_back(*, dossier: Dossier, by: UUID) -> None:
    """Only while there is no answer: an answer is its giver's."""
    perms.require_owner(dossier, by)
    told = parts.told(dossier)
    if told is None:
        return
    with transaction.atomic():
        with scope(resident=told.partner.resident_id):
            gone, _rows = Part.objects.filter(
                dossier_id=dossier.pk, member_id=told.partner.pk, answer=Answer.NONE
            ).delete()
        if gone:
            _tell(by, "part_taken_back", dossier.number, told.partner.name)


def agree(*, found: Received, by: UUID) -> Dossier:
    """A dossier of one's own for the same aids and the same recipient, under the same number. Agreeing twice gives one.

    Raises:
        Part.DoesNotExist: the question was taken back.
    """
    with scope(resident=by), transaction.atomic():
        part = _locked(found, by)
        made = parts.own(part).first()
        if made is not None:
            return made
        _answer(part, Answer.YES)
        _tell(by, "part_agreed", part.number, found.asker.name)
        return actions.start(
            resident_id=by,
            aids=part.aids,
            recipient=part.recipient,
            token=part.pk,
            number=part.number,
            part_of=found.asker.name,
        )


def refuse(*, found: Received, by: UUID) -> None:
    """
    Raises:
        AlreadyAgreed: a page left open says no to what was agreed to since.
        Part.DoesNotExist: the question was taken back.
    """
    with scope(resident=by), transaction.atomic():
        part = _locked(found, by)
        if parts.own(part).exists():
            raise AlreadyAgreed
        if part.answer != Answer.NO:
            _answer(part, Answer.NO)
            _tell(by, "part_refused", part.number, found.asker.name)


def asked(*, found: Received, by: UUID) -> list[Need]:
    """What is asked of one's vault, with what it has and what it lacks: nothing is kept of it."""
    perms.require_asked(found.part, by)
    would_be = Dossier(resident_id=by, aids=found.part.aids, part_of=found.asker.name)
    return list(actions.open_material(would_be, note={}).lines)


def _locked(found: Received, by: UUID) -> Part:
    perms.require_asked(found.part, by)
    return Part.objects.select_for_update(of=("self",)).get(pk=found.part.pk)


def _answer(part: Part, answer: Answer) -> None:
    part.answer, part.answered_at = answer, timezone.now()
    part.save(update_fields=["answer", "answered_at"])


def _tell(by: UUID, event: str, number: str, name: str) -> None:
    details = {"number": number, "recipient": name}
    journal.write(resident_id=by, actor_id=by, event=event, purpose=IN_PARTS, details=details)
