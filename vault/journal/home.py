"""This app's part of the resident's home page: what others did lately, then the resident's own last act."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from core import journal
from core.journal import Line
from core.pages import home
from core.templatetags.civic import clock, short_date
from vault import types
from vault.journal import sentences
from vault.journal.repeated import identify_act
from vault.records.content import paper_kinds

#: How many entries are searched, how many of others are shown.
SEARCHED = 100
OTHERS = 3
#: The theme of the records that services compute.
COMPUTED = "calculs"


def blocks(request: HttpRequest) -> Iterator[home.Part]:
    reader = cast(UUID, request.user.pk)
    entries = list(islice(journal.lines(resident_id=reader), SEARCHED))
    others = list(islice(_once([entry for entry in entries if not sentences.is_own(entry, reader)]), OTHERS))
    own = [entry for entry in entries if sentences.is_own(entry, reader) and _is_act(entry)][:1]
    named = any("kind" in entry.details for entry in [*others, *own])
    kinds = {kind.code: kind.label for kind in home.once(request, paper_kinds.by_code).values()} if named else {}
    context = {
        "lines": [{"label": _written(entry, kinds)} for entry in others],
        "own": [_written(entry, kinds) for entry in own],
    }
    yield home.HomeBlock(home.Slot.ASIDE, "journal/home_journal.html", context, order=20)


def _once(entries: Iterable[Line]) -> Iterator[Line]:
    """Yield the newest of readings that an agent repeats, so that they hide nothing that others did."""
    seen: set[tuple[str, ...]] = set()
    for entry in entries:
        same = identify_act(entry)
        if same is None or same not in seen:
            yield entry
        if same is not None:
            seen.add(same)


def _is_act(entry: Line) -> bool:
    """Return False for what a page wrote while it was shown: a reading, or a result computed again."""
    computed = all(types.get(field_id.partition("#")[0]).theme == COMPUTED for field_id in entry.fields)
    return not sentences.is_reading(entry.event) and not (entry.fields and computed)


def _written(entry: Line, kinds: dict[str, str]) -> str:
    when = {"day": short_date(entry.at), "hour": clock(entry.at), "what": sentences.sentence(entry, kinds)}
    return _("%(day)s, %(hour)s. %(what)s") % when
