"""Readings of a service by the API, each through the gate. The journal has a first refusal; later ones are counted."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_scopes import scope

from certification.access import standing
from certification.access.lookup import Given
from certification.access.models import RefusedCalls
from certification.labels import recipient
from core import journal
from core.journal import checkpoints
from core.rows import Forged
from vault.records import gate
from vault.records.enums import RefusalCode
from vault.records.gate import Refusal, Refused, WatchedFile
from vault.records.grants import agreements
from vault.records.models import Grant, Paper, PaperFile
from vault.records.values.decrypted import PaperOpened, Values

Found = TypeVar("Found")


def read(*, given: Given, fields: Sequence[str], known: Collection[str]) -> tuple[str, Values | None]:
    """Return the values of the resident that the grant allows, as `gate.read_newer`.

    Raises:
        UnknownField, Refused, NotAnchored
    """
    gate.require_known(fields)

    def reading() -> tuple[str, Values | None]:
        return gate.read_newer(grant=given.grant, fields=fields, person=given.grant.resident_id, known=known)

    return counted(given, lambda: set(fields) <= set(agreements.fields_of(given.grant)), reading)


def open_paper(*, given: Given, paper_id: UUID, position: int) -> tuple[PaperOpened, WatchedFile]:
    """Open a file of a paper of the grant.

    Raises:
        Refused, NotAnchored
    """

    def reading() -> tuple[PaperOpened, WatchedFile]:
        return gate.read_file(grant=given.grant, paper_id=paper_id, position=position, visit=None)

    def covered() -> bool:
        papers = Paper.objects.kept().filter(pk=paper_id, granted__grant=given.grant)
        return PaperFile.objects.filter(paper__in=papers, position=position, waiting=False).exists()

    return counted(given, covered, reading)


def counted(given: Given, covered: Callable[[], bool], reading: Callable[[], Found]) -> Found:
    """Run a reading or a writing; raises as it does. A grant that the city ended has a code of its own.

    Args:
        covered: tells, in the resident's scope, whether the grant has what is asked for.
    """
    try:
        return _counted(given, covered, reading)
    except Refused as refused:
        if refused.code != RefusalCode.STOPPED:
            raise
        raise Refused(given.grant.pk, Refusal(standing.why_stopped(given.grant))) from refused


def _counted(given: Given, covered: Callable[[], bool], reading: Callable[[], Found]) -> Found:
    """Run a reading or a writing. A call refused again for the same reason is counted, and does not reach the gate.

    The reason that is compared is `_why` both times: a client that has two, or changes what it asks for, has a line
    for neither twice.
    """
    grant = given.grant
    with scope(resident=grant.resident_id):
        before = RefusedCalls.objects.filter(grant_id=grant.pk).first() if given.was_refused else None
        again = _why(grant, covered) if before is not None and _since_last_reading(before, grant) else None
        if before is not None and again is not None and again.code == before.code:
            RefusedCalls.objects.filter(pk=before.pk).update(count=F("count") + 1, last_at=timezone.now())
            raise Refused(grant.pk, again)
    try:
        with journal.through(journal.Means.API):
            return reading()
    except Refused as refused:
        _remember(grant, covered, refused)
        raise
    except Forged as forged:
        answer = Refused(grant.pk, Refusal(RefusalCode.FORGED))
        _remember(grant, covered, answer)
        raise answer from forged


def _since_last_reading(calls: RefusedCalls, grant: Grant) -> bool:
    return grant.last_used_at is None or calls.first_at > grant.last_used_at


def _why(grant: Grant, covered: Callable[[], bool]) -> Refusal | None:
    """Return why the gate would refuse. It opens nothing: it only decides between a line and a count.

    What the client chooses comes last: as long as another reason stands, no choice of its makes a new one.
    """
    if not checkpoints.anchored():
        return Refusal(RefusalCode.NOT_ANCHORED)
    if refusal := gate.why_not_now(grant):
        return refusal
    if code := recipient.refusal(grant):
        return Refusal(code)
    return None if covered() else Refusal(RefusalCode.NOT_COVERED)


def _remember(grant: Grant, covered: Callable[[], bool], refused: Refused) -> None:
    now = timezone.now()
    with transaction.atomic(), scope(resident=grant.resident_id):
        why = None if refused.code == RefusalCode.FORGED else _why(grant, covered)
        code = why.code if why else refused.code
        values = {"code": code.value, "count": 0, "first_at": now, "last_at": now}
        RefusedCalls.objects.update_or_create(
            grant_id=grant.pk, defaults=values, create_defaults={"resident_id": grant.resident_id, **values}
        )
