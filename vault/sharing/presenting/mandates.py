"""Mandates and requests as rows, for the resident who gives them and the companion who acts under them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import Membership, Organisation, User
from accounts.two_persons import group_account_makers
from core.templatetags.civic import clock, long_date
from vault.records.enums import PaperState
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement
from vault.records.models import Grant, GrantReading
from vault.records.values.decrypted import Values
from vault.records.wording import join_labels, label_value_pairs
from vault.sharing.agreements.entrusting import ITEMS, theirs, yours_to_theirs
from vault.sharing.enums import Act, Done, HalfDay, HelpAnswer
from vault.sharing.models import AccessRequest, Handover, HelpRequest, Mandate, MandateAct
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting import months
from vault.sharing.presenting.shares import record_rows, share

#: How many of their own acts a companion's page lists.
OWN_ACTS = 100


def places() -> list[dict[str, Any]]:
    """Return each organisation that accompanies residents, with its current companions."""
    found = (
        Membership.objects.current()
        .select_related("person", "organisation")
        .order_by("organisation__name", "person__name")
    )
    return [
        {
            "organisation": organisation,
            "people": [_person(place) for place in members],
            "help": _help_href(organisation),
        }
        for organisation, members in groupby(found, key=lambda place: place.organisation)
    ]


def companions(agent: User) -> list[tuple[str, str]]:
    """Return as a choice each companion to whom this agent may record a mandate, with the label that it shows."""
    found = list(
        Membership.objects.current()
        .select_related("person", "organisation")
        .order_by("organisation__name", "person__name")
    )
    makers = group_account_makers([place.person for place in found])
    return [(str(place.pk), place.label) for place in found if agent not in makers[place.person_id]]


def _help_href(organisation: Organisation) -> str:
    return reverse("sharing:ask_help", args=[organisation.pk]) if organisation.answers_help else ""


def slot(request: HelpRequest) -> str:
    return _("%(day)s, %(half)s") % {"day": long_date(request.on_day), "half": HalfDay(request.half).label}


def help_ahead() -> QuerySet[HelpRequest]:
    return HelpRequest.objects.filter(withdrawn_at=None, on_day__gte=timezone.localdate())


def own_help() -> list[dict[str, str]]:
    """Return the resident's help requests until their day has passed: when, where, what next. Requires their scope."""
    found = list(help_ahead())
    places = Organisation.objects.in_bulk([request.organisation_id for request in found])
    return [_own_help(request, places.get(request.organisation_id)) for request in found]


def _own_help(request: HelpRequest, organisation: Organisation | None) -> dict[str, str]:
    where = ", ".join(filter(None, [request.organisation_name, organisation.address if organisation else ""]))
    row = {"label": capfirst(slot(request)), "text": where}
    if not request.answer:
        href = reverse("sharing:withdraw_help", args=[request.pk])
        return row | {"tag": _("En attente"), "tag_kind": "soon", "action": _("Retirer"), "action_href": href}
    row["text"] = f"{where}. {HelpAnswer(request.answer).label}."
    if request.answer == HelpAnswer.YES:
        href = reverse("sharing:make_appointment")
        return row | {"tag": _("Confirmé"), "tag_kind": "fresh", "action": _("Le préparer"), "action_href": href}
    row |= {"tag": _("Pas possible"), "tag_kind": "expired"}
    if request.answer == HelpAnswer.OTHER and organisation and organisation.answers_help:
        row |= {"action": _("Demander un autre moment"), "action_href": _help_href(organisation)}
    return row


def help_lines(requests: Sequence[HelpRequest]) -> list[dict[str, str]]:
    """Return the requests by half-day, without a name: reading the name writes an entry in the resident's journal."""
    return [
        {
            "label": _("Pour le %(slot)s") % {"slot": slot(request)},
            "href": reverse("sharing:help_request", args=[request.pk]),
        }
        for request in requests
    ]


def _person(place: Membership) -> dict[str, str]:
    href = reverse("sharing:entrust", args=[place.pk])
    return {"label": place.person.name, "action": _("Donner un mandat"), "action_href": href}


def given() -> list[dict[str, str]]:
    """Return the resident's current mandates, each with a link to stop it. Requires their scope."""
    standing = Grant.objects.standing().filter(recipient_kind=COMPANION_KIND).prefetch_related("fields")
    rows = []
    for grant in standing:
        one = share(grant)
        row = {"label": one.who, "text": until(grant), "href": one.href, "tag": one.tag, "tag_kind": one.tag_kind}
        rows.append(row | {"action": _("Arrêter"), "action_href": one.stop})
    return rows


def to_answer() -> list[dict[str, str]]:
    """Return the access requests that wait for the resident's answer. Requires their scope."""
    waiting = AccessRequest.objects.waiting()
    return [
        {
            "label": request.label,
            "href": reverse("sharing:access_request", args=[request.pk]),
            "text": _("Sans réponse avant le %(day)s, c’est non.") % {"day": long_date(request.expires_at)},
            "tag": _("À répondre"),
            "tag_kind": "soon",
        }
        for request in waiting
    ]


