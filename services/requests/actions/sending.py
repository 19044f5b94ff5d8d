"""Send a finished dossier to an office: a grant over a copy of it, a receipt, one line in the office's list."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts.models import Organisation
from core.models.rows import check
from services.dossiers import perms as dossier_perms
from services.dossiers.enums import State as DossierState
from services.dossiers.models import Dossier, new_number
from services.procedures import finding
from services.requests import agreements, clock, ending, lines
from services.requests.enums import OFFICE_KIND, Happened
from services.requests.models import SentRequest
from vault.records.actions import grants
from vault.records.actions.grants import Changed, Recipient
from vault.records.actions.notes import seal_note
from vault.records.enums import Mode
from vault.records.grants.terms import Terms
from vault.types.spans import add_months

#: How long the office's copy may be kept, in months; the resident chooses, nothing is chosen beforehand.
MONTHS = (3, 6, 12)


class NotReady(Exception):
    """The dossier is a draft, has expired, or is a partner's part: that one goes with the other part."""


class AlreadySent(Exception):
    """A request made of this dossier waits for its answer."""

    def __init__(self, request_id: UUID) -> None:
        super().__init__(request_id)
        self.request_id = request_id


class OfficeClosed(Exception):
    """The office is closed, or receives no requests."""


@dataclass(frozen=True)
class Office:
    """An office that receives requests. `is_named`: a procedure of the dossier names it."""

    organisation: Organisation
    is_named: bool


def offices(dossier: Dossier) -> list[Office]:
    """Return the offices that receive requests: those that the dossier's procedures name, then the others by name."""
    named = {asked.office for asked in finding.chosen(dossier.aids, dossier.versions)}
    found = [Office(one, one.pk in named) for one in Organisation.objects.offices().order_by("name")]
    return sorted(found, key=lambda office: not office.is_named)


def may_send(dossier: Dossier) -> bool:
    expired = dossier.expires_at is None or dossier.expires_at <= timezone.now()
    return dossier.state == DossierState.READY and not dossier.part_of and not expired


def send(
    *, resident_id: UUID, by: UUID, dossier: Dossier, organisation_id: UUID, months: int, token: UUID, seen: str
) -> SentRequest:
    """Send a dossier to an office. The same form sent twice gives one request.

    Args:
        seen: the fingerprint of the lines that the page showed.

    Raises:
        NotReady, AlreadySent, OfficeClosed
        Changed: the dossier is not the one that the page showed.
        NoLines: its PDF cannot be read.
    """
    dossier_perms.require_owner(dossier, by)
    if not may_send(dossier):
        raise NotReady
    if months not in MONTHS:
        raise ValueError("not offered")
    content = lines.of_dossier(dossier)
    if lines.fingerprint(content) != seen:
        raise Changed
    with scope(resident=resident_id), transaction.atomic():
        held = Dossier.objects.select_for_update(of=("self",)).filter(pk=dossier.pk).first()
        if held is None:
            raise NotReady
        check(held)
        if not may_send(held):
            raise NotReady
        if sent := SentRequest.objects.filter(token=token).first():
            return sent
        if waiting := SentRequest.objects.open().filter(dossier_id=dossier.pk).first():
            raise AlreadySent(waiting.pk)
        office = Organisation.objects.offices().filter(pk=organisation_id).first()
        if office is None:
            raise OfficeClosed
        return _send(held, office, content, months, token)


def _send(dossier: Dossier, office: Organisation, content: lines.Content, months: int, token: UUID) -> SentRequest:
    today = timezone.localdate()
    row = SentRequest(
        resident_id=dossier.resident_id,
        number=_number(dossier),
        dossier_id=dossier.pk,
        aids=dossier.aids,
        title=dossier.title,
        organisation=office,
        token=token,
        keep_until=add_months(today, months),
        due_on=clock.due(today, 0, finding.terms(dossier.aids, timezone.now()).months),
        codes=[line.code for line in content.lines],
    )
    row.content = seal_note(resident_id=row.resident_id, place=row.note_place, note=content.note())
    row.save(force_insert=True)
    give(row, content)
    ending.note(row, Happened.SENT)
    ending.ask_letter(row)
    return row


def give(row: SentRequest, content: lines.Content) -> None:
    """Give the office the grant over the request as `content` has it, to the end that the resident chose.

    Call it in the transaction that writes the content, in the resident's scope. The former grant ends here, and is
    taken off the request first: its end erases nothing.
    """
    former = row.grant
    if former is not None:
        check(former)
        row.grant = None
        row.save(update_fields=["grant"])
    agreement = agreements.made(row)
    there = Dossier.objects.filter(pk=row.dossier_id).exclude(pk__in=Dossier.objects.expired()).exists()
    row.grant = grants.give(
        resident_id=row.resident_id,
        by=row.resident_id,
        agreement=agreement,
        recipient=Recipient(OFFICE_KIND, row.organisation_id, row.organisation.name, subject_id=row.dossier_id),
        terms=Terms(
            (),
            Mode.KEEP,
            until=agreement.until,
            documents=[row.dossier_id] if there else [],
            papers=content.papers,
            writes=[agreements.DECISION],
            shown={line.label: line.text for line in content.lines},
        ),
    )
    row.save(update_fields=["grant"])


def _number(dossier: Dossier) -> str:
    """Return the dossier's number, or another one if it was sent before."""
    return new_number() if SentRequest.objects.filter(number=dossier.number).exists() else dossier.number
