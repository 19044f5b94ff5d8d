"""Rows of the pages of procedures: those of agents who write them, and those that everybody reads."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Organisation, User
from core.templatetags.civic import long_date
from services.aids.catalogue import Condition, PaperNeed, Period, in_words
from services.official_forms.models import OfficialForm
from services.procedures import finding
from services.procedures.actions import procedures as actions
from services.procedures.enums import Kind, Silence, Subject
from services.procedures.models import Procedure
from services.procedures.rules import Rules
from services.versions import presenting as versions
from services.versions.models import State
from services.versions.presenting import SHOWN_TO_RESIDENTS, Row, RulesPages
from vault import types
from vault.records.content import paper_kinds
from vault.records.models import PaperKind

PROCEDURES: Final = RulesPages(
    model=Procedure,
    prefix="procedures:",
    listed="procedures:agents",
    heading=gettext_lazy("Démarches"),
    kicker=gettext_lazy("Démarche, version %(version)s"),
    tested=gettext_lazy("À relire"),
    hints={
        State.DRAFT: gettext_lazy("Rien ne manque : proposez-la, puis une autre personne la publie."),
        State.TESTED: gettext_lazy("Une autre personne la relit, puis la publie."),
        State.PUBLISHED: SHOWN_TO_RESIDENTS,
        State.CLOSED: gettext_lazy("Cette version est fermée. Elle reste publique, et ne change plus."),
    },
    tried=gettext_lazy("C’est proposé. Une autre personne peut publier."),
    publish=gettext_lazy(
        "Vous l’avez relue : les habitants la voient aussitôt. Elle ne changera plus. Les dossiers déjà commencés "
        "gardent leur liste, et le disent."
    ),
    close=gettext_lazy("Fermer cette démarche"),
    close_hint=gettext_lazy(
        "Plus personne ne commence cette démarche. Les dossiers en préparation restent, et disent qu’elle est fermée. "
        "Une demande déjà envoyée suit son cours."
    ),
    drop_hint=gettext_lazy("Le brouillon est effacé."),
    begin=actions.begin,
    parts=lambda row: parts(row.asks),
)
WHO: Final[Mapping[str, Promise]] = {
    "applicant": gettext_lazy("De qui demande"),
    "partner": gettext_lazy("Du conjoint"),
    "child": gettext_lazy("De l’enfant"),
    "household": gettext_lazy("Du foyer"),
    "host": gettext_lazy("De qui héberge"),
    "landlord": gettext_lazy("Du bailleur"),
}
PERIODS: Final[Mapping[str, Promise]] = {
    "": gettext_lazy("N’importe quand"),
    "valid": gettext_lazy("En cours de validité"),
    "latest": gettext_lazy("Le dernier"),
    "age": gettext_lazy("De moins de … mois"),
    "last": gettext_lazy("Des … derniers mois"),
    "year": gettext_lazy("De l’année en cours"),
    "season": gettext_lazy("De la saison en cours"),
}
CONDITIONS: Final[Mapping[str, Promise]] = {
    "": gettext_lazy("Toujours"),
    "unread": gettext_lazy("Si la ville ne peut pas lire la donnée"),
    "children": gettext_lazy("S’il y a des enfants"),
    "family": gettext_lazy("S’il y a un conjoint ou des enfants"),
    "separated": gettext_lazy("Si les parents sont séparés"),
    "wages": gettext_lazy("Si quelqu’un touche un salaire"),
    "activity": gettext_lazy("Pour un étudiant ou un apprenti"),
    "housing_aid": gettext_lazy("Avec une aide au logement"),
    "value": gettext_lazy("Selon une réponse du coffre"),
    "ask": gettext_lazy("Selon une question posée"),
}


# What a version says


def condition_words(condition: Condition | None) -> str:
    """Return when a paper is wanted; empty: always."""
    if condition is None:
        return ""
    if condition.type == "children" and condition.age_min is not None and condition.age_max is not None:
        ages = {"least": condition.age_min, "most": condition.age_max}
        return _("S’il y a un enfant de %(least)s à %(most)s ans") % ages
    if condition.question:
        return _("Si oui : %(question)s") % {"question": in_words(condition.question)}
    return str(CONDITIONS.get(condition.type, ""))


def period_words(period: Period | None) -> str:
    """Return of when a paper is; empty: of any day."""
    if period is None:
        return ""
    if period.type == "age":
        return ngettext("De moins de %(count)s mois", "De moins de %(count)s mois", period.months) % {
            "count": period.months
        }
    if period.type == "last":
        return ngettext("Du dernier mois", "Des %(count)s derniers mois", period.months) % {"count": period.months}
    return str(PERIODS[period.type])


def paper_row(paper: PaperNeed, kinds: Mapping[str, PaperKind], *, guarantor: bool = False) -> Row:
    def label(code: str) -> str:
        return kinds[code].label if code in kinds else code

    about = [
        "" if guarantor else str(WHO.get(paper.who, "")),
        period_words(paper.period),
        _("Pour chaque enfant") if paper.each else "",
        condition_words(paper.condition),
        in_words(paper.note or ""),
        _("Ou à la place : %(papers)s") % {"papers": ", ".join(map(label, paper.alternatives))}
        if paper.alternatives
        else "",
        _("Texte : %(text)s") % {"text": paper.basis} if paper.basis else "",
    ]
    count = f"{paper.count} × " if paper.count > 1 else ""
    return {
        "label": f"{count}{label(paper.kind)}",
        "text": " ".join(f"{one.rstrip('.')}." for one in about if one),
        "tag": "" if paper.required else _("Facultatif"),
        "tag_kind": "",
    }


def section_rows(rules: Rules, bases: Mapping[str, str]) -> list[Row]:
    return [
        {
            "label": in_words(section.title) or _("Vos informations"),
            "text": ", ".join(_field(field, bases) for field in section.fields if types.field_exists(field)) + ".",
        }
        for section in rules.sections
    ]


def _field(field: str, bases: Mapping[str, str]) -> str:
    label = types.field(field).label
    return f"{label} ({bases[field]})" if field in bases else label


def silence_words(rules: Rules) -> str:
    months = rules.decision_delay.months
    if not months:
        return _(
            "L’organisme ne donne pas de délai : la loi lui donne deux mois. Sans réponse, la demande est refusée : "
            "vous pouvez contester."
        )
    text = ngettext(
        "Une réponse est attendue sous %(count)s mois.", "Une réponse est attendue sous %(count)s mois.", months
    ) % {"count": months}
    silence = {
        Silence.ACCEPTED: _("Sans réponse, la demande est acceptée."),
        Silence.REFUSED: _("Sans réponse, la demande est refusée : vous pouvez contester."),
    }
    means = rules.decision_delay.silence_means
    return f"{text} {silence[Silence(means)]}" if means else text


def appeal_words(to: str, months: int | None) -> str:
    if not months:
        return in_words(to)
    return ngettext("%(to)s, dans les %(count)s mois", "%(to)s, dans les %(count)s mois", months) % {
        "to": in_words(to),
        "count": months,
    }


def dates_words(opens: date | None, closes: date | None) -> str:
    if opens and closes:
        return _("Du %(first)s au %(last)s") % {"first": long_date(opens), "last": long_date(closes)}
    if closes:
        return _("Jusqu’au %(last)s") % {"last": long_date(closes)}
    return _("À partir du %(first)s") % {"first": long_date(opens)} if opens else _("Toute l’année")


def _office(rules: Rules) -> str:
    if rules.office is None:
        return ""
    office = Organisation.objects.get(pk=rules.office)
    if office.is_active and office.receives:
        return office.name
    return _("%(office)s (ne reçoit plus de demandes)") % {"office": office.name}


def _form(rules: Rules) -> str:
    """Return the name of its form, which may be closed since."""
    if not rules.form:
        return ""
    form = next(iter(OfficialForm.objects.of(rules.form).shown().believed()), None)
    if form is None or form.state == State.CLOSED:
        return _("%(form)s (fermé : les dossiers se font sans lui)") % {"form": form.title if form else rules.form}
    return f"{form.title} ({form.number})" if form.number else form.title


def _aids(rules: Rules) -> str:
    names = finding.aid_names(rules.for_aids) if rules.for_aids else {}
    return ", ".join(names[code] for code in rules.for_aids)


def sheet_rows(rules: Rules) -> list[Row]:
    rows = [
        (_("Qui répond"), in_words(rules.organisation)),
        (_("Où l’envoyer"), ", ".join(map(in_words, rules.where_to_send))),
        (_("Dans Garant, à"), _office(rules)),
        (_("Formulaire"), _form(rules)),
        (_("Aides de la ville"), _aids(rules)),
        (_("Quand"), dates_words(rules.opens_on, rules.closes_on)),
        (_("Réponse"), silence_words(rules)),
        (
            _("Pour contester"),
            ". ".join(appeal_words(one.to, one.deadline_months) for one in rules.appeals),
        ),
        (_("Conjoint"), _("Il donne sa part dans son propre dossier") if rules.co_holder else ""),
        (_("À refaire"), in_words(rules.renewal or "")),
        (_("Bon à savoir"), in_words(rules.notes or "")),
        (_("Texte"), rules.act),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]


def _guarantors_title(most: int) -> str:
    return ngettext("%(count)s garant au plus", "%(count)s garants au plus", most) % {"count": most}


def _asked(rules: Rules, bases: Mapping[str, str]) -> dict[str, Any]:
    kinds = paper_kinds.by_code()
    return {
        "sections": section_rows(rules, bases),
        "papers": [paper_row(paper, kinds) for paper in rules.papers],
        "guarantors": [paper_row(paper, kinds, guarantor=True) for paper in rules.guarantor_papers],
        "guarantors_title": _guarantors_title(rules.most_guarantors),
    }


# Everybody


def public_rows(procedures: Iterable[Rules]) -> list[Row]:
    return [
        {
            "label": one.name,
            "href": reverse("procedures:page", args=[one.code]),
            "text": in_words(one.organisation)
            + (_(", jusqu’au %(last)s") % {"last": long_date(one.closes_on)} if one.closes_on else ""),
        }
        for one in sorted(procedures, key=lambda one: one.name.casefold())
    ]


def public_page(rules: Rules, row: Procedure | None, *, may_start: bool) -> dict[str, Any]:
    """Return the context of a procedure's page. `row` is None for what came with the portal."""
    bases = row.rules["bases"] if row else {}
    others = Procedure.objects.of(rules.code).shown().exclude(pk=row.pk).believed() if row else []
    page = reverse("procedures:page", args=[rules.code])
    return {
        "rules": rules,
        "procedure": row,
        "title": rules.name,
        "kicker": PROCEDURES.kicker % {"version": rules.version} if row else _("Démarche"),
        "hint": in_words(rules.summary),
        "may_start": may_start,
        "start": f"{reverse('dossiers:new')}?{urlencode({'aide': rules.code})}",
        "closed": row is not None and not may_start,
        "sheet": sheet_rows(rules),
        "versions": versions.public_versions(PROCEDURES, others, page),
        **_asked(rules, bases),
    }


