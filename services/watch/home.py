"""Rows of the home page about the watch: what it found, and its one question. Nothing is opened: they name no aid."""

from collections.abc import Iterable

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.pages import home
from services.watch.enums import State
from services.watch.models import Finding


def blocks(request: HttpRequest) -> Iterable[home.Part]:
    asked = Q(state__in=(State.ASKING, State.ASKED))
    found = Finding.objects.aggregate(
        new=Count("pk", filter=Q(seen_at=None) & ~asked), asked=Count("pk", filter=asked)
    )
    if found["new"]:
        yield home.ToDo(
            name=_("Votre veille a trouvé un changement"),
            href=reverse("watch:home"),
            hint=_("Voyez lequel, et pourquoi."),
            tag=_("Nouveau"),
            tag_kind="fresh",
            order=11,
        )
    if found["asked"]:
        yield home.ToDo(
            name=_("Une question sur un droit que vous avez"),
            href=reverse("watch:home"),
            hint=_("L’avez-vous demandé ?"),
            tag=_("Une question"),
            tag_kind="soon",
            order=13,
        )


home.register(blocks)
