"""Prepare dossiers for the templates."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organisation
from core.pages import charts
from core.templatetags.civic import clock, long_date, number, short_date, size
from services.aids.catalogue import in_words
from services.dossiers import presenting_forms, recipients
from services.dossiers.across import PartnerPart, Received, preparers
from services.dossiers.actions import dossiers as actions
from services.dossiers.actions import official_forms
from services.dossiers.content import overtaken, refreshing
from services.dossiers.content.needs import PAPER, SETTLED, Need, most_guarantors
from services.dossiers.content.refreshing import Ways
from services.dossiers.enums import Choice, NeedState, PartState, State
from services.dossiers.models import Dossier, Part
from services.places import presenting as places
from services.procedures import finding
from services.procedures import presenting as procedures
from services.procedures.finding import Change
from services.procedures.rules import Rules
from services.versions.presenting import differences
from vault.holders.presenting import connections as connecting
from vault.records.values import questions

TAGS: dict[str, str] = {
    NeedState.PRESENT: "ok",
    NeedState.MISSING: "expired",
    NeedState.EXPIRED: "expired",
    NeedState.TO_CONFIRM: "soon",
    NeedState.ASK: "soon",
}


def home(dossiers: Sequence[Dossier], received: Sequence[Received]) -> dict[str, Any]:
    recipient = recipients.of_all([*dossiers, *(one.part for one in received)])
    since = overtaken.reasons(dossiers)
    return {
        "dossiers": [_listed(dossier, recipient[dossier.pk], since.get(dossier.pk, [])) for dossier in dossiers],
        "asked": _asked_of_me(received, recipient),
    }


def _listed(dossier: Dossier, recipient: str, since: Sequence[str]) -> dict[str, Any]:
    tag, tag_kind = (
        (_("À refaire"), "expired")
        if since
        else (State(dossier.state).label, "ok" if dossier.state == State.READY else "soon")
    )
    return {
        "label": dossier.name,
        "href": reverse("dossiers:dossier", args=[dossier.pk]),
        "text": f"{_about(dossier, recipient)}. {' '.join(since)}" if since else _about(dossier, recipient),
        "tag": _("En cours de fabrication") if _under_way(dossier) else tag,
        "tag_kind": tag_kind,
    }


def draft(
    dossier: Dossier,
    needs: Sequence[Need],
    partner_part: PartnerPart | None,
    note: Mapping[str, Any],
    stale: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    choices: Mapping[str, str] = note.get("choices", {})
    asked = finding.chosen(dossier.aids, dossier.versions)
    changes = finding.changes(dossier.aids, dossier.versions)
    forms = official_forms.of_dossier(dossier, asked)
    to_do = [need for need in needs if need.required and not need.settled]
    here = {line["need"].key for line in stale}
    ready = [need for need in needs if need.state == NeedState.PRESENT]
    optional = [need for need in needs if not need.required and need.state not in SETTLED]
    aside = [need for need in needs if need.state in {NeedState.LEFT_OUT, NeedState.NOT_CONCERNED}]
    kept_back = [need for need in aside if need.state == NeedState.LEFT_OUT and need.required]
    sections = [(_("À compléter"), to_do), (_("Prêt, repris de votre coffre"), ready)]
    sections += [(_("Utile, mais pas obligatoire"), optional), (_("Pas dans ce dossier"), aside)]
    return {
        "dossier": dossier,
        "recipient": recipients.of(dossier),
        "summary": _summary(len(ready), len(to_do) + len(ready), to_do, kept_back),
        "stale": stale,
        "sections": [
            {"title": title, "tasks": tasks}
            for title, found in sections
            if (tasks := _tasks(dossier, [need for need in found if need.key not in here]))
        ]
        + presenting_forms.sections(dossier, forms, note),
        "complete": not to_do and not forms.to_read(note),
        "without_form": presenting_forms.without(forms),
        "problem": _problem(dossier),
        "other": _other_part(partner_part, mention_missing=choices.get(actions.PART) == Choice.LEFT_OUT),
        "part_key": actions.PART,
        "urgent_key": actions.URGENT,
        "says_urgent": actions.says_urgent(note),
        "is_urgent": actions.says_urgent(note) or actions.is_urgent(dossier),
        "prepared_by": preparers([dossier]).get(dossier.pk, ""),
        "closed": _closed(changes),
        "changed": _changed(dossier, asked, changes),
        "closing": _closing([*asked, *(finding.latest(dossier.aids) if changes else ())]),
        "procedures": [{"label": one.name, "href": reverse("procedures:page", args=[one.code])} for one in asked],
        "guarantors": _guarantors(asked, note),
    }


def _closed(changes: Iterable[Change]) -> str:
    """Return when procedures of a dossier closed; empty if all are open."""
    return " ".join(
        _("« %(title)s » est fermée depuis le %(day)s. Vous gardez votre brouillon.")
        % {"title": one.title, "day": long_date(one.on)}
        for one in changes
        if one.closed
    )


def _changed(dossier: Dossier, asked: Sequence[Rules], changes: Iterable[Change]) -> dict[str, Any] | None:
    """Return what changed in the lists since a draft began, or None."""
    newer = [one for one in changes if not one.closed]
    if not newer:
        return None
    before = {one.code: one for one in asked}
    after = {one.code: one for one in finding.chosen([one.code for one in newer], {c.code: c.version for c in newer})}
    return {
        "text": " ".join(
            _("« %(title)s » a changé le %(day)s.") % {"title": one.title, "day": long_date(one.on)} for one in newer
        ),
        "rows": [
            row
            for code, rules in after.items()
            if code in before
            for row in differences(procedures.parts(before[code]), procedures.parts(rules))
        ],
    }


def _closing(asked: Iterable[Rules]) -> str:
    """Return until when a dossier may be sent; empty without a closing date, or once it has passed."""
    last = min((one.closes_on for one in asked if one.closes_on), default=None)
    if last is None or last < timezone.localdate():
        return ""
    return _("À envoyer au plus tard le %(day)s. %(left)s") % {
        "day": long_date(last),
        "left": procedures.days_left(last),
    }


def _guarantors(asked: Sequence[Rules], note: Mapping[str, Any]) -> dict[str, Any] | None:
    most = most_guarantors(asked)
    if not most:
        return None
    words = {0: _("Aucun"), 1: _("Un"), 2: _("Deux")}
    count = note.get("guarantors", 0)
    return {
        "text": ngettext("Vous avez dit : un garant.", "Vous avez dit : %(count)s garants.", count) % {"count": count}
        if count
        else _("Vous n’en avez pas noté. Un garant n’est pas obligatoire pour envoyer le dossier."),
        "choices": [(number, words[number]) for number in range(most + 1) if number != count],
    }


def stale_line(dossier: Dossier, ways: Ways, *, typed: Any, paper: Any) -> dict[str, Any]:  # noqa: ANN401 - forms
    """Return a line to refresh in the page, with its forms."""
    need, connection = ways.need, ways.connection
    query = urlencode({"cle": need.key})
    holder = connecting.title(connection) if connection else ""
    return {
        "need": need,
        "tag_kind": TAGS.get(need.state, ""),
        "holder": holder,
        "pulling": ways.pulling,
        "problem": connecting.do(problem) if connection and (problem := connecting.problem_of(connection)) else "",
        "kind": ways.paper_kind,
        "paper": paper,
        "typed": typed,
        "elsewhere": _type_url(dossier, need) if need.sort != PAPER and not ways.names else "",
        "here": f"{reverse('dossiers:dossier', args=[dossier.pk])}#{need.slug}",
        "action": f"{reverse('dossiers:refresh', args=[dossier.pk])}?{query}",
        "line": f"{reverse('dossiers:line', args=[dossier.pk])}?{query}",
        "pull": refreshing.PULL,
        "by_paper": refreshing.PAPER,
        "by_typing": refreshing.TYPED,
    }


def prepared(mandate_id: UUID, dossiers: Sequence[Dossier]) -> list[dict[str, str]]:
    """Return the dossiers that a companion prepared, as they list them."""
    return [
        {
            "label": dossier.name,
            "href": reverse("dossiers:prepared", args=[mandate_id, dossier.pk]),
            "text": _("n° %(number)s, du %(day)s") % {"number": dossier.number, "day": short_date(dossier.created_at)},
            "tag": _("Faite par la personne") if dossier.state == State.READY else _("À relire par la personne"),
            "tag_kind": "ok" if dossier.state == State.READY else "soon",
        }
        for dossier in dossiers
    ]


def for_companion(dossier: Dossier, needs: Sequence[Need]) -> dict[str, Any]:
    """Return what a draft lacks and has, without a way to change it."""
    lacking = [need for need in needs if need.required and not need.settled]
    there = [need for need in needs if need.state == NeedState.PRESENT]
    aside = [need for need in needs if not need.required and need.state not in SETTLED]
    sections = [(_("Il manque"), lacking), (_("Déjà dans son coffre"), there)]
    sections += [(_("Utile, mais pas obligatoire"), aside)]
    done = _("La personne a fait ce dossier.") if dossier.state == State.READY else ""
    return {
        "summary": done or _summary(len(there), len(lacking) + len(there), lacking),
        "lacking": lacking,
        "sections": [
            {"title": title, "lines": [_for_companion(need) for need in found]} for title, found in sections if found
        ],
    }


def _for_companion(need: Need) -> dict[str, str]:
    theirs = {
        _("de votre conjoint"): _("de son conjoint"),
        _("de votre enfant"): _("de son enfant"),
        _("de la personne qui vous héberge"): _("de la personne qui l’héberge"),
    }
    title = need.title
    for yours, words in theirs.items():
        title = title.replace(yours, words)
    return {"label": title, "tag": str(need.state.label), "tag_kind": TAGS.get(need.state, "")}


def line(dossier: Dossier, need: Need) -> dict[str, Any]:
    return {
        "dossier": dossier,
        "need": need,
        "is_paper": need.sort == PAPER,
        "tag_kind": TAGS.get(need.state, ""),
        "can_add": need.sort == PAPER and need.state in {NeedState.MISSING, NeedState.EXPIRED},
        "choice": Choice,
        "confirm_url": _confirm_url(dossier, need),
        "give_url": _give_url(dossier, need),
        "action": f"{reverse('dossiers:line', args=[dossier.pk])}?{urlencode({'cle': need.key})}",
    }


def ready(dossier: Dossier, partner_part: PartnerPart | None) -> dict[str, Any]:
    seal = dossier.seal
    code = seal.code if seal else ""
    address = (
        f"{settings.SITE_URL}{reverse('dossiers:verify_code', args=[code])}?donnees={seal.data_hash if seal else ''}"
    )
    recipient = recipients.of(dossier)
    return {
        "dossier": dossier,
        "recipient": recipient,
        "seal": seal,
        "rows": _rows(dossier, recipient),
        "since": overtaken.reasons([dossier]).get(dossier.pk, []),
        "size": size(dossier.size),
        "qr": charts.qr(address, _("Code QR\u00a0: adresse de vérification du dossier")),
        "aids": [after(aid) for aid in finding.chosen(dossier.aids, dossier.versions)],
        "token": uuid4(),
        "may_send": not dossier.part_of and Organisation.objects.offices().exists(),
        "other": _other_part(partner_part),
    }


PART_TAGS: dict[str, str] = {PartState.READY: "ok", PartState.ASKED: "", PartState.PREPARED: "soon"}


def _other_part(partner_part: PartnerPart | None, *, mention_missing: bool = False) -> dict[str, Any] | None:
    """Return the partner's part, as displayed to the dossier's owner."""
    if partner_part is None:
        return None
    return {
        "name": partner_part.partner.name,
        "text": _part_text(partner_part)
        % {"name": partner_part.partner.name, "day": long_date(partner_part.ready_at)},
        "asked": partner_part.state is not None,
        "waits": partner_part.state == PartState.ASKED,
        "gone": partner_part.state == PartState.WITHDRAWN,
        "label": partner_part.state.label if partner_part.state else "",
        "tag_kind": PART_TAGS.get(partner_part.state, "expired") if partner_part.state else "",
        "may_say": partner_part.state is not None and not partner_part.given,
        "said_missing": mention_missing,
    }


def _part_text(partner_part: PartnerPart) -> str:
    return {
        None: _(
            "L’organisme regarde aussi la situation de votre conjoint. "
            "%(name)s peut préparer sa part, sans rien vous montrer."
        ),
        PartState.ASKED: _("%(name)s n’a pas encore répondu. Votre dossier n’attend pas."),
        PartState.REFUSED: _("%(name)s ne donnera pas sa part. Rien n’est bloqué, et votre PDF n’en dit rien."),
        PartState.PREPARED: _("%(name)s prépare sa part. Vos deux PDF portent le même numéro."),
        PartState.READY: _("Prête depuis le %(day)s. %(name)s l’envoie de son côté, sous le même numéro."),
        PartState.WITHDRAWN: _("%(name)s a retiré sa part. Rien n’est bloqué."),
    }[partner_part.state]


def ask_part(dossier: Dossier, partner_part: PartnerPart) -> dict[str, Any]:
    """Return the request exactly as the partner will read it."""
    rows = [{"key": _("De la part de"), "value": partner_part.me.name}, *_request_rows(dossier)]
    return {"name": partner_part.partner.name, "rows": rows}


def part(found: Received, lines: Sequence[Need]) -> dict[str, Any]:
    """Return a request and the needs that the resident's own vault would meet, before the answer."""
    shown = [need for need in lines if need.state != NeedState.NOT_CONCERNED]
    return {
        "part": found.part,
        "name": found.asker.name,
        "rows": _request_rows(found.part),
        "needs": [_task(need) for need in shown],
        "said": {
            PartState.REFUSED: _("Vous avez dit non."),
            PartState.WITHDRAWN: _("Vous avez retiré votre part."),
        }.get(found.state, ""),
        "refused": found.state == PartState.REFUSED,
    }


