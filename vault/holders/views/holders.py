"""Pages of the holders: what the vault already has from each, and how to get the rest."""

from collections.abc import Container, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from core.templatetags.civic import short_date
from vault import types
from vault.holders import connectors, received
from vault.holders.enums import RequestState
from vault.holders.models import DataRequest
from vault.records import wording
from vault.records.enums import Channel, HolderTheme, Right
from vault.records.models import Holder, PaperKind
from vault.types.names import words

TAGS = {
    RequestState.DRAFT: "soon",
    RequestState.WAITING: "",
    RequestState.LATE: "expired",
    RequestState.ANSWERED: "ok",
}
SEARCH_LENGTH = 60


@require_safe
def holders(request: SignedInRequest) -> HttpResponse:
    """List the holders. The search words may be in the URL: they name an organisation, never a person."""
    every = list(Holder.objects.all())
    search = request.GET.get("q", "").strip()[:SEARCH_LENGTH]
    got = received.data_by_holder(every)
    offered = connectors.available()
    shown = [holder for holder in every if holder.withdrawn_at is None and _matches(holder, words(search))]
    context: dict[str, Any] = {
        "sections": [section for theme in HolderTheme if (section := _section(shown, theme, got, offered))["lines"]],
        "count": len(shown),
        "requests": request_lines(DataRequest.objects.all(), every),
        "search": search,
    }
    return render(request, "holders/holders.html", context)


@require_safe
def holder(request: SignedInRequest, code: str) -> HttpResponse:
    row = get_object_or_404(Holder, code=code)
    got = received.data_by_holder([*Holder.objects.all()])[code]
    context: dict[str, Any] = {
        "holder": row,
        "connect": reverse("holders:connect", args=[code]) if code in connectors.available() else "",
        "holds": ", ".join(wording.small(title) for title in _holds(row)),
        "received": received.lines(got),
        "downloads": [_download(one) for one in row.downloads],
        "upload": _upload_url(row),
        "channels": [Channel(one).label for one in row.channels],
        "portable": Right.PORTABILITY in row.rights,
        "requests": request_lines(DataRequest.objects.filter(holder=code), [row]),
    }
    return render(request, "holders/holder.html", context)


def request_lines(requests: Iterable[DataRequest], every: Sequence[Holder]) -> list[dict[str, str]]:
    names = {holder.code: holder.name for holder in every}
    return [_request_line(one, names.get(one.holder, one.holder)) for one in requests]


def _request_line(request: DataRequest, name: str) -> dict[str, str]:
    texts: dict[str, str] = {
        RequestState.DRAFT: _("La lettre est prête. Vous l’envoyez vous-même."),
        RequestState.WAITING: _("Réponse attendue avant la fin du %(day)s."),
        RequestState.LATE: _("Le délai est passé depuis le %(day)s."),
        RequestState.ANSWERED: _("Réponse notée le %(day)s."),
    }
    day = request.answered_on if request.state == RequestState.ANSWERED else request.due_on
    return {
        "label": name,
        "href": reverse("holders:request", args=[request.pk]),
        "text": texts[request.state] % {"day": short_date(day)},
        "tag": str(request.state.label),
        "tag_kind": TAGS[request.state],
    }


def _section(
    shown: Sequence[Holder], theme: HolderTheme, got: dict[str, received.Received], offered: Container[str]
) -> dict[str, Any]:
    """Return the theme's title and lines; its gist names the holders, its tag says that one connects."""
    lines = [
        {
            "label": holder.name,
            "href": reverse("holders:holder", args=[holder.code]),
            "text": got[holder.code].words(),
            "tag": _("Connexion possible") if holder.code in offered else "",
            "tag_kind": "fresh",
        }
        for holder in shown
        if holder.theme == theme
    ]
    return {
        "title": theme.label,
        "gist": ". ".join(line["label"] for line in lines),
        "tag": next((line["tag"] for line in lines if line["tag"]), ""),
        "lines": lines,
    }


def _matches(holder: Holder, asked: Sequence[str]) -> bool:
    """Search the holder's names and the titles of its data: “quotient” finds CAF."""
    titles = [types.get(code).title for code in holder.holds if code in _known()]
    read = " ".join(words(" ".join([holder.name_fr, holder.name_en, *holder.record_holders, *titles])))
    return all(word in read for word in asked)


def _holds(row: Holder) -> list[str]:
    """Return the titles of the holder's data; of its papers if it only gives papers."""
    titles = [types.get(held).title for held in row.holds if held in _known()]
    return titles or [kind.label for kind in PaperKind.objects.filter(code__in=row.papers)]


def _download(one: dict[str, Any]) -> dict[str, Any]:
    language = "en" if get_language() == "en" else "fr"
    return {
        "label": one["label"].get(language) or one["label"].get("fr", ""),
        "steps": one["steps"],
        "formats": ", ".join(name.upper() for name in one["formats"]),
        "reads": ", ".join(wording.small(types.get(code).title) for code in one["reads"] if code in _known()),
        "verified": one["verified"],
    }


def _upload_url(row: Holder) -> str:
    """Return the upload page's URL with the holder, and the kind of paper if the holder gives only one."""
    query = {"organisme": row.code} | ({"nature": row.papers[0]} if len(row.papers) == 1 else {})
    return f"{reverse('records:add_paper')}?{urlencode(query)}"


def _known() -> set[str]:
    return {data_type.code for data_type in types.all_types()}
