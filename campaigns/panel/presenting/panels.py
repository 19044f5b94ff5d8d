"""Panels as pages show them: who sits, the draw step by step, a resident's own place."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.panel import draw, standing
from campaigns.panel.actions import volunteers
from campaigns.panel.enums import REPLIES_WITHIN, State
from campaigns.panel.models import Entry, Opinion, Panel, Volunteer
from campaigns.panel.presenting.opinions import member_name, to_write
from core.templatetags.civic import clock, long_date, number

#: Numbers on the page of a draw. The file has all of them.
SHOWN = 60
STATE_TAGS = {State.SITS: "ok", State.CALLED: "soon"}


def members(panel: Panel) -> list[str]:
    """Return the members who sit, by rank."""
    ranks = standing.ranks(panel)
    found = sorted((ranks[one.number], one.name) for one in panel.volunteers.filter(state=State.SITS))
    return [member_name(rank, name) for rank, name in found]


def associations(panel: Panel) -> list[str]:
    return [one.organisation.name for one in panel.associations.select_related("organisation").order_by("at")]


def facts(panel: Panel) -> list[dict[str, str]]:
    """Return what was announced."""
    return [
        {"key": _("Places"), "value": number(panel.seats)},
        {"key": _("Tirage"), "value": minute(panel)},
        {"key": _("Dernier jour"), "value": long_date(panel.ends_on)},
    ]


def minute(panel: Panel) -> str:
    return _("%(day)s à %(hour)s") % {"day": long_date(panel.draws_at), "hour": clock(panel.draws_at)}


def order_rows(panel: Panel) -> list[list[Any]]:
    """Return the first numbers in the order of the draw, with their hash and what became of them."""
    found, drawn = standing.states(panel), panel.drawn
    if drawn is None:
        return []
    return [
        [
            place,
            f"{one}",
            f"{draw.rank_hash(drawn.seed, one)[:12]}…",
            _state(panel, found.get(one)),
        ]
        for place, one in enumerate(panel.order[:SHOWN], start=1)
    ]


def command(panel: Panel) -> str:
    """Return the command that computes the hash of the number that was drawn first."""
    order, drawn = panel.order, panel.drawn
    return f"printf '%s' {drawn.seed}-{order[0]} | sha256sum" if drawn and order else ""


def _state(panel: Panel, one: Volunteer | None) -> str:
    if panel.ended_at:
        return _("Panel terminé")
    return one.get_state_display() if one else _("Suppléant")


def draws(found: list[Panel]) -> list[dict[str, Any]]:
    """Return the draws as lines."""
    return [
        {
            "label": _("Tirage n° %(number)s") % {"number": one.number},
            "href": reverse("panel:draw", args=[one.number]),
            "text": minute(one),
        }
        for one in found
    ]


@dataclass(frozen=True)
class Own:
    """The place of a resident in a panel, for their own page."""

    panel: Panel
    entry: Entry | None
    row: Volunteer | None

    @property
    def number(self) -> str:
        return f"{self.entry.number}" if self.entry else ""

    @property
    def is_called(self) -> bool:
        return self.row is not None and self.row.state == State.CALLED

    @property
    def sits(self) -> bool:
        return self.row is not None and self.row.state == State.SITS

    @property
    def lapsed(self) -> bool:
        return self.row is not None and self.row.state == State.LAPSED

    @property
    def replies_by(self) -> datetime | None:
        return self.row.called_at + REPLIES_WITHIN if self.row and self.row.called_at else None

    @cached_property
    def rank(self) -> int | None:
        return standing.ranks(self.panel).get(self.entry.number) if self.entry else None

    @property
    def name(self) -> str:
        return member_name(self.rank, self.row.name) if self.row and self.rank else ""


def asked(place: Own) -> list[dict[str, Any]]:
    """Return what a member may write about, and what they wrote."""
    written = set(Opinion.objects.filter(referral__panel=place.panel, member=place.rank).values_list("referral"))
    return [
        to_write(one, "panel:opine", is_written=(one.pk,) in written)
        for one in place.panel.referrals.select_related("panel")
    ]


def own(panel: Panel) -> Own:
    """Return the place of the resident in scope."""
    entry = volunteers.own_entry(panel)
    return Own(panel, entry, volunteers.volunteer(panel, entry.number) if entry else None)
