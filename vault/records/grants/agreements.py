"""Agreements: the versioned texts behind grants, each with one purpose and a list of items.

An app registers its agreements in `AppConfig.ready()`, or a prefix and the function that makes an agreement from a
row: the code is then `prefix:id`. The words of a version never change: a test compares each version of the code with
its hash, a trigger guards those of rows, and a grant keeps the hash of the text that the resident read.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import translation
from django.utils.functional import Promise
from django_scopes import scope

from core import canonical
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantField, GrantWrite
from vault.records.models.grant import RESIDENT_KIND

Text = str | Promise
#: The lengths of an agreement, in months. No length is preselected, and no agreement renews itself.
MONTHS = (1, 3, 6, 12)
#: Before a type, the name of the line by which the recipient may write it.
WRITE = "write:"


@dataclass(frozen=True)
class Item:
    """One choice of an agreement: fields that mean one thing together.

    A resident may refuse an item that is not required.
    """

    code: str
    label: Text
    fields: tuple[str, ...]
    required: bool = False
    hint: Text = ""


@dataclass(frozen=True)
class PaperItem:
    """Papers of one kind that an agreement asks for. The resident picks which of theirs leave."""

    kind: str
    label: Text
    required: bool = False
    hint: Text = ""


@dataclass(frozen=True)
class WriteItem:
    """A type of data that the recipient asks to write into the vault. Never required."""

    type: str
    label: Text

    @property
    def code(self) -> str:
        """Return by what the line is named: in forms, and in `Grant.taken_away`."""
        return f"{WRITE}{self.type}"


@dataclass(frozen=True)
class Agreement:
    """A text that a resident may agree to, and the terms that it offers.

    Args:
        received: the agreement in words for the recipient; `use_url` is the page where the recipient uses it.
        enough: a sentence about the length that suffices.
        uses: sentences that replace the standard words of a mode.
        copied: a copy of the current values leaves with the agreement, and nothing later.
        typed: the resident may answer its questions instead of giving any value; then the grant has no field.
        once: offers a single reading.
        months, short: the lengths that it offers.
        until: the date on which it ends, for all; then it offers no length. Twelve months later at most.
        renewable: the resident renews it in one step, from its page in their shares; otherwise they give it again on
            the page where they first gave it.
        keep_days, at_most_every: the limits stated in the words.
        recipient_kind: the kind of recipient that it may be given to.
        papers: the kinds of papers that it asks for, beside its items.
        writes: the types of data that the recipient asks to write.
        free: its items are the values and papers that the resident chose, one item each; then `notice_hash` covers the
            words only.
        stopping: a sentence about what else a stop does, which its page says before.
        ended: deletes what the recipient made of the values; runs in the transaction that ends the grant.
    """

    code: str
    version: str
    title: Text
    purpose: str
    words: tuple[Text, ...]
    items: tuple[Item, ...]
    modes: tuple[Mode, ...]
    role: HouseholdRole | None = None
    received: Text = ""
    use_url: str = ""
    enough: Text = ""
    uses: Mapping[Mode, Text] = field(default_factory=dict)
    copied: bool = False
    typed: bool = False
    once: bool = False
    months: tuple[int, ...] = MONTHS
    short: tuple[timedelta, ...] = ()
    until: datetime | None = None
    renewable: bool = True
    keep_days: int | None = None
    at_most_every: timedelta | None = None
    recipient_kind: str = RESIDENT_KIND
    papers: tuple[PaperItem, ...] = ()
    writes: tuple[WriteItem, ...] = ()
    free: bool = False
    stopping: Text = ""
    ended: Callable[[Grant], None] = lambda grant: None

    @property
    def lengths(self) -> dict[str, tuple[int, timedelta | None]]:
        """Return the lengths by code, shortest first: (months, None), or (0, a duration under a month)."""
        hour = timedelta(hours=1)
        short = {
            f"h{length // hour}" if length >= hour else f"min{length // timedelta(minutes=1)}": (0, length)
            for length in self.short
        }
        return short | {f"m{count}": (count, None) for count in self.months}

    def offers(self, terms: Terms) -> bool:
        """Return whether it offers the length, the mode, the number of readings and the writings that the resident
        chose.
        """
        if self.until:
            length = terms.until == self.until
        else:
            known = terms.months in self.months if terms.lasts is None else terms.lasts in self.short
            length = known and terms.until is None
        writes = set(terms.writes) <= {one.type for one in self.writes}
        return length and writes and terms.mode in self.modes and (self.once or not terms.once)

    def chosen(self, codes: Sequence[str]) -> list[Item]:
        return [item for item in self.items if item.required or item.code in codes]

    def takes_papers(self, kinds: Sequence[str]) -> bool:
        """Return True if papers of these kinds, and no fewer, may leave with the agreement."""
        asked = {paper.kind: paper.required for paper in self.papers}
        required = {kind for kind, is_required in asked.items() if is_required}
        return self.free or required <= set(kinds) <= set(asked)

    def named(self, fields: Collection[str]) -> list[Item]:
        """Return the items whose fields are all in `fields`."""
        return [item for item in self.items if set(item.fields) <= set(fields)]

    def rendered_words(self, name: str) -> list[str]:
        """Return the words, with the recipient's name filled in."""
        return [str(text).replace("%(name)s", name) for text in self.words]

    def notice_hash(self, language: str) -> str:
        """Return the hash of the whole text that a person reads before they agree, in their language."""
        with translation.override(language):
            read = [
                self.code,
                self.version,
                translation.gettext(self.purpose),
                str(self.title),
                [str(text) for text in self.words],
            ]
            items = () if self.free else self.items
            listed = [[item.code, str(item.label), str(item.hint), item.required, list(item.fields)] for item in items]
            modes = [mode.value for mode in self.modes]
            use = [modes, str(self.enough), self.once, self.keep_days, str(self.at_most_every or "")]
            if self.papers:
                use += [[[one.kind, str(one.label), str(one.hint), one.required] for one in self.papers]]
            if self.writes:
                use += [[[one.code, str(one.label)] for one in self.writes]]
            if self.short:
                use += [list(self.months), [str(length) for length in self.short]]
            if self.until:
                use += [self.until.isoformat()]
        return hashlib.sha256(canonical.encode([*read, listed, *use])).hexdigest()


