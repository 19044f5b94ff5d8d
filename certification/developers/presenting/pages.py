"""The words of the developers' pages: calls, webhooks and their deliveries."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import PendingAccount, PublisherMember, PublisherRole
from certification.access.enums import Environment
from certification.access.models import Client
from certification.access.presenting.programs import program_name
from certification.developers.enums import DeliveryState, EndpointState
from certification.developers.models import Call, Delivery, Endpoint
from certification.labels.models import Service

PROBLEMS = {
    "challenge": gettext_lazy("L’adresse n’a pas rendu le défi."),
    "gone": gettext_lazy("L’adresse a répondu qu’elle n’existe plus (410)."),
    "failing": gettext_lazy("L’adresse a échoué pendant cinq jours."),
    "stopped": gettext_lazy("L’adresse était arrêtée."),
    "slow": gettext_lazy("L’adresse n’a pas répondu en dix secondes."),
    "unknown": gettext_lazy("Ce nom n’existe pas."),
    "down": gettext_lazy("L’adresse ne répond pas."),
    "private": gettext_lazy("Le nom mène à un réseau privé."),
    "certificate": gettext_lazy("Le certificat n’est pas valable pour ce nom."),
    "expired": gettext_lazy("Le certificat a expiré."),
    "too_long": gettext_lazy("La réponse est trop longue."),
}
TAGS = {
    EndpointState.ACTIVE: "ok",
    EndpointState.TO_PROVE: "soon",
    EndpointState.OFF: "expired",
    DeliveryState.DONE: "ok",
    DeliveryState.WAITING: "soon",
    DeliveryState.FAILED: "expired",
}


def cards(services: Iterable[Service]) -> list[dict[str, Any]]:
    """Return each service that has programs, with the pages of each program."""
    found = [(service, [_program(client) for client in service.clients.all()]) for service in services]
    return [{"service": service, "programs": programs} for service, programs in found if programs]


def call_rows(calls: Iterable[Call]) -> list[list[str]]:
    return [
        [
            date_format(timezone.localtime(one.at), "j F, H:i:s"),
            f"{one.method} {one.route}",
            f"{one.status} {one.code}".strip(),
            _("%(count)s ms") % {"count": one.milliseconds},
            one.request_id,
        ]
        for one in calls
    ]


def wrong_address(client: Client, sent: str) -> list[dict[str, str]]:
    """Return the redirect address that a program sent, and those that it registered."""
    return [
        {"key": _("Programme"), "value": program_name(client)},
        {"key": _("Adresse envoyée"), "value": sent or _("Aucune")},
        {"key": _("Adresses enregistrées"), "value": ", ".join(client.redirect_uris.split())},
    ]


def endpoint_lines(endpoints: Iterable[Endpoint]) -> list[dict[str, Any]]:
    return [
        {
            "label": one.url,
            "text": ", ".join(one.events),
            "href": reverse("developers:webhook", args=[one.client.client_id, one.pk]),
            "tag": one.state.label,
            "tag_kind": TAGS[one.state],
        }
        for one in endpoints
    ]


def secret_page(endpoint: Endpoint, secret: str) -> dict[str, Any]:
    rows = [{"key": _("Adresse"), "value": endpoint.url}, {"key": _("Secret"), "value": secret}]
    return {"rows": rows, "endpoint": endpoint}


def endpoint_rows(endpoint: Endpoint) -> list[dict[str, str]]:
    rows = [
        {"key": _("État"), "value": str(endpoint.state.label)},
        {"key": _("Événements"), "value": ", ".join(endpoint.events)},
    ]
    if endpoint.former_until is not None and endpoint.has_two_secrets:
        until = date_format(timezone.localtime(endpoint.former_until), "j F, H:i")
        text = _("Deux secrets signent, jusqu’au %(moment)s. Ensuite, le nouveau seul.") % {"moment": until}
        rows.append({"key": _("Secret"), "value": text})
    if endpoint.challenge_at is not None:
        rows.append({"key": _("Vérification"), "value": _("En cours : rechargez la page dans un instant.")})
    elif endpoint.problem:
        rows.append({"key": _("Ce qui ne va pas"), "value": problem(endpoint.problem)})
    return rows


def delivery_lines(deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    return [
        {
            "delivery": one,
            "label": one.event.type,
            "text": _delivery(one),
            "tag": DeliveryState(one.state).label,
            "tag_kind": TAGS[DeliveryState(one.state)],
        }
        for one in deliveries
    ]


def member_lines(places: Iterable[PublisherMember], mine: PublisherMember, *, owner: bool) -> list[dict[str, str]]:
    """Return the members; the one who answers for the publisher may remove the others."""
    return [
        {
            "label": one.person.name,
            "text": _("%(role)s, depuis le %(day)s")
            % {"role": PublisherRole(one.role).label, "day": date_format(one.since, "j F Y")},
            "action_href": reverse("developers:remove_member", args=[one.pk]) if owner and one != mine else "",
            "action": _("Retirer"),
        }
        for one in places
    ]


def invited_lines(offers: Iterable[PendingAccount]) -> list[dict[str, str]]:
    return [
        {
            "label": one.name,
            "text": _("%(role)s, %(email)s, invitation du %(day)s")
            % {"role": PublisherRole(one.role).label, "email": one.email, "day": date_format(one.offered_at, "j F Y")},
        }
        for one in offers
    ]


def problem(code: str) -> str:
    return str(PROBLEMS.get(code, _("L’adresse n’a pas pu être appelée.")))


def _delivery(one: Delivery) -> str:
    at = date_format(timezone.localtime(one.event.at), "j F, H:i:s")
    tries = _("essais : %(count)s") % {"count": one.attempts}
    why = problem(one.last_problem) if one.last_problem not in {"", "status"} else ""
    if one.last_problem == "status":
        why = _("réponse %(status)s") % {"status": one.last_status}
    following = (
        _("prochain essai le %(moment)s") % {"moment": date_format(timezone.localtime(one.next_at), "j F, H:i")}
        if one.state == DeliveryState.WAITING and one.attempts
        else ""
    )
    return " · ".join(filter(None, [at, tries, following, why]))


def _program(client: Client) -> dict[str, Any]:
    trials = {
        "label": _("Épreuves de connexion"),
        "text": _("Ce que fait votre programme devant un serveur hostile"),
        "href": reverse("developers:trials", args=[client.client_id]),
    }
    return {
        "client": client,
        "name": program_name(client),
        "lines": [
            *([trials] if client.environment == Environment.TEST else []),
            {
                "label": _("Requêtes"),
                "text": _("Trente jours, sans aucune valeur"),
                "href": reverse("developers:calls", args=[client.client_id]),
            },
            {
                "label": _("Webhooks"),
                "text": _("Où nous prévenons votre programme"),
                "href": reverse("developers:webhooks", args=[client.client_id]),
            },
        ],
    }
