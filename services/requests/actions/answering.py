"""What a resident does with their request: mend a line, withdraw. And what the scheduler does with its dates."""

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from itertools import permutations
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override
from django_scopes import scope

from accounts import reminding
from accounts.actions import notices
from accounts.models import Membership, Nomination, Organisation, OrganisationPermission, User
from accounts.two_persons import ACTS, NotTwo
from core import once, rows
from core.models.rows import Forged, check
from core.templatetags.civic import long_date
from services.requests import across, clock, ending, lines, perms
from services.requests.actions import outside
from services.requests.actions.office import NEWS, NotNow, UnknownLine, read_wanted_line
from services.requests.actions.outside import RENEWAL
from services.requests.actions.sending import give
from services.requests.enums import Happened, State
from services.requests.models import Correction, SentRequest
from vault.records import gate
from vault.records.actions import grants
from vault.records.actions.notes import seal_note, unseal_note
from vault.records.models import Paper

logger = logging.getLogger(__name__)

TEXT_LENGTH = 500
#: To those who govern: an office in which nobody could answer in time.
LEFT_ALONE = "requests/email/left_alone"


class PaperGone(Exception):
    """The paper is not in the vault any more, or waits for its resident's yes."""


class Nothing(ValueError):
    """Neither words nor a paper."""


def correct(*, correction: Correction, by: UUID, text: str = "", paper_id: UUID | None = None) -> None:
    """Mend the one line that a correction names. A paper goes under a new grant, to the same end as the former.

    Raises:
        Nothing, PaperGone
        NotNow: it was mended already, or the request is decided or withdrawn, which deletes what waits.
        UnknownLine: the line is not in the request any more.
    """
    text = text.strip()[:TEXT_LENGTH]
    if not text and paper_id is None:
        raise Nothing
    resident_id = correction.resident_id
    with scope(resident=resident_id), transaction.atomic():
        # The grant's lock before the row, as everywhere: its office may be reading.
        former = SentRequest.objects.select_related("grant").get(pk=correction.request_id).grant
        gate.lock_exclusively([former] if former else [])
        row = SentRequest.objects.select_for_update(of=("self",)).get(pk=correction.request_id)
        held = Correction.objects.select_for_update(of=("self",)).filter(pk=correction.pk).first()
        if held is None:
            raise NotNow
        perms.require_owner(row, by)
        check(row)
        check(held)
        if (
            held.answered_at is not None
            or not row.is_open
            or row.content is None
            or row.proposal
            or row.grant != former
        ):
            raise NotNow
        note = unseal_note(resident_id=resident_id, place=row.note_place, content=bytes(row.content))
        content = lines.from_note(note)
        line = content.line(held.line)
        if line is None:
            asking = unseal_note(resident_id=resident_id, place=held.note_place, content=bytes(held.message))
            line = read_wanted_line(asking)
        if line is None:
            raise UnknownLine(held.line)
        changed = content.with_line(_mended(line, text, paper_id))
        row.codes = [one.code for one in changed.lines]
        row.content_version += 1
        row.content = seal_note(resident_id=resident_id, place=row.note_place, note=changed.note())
        held.answered_at = timezone.now()
        held.save(update_fields=["answered_at"])
        _start_clock(row)
        columns = ["content", "content_version", "codes", "state", "stopped_days", "stopped_since", "due_on"]
        row.save(update_fields=columns)
        give(row, changed)
        ending.note(row, Happened.CORRECTED)
        if row.grant is not None:
            ending.write(row, row.grant, "request_corrected")


def withdraw(*, request: SentRequest, by: UUID) -> None:
    """Withdraw a request: its grant stops, and the office's copy is erased at once. Idempotent."""
    perms.require_owner(request, by)
    if request.grant is not None:
        grants.stop(grant=request.grant, by=by)


def follow() -> int:
    """Run what is due: clocks that run again, silence to tell, renewals to remind. Idempotent; by the scheduler.

    A request that fails is logged and left for the next run. Clocks first: a silence may follow from one.
    """
    return (
        _each(_lapse, across.with_late_corrections())
        + _each(_tell_silence, across.past_due())
        + _each(_remind_renewal, across.ending_soon())
        + _each(outside.notify_late, across.outside_late())
        + _each(outside.remind_renewal, across.outside_ending_soon())
    )


def _each(step: Callable[[UUID, UUID], bool], due: Sequence[across.Key]) -> int:
    done = 0
    for key, resident_id in due:
        try:
            done += step(key, resident_id)
        except Forged as forged:
            rows.report(forged)
        except Exception:
            logger.exception("a request could not be followed", extra={"kind": step.__name__})
    return done