_agreements: dict[str, Agreement] = {}
_resolvers: dict[str, Callable[[str], Agreement | None]] = {}
_titles: dict[str, Text] = {}


def register(agreement: Agreement) -> None:
    _agreements[agreement.code] = agreement


def register_prefix(prefix: str, resolve: Callable[[str], Agreement | None], *, title: Text = "") -> None:
    """Register the function that returns the agreement `prefix:id` by its id, or None if there is no such row.

    Args:
        title: of all of them, if they have the same one. A list of grants then loads no row to name them.
    """
    _resolvers[prefix] = resolve
    if title:
        _titles[prefix] = title


def get(code: str) -> Agreement:
    """Return an agreement.

    Raises:
        KeyError: no app registered it, or no row has its id.
    """
    found = _find(code)
    if found is None:
        raise KeyError(code)
    return found


def of(grant: Grant) -> Agreement | None:
    """Return the agreement of a grant, or None if no app registers it any more; the grant then keeps its page."""
    return _find(grant.agreement)


def title_of(grant: Grant) -> str:
    """Return the title of a grant's agreement, or "" as `of` returns None."""
    prefix, _colon, _id = grant.agreement.partition(":")
    if prefix in _titles:
        return str(_titles[prefix])
    agreement = of(grant)
    return str(agreement.title) if agreement else ""


def _find(code: str) -> Agreement | None:
    prefix, colon, id = code.partition(":")
    return _resolvers[prefix](id) if colon and prefix in _resolvers else _agreements.get(code)


def fields_of(grant: Grant) -> list[str]:
    """Return the fields of a grant. Call it in any scope."""
    with scope(resident=grant.resident_id):
        return list(GrantField.objects.filter(grant=grant).values_list("field", flat=True))


def writes_of(grant: Grant) -> list[str]:
    """Return the types that the recipient of a grant may write. Call it in any scope."""
    with scope(resident=grant.resident_id):
        return list(GrantWrite.objects.filter(grant=grant).order_by("type").values_list("type", flat=True))


def items_of(grant: Grant) -> list[Item]:
    """Return the items of a grant; none if no app registers its agreement any more. Cost: two queries, no value."""
    agreement = of(grant)
    return agreement.named(fields_of(grant)) if agreement else []


def all_agreements() -> list[Agreement]:
    return list(_agreements.values())
