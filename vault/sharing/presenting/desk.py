"""Desk visits as rows for the agent's pages, and the content of the printed sheet and mandate."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django_scopes import scope

from accounts.models import Membership, Sheet
from core import journal
from core.models import City
from core.templatetags.civic import clock, long_date
from vault.journal import sentences
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.sharing.agreements.entrusting import AGREEMENT, length_words, yours_to_theirs
from vault.sharing.enums import Act
from vault.sharing.models import DeskVisit
from vault.sharing.models.desk import DESK_KIND
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting.mandates import until

#: What else a resident without an e-mail may ask for at the desk: apps above register it.
_more: dict[str, Callable[[DeskVisit], list[dict[str, str]]]] = {}


def register_more(name: str, lines_of: Callable[[DeskVisit], list[dict[str, str]]]) -> None:
    _more[name] = lines_of


def more(visit: DeskVisit) -> list[dict[str, str]]:
    return [line for lines_of in _more.values() for line in lines_of(visit)]


def lines(visits: Sequence[DeskVisit]) -> list[dict[str, str]]:
    return [
        {"label": visit.name, "href": reverse("sharing:desk_visit", args=[visit.pk]), "text": until(visit.grant)}
        for visit in visits
    ]


def banner(visit: DeskVisit) -> dict[str, str]:
    return {"name": visit.name, "until": until(visit.grant)}


def may_see(visit: DeskVisit) -> list[dict[str, str]]:
    return [
        {
            "label": yours_to_theirs(item),
            "action": _("Voir"),
            "action_href": reverse("sharing:desk_values", args=[visit.pk, item.code]),
        }
        for item in agreements.items_of(visit.grant)
    ]


def mandates(visit: DeskVisit) -> list[dict[str, str]]:
    """Return the mandates of a resident who cannot stop them from home."""
    with scope(resident=visit.resident_id):
        found = list(Grant.objects.standing().filter(recipient_kind=COMPANION_KIND))
    return [
        {
            "label": grant.recipient_label,
            "text": until(grant),
            "action": _("Arrêter"),
            "action_href": reverse("sharing:stop_desk_mandate", args=[visit.pk, grant.pk]),
        }
        for grant in found
    ]


def added(found: Sequence[journal.Line]) -> list[dict[str, str]]:
    """Return what was added in a visit as the resident's journal says it, with the names of values and their hour."""
    kinds = sentences.paper_kinds(found)
    return [
        {
            "label": sentences.sentence(entry, kinds),
            "text": ", ".join([clock(entry.at), *sentences.labels(entry.fields)]),
        }
        for entry in found
    ]


def form_to_sign(visit: DeskVisit, place: Membership, terms: Terms, acts: Sequence[Act]) -> dict[str, Any]:
    """Return the context of the mandate to sign: the words that a resident's page shows, and their choices."""
    return {
        "city": City.current(),
        "name": visit.name,
        "recipient": place.label,
        "words": AGREEMENT.rendered_words(place.label),
        "items": [str(item.label) for item in AGREEMENT.chosen(terms.items)],
        "acts": [str(act.label) for act in acts],
        "length": length_words(terms.months, terms.lasts),
    }


def on_paper(sheet: Sheet, code: str) -> dict[str, Any]:
    """Return the context of the sheet, with the desk visits so far. Requires the resident's scope."""
    visits = Grant.objects.filter(recipient_kind=DESK_KIND).order_by("starts_at")
    return {
        "name": sheet.person.name,
        "code": code,
        "number": sheet.number,
        "printed": sheet.printed_at,
        "expires": sheet.expires_at,
        "city": City.current(),
        "address": f"{settings.SITE_URL.split('://')[-1]}{reverse('claim')}",
        "visits": [_visit(visit) for visit in visits],
    }


def _visit(grant: Grant) -> str:
    values = {"who": grant.recipient_label, "day": long_date(grant.starts_at), "hour": clock(grant.starts_at)}
    return _("%(who)s, le %(day)s à partir de %(hour)s") % values
