"""Rows of the home page about the watch: what it found, and its one question. Nothing is opened: they name no aid."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.pages import home
from services.watch.enums import State
from services.watch.models import Finding

ASKED = Q(state__in=(State.ASKING, State.ASKED))


def _new() -> QuerySet[Finding]:
    return Finding.objects.filter(~ASKED, seen_at=None)


def _asked() -> QuerySet[Finding]:
    return Finding.objects.filter(ASKED)


home.look_for(new_findings=_new, asked_findings=_asked)


def blocks(request: HttpRequest) -> Iterable[home.Part]:
    if home.has(request, "new_findings"):
        yield home.ToDo(
            name=_("Votre veille a trouvé un changement"),
            href=reverse("watch:home"),
            hint=_("Voyez lequel, et pourquoi."),
            tag=_("Nouveau"),
            tag_kind="fresh",
            order=11,
        )
    if home.has(request, "asked_findings"):
        yield home.ToDo(
            name=_("Une question sur un droit que vous avez"),
            href=reverse("watch:home"),
            hint=_("L’avez-vous demandé ?"),
            tag=_("Une question"),
            tag_kind="soon",
            order=13,
        )


home.register(blocks)
