"""Rows of the pages of urgent situations: those of agents who write them, and those that everybody reads."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from core.templatetags.civic import long_date
from services.aids import catalogue, urgent
from services.aids.actions import urgent_situations
from services.aids.models import UrgentSituation
from services.aids.urgent import forms
from services.places import presenting as places
from services.versions import presenting as versions
from services.versions.models import State
from services.versions.presenting import SHOWN_TO_RESIDENTS, SOON, RulesPages
from vault.records.models import PaperKind

#: How many days before its last day a deadline is shown as near.
NEAR = 7


SITUATIONS: Final = RulesPages(
    model=UrgentSituation,
    prefix="aids:urgent_",
    listed="aids:urgent_list",
    heading=gettext_lazy("Situations urgentes"),
    kicker=gettext_lazy("Situation urgente, version %(version)s"),
    tested=gettext_lazy("Proposée"),
    hints={
        State.DRAFT: gettext_lazy("Elle est complète : proposez-la, puis une autre personne la publie."),
        State.TESTED: gettext_lazy("Elle est complète. Une autre personne la publie."),
        State.PUBLISHED: SHOWN_TO_RESIDENTS,
        State.CLOSED: gettext_lazy("Cette version est fermée. Elle ne change plus."),
    },
    tried=gettext_lazy("Elle est complète. Une autre personne peut publier."),
    publish=gettext_lazy(
        "Vous l’avez relue, numéros et délais compris : les habitants la verront aussitôt. Elle ne changera plus."
    ),
    close=gettext_lazy("Fermer cette situation"),
    close_hint=gettext_lazy("Les habitants ne trouvent plus cette situation, ni les numéros qu’elle donne."),
    drop_hint=gettext_lazy("Le brouillon est effacé."),
    begin=urgent_situations.begin,
    parts=lambda row: parts(row),
)


# Agents


def agents_rows(rows: Iterable[UrgentSituation], today: date) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        about = {"version": row.version, "day": long_date(row.review_on)}
        line = versions.line(SITUATIONS, row, _("Version %(version)s, à revoir le %(day)s") % about)
        if row.state == State.PUBLISHED and row.review_on <= today + SOON:
            line |= {"tag": _("À revoir"), "tag_kind": "expired"}
        found.append(line)
    return found


def version_page(row: UrgentSituation, reader: User) -> dict[str, Any]:
    """Return the context of a version's page: its parts, what stops it, what the reader may do next."""
    context = versions.version_page(SITUATIONS, row, reader)
    return context | {
        "title": row.label,
        "state": SITUATIONS.state_words(row),
        "sheet": sheet_rows(row),
        "no_preview": not row.rules["calls"],
        "parts": [_part(row, name, editable=context["mine"]) for name in forms.PARTS],
    }


def _part(row: UrgentSituation, name: str, *, editable: bool) -> dict[str, Any]:
    headings = {
        "numero": (_("Qui appeler"), _("Ajouter un numéro"), _("Le premier est le plus grand sur la page.")),
        "evenement": (_("Ce que la personne date"), _("Ajouter un événement"), ""),
        "delai": (_("Les délais"), _("Ajouter un délai"), ""),
    }
    heading, add, hint = headings[name]
    url = reverse("aids:urgent_part", args=[row.pk, name])
    lines = [
        {"text": text, "hint": more, "href": f"{url}?rang={rank}", "rank": rank}
        for rank, (text, more) in enumerate(_lines(row, name), 1)
    ]
    return {
        "name": name,
        "heading": heading,
        "hint": hint,
        "lines": lines,
        "add": add,
        "href": url,
        "editable": editable,
        "remove": reverse("aids:urgent_remove", args=[row.pk, name]),
    }


def _lines(row: UrgentSituation, name: str) -> list[tuple[str, str]]:
    said = row.rules
    if name == "numero":
        return [(f"{call['number']} {_name_of(call['number'])}", call["why"]) for call in said["calls"]]
    if name == "evenement":
        return [(event["label"], "") for event in said["events"]]
    events = {event["code"]: event["label"] for event in said["events"]}
    return [(f"{line['what']} : {line['when']}", counted(line, events)) for line in said["deadlines"]]


