"""The state of panels: which one is announced, which one sits, who is next. Pages and verbs ask the same functions."""

from datetime import date, datetime

from campaigns.panel.enums import State
from campaigns.panel.models import Opinion, Panel, Referral, Volunteer

#: Called or sitting: a seat is taken.
TAKEN = (State.CALLED, State.SITS)


def announced() -> Panel | None:
    """Return the panel that is not drawn yet."""
    return Panel.objects.filter(drawn_at=None).order_by("-number").first()


def sitting(at: datetime) -> Panel | None:
    """Return the panel that sits, the last one drawn."""
    return next(iter(all_sitting(at)), None)


def all_sitting(at: datetime) -> list[Panel]:
    """Return the panels that sit, the last one drawn first: two, in the month of a handover."""
    found = Panel.objects.filter(drawn_at__isnull=False, ended_at=None).order_by("-number")
    return [one for one in found if one.sits(at)]


def states(panel: Panel) -> dict[int, Volunteer]:
    """Return what became of numbers, by number."""
    return {one.number: one for one in panel.volunteers.all()}


def vacant(panel: Panel, found: dict[int, Volunteer]) -> int:
    """Return the number of seats that nobody has, nor was called to."""
    return max(0, panel.seats - sum(one.state in TAKEN for one in found.values()))


def next_ones(panel: Panel) -> list[int]:
    """Return the numbers to call now, in the order of the draw: those that nothing became of, for the vacant seats."""
    found = states(panel)
    return [number for number in panel.order if number not in found][: vacant(panel, found)]


def ranks(panel: Panel) -> dict[int, int]:
    """Return the rank of each number in the draw, from 1."""
    return {number: place for place, number in enumerate(panel.order, start=1)}


def is_late(opinion: Opinion, today: date) -> bool:
    """Return whether the city owes an answer for more than thirty days."""
    return not hasattr(opinion, "answer") and today > opinion.due_on


def unanswered(referral: Referral) -> list[Opinion]:
    return list(referral.opinions.filter(answer=None).select_related("referral"))
