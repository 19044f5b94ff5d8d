"""Rows of the pages of procedures: those of agents who write them, and those that everybody reads."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
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
from services.aids.models import State
from services.official_forms.models import OfficialForm
from services.official_forms.models import State as FormState
from services.procedures import finding
from services.procedures.enums import Kind, Silence, Subject
from services.procedures.models import Procedure
from services.procedures.rules import Rules
from vault import types
from vault.records.content import paper_kinds
from vault.records.models import PaperKind

TAGS: Final = {State.PUBLISHED: "ok", State.TESTED: "fresh", State.DRAFT: "soon", State.CLOSED: ""}
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
Row = dict[str, Any]
#: A review that comes within this time is named on the list.
SOON: Final = timedelta(days=30)


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
        return _("L’organisme ne donne pas de délai.")
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
    versions = OfficialForm.objects.filter(code=rules.form).exclude(state=FormState.DRAFT).defer("blank")
    form = versions.order_by("-version").first()
    if form is None or form.state == FormState.CLOSED:
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
    others = list(Procedure.objects.shown().filter(code=rules.code).order_by("-version")) if row else []
    return {
        "rules": rules,
        "procedure": row,
        "title": rules.name,
        "kicker": _("Démarche, version %(version)s") % {"version": rules.version} if row else _("Démarche"),
        "hint": in_words(rules.summary),
        "may_start": may_start,
        "start": f"{reverse('dossiers:new')}?{urlencode({'aide': rules.code})}",
        "closed": row is not None and not may_start,
        "sheet": sheet_rows(rules),
        "versions": [
            {
                "label": _("Version %(version)s") % {"version": one.version},
                "href": f"{reverse('procedures:page', args=[one.code])}?version={one.version}",
                "text": _("publiée le %(day)s") % {"day": long_date(one.published_at)},
                "tag": state_words(one),
                "tag_kind": TAGS[State(one.state)],
            }
            for one in others
            if row is not None and one.pk != row.pk
        ],
        **_asked(rules, bases),
    }


# Agents


def state_words(row: Procedure) -> str:
    return _("À relire") if row.state == State.TESTED else str(row.get_state_display())


def reviews(rows: Sequence[Procedure], today: date) -> list[Row]:
    """Return the procedures in force whose date to be read again has come or comes soon."""
    due = sorted((one for one in rows if one.review_on <= today + SOON), key=lambda one: one.review_on)
    return [
        {
            "label": one.name,
            "href": reverse("procedures:version", args=[one.pk]),
            "text": _("À revoir le %(day)s") % {"day": long_date(one.review_on)},
            "tag": _("En retard") if one.review_on < today else "",
            "tag_kind": "expired",
        }
        for one in due
    ]


def agents_rows(rows: Sequence[Procedure]) -> list[Row]:
    return [
        {
            "label": one.name,
            "href": reverse("procedures:version", args=[one.pk]),
            "text": _("%(organisation)s, version %(version)s")
            % {"organisation": in_words(one.rules["organisation"]), "version": one.version},
            "tag": state_words(one),
            "tag_kind": TAGS[State(one.state)],
        }
        for one in rows
    ]


def version_page(row: Procedure, reader: User) -> dict[str, Any]:
    """Return the context of a version's page: its parts, what stops it, what the reader may do next."""
    faults = [] if row.is_frozen else row.faults
    mine = row.written_by_id == reader.pk and not row.is_frozen
    others = list(Procedure.objects.filter(code=row.code).exclude(pk=row.pk).order_by("-version"))
    rules = row.asks
    kind = _("%(kind)s, %(subject)s") % {
        "kind": Kind(rules.kind).label,
        "subject": str(Subject(rules.subject).label).lower(),
    }
    context = _asked(rules, row.rules["bases"])
    if mine:
        for part, page in (("sections", "section"), ("papers", "paper"), ("guarantors", "guarantor")):
            for place, one in enumerate(context[part]):
                one["edit"] = f"{reverse(f'procedures:{page}', args=[row.pk])}?place={place}"
                one["place"], one["part"] = place, part
    return {
        "procedure": row,
        "title": row.name,
        "kicker": _("Démarche, version %(version)s") % {"version": row.version},
        "hint": _hint(row, faults),
        "track": _track(row, faults),
        "mine": mine,
        "faults": faults,
        "sheet": [{"key": _("Sorte"), "value": kind}, *sheet_rows(rules)],
        "versions": [
            {
                "label": _("Version %(version)s") % {"version": one.version},
                "href": reverse("procedures:version", args=[one.pk]),
                "tag": state_words(one),
                "tag_kind": TAGS[State(one.state)],
            }
            for one in others
        ],
        "former": next((one for one in others if one.version < row.version), None),
        "may_publish": row.state == State.TESTED and row.written_by_id != reader.pk,
        "may_close": row.state == State.PUBLISHED,
        "may_renew": row.is_frozen,
        **context,
    }


def _hint(row: Procedure, faults: Sequence[str]) -> str:
    if row.state == State.PUBLISHED:
        return _("Les habitants voient cette version. Elle ne change plus.")
    if row.state == State.CLOSED:
        return _("Cette version est fermée. Elle reste publique, et ne change plus.")
    if row.state == State.TESTED:
        return _("Une autre personne la relit, puis la publie.")
    count = len(faults)
    return (
        ngettext("Une chose à corriger avant de publier.", "%(count)s choses à corriger avant de publier.", count)
        % {"count": count}
        if faults
        else _("Rien ne manque : proposez-la, puis une autre personne la publie.")
    )


def _track(row: Procedure, faults: Sequence[str]) -> list[Row]:
    author = row.written_by.name if row.written_by else _("l’installation du portail")
    publisher = row.published_by.name if row.published_by else _("l’installation du portail")
    order = [State.DRAFT, State.TESTED, State.PUBLISHED, State.CLOSED]
    rank = order.index(State(row.state))
    end = row.closed_at or row.closes_on
    steps = [
        _("Écrite par %(name)s") % {"name": author},
        ngettext("%(count)s chose à corriger", "%(count)s choses à corriger", len(faults)) % {"count": len(faults)}
        if faults
        else _("Rien ne manque"),
        _("Par %(name)s, le %(day)s") % {"name": publisher, "day": long_date(row.published_at)}
        if row.published_at
        else _("Par une autre personne"),
        _("Le %(day)s") % {"day": long_date(end)} if end else _("Sans date de fin"),
    ]
    labels = [_("Brouillon"), _("Relecture"), _("Publication"), _("Fermeture")]
    kinds = ["done" if place < rank or place == 0 else "now" if place == rank else "next" for place in range(4)]
    if row.state == State.DRAFT and faults:
        kinds[1] = "stop"
    return [
        {"label": label, "text": text, "kind": kind} for label, text, kind in zip(labels, steps, kinds, strict=True)
    ]


def differences(new: Rules, old: Rules) -> list[dict[str, str]]:
    """Return what changed from a version to another, part by part, in words."""
    before, after = _parts(old), _parts(new)
    return [
        {"key": key, "before": before.get(key, "") or _("Rien"), "after": after.get(key, "") or _("Rien")}
        for key in dict.fromkeys([*before, *after])
        if before.get(key, "") != after.get(key, "")
    ]


def _parts(rules: Rules) -> dict[str, str]:
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
