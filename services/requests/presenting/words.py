"""Words of requests, for their residents and for offices."""

from collections.abc import Container, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import clock as hour
from core.templatetags.civic import long_date, short_date
from services.procedures import finding
from services.procedures.enums import Silence
from services.requests import clock, lines, perms
from services.requests.actions.office import Opened
from services.requests.enums import Fault, Happened, Kept, LetterKind, Proposal, State
from services.requests.models import Correction, Letter, RequestEvent, SentRequest

TAGS: dict[str, str] = {
    State.RECEIVED: "",
    State.REVIEW: "fresh",
    State.CORRECTION: "soon",
    State.GRANTED: "ok",
    State.REFUSED: "expired",
    State.WITHDRAWN: "",
    State.UNANSWERED: "expired",
}
#: The section of an office's list for requests that a search by number found closed.
CLOSED = "closed"
#: Up to this many openings are listed beside the request; the journal has all.
OPENINGS = 5


def listed(row: SentRequest) -> dict[str, str]:
    """Return a row of the resident's list."""
    values = {"number": row.number, "office": row.organisation.name, "day": short_date(row.sent_at)}
    return {
        "label": row.name,
        "href": reverse("requests:request", args=[row.pk]),
        "text": _("n° %(number)s, %(office)s, envoyée le %(day)s") % values,
        "tag": str(State(row.state).label),
        "tag_kind": TAGS[row.state],
    }


def gist(row: SentRequest, at: clock.Clock) -> str:
    """Return where the request is, in one sentence."""
    if not row.is_open:
        return {
            State.GRANTED: _("Votre demande est accordée. La décision est dans votre coffre."),
            State.REFUSED: _("Votre demande est refusée. Voici pourquoi, et comment contester."),
            State.WITHDRAWN: _("Vous avez retiré cette demande. Le service n’a plus de copie."),
            State.UNANSWERED: _granted_by_silence(row, _("Le service n’a pas répondu : c’est un accord."))
            if row.silence_grants
            else _("Le service n’a pas répondu. C’est un refus, que vous pouvez contester."),
        }[State(row.state)]
    if at.stopped:
        return _("On vous demande une correction. Le délai est arrêté jusqu’à votre réponse.")
    if at.late_by(timezone.localdate()):
        if row.silence_grants:
            said = _("Le délai est passé : sans réponse, c’est un accord. Le service l’atteste si vous le demandez.")
            return _granted_by_silence(row, said)
        return _("Le délai est passé : sans réponse, c’est un refus. Vous pouvez contester.")
    return _("Réponse avant le %(day)s.") % {"day": long_date(at.due)}


def _granted_by_silence(row: SentRequest, said: str) -> str:
    """Return what is said of a silence that grants, unless nobody in the office could have answered."""
    if row.is_open and row.silence_told_at is None:
        return _("Sans réponse, c’est un accord.")
    if not row.nobody_could_answer():
        return said
    text = _(
        "Le délai est passé, et personne dans ce service ne pouvait répondre. La loi dit que le silence est un "
        "accord, mais Garant ne l’atteste pas. Appelez le service au %(phone)s : la ville est prévenue."
    )
    return text % {"phone": row.organisation.phone}


def time_words(terms: finding.Terms) -> str:
    """Return how long the office has, and what its silence means."""
    text = ngettext("Le service a %(count)s mois.", "Le service a %(count)s mois.", terms.months) % {
        "count": terms.months
    }
    if terms.silence == Silence.ACCEPTED:
        return f"{text} {_('Sans réponse, c’est un accord.')}"
    return f"{text} {_('Sans réponse, c’est un refus, que vous pouvez contester.')}"


def asked(row: SentRequest, corrections: Sequence[Correction], opened: Opened) -> list[dict[str, str]]:
    """Return the corrections that wait for the resident."""
    found = []
    for one in corrections:
        line = opened.line(one.line)
        if one.answered_at is None and line is not None:
            found.append(
                {
                    "title": _title(line, Fault(one.fault)),
                    "message": opened.messages[one.pk],
                    "who": _("%(name)s, %(office)s, le %(day)s")
                    % {
                        "name": one.asked_by.name,
                        "office": row.organisation.name,
                        "day": short_date(one.asked_at),
                    },
                    "href": reverse("requests:correct", args=[row.pk, one.pk]),
                }
            )
    return found


def _title(line: lines.Line, fault: Fault) -> SafeString:
    text = _("%(line)s : %(fault)s")
    return format_html(
        text.replace("%(line)s", "{line}").replace("%(fault)s", "{fault}"),
        line=_in_french(line.label),
        fault=fault.label.lower(),
    )


