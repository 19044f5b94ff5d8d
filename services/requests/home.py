"""Blocks of the home page about requests: corrections to make, answers that did not come, renewals."""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models.rows import check
from core.pages import home
from core.templatetags.civic import short_date
from services.requests import clock
from services.requests.enums import State
from services.requests.models import Correction, OutsideRequest, SentRequest

R = TypeVar("R", bound=SentRequest | OutsideRequest)


def _to_correct() -> QuerySet[Correction]:
    return Correction.objects.filter(answered_at=None, request__state__in=(State.CORRECTION, State.REVIEW))


def _silent() -> QuerySet[SentRequest]:
    return SentRequest.objects.open().exclude(silence_told_at=None)


home.look_for(
    corrections=_to_correct,
    silent_requests=_silent,
    late_outside=lambda: OutsideRequest.objects.late(),
    to_renew=lambda: SentRequest.objects.to_renew(),
    outside_to_renew=lambda: OutsideRequest.objects.to_renew(),
)


def blocks(request: HttpRequest) -> Iterable[home.Part]:
    if home.has(request, "corrections"):
        yield from _corrections()
    if home.has(request, "silent_requests"):
        yield from _unanswered()
    if home.has(request, "late_outside"):
        yield from _late_outside()
    if home.has(request, "to_renew"):
        yield from _to_renew(SentRequest.objects.to_renew().defer("content", "decision"), "requests:request")
    if home.has(request, "outside_to_renew"):
        yield from _to_renew(OutsideRequest.objects.to_renew().defer("content"), "requests:outside")


def _corrections() -> Iterable[home.Part]:
    for one in _to_correct().defer("message"):
        yield home.ToDo(
            name=_("Corriger une ligne de votre demande"),
            href=reverse("requests:correct", args=[one.request_id, one.pk]),
            hint=_("Avant le %(day)s : jusque-là, le délai est arrêté.") % {"day": short_date(one.answer_by)},
            tag=_("À corriger"),
            tag_kind="soon",
            order=4 if one.answer_by <= timezone.localdate() + clock.SOON else 12,
        )


def _unanswered() -> Iterable[home.Part]:
    for row in _checked(_silent().defer("content", "decision")):
        yield home.ToDo(
            name=_("Votre demande est restée sans réponse"),
            href=reverse("requests:request", args=[row.pk]),
            hint=_meaning(row),
            tag=_("Délai passé"),
            tag_kind="expired",
            order=14,
        )


def _meaning(row: SentRequest) -> str:
    if not row.silence_grants:
        return _("La lettre pour contester est prête.")
    if row.nobody_could_answer():
        return _("Personne dans ce service ne pouvait répondre.")
    return _("Sans réponse, c’est un accord.")


def _late_outside() -> Iterable[home.Part]:
    for outside in _checked(OutsideRequest.objects.late().defer("content")):
        yield home.ToDo(
            name=_("Votre demande est restée sans réponse"),
            href=reverse("requests:outside", args=[outside.pk]),
            hint=outside.name,
            tag=_("Délai passé"),
            tag_kind="expired",
            order=14,
        )


def _checked(rows: Iterable[R]) -> list[R]:
    found = list(rows)
    check(*found)
    return found


def _to_renew(rows: Iterable[SentRequest | OutsideRequest], page: str) -> Iterable[home.Part]:
    for row in _checked(rows):
        yield home.ToDo(
            name=_("Redemander : %(name)s") % {"name": row.name},
            href=reverse(page, args=[row.pk]),
            hint=_("Ce qui vous est accordé finit le %(day)s.") % {"day": short_date(row.ends_on)},
            tag=_("Bientôt fini"),
            tag_kind="soon",
            order=16,
        )


home.register(blocks)
