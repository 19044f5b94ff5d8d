"""Write the letters of a request in the worker: drawn, sealed by the city, kept under the resident's key.

The letter of a decision is also a paper of the vault, which proves the record that the decision wrote.
"""

import io

import pikepdf
from django.db import transaction
from django.utils import timezone

from core import journal
from core.jobs import Problem, Running
from core.models.rows import check
from core.pdf.apart import NotDrawn
from services.dossiers.actions.building import issuer, seal_key
from services.dossiers.pdf.seal import seal
from services.requests import ending, letters, lines
from services.requests.enums import LetterKind
from services.requests.models import Letter, SentRequest
from vault.records import gate
from vault.records.actions import drop_file, keep_file, keep_proof
from vault.records.models import Paper


def write_letters(*, run: Running) -> None:
    """Write each letter that the request lacks. Idempotent: a worker that was killed leaves a letter or none.

    Raises:
        Problem: its code has a sentence in `apps.py`.
        Forged: the request is not as the portal wrote it; no letter says so.
    """
    row = SentRequest.objects.select_related("organisation", "decided_by").filter(pk=run.subject_id).first()
    if row is None:
        return
    check(row)
    there = set(Letter.objects.filter(request=row).values_list("kind", flat=True))
    for kind in ending.due_letters(row):
        if kind not in there:
            run.check()
            _write(row, kind)


def _write(row: SentRequest, kind: LetterKind) -> None:
    notes = {}
    if row.content is not None and kind != LetterKind.GONE:
        notes[row.note_place] = bytes(row.content)
    if row.decision is not None and kind == LetterKind.DECISION:
        notes[row.decision_place] = bytes(row.decision)
    found = (
        gate.own_notes(resident_id=row.resident_id, purpose=ending.LETTER_PURPOSE, notes=notes, event="request_opened")
        if notes
        else {}
    )
    content = lines.from_note(found[row.note_place]) if row.note_place in found else None
    city = issuer()
    try:
        pdf = letters.draw(kind, row, content, found.get(row.decision_place, {}))
    except NotDrawn:
        raise Problem("not_drawn") from None
    signed = seal(pdf, key=seal_key(city), issuer=city.name, reason=f"{kind.label}, demande n° {row.number}")
    with keep_file(resident_id=row.resident_id, kind=Letter.FILE) as kept:
        kept.write(signed)
    try:
        with transaction.atomic():
            _made, created = Letter.objects.get_or_create(
                request=row,
                kind=kind,
                defaults={"resident_id": row.resident_id, "stored_name": kept.name, "size": len(signed)},
            )
            if created and kind == LetterKind.DECISION:
                _keep_paper(row, signed)
    except BaseException:
        drop_file(kept.name)
        raise
    if not created:
        drop_file(kept.name)


def _keep_paper(row: SentRequest, pdf: bytes) -> None:
    """Keep the decision as a paper, in the transaction of its letter: a worker that was killed leaves both or none."""
    decided, ends = timezone.localdate(row.decided_at), row.ends_on
    paper = Paper(
        resident_id=row.resident_id,
        kind=ending.PAPER_KIND,
        token=ending.paper_token(row),
        issued_on=decided,
        expires_on=ends if ends is not None and ends >= decided else None,
    )
    proven = keep_proof(
        paper=paper,
        record_id=ending.decision_key(row),
        name=f"decision-{row.number}.pdf",
        content=pdf,
        pages=_pages(pdf),
        brought_by=row.organisation.name,
    )
    if proven is not None:
        journal.write(
            resident_id=row.resident_id,
            actor_id=row.resident_id,
            event="request_paper_kept",
            purpose=ending.LETTER_PURPOSE,
            details={"recipient": row.organisation.name, "number": row.number, "kind": ending.PAPER_KIND},
        )


def _pages(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return len(opened.pages)
