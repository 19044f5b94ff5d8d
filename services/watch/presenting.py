"""Words of the watch's pages."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.templatetags.civic import clock, long_date, money, short_date
from services.aids import benefits, catalogue
from services.procedures import finding as procedures
from services.watch.agreements import AGREEMENT
from services.watch.enums import Answer, Kind, State
from services.watch.models import Finding, Watch
from vault import types
from vault.records.grants import agreements
from vault.records.models import Grant

TAGS = {Kind.NEW: "ok", Kind.GONE: "expired", Kind.MORE: "ok", Kind.LESS: "soon"}


def title(note: Mapping[str, Any]) -> str:
    """Return the aid's name in the page's language."""
    known = benefits.BY_CODE.get(note["code"])
    return str(known.title) if known else catalogue.in_words(note["label"] or note["code"])


def amount(value: str | None, unit: str) -> str:
    """Return an estimate with its unit, or an empty string for a right without money."""
    if value is None:
        return ""
    euros = float(value)
    words = money(round(euros) if euros >= 10 else round(euros, 2))
    return _("%(amount)s %(unit)s") % {"amount": words, "unit": benefits.UNIT_WORDS[unit]}


def sum_up(note: Mapping[str, Any]) -> str:
    """Return what changed, in a few words."""
    now, before = amount(note["amount"], note["unit"]), amount(note["before"], note["unit"])
    if note["kind"] in {Kind.MORE, Kind.LESS}:
        return _("%(before)s devient %(after)s") % {"before": before, "after": now}
    if note["kind"] == Kind.GONE:
        return _("Vous n’y avez plus droit, d’après votre coffre")
    return _("%(amount)s, une estimation") % {"amount": now} if now else _("Droit ouvert, d’après votre coffre")


def listed(finding: Finding, note: Mapping[str, Any]) -> dict[str, str]:
    """Return a row of the watch's page."""
    kind = Kind(note["kind"])
    tag, tag_kind = str(kind.label), TAGS[kind]
    if finding.is_asked:
        tag, tag_kind = _("Une question"), "soon"
    elif note["answer"]:
        tag, tag_kind = str(Answer(note["answer"]).label), ""
    return {
        "label": title(note),
        "href": reverse("watch:finding", args=[finding.pk]),
        "text": _("%(what)s, trouvé le %(day)s") % {"what": sum_up(note), "day": short_date(finding.found_at)},
        "tag": tag,
        "tag_kind": tag_kind,
    }


def why(note: Mapping[str, Any]) -> str:
    """Return the reason in the page's language, else in French."""
    said: Mapping[str, str] = note["why"]
    return said.get((get_language() or "fr")[:2]) or said.get("fr", "")


def causes(note: Mapping[str, Any]) -> list[str]:
    """Return what changed since the check before, one sentence each."""
    return [_cause(one) for one in note["causes"]]


def _cause(cause: Mapping[str, Any]) -> str:
    if cause["cause"] == "records":
        return _("Dans votre coffre : %(what)s.") % {"what": types.get(cause["type"]).title}
    if cause["cause"] == "age":
        if not cause["name"]:
            return ngettext("Vous avez %(age)s an.", "Vous avez %(age)s ans.", cause["age"]) % cause
        return ngettext("%(name)s a %(age)s an.", "%(name)s a %(age)s ans.", cause["age"]) % cause
    return {
        "rules": _("La ville a changé les règles de cette aide."),
        "month": _("Le mois a changé : d’autres mois de revenus comptent."),
        "law": _("La loi ou le calcul a changé."),
    }[cause["cause"]]


def links(note: Mapping[str, Any]) -> dict[str, str]:
    """Return where the aid is explained, and the dossier that applies for it."""
    found = procedures.open_for(note["code"])
    return {
        "why": reverse("aids:why", args=[note["code"]]),
        "dossier": f"{reverse('dossiers:new')}?{urlencode({'aide': found.code})}" if found else "",
    }


def state(watch: Watch, grant: Grant) -> list[dict[str, str]]:
    """Return the lines that say what the watch does: last check, next one, end, what it looks at."""
    checked = watch.checked_at
    last = (
        _("Le %(day)s à %(hour)s") % {"day": long_date(checked), "hour": clock(timezone.localtime(checked))}
        if checked
        else _("Pas encore : la première se fait dans les minutes qui viennent")
    )
    if grant.paused_at is not None:
        coming = _("La veille est en pause : rien n’est lu")
    elif watch.due_at is not None and checked:
        coming = _("Dans les dix minutes : votre coffre a changé")
    else:
        coming = _("Quand votre coffre change, au début du mois, quand une aide change")
    looked = [str(item.label) for item in agreements.items_of(grant)]
    return [
        {"key": _("Dernière vérification"), "value": last},
        {"key": _("Prochaine vérification"), "value": coming},
        {
            "key": _("Ce qui est regardé"),
            "value": ", ".join(looked),
            "href": reverse("sharing:share", args=[grant.pk]),
            "action": _("Retirer une ligne"),
        },
        {"key": _("Jusqu’au"), "value": long_date(grant.ends_at)},
    ]


def required(held: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the lines that the watch needs, with today's values."""
    return [
        {"key": str(item.label), "value": held.get(item.code) or _("rien dans votre coffre aujourd’hui")}
        for item in AGREEMENT.items
        if item.required
    ]


def question_is_open(finding: Finding, note: Mapping[str, Any]) -> bool:
    return note["kind"] == Kind.NEW and not note["answer"]


def sorted_rows(findings: Sequence[Finding], notes: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Return the rows to look at, then those that are answered or were seen."""
    rows: dict[str, list[dict[str, str]]] = {"fresh": [], "older": []}
    for finding, note in zip(findings, notes, strict=True):
        is_fresh = finding.seen_at is None or finding.state == State.ASKED
        rows["fresh" if is_fresh else "older"].append(listed(finding, note))
    return rows