def _in_french(text: str) -> SafeString:
    """Mark words of the sent dossier, which are French in every language of the page."""
    return format_html('<span lang="fr">{}</span>', text) if text else SafeString("")


def track(row: SentRequest, events: Sequence[RequestEvent], at: clock.Clock) -> list[dict[str, str]]:
    """Return the steps of a request: what happened, then what comes."""
    steps = []
    for event in events:
        if event.happened in {Happened.OPENED, Happened.PROPOSED, Happened.SENT_BACK}:
            continue
        text = _moment(event.at)
        if event.agent:
            text = _("%(when)s. %(who)s") % {"when": text, "who": event.agent}
        kind = "stop" if event.happened == Happened.ASKED and at.stopped else "done"
        steps.append({"label": str(Happened(event.happened).label), "text": text, "kind": kind})
    if row.is_open:
        text = _("Avant le %(day)s") % {"day": long_date(at.due)}
        if at.stopped:
            text = _("Avant le %(day)s, si vous répondez aujourd’hui") % {"day": long_date(at.due)}
        steps.append({"label": _("Décision"), "text": text, "kind": "next"})
    return steps


def openings(events: Sequence[RequestEvent]) -> list[dict[str, str]]:
    found = [event for event in events if event.happened == Happened.OPENED]
    return [
        {"label": _("%(when)s. %(who)s") % {"when": _moment(one.at), "who": one.agent}}
        for one in reversed(found[-OPENINGS:])
    ]


def counted(at: clock.Clock) -> str:
    text = ngettext("%(count)s jour compté sur %(total)s", "%(count)s jours comptés sur %(total)s", at.counted)
    return text % {"count": at.counted, "total": at.total}


def letters(row: SentRequest, found: Sequence[Letter]) -> list[dict[str, str]]:
    return [
        {
            "label": str(LetterKind(one.kind).label),
            "href": reverse("requests:letter", args=[row.pk, one.kind]),
            "text": _("PDF signé par la ville"),
        }
        for one in found
    ]


def decision_rows(row: SentRequest, decision: dict[str, Any]) -> list[dict[str, str]]:
    """Return the decision by rows; a refusal's reason comes first."""
    if row.decided_at is None:
        return []
    decided = timezone.localdate(row.decided_at)
    rows = [
        (_("Motif du refus") if row.state == State.REFUSED else _("Ce qui est accordé"), _what(row, decision)),
        (_("Pourquoi"), decision.get("reason", "") if row.state == State.GRANTED else ""),
        (_("Du"), _day(decision.get("starts_on"))),
        (_("Au"), _day(decision.get("ends_on"))),
        (_("Décidé le"), long_date(decided)),
        (_("Contester avant le"), long_date(clock.appeal_until(decided))),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]


def proposal_rows(row: SentRequest, decision: dict[str, Any]) -> list[dict[str, str]]:
    """Return a proposal that waits for another agent, as the office reads it."""
    rows = [
        (_("Proposition"), Proposal(row.proposal).label if row.proposal else ""),
        (_("Ce qui est accordé"), decision.get("given", "")),
        (_("Motif"), decision.get("reason", "")),
        (_("Du"), _day(decision.get("starts_on"))),
        (_("Au"), _day(decision.get("ends_on"))),
        (_("Proposée par"), decision.get("instructor", "")),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]


def sent_lines(content: lines.Content) -> list[dict[str, str]]:
    """Return the lines as the resident and the office see them, with what was there before a correction."""
    return [_line(line) for line in content.lines]


def _line(line: lines.Line) -> dict[str, str]:
    origin = line.origin
    if line.on and not line.corrected_on:
        origin = _("%(origin)s, le %(day)s") % {"origin": line.origin, "day": long_date(date.fromisoformat(line.on))}
    tag, kind = {
        "verified": (_("Vérifié"), "ok"),
        "consistent": (_("Recoupé"), "fresh"),
        "declared": (_("Déclaré"), "declared"),
    }.get(line.assurance, ("", ""))
    found = {
        "code": line.code,
        "label": _in_french(line.label),
        "text": _in_french(line.text),
        "origin": _in_french(origin),
        "tag": tag,
        "kind": kind,
        "paper": line.paper,
    }
    if line.corrected_on:
        found |= {
            "tag": _("Corrigé") if line.before else _("Ajouté"),
            "kind": "ok",
            "before": line.before,
            "corrected": _("Avant la correction du %(day)s : %(before)s")
            % {"day": short_date(date.fromisoformat(line.corrected_on)), "before": line.before}
            if line.before
            else _("Ajouté le %(day)s") % {"day": short_date(date.fromisoformat(line.corrected_on))},
        }
    return found