def _mended(line: lines.Line, text: str, paper_id: UUID | None) -> lines.Line:
    if paper_id is None:
        return lines.corrected(line, text=text, origin="Déclaré", today=timezone.localdate())
    paper = Paper.objects.kept().exclude(pk__in=Paper.objects.expired()).filter(pk=paper_id).first()
    if paper is None:
        raise PaperGone
    with override("fr"):
        said = (
            f"daté du {long_date(paper.issued_on)}" if paper.issued_on else f"ajouté le {long_date(paper.created_at)}"
        )
    return lines.corrected(
        line,
        text=text or (said if line.sort == lines.PAPER else line.text),
        origin=f"Nouveau papier, {said}",
        today=timezone.localdate(),
        paper=paper.pk,
    )


def _start_clock(row: SentRequest) -> None:
    """Start the clock again, once no correction is waited for. Changes the row without saving it.

    Raises:
        Forged: a correction is not as the portal wrote it.
    """
    today, asked = timezone.localdate(), row.genuine_corrections()
    if row.stopped_since is None or any(one.answered_at is None and one.answer_by > today for one in asked):
        return
    row.stopped_days += clock.stopped_for(row.stopped_since, max(one.answer_by for one in asked), today)
    row.stopped_since = None
    row.due_on = clock.due(timezone.localdate(row.sent_at), row.stopped_days, row.terms.months)
    row.state = State.REVIEW


def _lapse(key: UUID, resident_id: UUID) -> bool:
    """Let the clock run again: the last day to correct has passed. The resident may still correct."""
    with scope(resident=resident_id), transaction.atomic():
        row = SentRequest.objects.select_for_update(of=("self",)).filter(pk=key, stopped_since__isnull=False).first()
        if row is None:
            return False
        _start_clock(row)
        if row.stopped_since is not None:
            return False
        row.save(update_fields=["state", "stopped_days", "stopped_since", "due_on"])
        ending.note(row, Happened.LAPSED)
    return True


def _tell_silence(key: UUID, resident_id: UUID) -> bool:
    """Tell a resident once that the time has passed."""

    def tell(row: SentRequest) -> bool:
        if not row.clock().late_by(timezone.localdate()):
            return False
        reminding.remind(user_id=resident_id, template=NEWS)
        return True

    def note(row: SentRequest) -> None:
        if not row.clock().late_by(timezone.localdate()):
            return
        row.silence_told_at = timezone.now()
        row.save(update_fields=["silence_told_at"])
        if row.silence_grants and not _could_be_answered(row):
            ending.note(row, Happened.NOBODY)
            _tell_who_governs(row)
        else:
            ending.note(row, Happened.SILENCE)
        if row.grant is not None:
            ending.write(row, row.grant, "request_silence")

    with scope(resident=resident_id):
        due = SentRequest.objects.open().filter(pk=key, silence_told_at=None)
        return reminding.once("request silence", key, due, send=tell, note=note)


def _could_be_answered(row: SentRequest) -> bool:
    """Return whether two agents of the office may decide together now, as they could have until the time ended.

    Otherwise whoever ends the places of an office would grant what was sent to it. Placing somebody there again in
    time takes two persons and the days of their role.

    Raises:
        Forged: somebody changed or deleted a place, a right or a second factor of who could.
    """
    office = row.organisation_id
    named = Nomination.objects.filter(Q(organisation=None) | Q(organisation=office), confirmed_at__isnull=False)
    people = {one.person for one in named.select_related("person")}
    places = [place for person in people if (place := Membership.objects.of_office(person)) is not None]
    found = [place for place in places if place.organisation_id == office]
    act = ACTS["decide_request"]
    for first, second in permutations(found, 2):
        if first.instructs and second.may_decide:
            with suppress(NotTwo):
                act.require(first.person, second.person, office=office)
                return True
    _check_nobody_is_missed(row, people)
    return False


def _check_nobody_is_missed(row: SentRequest, people: Collection[User]) -> None:
    """Check all that says whether these people could answer, also what no query found.

    What was deleted is missing from their accounts.

    Raises:
        Forged
    """
    check(
        *Organisation.objects.filter(pk=row.organisation_id),
        *Membership.objects.filter(person__in=people),
        *OrganisationPermission.objects.filter(user__in=people),
    )
    for person in people:
        rows.accounts.check(person.pk)


def _tell_who_governs(row: SentRequest) -> None:
    """Tell those who govern that an office leaves requests without an answer, once a day for each office."""
    if once.use("office without anybody", str(row.organisation_id), timezone.localdate().isoformat()):
        name = row.organisation.name
        transaction.on_commit(lambda: notices.tell_governing(LEFT_ALONE, said={"office": name}), robust=True)


def _remind_renewal(key: UUID, resident_id: UUID) -> bool:
    def tell(_request: SentRequest) -> bool:
        reminding.remind(user_id=resident_id, template=RENEWAL)
        return True

    def note(row: SentRequest) -> None:
        row.renewal_told_at = timezone.now()
        row.save(update_fields=["renewal_told_at"])

    with scope(resident=resident_id):
        due = SentRequest.objects.filter(pk=key, renewal_told_at=None)
        return reminding.once("request renewal", key, due, send=tell, note=note)