def _name_of(number: str) -> str:
    found = catalogue.numbers().get(number)
    return found["name"] if found else ""


def counted(line: Mapping[str, Any], events: Mapping[str, str]) -> str:
    """Return how a deadline is counted, in one sentence; nothing for one that is not."""
    if not line.get("since"):
        return ""
    units = {
        "day": ngettext("%(count)s jour", "%(count)s jours", line["count"]),
        "week": ngettext("%(count)s semaine", "%(count)s semaines", line["count"]),
        "month": _("%(count)s mois"),
        "year": ngettext("%(count)s an", "%(count)s ans", line["count"]),
    }
    words = [
        _("%(length)s après : %(event)s")
        % {"length": units[line["unit"]] % {"count": line["count"]}, "event": events.get(line["since"], "?")}
    ]
    if line["days"] != "all":
        words.append(str(dict(forms.DAYS)[line["days"]]))
    if line.get("moved"):
        words.append(_("jusqu’au jour ouvré suivant"))
    if line.get("month_end"):
        words.append(_("de fin de mois à fin de mois"))
    return ", ".join(words) + f". {line['source']}"


def sheet_rows(row: UrgentSituation) -> list[dict[str, Any]]:
    """Return the texts of a version, for agents."""
    said = row.rules
    names = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=said["papers"])}
    dossiers = [catalogue.get(code).name for code in said["dossiers"] if catalogue.exists(code)]
    rows = [
        (_("Première phrase"), said["intro"]),
        (_("Premiers jours"), " ; ".join(said["first_days"])),
        (_("Droits"), " ; ".join(said["rights"])),
        (_("Où aller"), " ; ".join(said["places"])),
        (_("Papiers"), ", ".join(names.get(code, code) for code in said["papers"])),
        (_("Dossiers"), ", ".join(dossiers)),
        (_("Rien n’en paraît"), _("Oui") if said["discreet"] else _("Non")),
        (_("À revoir le"), long_date(row.review_on)),
    ]
    written = [said["intro"], *(" ; ".join(said[name]) for name in forms.LINES)]
    return [{"key": key, "value": value or _("À écrire"), "french": value in written} for key, value in rows]


def parts(row: UrgentSituation) -> dict[str, str]:
    """Return what a version says, part by part, in words."""
    found = {_("Titre"): row.label} | {str(one["key"]): str(one["value"]) for one in sheet_rows(row)}
    for name in forms.PARTS:
        heading = str(_part(row, name, editable=False)["heading"])
        found[heading] = " ; ".join(f"{text} {more}".strip() for text, more in _lines(row, name))
    return found


# Everybody


def page(row: UrgentSituation) -> dict[str, Any]:
    """Return the context of a situation's page."""
    found = row.said
    names = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=found.papers)}
    return {
        "situation": found,
        "aids": [catalogue.get(name) for name in found.dossiers if catalogue.exists(name)],
        "papers": [names[code] for code in found.papers if code in names],
        "near": places.lines_named(found.in_french),
    }


def deadlines(found: urgent.Situation, dates: Mapping[str, date]) -> list[dict[str, Any]]:
    """Return the deadlines with their dates, those to come first by day, then those that have none."""
    today = timezone.localdate()
    dated = [(line.due(dates), line) for line in found.deadlines]
    rows = []
    for due, line in sorted(((due, line) for due, line in dated if due), key=lambda one: one[0]):
        tag, kind = _tag((due - today).days)
        rows.append({"what": line.what, "day": long_date(due), "when": line.when, "tag": tag, "tag_kind": kind})
    return rows + [{"what": line.what, "day": "", "when": line.when} for due, line in dated if due is None]


def _tag(left: int) -> tuple[str, str]:
    if left < 0:
        return _("Passé"), "expired"
    if left == 0:
        return _("Aujourd’hui"), "expired"
    if left == 1:
        return _("Demain"), "soon"
    return _("Dans %(count)s jours") % {"count": left}, "soon" if left <= NEAR else ""
