"""A couple's dossier in two parts: ask, take back, agree, refuse. Each act is journalled for who does it."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal
from services.dossiers import across as parts
from services.dossiers import perms, recipients
from services.dossiers.across import Received
from services.dossiers.actions import dossiers as actions
from services.dossiers.content.needs import Need
from services.dossiers.enums import Answer
from services.dossiers.models import Dossier, Part

IN_PARTS = gettext_noop("Faire un dossier en deux parts, chacun la sienne")


class AlreadyAgreed(Exception):
    """The part is being made or ready: delete it instead of refusing."""


def ask(*, dossier: Dossier, by: UUID) -> None:
    """Ask the partner for their part. Idempotent: an existing request stays, whatever its answer.

    Raises:
        PermissionDenied: `by` does not own the dossier, no partner lives with them, or the aids require nothing
          from a partner.
        Dossier.DoesNotExist: the dossier was deleted meanwhile.
    """
    perms.require_owner(dossier, by)
    partner_part = parts.partner_part(dossier)
    if partner_part is None:
        raise PermissionDenied
    with scope(resident=by), transaction.atomic():
        row = Dossier.objects.select_for_update(of=("self",)).get(pk=dossier.pk)
        recipient = recipients.of(row)
        parts.forget_others(row.pk, asker=partner_part.me, member=partner_part.partner)
        with scope(resident=partner_part.partner.resident_id):
            blank = Part(resident_id=partner_part.partner.resident_id)
            columns = {
                "asker_id": partner_part.me.pk,
                "number": row.number,
                "aids": row.aids,
                "versions": row.versions,
                "recipient": recipients.seal(blank, recipient),
            }
            columns |= {"id": blank.pk, "resident_id": blank.resident_id, "member_id": partner_part.partner.pk}
            _part, created = Part.objects.get_or_create(dossier_id=row.pk, defaults=columns)
        if created:
            _journal_event(by, "part_asked", row.number, partner_part.partner.name)


def take_back(*, dossier: Dossier, by: UUID) -> None:
    """Delete the request, unless it has an answer."""
    perms.require_owner(dossier, by)
    partner_part = parts.partner_part(dossier)
    if partner_part is None:
        return
    with transaction.atomic():
        with scope(resident=partner_part.partner.resident_id):
            gone, _rows = Part.objects.filter(
                dossier_id=dossier.pk, member_id=partner_part.partner.pk, answer=Answer.NONE
            ).delete()
        if gone:
            _journal_event(by, "part_taken_back", dossier.number, partner_part.partner.name)


def agree(*, found: Received, by: UUID) -> Dossier:
    """Create the partner's own dossier for the same aids, recipient and number, or return the existing one.

    Raises:
        Part.DoesNotExist: the request was taken back.
    """
    with scope(resident=by), transaction.atomic():
        part = _locked(found, by)
        made = parts.dossiers_for(part).first()
        if made is not None:
            return made
        _answer(part, Answer.YES)
        _journal_event(by, "part_agreed", part.number, found.asker.name)
        recipient = recipients.of(part)
        return actions.start(
            resident_id=by,
            aids=part.aids,
            versions=part.versions,
            recipient=recipient,
            token=part.pk,
            number=part.number,
            part_of=found.asker.name,
        )


def refuse(*, found: Received, by: UUID) -> None:
    """Refuse the request.

    Raises:
        AlreadyAgreed: `by` has already agreed, on another page.
        Part.DoesNotExist: the request was taken back.
    """
    with scope(resident=by), transaction.atomic():
        part = _locked(found, by)
        if parts.dossiers_for(part).exists():
            raise AlreadyAgreed
        if part.answer != Answer.NO:
            _answer(part, Answer.NO)
            _journal_event(by, "part_refused", part.number, found.asker.name)


def needs_of_request(*, found: Received, by: UUID) -> list[Need]:
    """Return the needs of the requested part, as the resident's vault meets them. Nothing is stored."""
    perms.require_asked(found.part, by)
    would_be = Dossier(resident_id=by, aids=found.part.aids, versions=found.part.versions, part_of=found.asker.name)
    return list(actions.open_material(would_be, note={}).lines)


def _locked(found: Received, by: UUID) -> Part:
    perms.require_asked(found.part, by)
    return Part.objects.select_for_update(of=("self",)).get(pk=found.part.pk)


def _answer(part: Part, answer: Answer) -> None:
    part.answer, part.answered_at = answer, timezone.now()
    part.save(update_fields=["answer", "answered_at"])


def _journal_event(by: UUID, event: str, number: str, name: str) -> None:
    details = {"number": number, "recipient": name}
    journal.write(resident_id=by, actor_id=by, event=event, purpose=IN_PARTS, details=details)
