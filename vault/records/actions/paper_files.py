"""The files of one paper: its front, its back, its other leaves. Each is checked before anyone can open it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import jobs
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from vault.readers.reading import Unreadable
from vault.records import gate, perms
from vault.records.actions.comparing import COMPARED
from vault.records.actions.files import Examined, examine, put_in_place
from vault.records.actions.papers import (
    CHANGE,
    NotReady,
    check_again,
    content_of_paper,
    journal_paper_event,
    rewrite_paper,
)
from vault.records.actions.records import Invalid
from vault.records.enums import PaperState
from vault.records.models import Paper, PaperFile
from vault.records.papers.file_names import clean_name
from vault.records.values.decrypted import Values

ADD = gettext_noop("Ajouter une page ou une face à un papier")
JOB = "read_side"
#: A paper with more leaves must be one PDF.
MOST = 10
#: The formats of a page. A file that a reader of data recognises is not a page of a paper.
PAPERS = {"paper", "2ddoc"}
NOT_A_PAGE = gettext_noop("Ce fichier contient des données, pas une page. Ajoutez-le à part.")


def add_side(*, paper: Paper, by: UUID, upload: SealedUpload, token: UUID | None = None) -> PaperFile:
    """Put one more file of a paper in quarantine, and ask for its check. The same form sent twice gives one file.

    Raises:
        NotReady: the paper itself is not checked yet.
        Invalid: the paper has the largest number of files.
        OverQuota: the vault is full.
    """
    perms.require_may_write(paper.resident_id, by)
    key = uuid5(token or uuid4(), upload.sha256)
    with scope(resident=paper.resident_id):
        try:
            with transaction.atomic():
                held = _locked(paper)
                place = (held.files.aggregate(last=Max("position"))["last"] or 0) + 1
                if held.files.count() >= MOST:
                    raise Invalid([_("Un papier garde dix fichiers au plus. Réunissez ses pages dans un PDF.")])
                upload.keep(resident_id=paper.resident_id, became=paper.pk)
                side = PaperFile.objects.create(
                    pk=key,
                    resident_id=paper.resident_id,
                    paper=held,
                    position=place,
                    stored_name=upload.stored_name,
                    size=upload.size or 0,
                    waiting=True,
                )
                content = content_of_paper(held)
                content.setdefault("sides", {})[str(key)] = {
                    "name": clean_name(upload.name or ""),
                    "sha256": upload.sha256,
                }
                rewrite_paper(held, {**content, "side_problem": ""})
                journal_paper_event(held, by, "side_added", ADD)
                jobs.create(resident_id=paper.resident_id, kind=JOB, subject_id=paper.pk, purpose=ADD)
        except IntegrityError:
            return PaperFile.objects.get(pk=key)
    return side


def check_sides(*, paper_id: UUID, finish: Callable[[], None] = lambda: None) -> None:
    """Read the waiting files in the limited child process; keep each one, or drop it and store why. Idempotent.

    Call it in the resident's scope.
    """
    for side in PaperFile.objects.filter(paper_id=paper_id, waiting=True):
        _check(side)
    with transaction.atomic():
        finish()


def _check(side: PaperFile) -> None:
    """Check one file.

    Raises:
        jobs.Later: the antivirus does not answer.
    """
    known = gate.read_own(resident_id=side.resident_id, purpose=ADD, fields=COMPARED, event="paper_compared")
    examined, problem = _examine(side)
    try:
        _keep(side, examined, problem, known)
    finally:
        if examined is not None and examined.cleaned is not None:
            sealed_storage.forget([examined.cleaned.name])


def _keep(side: PaperFile, examined: Examined | None, problem: str, known: Values) -> None:
    with transaction.atomic():
        held = Paper.objects.select_for_update().get(pk=side.paper_id)
        row = PaperFile.objects.select_for_update().filter(pk=side.pk, waiting=True).first()
        if row is None:
            return
        content = content_of_paper(held)
        if examined is None:
            _drop(row, content)
            content["side_problem"] = problem
        else:
            row.waiting = False
            row.save(update_fields=["waiting"])
            read = examined.reading
            content["sides"][str(row.pk)] |= {
                "media_type": read.media_type,
                "pages": read.pages,
                "kinds": read.kinds,
                "sharpness": read.sharpness,
            }
            if examined.cleaned is not None:
                put_in_place(row, examined.cleaned)
                content["sides"][str(row.pk)]["sha256"] = examined.cleaned.sha256
        check_again(held, content, known)
        journal_paper_event(held, held.resident_id, "side_refused" if examined is None else "side_kept", ADD)


def move_side(*, paper: Paper, by: UUID, side_id: UUID, up: bool) -> None:
    """Swap a file with the one before or after it. Do nothing at either end."""

    def moved(held: Paper, content: dict[str, Any]) -> None:
        sides = list(held.files.select_for_update())
        place = next((number for number, side in enumerate(sides) if side.pk == side_id), None)
        other = None if place is None else place - 1 if up else place + 1
        if place is None or other is None or not 0 <= other < len(sides):
            return
        sides[place], sides[other] = sides[other], sides[place]
        _place(sides)

    _change(paper, by, "side_moved", moved)


def drop_side(*, paper: Paper, by: UUID, side_id: UUID) -> None:
    """Delete one file of a paper.

    Raises:
        Invalid: the file is the one that was read; the values that it proves would lose their proof without notice.
    """

    def dropped(held: Paper, content: dict[str, Any]) -> None:
        row = held.files.filter(pk=side_id).first()
        if row is None:
            return
        if is_read_one(row, content):
            raise Invalid([_("Ce fichier est celui qui a été lu. Remplacez le papier, ou supprimez-le en entier.")])
        _drop(row, content)
        _place(list(held.files.all()))

    _change(paper, by, "side_dropped", dropped)


def is_read_one(side: PaperFile, content: dict[str, Any]) -> bool:
    """Return whether this is the first file received, whose values were proposed.

    Each other file has its item in `sides`.
    """
    return str(side.pk) not in content.get("sides", {})


def _examine(side: PaperFile) -> tuple[Examined | None, str]:
    try:
        with gate.open_side(resident_id=side.resident_id, purpose=ADD, side_id=side.pk) as stream:
            examined = examine(stream, resident_id=side.resident_id, trust_test_authority=False)
    except Unreadable as error:
        return None, error.msgid
    return (examined, "") if examined.reading.format in PAPERS else (None, NOT_A_PAGE)


def _change(paper: Paper, by: UUID, event: str, change: Callable[[Paper, dict[str, Any]], None]) -> None:
    perms.require_may_write(paper.resident_id, by)
    known = gate.read_own(resident_id=paper.resident_id, purpose=CHANGE, fields=COMPARED, event="paper_compared")
    with transaction.atomic(), scope(resident=paper.resident_id):
        held = _locked(paper)
        content = content_of_paper(held)
        change(held, content)
        check_again(held, content, known)
        journal_paper_event(held, by, event, CHANGE)


def _locked(paper: Paper) -> Paper:
    held = Paper.objects.select_for_update().get(pk=paper.pk)
    if held.state not in {PaperState.TO_CONFIRM, PaperState.KEPT}:
        raise NotReady
    return held


def _place(sides: list[PaperFile]) -> None:
    """Renumber the files.

    Move them out of the way first: two files may never have the same position.
    """
    for start in (100, 0):
        for number, side in enumerate(sides):
            side.position = start + number
            side.save(update_fields=["position"])


def _drop(row: PaperFile, content: dict[str, Any]) -> None:
    content["sides"].pop(str(row.pk), None)
    name = row.stored_name
    row.delete()
    transaction.on_commit(lambda: sealed_storage.forget([name]), robust=True)
