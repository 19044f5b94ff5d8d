"""Vaults and dossiers for tests, made by the actions themselves."""

import io
import uuid
from contextlib import nullcontext
from datetime import date, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

import pikepdf
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.models import Job
from services.dossiers import tasks
from services.dossiers.actions import building
from services.dossiers.actions import dossiers as actions
from services.dossiers.models import Dossier
from services.dossiers.pdf.build import Built
from services.dossiers.pdf.content import DossierContent
from services.dossiers.pdf.render import Progress
from services.dossiers.pdf.seal import SealKey
from tests.vault.made import HOUSEHOLD, IDENTITY, add, add_signed_notice
from vault.records.actions import receive_paper
from vault.records.enums import PaperState
from vault.records.models import Paper


@cache
def one_page() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.save(out)
    return out.getvalue()


def sealed(resident_id: uuid.UUID, content: bytes, name: str) -> SealedUpload:
    """Return what the upload handler makes of a file, without a browser."""
    with sealed_storage.create(resident_id=resident_id) as kept:
        kept.write(content)
    return SealedUpload(name=name, content_type="application/pdf", sealed=kept)


def add_paper(
    resident: Any,
    kind: str,
    *,
    state: str = PaperState.KEPT,
    content: bytes | None = None,
    name: str = "papier.pdf",
    **columns: Any,
) -> Paper:
    """Add a paper in the state it has once its resident has confirmed it."""
    upload = sealed(resident.pk, content or one_page(), name)
    paper = receive_paper(resident_id=resident.pk, kind=kind, upload=upload, by=resident.pk)
    kept_at = timezone.now() if state == PaperState.KEPT else None
    with scope(resident=resident.pk):
        Paper.objects.filter(pk=paper.pk).update(state=state, kept_at=kept_at, **columns)
        return Paper.objects.get(pk=paper.pk)


def months_ago(count: int) -> date:
    return timezone.localdate() - timedelta(days=30 * count + 2)


def fill(resident: Any) -> None:
    add(resident, "identite.pivot", IDENTITY)
    add(resident, "foyer.composition", HOUSEHOLD)
    add_signed_notice(resident)


def start(resident: Any, *aids: str, **more: Any) -> Dossier:
    return actions.start(resident_id=resident.pk, aids=list(aids or ["ville_cantine"]), **more)


def fresh(dossier: Dossier) -> Any:
    with scope(resident=dossier.resident_id):
        return Dossier.objects.select_related("job", "seal").get(pk=dossier.pk)


def undrawn(content: DossierContent, *, key: SealKey, progress: Progress) -> Built:
    """Take the place of drawing and sealing, which takes a second, where no test reads the file: it is no PDF."""
    return Built(pdf=f"not drawn: {content.code}".encode(), pages=1, data_hash=content.data_hash.hex())


def work(*, drawn: bool = True) -> None:
    """Build the waiting dossiers, as the worker does."""
    with scopes_disabled():
        waiting = list(Job.objects.filter(state=Job.State.WAITING, kind="dossier").values_list("pk", flat=True))
    with nullcontext() if drawn else patch.object(building, "draw", undrawn):
        for key in waiting:
            tasks.build(str(key))


def built(resident: Any, *aids: str, drawn: bool = True) -> Any:
    dossier = start(resident, *aids)
    actions.build(dossier=dossier, by=resident.pk)
    work(drawn=drawn)
    return fresh(dossier)


def pdf_of(dossier: Dossier) -> bytes:
    with actions.download(dossier=dossier, by=dossier.resident_id) as stream:
        return stream.read()
