"""How mandates are said: to the resident who gives them, and to the companion who acts under them."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import Membership, Organisation
from core.templatetags.civic import clock, long_date
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement
from vault.records.models import Grant
from vault.records.values.decrypted import Values
from vault.records.wording import join_labels, label_value_pairs
from vault.sharing.agreements.entrusting import theirs, yours_to_theirs
from vault.sharing.enums import Act, HalfDay, HelpAnswer
from vault.sharing.models import AccessRequest, HelpRequest, Mandate
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting.shares import record_rows, share


def places() -> list[dict[str, Any]]:
    """Each organisation that accompanies residents, and who works there now."""
    found = (
        Membership.objects.current()
        .select_related("person", "organisation")
        .order_by("organisation__name", "person__name")
    )
    return [
        {
            "organisation": organisation,
            "people": [_person(place) for place in of_one],
            "help": _help_href(organisation),
        }
        for organisation, of_one in groupby(found, key=lambda place: place.organisation)
    ]


def companions() -> list[tuple[str, str]]:
    """Each place of a companion, as a mandate names it."""
    found = (
        Membership.objects.current()
        .select_related("person", "organisation")
        .order_by("organisation__name", "person__name")
    )
    return [(str(place.pk), place.label) for place in found]


def _help_href(organisation: Organisation) -> str:
    return reverse("sharing:ask_help", args=[organisation.pk]) if organisation.answers_help else ""


def slot(request: HelpRequest) -> str:
    return _("%(day)s, %(half)s") % {"day": long_date(request.on_day), "half": HalfDay(request.half).label}


def own_help() -> list[dict[str, str]]:
    """In the resident's scope: what they asked for, until its day has passed."""
    lines = []
    for request in HelpRequest.objects.filter(withdrawn_at=None, on_day__gte=timezone.localdate()):
        line = {"label": request.organisation_name, "text": slot(request)}
        if request.answer:
            line["text"] = _("%(slot)s. %(answer)s") % {
                "slot": slot(request),
                "answer": HelpAnswer(request.answer).label,
            }
            kind = "fresh" if request.answer == HelpAnswer.YES else "expired"
            lines.append(line | {"tag": _("Réponse reçue"), "tag_kind": kind})
        else:
            href = reverse("sharing:withdraw_help", args=[request.pk])
            lines.append(
                line | {"tag": _("En attente"), "tag_kind": "soon", "action": _("Retirer"), "action_href": href}
            )
    return lines


def help_lines(requests: Sequence[HelpRequest]) -> list[dict[str, str]]:
    """For the companion: when, and nothing of whom; opening one is a line in that person's journal."""
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
    """In the resident's scope: what counts now, one click from stopping it."""
    standing = Grant.objects.standing().filter(recipient_kind=COMPANION_KIND).prefetch_related("fields")
    lines = []
    for grant in standing:
        told = share(grant)
        line = {"label": told.who, "text": until(grant), "href": told.href, "tag": told.tag, "tag_kind": told.tag_kind}
        lines.append(line | {"action": _("Arrêter"), "action_href": told.stop})
    return lines


def to_answer() -> list[dict[str, str]]:
    """In the resident's scope."""
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


def page(agreement: Agreement, name: str, held: Mapping[str, str]) -> dict[str, Any]:
    required = [{"key": item.label, "value": held[item.code] or "–"} for item in agreement.items if item.required]
    return {"agreement": agreement, "words": agreement.rendered_words(name), "required": required}


def until(grant: Grant) -> str:
    """With the hour where it ends today or tomorrow."""
    told = {"day": long_date(grant.ends_at), "hour": clock(grant.ends_at)}
    soon = (timezone.localtime(grant.ends_at).date() - timezone.localdate()).days <= 1
    return (_("jusqu’au %(day)s à %(hour)s") if soon else _("jusqu’au %(day)s")) % told


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


def may_do(mandate: Mandate) -> list[str]:
    return [str(Act(act).label) for act in mandate.acts]


def rows(values: Values, fields: Sequence[str]) -> list[dict[str, str]]:
    """A single record is told field by field, several one by one."""
    found = list(values)
    if len(found) != 1:
        return record_rows(values, fields)
    return [
        {"key": label, "value": text} for label, text in label_value_pairs(found[0].type, found[0].payload, fields)
    ]


def asked(requests: Sequence[AccessRequest], mandates: Sequence[Mandate]) -> list[dict[str, str]]:
    """A refusal is told as silence is: waiting, then without an answer. It would say otherwise that the person has a vault."""
    given = {mandate.grant_id: mandate for mandate in mandates}
    return [_asked(request, given.get(request.grant_id) if request.grant_id else None) for request in requests]


def _asked(request: AccessRequest, mandate: Mandate | None) -> dict[str, str]:
    line = {
        "label": _("Demande %(reference)s") % {"reference": request.reference},
        "text": _("Le %(day)s : %(what)s")
        % {"day": long_date(request.created_at), "what": join_labels(theirs(request.items))},
    }
    if mandate is not None:
        line["href"] = reverse("sharing:accompanied", args=[mandate.pk])
    if request.grant_id:
        return line | {"tag": _("Acceptée"), "tag_kind": "fresh"}
    if request.expires_at > timezone.now():
        return line | {"tag": _("En attente"), "tag_kind": "soon"}
    return line | {"tag": _("Sans réponse"), "tag_kind": "expired"}
