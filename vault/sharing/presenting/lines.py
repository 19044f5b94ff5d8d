"""The lines of a share, as the pages that take one out show them."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from vault.records.grants.lines import Line
from vault.records.models import Grant


def rows(grant: Grant, lines: Sequence[Line], titles: Mapping[str, str]) -> list[dict[str, str]]:
    """Return one row per line, with the page that asks whether to take it out."""
    return [
        {
            "label": titles.get(line.code, line.label),
            "text": needed(line),
            "action": _("Retirer"),
            "action_href": href(grant, line),
        }
        for line in lines
    ]


def after(
    grant: Grant, lines: Sequence[Line], taken: Line, titles: Mapping[str, str], held: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return what the recipient sees afterwards, line by line, with today's values."""
    kept = {"tag": _("Reste partagé"), "tag_kind": "fresh"}
    gone = {"tag": _("Sera retiré"), "tag_kind": "expired"}
    return [
        {
            "label": titles.get(line.code, line.label),
            "value": held.get(line.code, ""),
            "origin": needed(line),
            **(gone if line.code == taken.code else kept),
        }
        for line in lines
    ]


def href(grant: Grant, line: Line) -> str:
    return f"{reverse('sharing:take_out', args=[grant.pk])}?{urlencode({'ligne': line.code})}"


def needed(line: Line) -> str:
    return _("Nécessaire") if line.required else ""
