"""Check a paper that was received: read it, compare it with the vault, and propose its values."""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from core import jobs
from core.files.storage import sealed_storage
from vault.readers import sandbox
from vault.readers.reading import Ask, Reading, Unreadable
from vault.readers.sentences import UNREADABLE
from vault.records import gate
from vault.records.actions.comparing import COMPARED, check_input_of
from vault.records.actions.files import Examined, examine, put_in_place
from vault.records.actions.papers import (
    CHECK,
    content_of_paper,
    drop_files,
    journal_paper_event,
    rewrite_paper,
    sealed_check,
)
from vault.records.enums import PaperState
from vault.records.models import Paper, PaperKind
from vault.records.papers import checks, data_files
from vault.records.values import periods
from vault.records.values.decrypted import CheckLine, Values

logger = logging.getLogger(__name__)
#: What code raises that meets a value that it does not expect.
ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
NOTHING_READ = gettext_noop("Avec ces colonnes, aucune ligne n’a pu être lue. Vérifiez la date et le montant.")


def check_paper(
    *,
    paper_id: UUID,
    progress: Callable[[int, int], None] = lambda done, total: None,
    finish: Callable[[], None] = lambda: None,
) -> None:
    """Read a quarantined paper in a limited child process, compare it with the vault, and propose its values.

    Call it in the resident's scope. Idempotent once the paper waits for its resident. `finish` ends the job in the
    transaction that writes the result: a job that its resident cancelled in time has no effect.

    Raises:
        jobs.Later: the antivirus does not answer. The paper stays in quarantine.
    """
    paper = Paper.objects.get(pk=paper_id)
    if paper.state not in {PaperState.QUARANTINED, PaperState.CHECKING}:
        return
    Paper.objects.filter(pk=paper_id, state=PaperState.QUARANTINED).update(state=PaperState.CHECKING)
    progress(1, 3)
    try:
        examined = _examine(paper)
    except Unreadable as error:
        with transaction.atomic():
            _refuse_reading(paper_id, error.msgid)
            finish()
        return
    except jobs.Later:
        Paper.objects.filter(pk=paper_id, state=PaperState.CHECKING).update(state=PaperState.QUARANTINED)
        raise
    try:
        progress(2, 3)
        _put_forward(paper, examined, finish)
    except ODD as error:
        # A hostile file may have taken its reader over. An answer that passed its checks and breaks what follows must
        # not leave the paper waiting for ever.
        logger.error("what was read of a paper could not be used", extra={"code": type(error).__name__})
        with transaction.atomic():
            _refuse_reading(paper_id, UNREADABLE["damaged"])
            finish()
    finally:
        if examined.cleaned is not None:
            sealed_storage.forget([examined.cleaned.name])


def _put_forward(paper: Paper, examined: Examined, finish: Callable[[], None]) -> None:
    if data_files.is_data(examined.reading) or _data_of(content_of_paper(paper)):
        with transaction.atomic():
            _propose_data(paper.pk, examined.reading)
            finish()
        return
    known = gate.read_own(resident_id=paper.resident_id, purpose=CHECK, fields=COMPARED, event="paper_compared")
    with transaction.atomic():
        held = Paper.objects.select_for_update().get(pk=paper.pk)
        if held.state == PaperState.CHECKING:
            _propose(held, examined, known)
        finish()


def _examine(paper: Paper) -> Examined:
    with gate.open_file(
        resident_id=paper.resident_id, purpose=CHECK, paper_id=paper.pk, event="paper_checked"
    ) as stream:
        return examine(
            stream,
            resident_id=paper.resident_id,
            trust_test_authority=settings.TRUST_TEST_AUTHORITY,
            ask=_asked(paper),
        )


def read_again(paper: Paper, *, purpose: str) -> Reading:
    """Read an examined file again in the limited child process, with what its resident said of it."""
    with gate.open_file(
        resident_id=paper.resident_id, purpose=purpose, paper_id=paper.pk, event="paper_checked"
    ) as stream:
        return sandbox.read(stream, trust_test_authority=settings.TRUST_TEST_AUTHORITY, ask=_asked(paper))


