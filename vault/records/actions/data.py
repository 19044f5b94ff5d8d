"""Files of data: name the columns of a table, then keep all the records of the file in one act."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import jobs
from core.models import Job
from vault.readers.reading import Unreadable
from vault.records import perms
from vault.records.actions.bulk import Reception, Written, gather, write_gathered
from vault.records.actions.paper_checks import read_again
from vault.records.actions.papers import CHECK, JOB, NotReady, content_of_paper, rewrite_paper
from vault.records.enums import PaperState, Role
from vault.records.models import Paper
from vault.records.papers import data_files

KEEP = gettext_noop("Ranger les données d’un fichier dans votre coffre")

KEEP_JOB = "keep_data"


def name_columns(*, paper: Paper, by: UUID, columns: Mapping[str, str]) -> Job:
    """Name the columns of a table, and read the file again with these names.

    Raises:
        NotReady: the paper is not a table that waits for its resident.
    """
    perms.require_may_write(paper.resident_id, by)
    with transaction.atomic(), scope(resident=paper.resident_id):
        held, content = _waiting(paper)
        if content["reading"]["data"]["table"] is None:
            raise NotReady
        content["reading"]["data"] |= {"columns": dict(columns), "problem": ""}
        held.state = PaperState.QUARANTINED
        rewrite_paper(held, content)
        return jobs.create(resident_id=paper.resident_id, kind=JOB, subject_id=paper.pk, purpose=CHECK)


def ask_to_keep(
    *, paper: Paper, by: UUID, person: UUID | None = None, role: str = Role.SELF, direction: str = ""
) -> Job:
    """Create the job that keeps the records of a file, or return the active one.

    Args:
        person: the member of the household that the records are about, with their `role`; by default, the resident.
        direction: that of the energy (data_files.DIRECTIONS), for a file that does not say it.

    Raises:
        NotReady: the file does not wait for its resident, or its columns have no names, or its energy no direction.
    """
    perms.require_may_write(paper.resident_id, by)
    with transaction.atomic(), scope(resident=paper.resident_id):
        held, content = _waiting(paper)
        if not content["reading"]["data"]["held"]:
            raise NotReady
        active = Job.objects.filter(
            kind=KEEP_JOB, subject_id=held.pk, state__in=[Job.State.WAITING, Job.State.RUNNING]
        ).first()
        if active is not None:
            return active
        if content["reading"]["data"].get("asks_direction"):
            if direction not in data_files.DIRECTIONS:
                raise NotReady
            content["reading"]["data"]["direction"] = direction
        content["reading"]["data"]["whose"] = [str(person), role] if person else None
        rewrite_paper(held, content)
        return jobs.create(resident_id=paper.resident_id, kind=KEEP_JOB, subject_id=held.pk, purpose=KEEP)


def keep_data(
    *,
    paper_id: UUID,
    progress: Callable[[int, int], None] = lambda done, total: None,
    finish: Callable[[], None] = lambda: None,
) -> None:
    """Read the file again in the limited child process, and write its records: all of them or none. Idempotent.

    Call it in the resident's scope.

    Raises:
        Problem: the file was readable, and no longer is.
    """
    paper = Paper.objects.filter(pk=paper_id).first()
    if paper is None or paper.state != PaperState.TO_CONFIRM:
        return
    try:
        reading = read_again(paper, purpose=KEEP)
    except Unreadable as error:
        raise jobs.Problem("unreadable") from error
    resident_id = paper.resident_id
    coming = gather(resident_id=resident_id, envelopes=reading.records, reception=_reception(paper), progress=progress)
    with transaction.atomic():
        held = Paper.objects.select_for_update().filter(pk=paper_id, state=PaperState.TO_CONFIRM).first()
        if held is not None:
            written = write_gathered(
                resident_id=resident_id, by=resident_id, coming=coming, event="data_kept", purpose=KEEP
            )
            _keep(held, written)
        finish()


def _reception(paper: Paper) -> Reception:
    person, role = content_of_paper(paper)["reading"]["data"].get("whose") or (None, None)
    return Reception(paper_id=paper.pk, person=UUID(person) if person else None, role=role)


def _keep(paper: Paper, written: Written) -> None:
    content = content_of_paper(paper)
    counts = {"added": written.added, "replaced": written.replaced, "known": written.known, "better": written.better}
    content["reading"]["data"] |= {
        "written": counts | {"refused": written.refused},
        "problems": list(written.problems),
    }
    paper.state, paper.kept_at = PaperState.KEPT, timezone.now()
    rewrite_paper(paper, content)


def _waiting(paper: Paper) -> tuple[Paper, dict[str, Any]]:
    held = (
        Paper.objects.select_for_update()
        .filter(pk=paper.pk, kind=data_files.KIND, state=PaperState.TO_CONFIRM)
        .first()
    )
    if held is None:
        raise NotReady
    return held, content_of_paper(held)
