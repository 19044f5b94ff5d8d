"""Ask a recipient to erase what it received, and take its answer.

A service is asked by itself when a grant is stopped, given back, ended by the city or loses a line: it has thirty
days, as the charter says. Any other request is the resident's: a month (GDPR, articles 17 and 12-3). The portal
cannot look whether it was done; it keeps what was asked, when, and what was answered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from core.models.rows import check
from vault.records import gate, own_words, perms
from vault.records.actions import grants
from vault.records.enums import Happened
from vault.records.grants import agreements, documents, recipients
from vault.records.grants.agreements import WRITE
from vault.records.grants.recipients import Erasing
from vault.records.models import Grant, GrantEvent, GrantReading, Paper, PaperKind
from vault.sharing.enums import ErasureAnswer, ErasureCause
from vault.sharing.models import ErasureRequest

DAYS = timedelta(days=30)
LONGEST = 500
#: Why a service is asked by itself, by what happened to its grant.
CAUSES = {
    Happened.STOPPED: ErasureCause.WITHDRAWN,
    Happened.RETURNED: ErasureCause.WITHDRAWN,
    Happened.REVOKED: ErasureCause.WITHDRAWN,
    Happened.NARROWED: ErasureCause.NARROWED,
}


class NothingReceived(Exception):
    """Nothing was read under the grant, or all of it is asked for already."""


class Answered(Exception):
    """The request has an answer, which does not change."""


@dataclass(frozen=True)
class Received:
    """The fields and kinds of papers read under a grant."""

    fields: list[str]
    papers: list[str]

    def __bool__(self) -> bool:
        return bool(self.fields or self.papers)


def received(grant: Grant) -> Received:
    """Return what was read and is in no open request. Call it in the resident's scope.

    No MAC covers a reading: of what it names, only the grant's fields and known kinds are believed.
    """
    readings = list(GrantReading.objects.filter(grant=grant).values_list("fields", "paper_kind"))
    asked = list(ErasureRequest.objects.open().filter(grant=grant))
    covered = {*agreements.fields_of(grant), *grant.taken_away}
    fields = {field for fields, _kind in readings for field in fields} & covered
    kinds = {kind for _fields, kind in readings if kind}
    known = {*PaperKind.objects.filter(code__in=kinds).values_list("code", flat=True), *documents.labels()}
    papers = kinds & known
    for request in asked:
        fields, papers = fields - {*request.fields}, papers - {*request.papers}
    return Received(sorted(fields), sorted(papers))


def ask(*, grant: Grant, by: UUID) -> ErasureRequest:
    """Ask the recipient to erase everything that was read.

    Raises:
        PermissionDenied: not their vault, or the recipient is a member of the household.
        NothingReceived
    """
    perms.require_may_write(grant.resident_id, by)
    if recipients.get(grant.recipient_kind).erasing is Erasing.NEVER:
        raise PermissionDenied
    with gate.locked_exclusively(grant):
        found = received(grant)
        if not found:
            raise NothingReceived
        return _ask(grant, by, ErasureCause.ASKED, found, grants.months_later(timezone.now(), 1))


def ask_at_withdrawal(event: GrantEvent) -> None:
    """Ask a service to erase, in the transaction in which a grant ends before its time or loses a line.

    Nothing is asked of who read nothing, nor after another grant took the place of one.
    """
    if event.happened not in CAUSES:
        return
    grant, cause = event.grant, CAUSES[Happened(event.happened)]
    found = received(grant)
    if cause == ErasureCause.NARROWED:
        fields = {*event.lines} & {*found.fields}
        papers = Paper.objects.filter(pk__in=[UUID(one) for one in event.lines if _is_paper(one)])
        kinds = {*papers.values_list("kind", flat=True)} & {*found.papers}
        found = Received(sorted(fields), sorted(kinds))
    if found:
        _ask(grant, grant.resident_id, cause, found, timezone.now() + DAYS)


def answer(*, request: ErasureRequest, by: UUID, kind: str, answer: ErasureAnswer, reason: str = "") -> ErasureRequest:
    """Take the recipient's answer. The same answer twice is one.

    Args:
        kind: of the recipient `by`; two kinds number theirs apart.

    Raises:
        PermissionDenied: `by` is not the recipient.
        ValueError: a refusal without a reason, or a reason that is too long.
        Answered
    """
    if (request.grant.recipient_kind, request.grant.recipient_id) != (kind, by):
        raise PermissionDenied
    return _answer(request, by, answer, reason, f"erasure_{answer}")


def note_answer(*, request: ErasureRequest, by: UUID, answer: ErasureAnswer, reason: str = "") -> ErasureRequest:
    """Note what a recipient answered to the resident's letter. Raises as `answer`, and:

    Raises:
        PermissionDenied: not their vault, or the recipient answers by itself.
    """
    perms.require_may_write(request.resident_id, by)
    if recipients.get(request.grant.recipient_kind).erasing is not Erasing.LETTER:
        raise PermissionDenied
    return _answer(request, by, answer, reason, "erasure_noted")


def reasons(requests: Iterable[ErasureRequest]) -> dict[UUID, str]:
    """Return why each of a resident's requests was refused. They are no values: no entry is written."""
    refused = [request for request in requests if request.content]
    if not refused:
        return {}
    sealed = {request.place: bytes(request.content) for request in refused}
    words = own_words.opened(sealed, resident_id=refused[0].resident_id)
    return {request.pk: words[request.place] for request in refused}


def _ask(grant: Grant, by: UUID, cause: ErasureCause, found: Received, due_at: datetime) -> ErasureRequest:
    request = ErasureRequest.objects.create(
        resident_id=grant.resident_id,
        grant=grant,
        cause=cause,
        fields=found.fields,
        papers=found.papers,
        due_at=due_at,
    )
    grants.journal_grant_event(grant, by, "erasure_asked", found.fields, count=len(found.papers))
    grants.note(grant, Happened.ERASING, request.created_at)
    return request


def _is_paper(line: str) -> bool:
    return "#/" not in line and not line.startswith(WRITE)


def _answer(request: ErasureRequest, by: UUID, answer: ErasureAnswer, reason: str, event: str) -> ErasureRequest:
    reason = reason.strip()
    if (answer == ErasureAnswer.REFUSED and not reason) or len(reason) > LONGEST:
        raise ValueError("say why, shortly")
    with transaction.atomic(), scope(resident=request.resident_id):
        held = ErasureRequest.objects.select_for_update(of=("self",)).select_related("grant").get(pk=request.pk)
        check(held)
        if held.answer == answer:
            return held
        if held.answer:
            raise Answered
        held.answer, held.answered_at = answer, timezone.now()
        if answer == ErasureAnswer.REFUSED:
            held.content = own_words.seal(reason, resident_id=held.resident_id, place=held.place)
        held.save(update_fields=["answer", "answered_at", "content"])
        grants.journal_grant_event(held.grant, by, event, held.fields, count=len(held.papers))
    return held
