"""What becomes of a request when its grant ends. Runs in the transaction that ends the grant."""

from uuid import UUID, uuid5

from core import jobs, journal
from services.requests.enums import Happened, LetterKind, State
from services.requests.models import Correction, RequestEvent, SentRequest
from vault.records.models import Grant

#: The kind of job that makes the letters of a request.
LETTERS = "request_letter"
#: The kind of paper of a decision.
PAPER_KIND = "decision_demande"
LETTER_PURPOSE = "Écrire les lettres d’une demande"


def ended(grant: Grant) -> None:
    """Erase the office's copy. A stop also withdraws a request that waits for its answer.

    A grant that a correction replaced ends without effect: its request names the new one first.
    """
    row = SentRequest.objects.select_for_update(of=("self",)).filter(grant=grant).first()
    if row is None or row.content is None:
        return
    stopped = grant.stopped_at is not None and grant.stopped_at != grant.ends_at
    changed = ["content"]
    row.content = None
    if row.is_open:
        row.state = State.WITHDRAWN if stopped else State.UNANSWERED
        row.stopped_since, row.proposal, row.proposed_by, row.decision = None, "", None, None
        changed += ["state", "stopped_since", "proposal", "proposed_by", "decision"]
        if stopped:
            note(row, Happened.WITHDRAWN)
    row.save(update_fields=changed)
    Correction.objects.filter(request=row, answered_at=None).delete()
    note(row, Happened.COPY_GONE)
    write(row, grant, "request_copy_gone")
    ask_letter(row)


def note(row: SentRequest, happened: Happened, agent: str = "") -> None:
    RequestEvent.objects.create(resident_id=row.resident_id, request=row, happened=happened, agent=agent)


def write(row: SentRequest, grant: Grant, event: str, *, agent: str = "") -> None:
    """Write an entry about a request in its resident's journal; with `agent`, what the office did."""
    details = {"recipient": grant.recipient_label, "grant": str(grant.pk), "number": row.number}
    journal.write(
        resident_id=row.resident_id,
        actor_id=grant.pk if agent else row.resident_id,
        event=event,
        purpose=grant.purpose,
        details=details | ({"agent": agent} if agent else {}),
    )


def ask_letter(row: SentRequest) -> None:
    """Ask the worker for the letters that the request lacks, in the caller's transaction."""
    jobs.create(resident_id=row.resident_id, kind=LETTERS, subject_id=row.pk, purpose=LETTER_PURPOSE)


def decision_key(row: SentRequest) -> UUID:
    """Return the id of the record that a decision writes, so that its paper finds it again."""
    return uuid5(row.pk, "decision")


def paper_token(row: SentRequest) -> UUID:
    return uuid5(row.pk, PAPER_KIND)


def due_letters(row: SentRequest) -> list[LetterKind]:
    """Return the letters that the request must have by now."""
    found = [LetterKind.RECEIPT]
    if row.decided_at is not None:
        found.append(LetterKind.DECISION)
    if row.content is None:
        found.append(LetterKind.GONE)
    return found
