"""Blocks of the home page about requests: corrections to make, answers that did not come, renewals."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.pages import home
from core.templatetags.civic import short_date
from services.requests.enums import State
from services.requests.models import Correction, OutsideRequest, SentRequest


def blocks(request: HttpRequest) -> Iterable[home.Part]:
    waiting = Correction.objects.filter(answered_at=None, request__state__in=(State.CORRECTION, State.REVIEW))
    for one in waiting.defer("message"):
        yield home.ToDo(
            name=_("Corriger une ligne de votre demande"),
            href=reverse("requests:correct", args=[one.request_id, one.pk]),
            hint=_("Avant le %(day)s : jusque-là, le délai est arrêté.") % {"day": short_date(one.answer_by)},
            tag=_("À corriger"),
            tag_kind="soon",
            order=12,
        )
    for row in SentRequest.objects.open().exclude(silence_told_at=None).defer("content", "decision"):
        yield home.ToDo(
            name=_("Votre demande est restée sans réponse"),
            href=reverse("requests:request", args=[row.pk]),
            hint=_("Sans réponse, c’est un accord.")
            if row.silence_grants
            else _("La lettre pour contester est prête."),
            tag=_("Délai passé"),
            tag_kind="expired",
            order=14,
        )
    for outside in OutsideRequest.objects.late().defer("content"):
        yield home.ToDo(
            name=_("Votre demande est restée sans réponse"),
            href=reverse("requests:outside", args=[outside.pk]),
            hint=outside.name,
            tag=_("Délai passé"),
            tag_kind="expired",
            order=14,
        )
    for row in SentRequest.objects.to_renew().defer("content", "decision"):
        yield home.ToDo(
            name=_("Redemander : %(name)s") % {"name": row.name},
            href=reverse("requests:request", args=[row.pk]),
            hint=_("Ce qui vous est accordé finit le %(day)s.") % {"day": short_date(row.ends_on)},
            tag=_("Bientôt fini"),
            tag_kind="soon",
            order=16,
        )


home.register(blocks)
