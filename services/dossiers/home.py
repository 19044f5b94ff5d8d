"""Blocks of the home page about dossiers: drafts to finish and requests to answer."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.pages import home
from services.dossiers import across as parts
from services.dossiers import recipients
from services.dossiers.enums import Answer, State
from services.dossiers.models import Dossier, Part
from vault.records.models import Grant

SHOWN = 3


def blocks(request: HttpRequest) -> Iterable[home.Part]:
    if home.has(request, "drafts"):
        yield from _drafts()
    if home.has(request, "parts"):
        yield from _parts(cast(UUID, request.user.pk))


def _of_drafts() -> QuerySet[Dossier]:
    return Dossier.objects.filter(state=State.DRAFT)


home.look_for(drafts=_of_drafts, parts=lambda: Part.objects.filter(answer=Answer.NONE))


def _drafts() -> Iterable[home.Part]:
    """Read drafts, and whom they are for. Counting missing values would decrypt them and journal each visit."""
    label = Grant.objects.filter(pk=OuterRef("prepared_under")).values("recipient_label")[:1]
    drafts = list(_of_drafts().annotate(prepared_by=Subquery(label))[:SHOWN])
    recipient = recipients.of_all(drafts)
    for dossier in drafts:
        by = dossier.prepared_by or ""
        name = (
            _("Relire la demande préparée pour vous\u00a0: %(title)s")
            if by
            else _("Finir le dossier\u00a0: %(title)s")
        )
        yield home.ToDo(
            name=name % {"title": dossier.name},
            href=reverse("dossiers:dossier", args=[dossier.pk]),
            hint=by or recipient[dossier.pk],
            tag=_("À relire") if by else _("En préparation"),
            order=20 if by else 40,
        )


def _parts(resident_id: UUID) -> Iterable[home.Part]:
    for part, asker in parts.unanswered(resident_id):
        yield home.ToDo(
            name=_("%(name)s vous demande votre part d’un dossier") % {"name": asker.name},
            href=reverse("dossiers:part", args=[part.pk]),
            hint=part.name,
            tag=_("À répondre"),
            order=30,
        )


home.register(blocks)
