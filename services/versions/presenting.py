"""Rows and words of the agents' pages of versions, and of the public pages that list them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, cast

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from core.templatetags.civic import long_date
from services.versions.models import RulesVersion, State, Version

V = TypeVar("V", bound=Version)
R = TypeVar("R", bound=RulesVersion)
Row = dict[str, Any]
Words = str | Promise
TAGS: Final = {State.PUBLISHED: "ok", State.TESTED: "fresh", State.DRAFT: "soon", State.CLOSED: ""}
#: A review that comes within this time is named on the list.
SOON: Final = timedelta(days=30)
SHOWN_TO_RESIDENTS: Final = gettext_lazy("Les habitants voient cette version. Elle ne change plus.")


@dataclass(frozen=True, kw_only=True)
class Pages(Generic[V]):
    """The pages of one kind of version: the names of its URLs, and what is its own in the sentences."""

    model: type[V]
    #: Of the names of its URLs.
    prefix: str
    listed: str
    heading: Words
    kicker: Words
    #: What the page of a version says, by its state; of a draft, that nothing is missing.
    hints: Mapping[State, Words]
    close: Words
    close_hint: Words
    drop_hint: Words
    #: What keeps a draft from the second person; by default its faults.
    wanting: Callable[[V], list[str]] = attrgetter("faults")
    #: How a tested version is called, if not by its state.
    tested: Words = ""

    @property
    def rows(self) -> Any:  # noqa: ANN401 - an abstract model has no manager of its own
        return cast(Any, self.model).objects

    def url(self, name: str, row: Version) -> str:
        return reverse(f"{self.prefix}{name}", args=[row.pk])

    def page(self, row: Version) -> str:
        return self.url("version", row)

    def state_words(self, row: Version) -> str:
        return str(self.tested) if self.tested and row.state == State.TESTED else row.get_state_display()

    def hint(self, row: Version, faults: Sequence[str]) -> str:
        if row.state == State.DRAFT and faults:
            text = ngettext(
                "Une chose à corriger avant de publier.", "%(count)s choses à corriger avant de publier.", len(faults)
            )
            return text % {"count": len(faults)}
        return str(self.hints[State(row.state)])


@dataclass(frozen=True, kw_only=True)
class RulesPages(Pages[R]):
    """The same of versions whose content is rules: one proposes them, and sees what changes from one to the next."""

    tried: Words
    publish: Words
    #: The verb that begins a version from a document.
    begin: Callable[..., R]
    #: What a version says, part by part, in words.
    parts: Callable[[R], dict[str, str]]


def version_page(of: Pages[V], row: V, reader: User) -> dict[str, Any]:
    """Return what the pages of all versions have: what stops one, the others, what the reader may do next."""
    faults = [] if row.is_frozen else of.wanting(row)
    others = [one for one in of.rows.of(row.code).believed() if one.pk != row.pk]
    return {
        "pages": of,
        "row": row,
        "title": row.name,
        "kicker": of.kicker % {"version": row.version},
        "hint": of.hint(row, faults),
        "mine": row.written_by_id == reader.pk and not row.is_frozen,
        "faults": faults,
        "versions": [{**_version(of, one), "href": of.page(one)} for one in others],
        "former": next((one for one in others if one.version < row.version), None),
        "may_publish": row.state == row.READY and row.written_by_id != reader.pk,
        "may_close": row.state == State.PUBLISHED,
        "may_renew": row.is_frozen,
    }


def _version(of: Pages[V], row: V) -> Row:
    return {"label": number_words(row), **_tag(of, row)}


def _tag(of: Pages[V], row: V) -> Row:
    return {"tag": of.state_words(row), "tag_kind": TAGS[State(row.state)]}


def number_words(row: Version) -> str:
    return _("Version %(version)s") % {"version": row.version}


def line(of: Pages[V], row: V, text: str) -> Row:
    """Return the line of a version on the list of its kind."""
    return {"label": row.name, "href": of.page(row), "text": text, **_tag(of, row)}


def public_versions(of: Pages[V], rows: Iterable[V], page: str) -> list[Row]:
    """Return the versions that are or were public, for everybody. `page` is the address of the one in force."""
    return [
        {
            **_version(of, row),
            "href": f"{page}?version={row.version}",
            "text": _("Publiée le %(day)s") % {"day": long_date(row.published_at)} if row.published_at else "",
        }
        for row in rows
    ]


def reviews(of: RulesPages[R], today: date) -> list[Row]:
    """Return the versions in force whose date to be read again has come or comes soon."""
    return [
        {
            "label": row.name,
            "href": of.page(row),
            "text": _("À revoir le %(day)s") % {"day": long_date(row.review_on)},
            "tag": _("En retard") if row.review_on < today else "",
            "tag_kind": "expired",
        }
        for row in of.rows.filter(review_on__lte=today + SOON).order_by("review_on", "label").in_force()
    ]


def track(row: Version, faults: Sequence[str], *, step: str, passes: str, end: date | None) -> list[dict[str, str]]:
    """Return the four steps of a version, each done, now, stopped or next.

    Args:
        step: the name of the second step; `passes` says that nothing stops it.
        end: when the version ends or ended.
    """
    author = row.written_by.name if row.written_by else _("l’installation du portail")
    publisher = row.published_by.name if row.published_by else _("l’installation du portail")
    order = [State.DRAFT, State.TESTED, State.PUBLISHED, State.CLOSED]
    rank = order.index(State(row.state))
    texts = [
        _("Écrite par %(name)s") % {"name": author},
        ngettext("%(count)s chose à corriger", "%(count)s choses à corriger", len(faults)) % {"count": len(faults)}
        if faults
        else passes,
        _("Par %(name)s, le %(day)s") % {"name": publisher, "day": long_date(row.published_at)}
        if row.published_at
        else _("Par une autre personne"),
        _("Le %(day)s") % {"day": long_date(end)} if end else _("Sans date de fin"),
    ]
    labels = [_("Brouillon"), step, _("Publication"), _("Fermeture")]
    kinds = ["done" if place < rank or place == 0 else "now" if place == rank else "next" for place in range(4)]
    if row.state == State.DRAFT and faults:
        kinds[1] = "stop"
    return [
        {"label": label, "text": text, "kind": kind} for label, text, kind in zip(labels, texts, kinds, strict=True)
    ]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, str]]:
    """Return what changed from the parts of a version to those of another."""
    return [
        {"key": key, "before": before.get(key, "") or _("Rien"), "after": after.get(key, "") or _("Rien")}
        for key in dict.fromkeys([*before, *after])
        if before.get(key, "") != after.get(key, "")
    ]