# Agents


def listed_text(row: Procedure) -> str:
    """Return what the agents' list says of a version."""
    names = {"organisation": in_words(row.rules["organisation"]), "version": row.version}
    return _("%(organisation)s, version %(version)s") % names


def version_page(row: Procedure, reader: User) -> dict[str, Any]:
    """Return the context of a version's page: its parts, what stops it, what the reader may do next."""
    rules, context = row.asks, versions.version_page(PROCEDURES, row, reader) | _asked(row.asks, row.rules["bases"])
    end = row.closed_at or row.closes_on
    kind = _("%(kind)s, %(subject)s") % {
        "kind": Kind(rules.kind).label,
        "subject": str(Subject(rules.subject).label).lower(),
    }
    if context["mine"]:
        for part, page in (("sections", "section"), ("papers", "paper"), ("guarantors", "guarantor")):
            for place, one in enumerate(context[part]):
                one["edit"] = f"{reverse(f'procedures:{page}', args=[row.pk])}?place={place}"
                one["place"], one["part"] = place, part
    return context | {
        "procedure": row,
        "track": versions.track(row, context["faults"], step=_("Relecture"), passes=_("Rien ne manque"), end=end),
        "sheet": [{"key": _("Sorte"), "value": kind}, *sheet_rows(rules)],
    }


def parts(rules: Rules) -> dict[str, str]:
    """Return what a version says, part by part, in words."""
    kinds = paper_kinds.by_code()
    found = {_("Nom"): rules.name, _("En quelques mots"): in_words(rules.summary)}
    for section in section_rows(rules, {}):
        found[section["label"]] = section["text"]
    for title, papers in ((_("Papier"), rules.papers), (_("Papier du garant"), rules.guarantor_papers)):
        for paper in papers:
            shown = paper_row(paper, kinds)
            found[f"{title}\u00a0: {shown['label']}"] = f"{shown['text']} {shown['tag']}".strip()
    if rules.most_guarantors:
        found[_("Garants")] = _guarantors_title(rules.most_guarantors)
    return found | {str(row["key"]): str(row["value"]) for row in sheet_rows(rules)}


def days_left(closes: date) -> str:
    days = (closes - timezone.localdate()).days
    return ngettext("Il reste %(count)s jour.", "Il reste %(count)s jours.", days) % {"count": days}
