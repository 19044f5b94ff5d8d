"""The words of a publisher's programs."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from certification.access import issuers
from certification.access.enums import PREFIXES, Environment
from certification.access.models import Client
from certification.access.models.client import Secret
from certification.labels.models import Service


def cards(services: Iterable[Service], *, owner: bool) -> list[dict[str, Any]]:
    """Return each service with its programs."""
    return [
        {
            "service": service,
            "programs": [
                {
                    "client": client,
                    "name": program_name(client),
                    "rows": rows(client),
                    "secrets": secrets(client),
                    "may_delete": owner,
                }
                for client in service.clients.all()
            ],
        }
        for service in services
    ]


def program_name(client: Client) -> str:
    """Return the name that its members gave a program, or what tells it apart."""
    if client.name and client.name != client.service.name:
        return str(client.name)
    environment = _("envoyer des lots") if client.sends else client.get_environment_display()
    return _("%(service)s, %(environment)s") % {"service": client.service.name, "environment": environment}


def rows(client: Client) -> list[dict[str, str]]:
    if client.sends:
        return [
            {"key": _("Identifiant"), "value": str(client.client_id)},
            {"key": _("Pour"), "value": _("envoyer des lots")},
            *_security(client),
        ]
    return [
        {"key": _("Identifiant"), "value": str(client.client_id)},
        {"key": _("Pour"), "value": str(client.get_environment_display())},
        {"key": _("Adresses de retour"), "value": ", ".join(client.redirect_uris.split())},
        *_security(client),
    ]


def _security(client: Client) -> list[dict[str, str]]:
    """Return the program's public keys and what it requires, if it has any."""
    found = []
    if keys := client.public_keys:
        named = [" ".join(filter(None, [one.get("crv") or one["kty"], one.get("kid")])) for one in keys]
        found.append({"key": _("Clés publiques"), "value": ", ".join(named)})
    required = [
        (client.keys_only, _("une clé pour obtenir un jeton")),
        (client.require_pushed_authorization_requests, _("des demandes déposées d’abord (PAR)")),
        (client.dpop_bound_access_tokens, _("des jetons liés à une clé (DPoP)")),
    ]
    if wanted := [words for is_required, words in required if is_required]:
        found.append({"key": _("Exige"), "value": ", ".join(wanted)})
    return found


def secrets(client: Client) -> list[dict[str, Any]]:
    """Return the program's secrets, as lines; each may be revoked while there are two."""
    found = client.secrets
    return [
        {
            "label": secret_name(client, one),
            "text": _age(one),
            "action_href": reverse("access:revoke_secret", args=[client.client_id, one.id]) if len(found) > 1 else "",
            "action": _("Révoquer"),
        }
        for one in found
    ]


def secret_name(client: Client, secret: Secret) -> str:
    """Return a secret as its owner knows it again: how it begins and ends."""
    return f"{PREFIXES[Environment(client.environment)]}…{secret.hint}"


def credentials(client: Client, secret: str) -> list[dict[str, str]]:
    """Return what a program needs to know, with its secret."""
    return [
        *rows(client),
        {"key": _("Secret"), "value": secret},
        {"key": _("Adresse du serveur"), "value": issuers.OF[Environment(client.environment)].url},
    ]


def _age(secret: Secret) -> str:
    since = _("créé le %(day)s") % {"day": date_format(secret.made_at, "j F Y")} if secret.made_at else ""
    used = (
        _("utilisé le %(day)s") % {"day": date_format(secret.used_on, "j F Y")}
        if secret.used_on
        else _("jamais utilisé")
    )
    return ", ".join(filter(None, [since, used]))