def handed_over() -> list[dict[str, str]]:
    """Return the colleagues whom a companion proposes, as rows to answer. Requires the resident's scope."""
    return [
        {
            "label": row.label,
            "href": reverse("sharing:handover", args=[row.pk]),
            "text": _("Proposé par %(name)s, à sa place") % {"name": row.grant.recipient_label},
            "tag": _("À répondre"),
            "tag_kind": "soon",
        }
        for row in Handover.objects.waiting().select_related("grant")
        if row.grant.stands
    ]


def page(agreement: Agreement, name: str, held: Mapping[str, str]) -> dict[str, Any]:
    required = [{"key": item.label, "value": held[item.code] or "–"} for item in agreement.items if item.required]
    return {"agreement": agreement, "words": agreement.rendered_words(name), "required": required}


def until(grant: Grant) -> str:
    """Return the end of a grant in words, with the hour if it ends today or tomorrow."""
    values = {"day": long_date(grant.ends_at), "hour": clock(grant.ends_at)}
    soon = (timezone.localtime(grant.ends_at).date() - timezone.localdate()).days <= 1
    return (_("jusqu’au %(day)s à %(hour)s") if soon else _("jusqu’au %(day)s")) % values


# For the companion


def lines(mandates: Sequence[Mandate]) -> list[dict[str, str]]:
    return [
        {
            "label": mandate.name,
            "href": reverse("sharing:accompanied", args=[mandate.pk]),
            "text": capfirst(until(mandate.grant)),
        }
        for mandate in mandates
    ]


def banner(mandate: Mandate) -> dict[str, str]:
    return {"name": mandate.name, "until": until(mandate.grant)}


def may_see(mandate: Mandate) -> list[dict[str, str]]:
    return [
        {
            "label": yours_to_theirs(item),
            "action": _("Voir"),
            "action_href": reverse("sharing:accompanied_values", args=[mandate.pk, item.code]),
        }
        for item in agreements.items_of(mandate.grant)
    ]


def own_acts(
    readings: Sequence[GrantReading], others: Sequence[MandateAct], live: Sequence[Mandate]
) -> list[dict[str, str]]:
    """Return a companion's own acts, newest first. Somebody whose mandate is over is not named any more."""
    names = {mandate.grant_id: mandate for mandate in live}
    done = [(reading.at, reading.grant_id, _read(reading)) for reading in readings]
    done += [(act.at, act.grant_id, str(Done(act.done).label)) for act in others]
    return [
        _own_act(at, what, names.get(grant_id))
        for at, grant_id, what in sorted(done, key=lambda one: one[0], reverse=True)[:OWN_ACTS]
    ]


def _read(reading: GrantReading) -> str:
    if reading.paper_kind:
        return _("Papier ouvert")
    items = [yours_to_theirs(item) for item in ITEMS if set(item.fields) & set(reading.fields)]
    return _("Lu : %(what)s") % {"what": join_labels(items)}


def _own_act(at: datetime, what: str, mandate: Mandate | None) -> dict[str, str]:
    row = {"label": what, "text": _("%(day)s à %(hour)s") % {"day": long_date(at), "hour": clock(at)}}
    if mandate is None:
        return row | {"tag": _("Mandat fini")}
    href = reverse("sharing:accompanied", args=[mandate.pk])
    return row | {"action": mandate.name, "action_href": href}


def may_do(mandate: Mandate) -> list[str]:
    return [str(Act(act).label) for act in mandate.acts]


def opened_values(values: Values, fields: Sequence[str]) -> dict[str, Any]:
    """Return the context of `sharing/opened_values.html`: tables of months, and the other values in rows."""
    return {"tables": months.tables(values, fields), "rows": _rows(values, fields)}


def _rows(values: Values, fields: Sequence[str]) -> list[dict[str, str]]:
    """Return one row per field of a single record, or one row per record if there are several."""
    found = Values([record for record in values if not months.is_table(values.of_type(record.type))])
    if len(found) != 1:
        return record_rows(found, fields)
    return [
        {"key": label, "value": text} for label, text in label_value_pairs(found[0].type, found[0].payload, fields)
    ]


def asked(requests: Sequence[AccessRequest], mandates: Sequence[Mandate]) -> list[dict[str, str]]:
    """Return a companion's access requests as rows.

    A refused request looks like one without an answer; otherwise it would reveal that the person has a vault.
    """
    given = {mandate.grant_id: mandate for mandate in mandates}
    return [_asked(request, given.get(request.grant_id) if request.grant_id else None) for request in requests]


def _asked(request: AccessRequest, mandate: Mandate | None) -> dict[str, str]:
    row = {
        "label": _("Demande %(reference)s") % {"reference": request.reference},
        "text": _("Le %(day)s : %(what)s")
        % {"day": long_date(request.created_at), "what": join_labels(theirs(request.items))},
    }
    if mandate is not None:
        row["href"] = reverse("sharing:accompanied", args=[mandate.pk])
    if request.grant_id:
        return row | {"tag": _("Acceptée"), "tag_kind": "fresh"}
    if request.expires_at > timezone.now():
        return row | {"tag": _("En attente"), "tag_kind": "soon"}
    return row | {"tag": _("Sans réponse"), "tag_kind": "expired"}


def sent_paper(state: PaperState) -> dict[str, object]:
    """Return what the page of a paper added for a resident says: nothing of what the resident does with it."""
    return {
        "checking": state in {PaperState.QUARANTINED, PaperState.CHECKING},
        "refused": state == PaperState.REFUSED,
    }
