"""Build the PDF in the worker. Web processes never import this module: rendering is heavy.

Each read through the gate is a short transaction; rendering runs outside any. The final transaction locks the dossier
and checks its sources again. If the process is killed earlier, nothing is published and a later sweep deletes the
unreferenced file.
"""

import dataclasses
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from core import journal
from core.jobs import Cancelled, Problem, Running
from core.models import City
from core.symbols import new_code
from services.dossiers import across as parts
from services.dossiers import composing, recipients
from services.dossiers.actions import dossiers as actions
from services.dossiers.actions import official_forms
from services.dossiers.composing import Material
from services.dossiers.content.imaging import Source, rasters
from services.dossiers.enums import Choice, State
from services.dossiers.models import KEPT, Dossier, Seal
from services.dossiers.pdf.build import Built
from services.dossiers.pdf.build import build as draw
from services.dossiers.pdf.content import DossierContent, Fact, FilledForm, Issuer, PageImage, PaperPages, PartWords
from services.dossiers.pdf.seal import NoSealKey, SealKey, make_key
from services.official_forms.drawing import PRINT_DPI, CannotDraw
from vault.readers import Unreadable, sandbox
from vault.records import gate
from vault.records.actions import drop_file, keep_file
from vault.records.models import Paper, PaperFile, Record
from vault.records.values.decrypted import PaperOpened

MAX_PAGES = 120
#: Progress units of the work that follows the papers (layout, seal); a page is one unit.
FINISH = 3


@dataclass(frozen=True)
class Draft:
    """The content read, and its source rows, which are checked again before publication."""

    dossier: Dossier
    content: DossierContent
    papers: Sequence[UUID]
    records: Sequence[UUID]
    shown: Sequence[UUID]
    forms: Sequence[UUID]
    part: Callable[[], PartWords]


def build_dossier(*, run: Running) -> None:
    """Build and publish the PDF. Idempotent: a dossier that is ready, deleted or given to another job is left as it
    is.

    Raises:
        Cancelled: the resident stopped the job or deleted the dossier.
        Problem: its code has a sentence in `apps.py`.
    """
    dossier = Dossier.objects.filter(pk=run.subject_id).first()
    if dossier is None or dossier.state == State.READY:
        return
    with translation.override("fr"):
        draft = _read(dossier, run)
        built = draw(draft.content, key=seal_key(draft.content.issuer), progress=lambda done, total: run.check())
    _publish(draft, built, run)


def seal_key(issuer: Issuer) -> SealKey:
    """Return the city's key. A demonstration makes its own.

    Raises:
        Problem: the key is missing or unreadable.
    """
    key = SealKey(settings.SEAL_KEY, settings.SEAL_PASSPHRASE.encode() or None)
    if settings.MAKE_SEAL_KEY:
        make_key(key.path, name=f"{issuer.name} (démonstration)")
    try:
        key.signer()
    except NoSealKey:
        raise Problem("no_seal_key") from None
    return key


def issuer() -> Issuer:
    city = City.current()
    verify_url = f"{settings.SITE_URL}{reverse('dossiers:verify')}"
    logo = bytes(city.logo) or (settings.ROOT / "static/civic/img/garant.svg").read_bytes()
    return Issuer(name=city.label, verify_url=verify_url, logo=logo, logo_type=city.logo_type or "image/svg+xml")


def _read(dossier: Dossier, run: Running) -> Draft:
    note = actions.read_note(dossier)
    material = _with_papers(dossier, actions.open_material(dossier, note=note, with_results=True))
    run.check()
    made_at = timezone.now()
    used = composing.computed_from(material)
    applicant = material.applicant.full_name or composing.UNNAMED
    part = partial(_part, dossier, applicant, note)
    forms = _forms(dossier, note)
    run.check()
    stands = Record.objects.current().filter(pk__in=used).count() == len(used)
    content = DossierContent(
        number=dossier.number,
        title=dossier.title,
        applicant=applicant,
        recipient=recipients.of(dossier),
        purpose=dossier.purpose,
        made_at=made_at,
        expires_on=timezone.localdate(made_at + KEPT),
        code=new_code(),
        issuer=issuer(),
        letter=actions.letter_of(dossier, note),
        forms=[_filled(one) for one in forms],
        sheets=composing.sheets(material),
        groups=composing.groups(material),
        computations=composing.computations(material, dossier.aids) if stands else [],
        papers=list(_pages(dossier, material, run)),
        left_out=[*material.not_joined, *official_forms.left_out(dossier, note)],
        part=part(),
    )
    of_forms = [record for one in forms for record in one.filling.records]
    records = {
        *(record.record_id for record in material.values),
        *(used if content.computations else ()),
        *of_forms,
    }
    return Draft(
        dossier,
        content,
        papers=material.paper_ids,
        records=list(records),
        shown=list(dict.fromkeys([*composing.shown_records(material), *of_forms])),
        forms=[one.form.pk for one in forms],
        part=part,
    )


def _forms(dossier: Dossier, note: Mapping[str, Any]) -> list[official_forms.Joined]:
    try:
        return list(official_forms.joined(dossier, note))
    except official_forms.FormChanged:
        raise Problem("form_changed") from None
    except CannotDraw:
        raise Problem("form_does_not_fit") from None


