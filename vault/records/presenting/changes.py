"""What changed in a vault lately: papers that wait, values and papers that expired, and what came."""

from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import number, short_date
from vault import types
from vault.records import wording
from vault.records.presenting.values import PaperRow, Section
from vault.records.values.listing import Arrival

#: The largest numbers of lines: in all, and for each kind of change.
LINES = 3
OF_A_KIND = 2
#: How many types of data a line names.
NAMED = 3

Line = dict[str, str]


def changes(papers: Sequence[PaperRow], sections: Iterable[Section], arrivals: Iterable[Arrival]) -> list[Line]:
    """Return rows for `components/lines.html`: first what asks for something."""
    waiting = [_paper(row) for row in papers if row.tag_kind == "soon"][:OF_A_KIND]
    expired = [*_expired(sections), *[_paper(row) for row in papers if row.tag_kind == "expired"]][:OF_A_KIND]
    return [*waiting, *expired, *[_arrival(one) for one in arrivals]][:LINES]


def _paper(row: PaperRow) -> Line:
    href = row.actions[0]["href"] if row.tag_kind == "soon" and row.actions else row.href
    return {"label": row.title, "href": href, "text": row.added, "tag": row.tag, "tag_kind": row.tag_kind}


def _expired(sections: Iterable[Section]) -> list[Line]:
    found = []
    for section in sections:
        for group in section.shown:
            row = next((row for row in group.rows if row.tag_kind == "expired"), None)
            if row is not None:
                label = _("%(what)s : %(value)s") % {"what": group.title, "value": group.main or row.value}
                line = {"label": label, "href": group.href, "text": row.origin}
                found.append(line | {"tag": row.tag, "tag_kind": row.tag_kind})
    return found


def _arrival(one: Arrival) -> Line:
    count = ngettext("%(count)s information", "%(count)s informations", one.count) % {"count": number(one.count)}
    what = wording.join_labels([types.get(code).title for code in one.types[:NAMED]])
    if (more := len(one.types) - NAMED) > 0:
        others = ngettext("%(what)s et %(count)s autre", "%(what)s et %(count)s autres", more)
        what = others % {"what": what, "count": more}
    line = {
        "label": _("%(what)s\u00a0: %(value)s") % {"what": wording.holder(one.holder), "value": count},
        "text": _("Le %(day)s\u00a0: %(what)s") % {"day": short_date(one.day), "what": what},
    }
    themes = {types.get(code).theme for code in one.types}
    if len(themes) > 1:
        return line
    return line | {"href": f"{reverse('records:home')}?theme={themes.pop()}"}