def describe_absent_lines(absent: Sequence[lines.Line], waiting: Container[str]) -> list[dict[str, Any]]:
    """Return what was not sent, as the office reads it. `waiting`: the codes that it asked for already."""
    return [{"code": one.code, "label": _in_french(one.label), "asked": one.code in waiting} for one in absent]


def inbox(rows: Sequence[SentRequest]) -> list[dict[str, Any]]:
    """Return the sections of a page of an office's list: urgent, then late, then the others, then what is closed."""
    today = timezone.localdate()
    shown = [_office_row(row, today) for row in rows]
    named = (
        (_("Urgentes"), "ur", {"soon"}),
        (_("En retard"), "re", {"expired"}),
        (_("Dans les temps"), "te", {"", "fresh"}),
        (_("Terminées"), "cl", {CLOSED}),
    )
    sections = [
        {"title": title, "id": id, "rows": [row for row in shown if row["section"] in kinds]}
        for title, id, kinds in named
    ]
    return [section for section in sections if section["rows"]]


def inbox_summary(counts: Mapping[str, int]) -> str:
    count = counts[Kept.ALL.name]
    if not count:
        return _("Aucune demande n’attend.")
    text = ngettext("%(count)s demande ouverte", "%(count)s demandes ouvertes", count) % {"count": count}
    return _("%(text)s : %(late)s en retard, %(alone)s sans personne.") % {
        "text": text,
        "late": counts["late"],
        "alone": counts[Kept.NOBODY.name],
    }


def _office_row(row: SentRequest, today: date) -> dict[str, Any]:
    if not row.is_open:
        due, kind = str(State(row.state).label), TAGS[row.state]
    elif row.stopped_since is not None:
        due, kind = _("En pause"), ""
    elif row.due_on < today:
        days = (today - row.due_on).days
        due = ngettext("Depuis %(count)s jour", "Depuis %(count)s jours", days) % {"count": days}
        kind = "expired"
    else:
        due, kind = short_date(row.due_on), "soon" if row.due_on <= today + clock.SOON else "fresh"
    return {
        "id": row.pk,
        "title": row.name,
        "number": row.number,
        "received": short_date(row.sent_at),
        "due": due,
        "due_kind": kind,
        "section": kind if row.is_open else CLOSED,
        "who": row.instructor.name if row.instructor else "",
        "proposed": perms.awaits_decision(row),
    }


def history(events: Sequence[RequestEvent]) -> list[dict[str, str]]:
    """Return what happened, newest first, as the office reads it. Views that an agent repeats are one line."""
    found = []
    for event, times in reversed(_count_views(events)[-10:]):
        what = _office_word(Happened(event.happened))
        if times > 1:
            what = _("%(what)s %(times)s fois") % {"what": what, "times": times}
        who = event.agent or _("La personne")
        found.append(
            {"label": _("%(when)s. %(what)s, %(who)s") % {"when": _moment(event.at), "what": what, "who": who}}
        )
    return found


def _count_views(events: Sequence[RequestEvent]) -> list[tuple[RequestEvent, int]]:
    """Return each event once. Of views of one agent in a row, the last stands, with their number."""
    found: list[tuple[RequestEvent, int]] = []
    for event in events:
        before, times = found[-1] if found else (None, 0)
        again = before and event.happened == before.happened == Happened.OPENED and event.agent == before.agent
        if again:
            found[-1] = (event, times + 1)
        else:
            found.append((event, 1))
    return found


def _office_word(happened: Happened) -> str:
    return {
        Happened.SENT: _("Envoyée"),
        Happened.TAKEN: _("Prise en charge"),
        Happened.OPENED: _("Ouverte"),
        Happened.ASKED: _("Correction demandée"),
        Happened.CORRECTED: _("Corrigée"),
        Happened.LAPSED: _("Correction non faite à temps"),
        Happened.PROPOSED: _("Décision proposée"),
        Happened.SENT_BACK: _("Proposition renvoyée"),
        Happened.GRANTED: _("Accordée"),
        Happened.REFUSED: _("Refusée"),
        Happened.SILENCE: _("Délai passé"),
        Happened.NOBODY: _("Délai passé, sans personne qui pouvait répondre"),
        Happened.WITHDRAWN: _("Retirée"),
        Happened.COPY_GONE: _("Copie effacée"),
    }[happened]


def _what(row: SentRequest, decision: dict[str, Any]) -> str:
    return str(decision.get("reason" if row.state == State.REFUSED else "given", ""))


def _day(text: object) -> str:
    return long_date(date.fromisoformat(str(text))) if text else ""


def _moment(at: datetime) -> str:
    return _("%(day)s, %(hour)s") % {"day": short_date(at), "hour": hour(at)}