def _asked(paper: Paper) -> Ask:
    """Return what the resident said of the file: the names of its columns, the direction of its energy."""
    data = _data_of(content_of_paper(paper))
    return Ask(columns=data.get("columns", {}), direction=data.get("direction", ""))


def _data_of(content: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = content.get("reading", {}).get("data") or {}
    return data


def _propose(paper: Paper, examined: Examined, known: Values) -> None:
    content, reading = content_of_paper(paper), examined.reading
    found = [
        CheckLine(check.code, check.outcome, check.text.replace(checks.SAID, check.said), check.said)
        for check in reading.checks
    ]
    if forged := checks.forged(found):
        _refuse(paper.pk, forged.text)
        return
    if examined.cleaned is not None:
        put_in_place(paper.files.get(position=0), examined.cleaned)
        content["sha256"] = examined.cleaned.sha256
    paper.kind = content["declared"] or reading.kind or ""
    kind = PaperKind.objects.filter(code=paper.kind).first()
    paper.issued_on = periods.issued_on(reading.records)
    paper.expires_on = periods.expires_on(reading.records, kind, paper.issued_on)
    content |= {
        "media_type": reading.media_type,
        "pages": reading.pages,
        "about": periods.about(reading.records),
        "reading": {
            "format": reading.format,
            "kind": reading.kind or "",
            "records": reading.records,
            "warnings": reading.warnings,
            "names": reading.names,
            "kinds": reading.kinds,
            "leaves": reading.leaves,
            "sharpness": reading.sharpness,
        },
        "found": [sealed_check(check) for check in found],
    }
    inputs = check_input_of(paper, content, kind, known)
    content["checks"] = [sealed_check(check) for check in checks.run(inputs, found)]
    paper.state = PaperState.TO_CONFIRM
    rewrite_paper(paper, content)


def _propose_data(paper_id: UUID, reading: Reading) -> None:
    """Store the summary of a file of data. Nothing is compared with the vault: its records are not proofs."""
    paper = Paper.objects.select_for_update().filter(pk=paper_id, state=PaperState.CHECKING).first()
    if paper is None:
        return
    content = content_of_paper(paper)
    before = _data_of(content)
    data = data_files.kept(reading) | {"columns": before.get("columns", {})}
    data["table"] = data["table"] or before.get("table")
    if data["columns"] and not data["held"]:
        data |= {"columns": {}, "problem": NOTHING_READ}
    content |= {
        "media_type": reading.media_type,
        "reading": {"format": reading.format, "kind": data_files.KIND, "records": [], "warnings": [], "data": data},
        "checks": [{"code": check.code, "outcome": check.outcome, "text": check.text} for check in reading.checks],
    }
    paper.kind, paper.state = data_files.KIND, PaperState.TO_CONFIRM
    rewrite_paper(paper, content)


def _refuse_reading(paper_id: UUID, problem: str) -> None:
    """Refuse a file that cannot be read, except a table whose columns were misnamed: it waits for other names."""
    paper = Paper.objects.select_for_update().filter(pk=paper_id, state=PaperState.CHECKING).first()
    content = content_of_paper(paper) if paper is not None else {}
    if paper is None or not _data_of(content).get("columns"):
        return _refuse(paper_id, problem)
    content["reading"]["data"] |= {"columns": {}, "problem": problem}
    paper.state = PaperState.TO_CONFIRM
    rewrite_paper(paper, content)


def _refuse(paper_id: UUID, problem: str) -> None:
    """Keep the reason and delete the file: no refused file stays in the vault.

    Refuse only while the paper is being checked: a worker given up for dead may return after another one has read the
    paper and its resident has kept it.
    """
    with transaction.atomic():
        paper = Paper.objects.select_for_update().filter(pk=paper_id, state=PaperState.CHECKING).first()
        if paper is None:
            return
        content = {**content_of_paper(paper), "problem": problem}
        paper.state = PaperState.REFUSED
        rewrite_paper(paper, content)
        drop_files(paper)
        journal_paper_event(paper, paper.resident_id, "paper_refused", CHECK)
