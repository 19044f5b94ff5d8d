"""Queries across residents: the numbers of those who volunteered, whom to tell, and the end of a panel."""

import logging
from uuid import UUID

from django_scopes import scopes_disabled

from campaigns.panel.models import Entry, Panel
from core.models.rows import Forged, check

logger = logging.getLogger(__name__)


def genuine(panel: Panel) -> list[int]:
    """Return the numbers to freeze, from the lowest. A row that the portal did not write is left out, and reported."""
    with scopes_disabled():
        return sorted(one.number for one in Entry.objects.filter(panel=panel) if _is_genuine(one))


def count(panel: Panel) -> int:
    """Return how many volunteered so far."""
    with scopes_disabled():
        return Entry.objects.filter(panel=panel).count()


def is_taken(panel: Panel, number: int) -> bool:
    with scopes_disabled():
        return Entry.objects.filter(panel=panel, number=number).exists()


def owner(panel: Panel, number: int) -> UUID | None:
    """Return whose number it is, in order to tell them; None if they withdrew."""
    with scopes_disabled():
        found = Entry.objects.filter(panel=panel, number=number).first()
        return found.resident_id if found and _is_genuine(found) else None


def forget(panel: Panel) -> int:
    """Delete what leads from a number to a resident. Return how many."""
    with scopes_disabled():
        return Entry.objects.filter(panel=panel).delete()[0]


def _is_genuine(entry: Entry) -> bool:
    try:
        check(entry)
    except Forged:
        logger.error("an entry is not what the portal wrote", extra={"kind": "panel.Entry", "code": str(entry.pk)})
        return False
    return True