def _filled(one: official_forms.Joined) -> FilledForm:
    try:
        pages = [
            PageImage(page.jpeg, page.width, page.height)
            for page in sandbox.pages(io.BytesIO(one.drawn.flat), dpi=PRINT_DPI)
        ]
    except Unreadable:
        raise Problem("form_does_not_fit") from None
    return FilledForm(
        code=one.form.code,
        title=one.form.title,
        number=one.form.number,
        version=one.form.version,
        blank=one.form.sha256,
        lines=[Fact(line.label, line.said) for line in one.filling.filled],
        pages=pages,
        pdf=one.drawn.pdf,
    )


def _part(dossier: Dossier, applicant: str, note: Mapping[str, Any]) -> PartWords:
    mention_missing = note.get("choices", {}).get(actions.PART) == Choice.LEFT_OUT
    return composing.part_words(dossier, applicant, parts.partner_part(dossier), mention_missing=mention_missing)


def _with_papers(dossier: Dossier, material: Material) -> Material:
    """Read the joined papers and those named as a value's source."""
    sources = {record.paper_id for record in material.values if record.paper_id}
    wanted = list(dict.fromkeys([*material.paper_ids, *sources]))
    found = (
        gate.own_papers(resident_id=dossier.resident_id, purpose=actions.PREPARE, paper_ids=wanted) if wanted else []
    )
    return dataclasses.replace(material, papers={paper.paper_id: paper for paper in found})


def _pages(dossier: Dossier, material: Material, run: Running) -> Iterator[PaperPages]:
    """Yield the page images of each paper, with one file open at a time."""
    papers = [material.papers[key] for key in material.paper_ids if key in material.papers]
    total = sum(max(1, paper.pages) for paper in papers) + FINISH
    if total > MAX_PAGES:
        raise Problem("too_many_pages")
    files = [
        Source(partial(_open, dossier, paper, side.position), _is_coded(paper))
        for paper in papers
        for side in paper.files
    ]
    images, done = rasters(files), 0
    for paper in papers:
        run.progress(done, total)
        yield PaperPages(
            kind=paper.kind,
            title=composing.title_of(paper),
            origin=composing.paper_origin(paper),
            sha256=paper.sha256,
            checks=composing.paper_checks(paper),
            pages=[image for _file in paper.files for image in _next(images)],
        )
        done += max(1, paper.pages)
    run.progress(done, total)


def _is_coded(paper: PaperOpened) -> bool:
    return paper.reading.get("format") == "2ddoc"


def _open(dossier: Dossier, paper: PaperOpened, position: int) -> BinaryIO:
    return gate.open_file(
        resident_id=dossier.resident_id, purpose=actions.PREPARE, paper_id=paper.paper_id, position=position
    )


def _next(images: Iterator[list[PageImage]]) -> list[PageImage]:
    """Return the page images of the next file.

    Raises:
        Problem: the file is unreadable, or its paper was deleted meanwhile.
    """
    try:
        return next(images)
    except Unreadable:
        raise Problem("paper_unreadable") from None
    except PaperFile.DoesNotExist:
        raise Problem("changed") from None


def _publish(draft: Draft, built: Built, run: Running) -> None:
    """Write the file; then, in one transaction, the row, its seal, the journal entry and the job's end."""
    with keep_file(resident_id=draft.dossier.resident_id, kind=Dossier.FILE) as kept:
        kept.write(built.pdf)
    try:
        with transaction.atomic():
            row = _lock(draft, run)
            row.used_papers, row.used_records = [str(key) for key in draft.papers], [str(key) for key in draft.shown]
            _record(row, draft.content, built, kept.name)
            run.finish()
    except BaseException:
        drop_file(kept.name)
        raise


def _lock(draft: Draft, run: Running) -> Dossier:
    """Lock the dossier and check that its papers, records, choices, lists, official forms and the partner's part have
    not changed since they were read.

    Raises:
        Cancelled: the dossier is deleted or given to another job.
        Problem: a source has changed.
    """
    row = (
        Dossier.objects.select_for_update(of=("self",))
        .filter(pk=draft.dossier.pk, state=State.DRAFT, job_id=run.job.pk)
        .first()
    )
    if row is None:
        raise Cancelled
    papers = Paper.objects.kept().filter(pk__in=draft.papers).count()
    records = Record.objects.current().filter(pk__in=draft.records).count()
    if (
        row.note_version != draft.dossier.note_version
        or row.versions != draft.dossier.versions
        or papers != len(draft.papers)
        or records != len(draft.records)
        or not official_forms.in_force(draft.forms)
        or draft.part() != draft.content.part
    ):
        raise Problem("changed")
    return row


def _record(row: Dossier, content: DossierContent, built: Built, name: str) -> None:
    row.seal = Seal.objects.create(
        code=content.code,
        data_hash=built.data_hash,
        file_hash=built.sha256,
        issuer=content.issuer.name,
        pages=built.pages,
        issued_at=content.made_at,
        expires_at=content.made_at + KEPT,
    )
    row.state, row.stored_name, row.size, row.pages = State.READY, name, len(built.pdf), built.pages
    row.paper_pages = sum(len(paper.pages) for paper in content.papers)
    row.built_at, row.expires_at = content.made_at, content.made_at + KEPT
    row.save()
    journal.write(
        resident_id=row.resident_id,
        actor_id=row.resident_id,
        event="dossier_built",
        purpose=actions.PREPARE,
        fields=list(dict.fromkeys(value.field_id for group in content.groups for value in group.values)),
        details={"number": row.number, "recipient": content.recipient, "pages": str(built.pages)},
    )