def _request_rows(row: Dossier | Part) -> list[dict[str, Any]]:
    return [
        {"key": _("Pour"), "value": row.name},
        {"key": _("Destinataire"), "value": recipients.of(row)},
        {"key": _("Numéro"), "value": row.number},
    ]


def _asked_of_me(received: Iterable[Received], recipient: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """Return the requests for which the resident has no dossier, with their answer if there is one."""
    tags = {
        PartState.ASKED: (_("À répondre"), "soon"),
        PartState.REFUSED: (_("Vous avez dit non"), ""),
        PartState.WITHDRAWN: (_("Retirée"), ""),
    }
    return [
        {
            "label": _("Votre part du dossier de %(name)s") % {"name": one.asker.name},
            "href": reverse("dossiers:part", args=[one.part.pk]),
            "text": _("%(aids)s. Pour %(recipient)s") % {"aids": one.part.name, "recipient": recipient[one.part.pk]},
            "tag": tags[one.state][0],
            "tag_kind": tags[one.state][1],
        }
        for one in received
        if one.state in tags
    ]


def _rows(dossier: Dossier, recipient: str) -> list[dict[str, Any]]:
    papers = ngettext(
        "dont %(count)s page de papiers filigranés", "dont %(count)s pages de papiers filigranés", dossier.paper_pages
    )
    pages = number(dossier.pages)
    if dossier.paper_pages:
        pages = f"{pages}, {papers % {'count': number(dossier.paper_pages)}}"
    part_of = [{"key": _("Votre part du dossier de"), "value": dossier.part_of}] if dossier.part_of else []
    return [
        {"key": _("Numéro"), "value": dossier.number},
        *part_of,
        {"key": _("Pages"), "value": pages},
        {"key": _("Destinataire"), "value": recipient},
        {"key": _("Pour"), "value": format_html('<span lang="fr">{}</span>', dossier.purpose)},
        {"key": _("Nous le gardons jusqu’au"), "value": long_date(dossier.expires_at)},
    ]


def after(aid: Rules) -> dict[str, Any]:
    """Return the places to send the dossier, the time to answer and the appeals."""
    return {
        "title": aid.name,
        "where": [in_words(place) for place in aid.where_to_send],
        "near": places.lines_named([aid.organisation, *aid.where_to_send]),
        "delay": procedures.silence_words(aid),
        "appeals": [procedures.appeal_words(step.to, step.deadline_months) for step in aid.appeals],
        "forms": [{"title": in_words(form.title), "number": form.number} for form in aid.forms],
    }


def _tasks(dossier: Dossier, needs: Iterable[Need]) -> list[dict[str, Any]]:
    page = reverse("dossiers:line", args=[dossier.pk])
    return [{**_task(need), "id": need.slug, "href": f"{page}?{urlencode({'cle': need.key})}"} for need in needs]


def _task(need: Need) -> dict[str, Any]:
    return {
        "name": need.title,
        "hint": str(need.question) or need.hint,
        "tag": need.state.label,
        "tag_kind": TAGS.get(need.state, ""),
    }


def _summary(ready_count: int, counted: int, to_do: Sequence[Need], kept_back: Sequence[Need] = ()) -> str:
    if not to_do and kept_back:
        text = ngettext(
            "Vous avez choisi de ne pas joindre %(count)s élément demandé.",
            "Vous avez choisi de ne pas joindre %(count)s éléments demandés.",
            len(kept_back),
        )
        return text % {"count": len(kept_back)}
    if not to_do:
        return _("Tout est prêt.")
    text = ngettext(
        "%(ready)s élément sur %(all)s est prêt.", "%(ready)s éléments sur %(all)s sont prêts.", ready_count
    )
    return text % {"ready": ready_count, "all": counted}


def _about(dossier: Dossier, recipient: str) -> str:
    if dossier.part_of:
        return _("Votre part du dossier de %(name)s. %(about)s") % {
            "name": dossier.part_of,
            "about": _dates(dossier, recipient),
        }
    return _dates(dossier, recipient)


def _dates(dossier: Dossier, recipient: str) -> str:
    if dossier.built_at is not None:
        made = {"day": short_date(dossier.built_at), "time": clock(dossier.built_at), "recipient": recipient}
        return _("Pour %(recipient)s, fait le %(day)s à %(time)s") % made
    return _("Pour %(recipient)s, commencé le %(day)s") % {
        "recipient": recipient,
        "day": short_date(dossier.created_at),
    }


def _under_way(dossier: Dossier) -> bool:
    return dossier.job is not None and dossier.job.active


def _problem(dossier: Dossier) -> str:
    """Return the URL of the failed job, which explains the failure and offers to try again; else an empty text."""
    return (
        reverse("job", args=[dossier.job.pk])
        if dossier.job is not None and dossier.job.state == dossier.job.State.FAILED
        else ""
    )


def _confirm_url(dossier: Dossier, need: Need) -> str:
    """Return the URL to confirm a paper, which leads back to this line."""
    if need.waiting is None:
        return ""
    back = f"{reverse('dossiers:dossier', args=[dossier.pk])}#{need.slug}"
    return f"{reverse('records:confirm_paper', args=[need.waiting])}?{urlencode({'suite': back})}"


def _give_url(dossier: Dossier, need: Need) -> str:
    """Return the URL to enter this type of value, which leads back here, or the history of an existing value."""
    if need.records and not (need.lacking and questions.is_typed(need.code)):
        return reverse("records:history", args=[need.records[-1]])
    return _type_url(dossier, need)


def _type_url(dossier: Dossier, need: Need) -> str:
    if need.sort == PAPER or not questions.is_typed(need.code):
        return ""
    back = f"{reverse('dossiers:dossier', args=[dossier.pk])}#{need.slug}"
    names = ",".join(field_id.partition("#/")[2].split("/")[0] for field_id in need.lacking or need.fields)
    return f"{reverse('records:start_typing', args=[need.code])}?{urlencode({'champs': names, 'suite': back})}"
