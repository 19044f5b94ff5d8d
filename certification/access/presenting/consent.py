"""The words of the page of consent."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from certification.access.asking import Asked
from vault.records.content import holder_catalogue
from vault.records.grants.agreements import Agreement
from vault.records.values.decrypted import PaperOpened

NOTHING = gettext_lazy("Rien dans votre coffre aujourd’hui")


def about(asked: Asked) -> list[dict[str, Any]]:
    """Return who asks, why, how long they keep and how often they read."""
    agreement = asked.agreement
    rows = [
        {"key": _("Éditeur"), "value": asked.service.publisher.name},
        {"key": _("But"), "value": str(agreement.title)},
        {"key": _("Conservation"), "value": _keeping(agreement)},
        {"key": _("Lectures"), "value": _frequency(agreement)},
    ]
    return rows


def needed(asked: Asked, held: Mapping[str, str], agreed: Collection[str | UUID]) -> list[dict[str, str]]:
    """Return the values without which the service can do nothing, unless they are agreed already."""
    return [
        {"key": with_why(str(item.label), str(item.hint)), "value": held.get(item.code) or str(NOTHING)}
        for item in asked.required
        if item.code not in agreed
    ]


def agreed_lines(
    asked: Asked, held: Mapping[str, str], papers: Collection[PaperOpened], agreed: Collection[str | UUID]
) -> list[dict[str, str]]:
    """Return what the resident agreed to already, with today's values."""
    lines = [
        {"key": str(item.label), "value": held.get(item.code) or str(NOTHING)}
        for item in asked.agreement.items
        if item.code in agreed
    ]
    lines += [
        {"key": str(one.label), "value": _("Le service l’écrit dans votre coffre")}
        for one in asked.agreement.writes
        if one.code in agreed
    ]
    labels = {paper.kind: str(paper.label) for paper in asked.agreement.papers}
    return lines + [
        {"key": labels.get(paper.kind, ""), "value": paper.title} for paper in papers if paper.paper_id in agreed
    ]


def closed(
    agreement: Agreement, every: Mapping[str, str], held: Mapping[str, str], why: tuple[bool, list[str]]
) -> dict[str, Any]:
    """Return the lines of which the vault has a value that may not be passed on to a service, and why."""
    by_law, holders = why
    return {
        "closed": [str(item.label) for item in agreement.items if every.get(item.code) != held.get(item.code)],
        "closed_by_law": by_law,
        "closed_by": [{"code": code, "name": holder_catalogue.name(code)} for code in holders],
    }


def with_why(what: str, why: str) -> str:
    """Return a line with the reason for which it is asked."""
    return _("%(what)s (%(why)s)") % {"what": what, "why": why.rstrip(".")} if why else what


def _keeping(agreement: Agreement) -> str:
    days = agreement.keep_days
    if days is None:
        return _("Aucune copie")
    return ngettext("%(days)s jour au plus", "%(days)s jours au plus", days) % {"days": days}


def _frequency(agreement: Agreement) -> str:
    every = agreement.at_most_every
    if every is None:
        return _("Quand le service en a besoin")
    if every.days == 1:
        return _("Une par jour au plus")
    return ngettext("Une tous les %(days)s jours au plus", "Une tous les %(days)s jours au plus", every.days) % {
        "days": every.days
    }
