"""What a resident may agree to: one recipient, one purpose, a list of values, and the words that they read before.

An app registers its own in `AppConfig.ready()`. The words of a version never change: a test holds each version to its hash, and a grant
keeps the hash of what was read.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import translation
from django.utils.functional import Promise
from django_scopes import scope

from core import canonical
from vault.records.enums import HouseholdRole, Mode
from vault.records.models import Grant, GrantField
from vault.records.models.grant import RESIDENT_KIND

Text = str | Promise
#: How long one may agree for, in months. Nothing is chosen beforehand, nothing renews itself.
MONTHS = (1, 3, 6, 12)


@dataclass(frozen=True)
class Item:
    """Fields that mean one thing together: what a person says yes or no to. Those that are not required may be refused."""

    code: str
    label: Text
    fields: tuple[str, ...]
    required: bool = False
    hint: Text = ""


@dataclass(frozen=True)
class Agreement:
    """`received` says it from the recipient's side, whose page to use it is `use_url`.

    `enough` says in words which length suffices. `uses` says a mode in its own words. `copied`: a copy of the day's values leaves with
    the agreement, and nothing after it. `once` offers a single reading. `months` and `short` are the lengths that it offers. `renewable`:
    in one step, from its page in the resident's shares; otherwise it is given anew where it was given. `keep_days` and `at_most_every` are
    what the words say.
    `ended` forgets what the recipient made of the values; it runs in the transaction that ends the grant.
    `recipient_kind`: to whom it may be given. `free`: its lines are what the resident holds and chose, a field or a paper each; then its
    words alone are hashed.
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
    once: bool = False
    months: tuple[int, ...] = MONTHS
    short: tuple[timedelta, ...] = ()
    renewable: bool = True
    keep_days: int | None = None
    at_most_every: timedelta | None = None
    recipient_kind: str = RESIDENT_KIND
    free: bool = False
    ended: Callable[[Grant], None] = lambda grant: None

    @property
    def lengths(self) -> dict[str, tuple[int, timedelta | None]]:
        """By code, the shortest first: so many months, or a time under a month."""
        hour = timedelta(hours=1)
        short = {
            f"h{length // hour}" if length >= hour else f"min{length // timedelta(minutes=1)}": (0, length)
            for length in self.short
        }
        return short | {f"m{count}": (count, None) for count in self.months}

    def chosen(self, codes: Sequence[str]) -> list[Item]:
        return [item for item in self.items if item.required or item.code in codes]

    def named(self, fields: Collection[str]) -> list[Item]:
        """The lines whose fields are all among these."""
        return [item for item in self.items if set(item.fields) <= set(fields)]

    def rendered_words(self, name: str) -> list[str]:
        """Its words, to someone who agrees with `name`."""
        return [str(text).replace("%(name)s", name) for text in self.words]

    def notice_hash(self, language: str) -> str:
        """Of all that a person reads before they agree, in their language."""
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
            if self.short:
                use += [list(self.months), [str(length) for length in self.short]]
        return hashlib.sha256(canonical.encode([*read, listed, *use])).hexdigest()


_agreements: dict[str, Agreement] = {}


def register(agreement: Agreement) -> None:
    _agreements[agreement.code] = agreement


def get(code: str) -> Agreement:
    """
    Raises:
        KeyError: no app registered it.
    """
    return _agreements[code]


def of(grant: Grant) -> Agreement | None:
    """None: the app that registered it is gone; the grant stays on its page."""
    return _agreements.get(grant.agreement)


def fields_of(grant: Grant) -> list[str]:
    """Return the fields that the resident agreed to, whoever asks."""
    with scope(resident=grant.resident_id):
        return list(GrantField.objects.filter(grant=grant).values_list("field", flat=True))


def items_of(grant: Grant) -> list[Item]:
    """The lines that it was given for; none where the app that registered its agreement is gone. Two queries, no value."""
    agreement = of(grant)
    return agreement.named(fields_of(grant)) if agreement else []


def all_agreements() -> list[Agreement]:
    return list(_agreements.values())
