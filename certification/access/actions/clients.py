"""Clients of a service: registered and given a new secret by its publisher."""

import dataclasses
import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from oauth2_provider.settings import oauth2_settings

from accounts.models import User
from certification.access.enums import PREFIXES, Environment
from certification.access.fapi import client_assertions
from certification.access.fapi.jose import Malformed, PrivateKey
from certification.access.models import AccessToken, AuthorizationCode, Client, RefreshToken
from certification.access.models.client import FIRST, SECOND, Secret
from certification.labels import perms
from certification.labels.checks.subject import Found, Subject, failed, passed, unsure
from certification.labels.models import Service
from vault.holders.actions import senders

#: Days after which a secret must have been changed (criterion C17 of the charter).
OLDEST_SECRET = 365
#: Of a secret, the last characters, by which its owner knows it again.
HINT = 4
#: The columns of its keys, and of what it requires.
SECURITY = ["jwks", "keys_only", "require_pushed_authorization_requests", "dpop_bound_access_tokens"]
LOOPBACK = {"127.0.0.1", "[::1]"}


class TwoSecrets(Exception):
    """The client has two secrets already."""


class LastSecret(Exception):
    """A client without a secret could not say who it is: add another one first, or delete the client."""


def register(
    *, service: Service, by: User, environment: Environment, redirect_uris: list[str], name: str = ""
) -> tuple[Client, str]:
    """Register a client. Return it with its secret, which is shown once: the database has its hash.

    Args:
        name: by which its publisher's members know it; without one, they know it by its service.

    Raises:
        PermissionDenied: `by` does not work for the publisher.
        ValidationError: no address, or one that the portal would not send residents to.
    """
    if not redirect_uris:
        raise ValidationError(_("Donnez au moins une adresse de retour."))
    for address in redirect_uris:
        check_redirect_uri(address)
    return _registered(service, by, environment, Client.GRANT_AUTHORIZATION_CODE, redirect_uris, name)


def register_sender(*, service: Service, by: User, name: str = "") -> tuple[Client, str]:
    """Register a holder's program, which sends lots. Return it with its secret, which is shown once.

    Raises:
        PermissionDenied: `by` does not work for the publisher.
        ValidationError: the city does not let the service send.
    """
    if senders.of_service(service.pk) is None:
        raise ValidationError(_("La ville ne laisse pas ce service envoyer de lots."))
    return _registered(service, by, Environment.LIVE, Client.GRANT_CLIENT_CREDENTIALS, [], name)


def _registered(
    service: Service, by: User, environment: Environment, flow: str, redirect_uris: list[str], name: str
) -> tuple[Client, str]:
    perms.require_member(by, service.publisher)
    secret = _secret(environment)
    client = Client.objects.create(
        service=service,
        environment=environment,
        client_id=f"gar_{environment}_{secrets.token_hex(12)}",
        client_secret=_hashed(secret),
        secret_hint=secret[-HINT:],
        secret_made_at=timezone.now(),
        client_type=Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=flow,
        algorithm=Client.RS256_ALGORITHM,
        redirect_uris=" ".join(redirect_uris),
        name=name.strip(),
    )
    return client, secret


def rename(*, client: Client, by: User, name: str) -> None:
    """Give the client another name, or none. Only its publisher's members read it: residents read the service's.

    Raises:
        PermissionDenied
    """
    perms.require_member(by, client.service.publisher)
    client.name = name.strip()
    client.save(update_fields=["name"])


def add_secret(*, client: Client, by: User) -> str:
    """Give the client a second secret and return it. Both are good until one is revoked.

    Raises:
        PermissionDenied
        TwoSecrets
    """
    perms.require_member(by, client.service.publisher)
    secret = _secret(Environment(client.environment))
    with transaction.atomic():
        held = Client.objects.select_for_update().get(pk=client.pk)
        if held.second_secret:
            raise TwoSecrets
        _set(held, SECOND, Secret(_hashed(secret), secret[-HINT:], timezone.now(), None))
    return secret


def revoke_secret(*, client: Client, by: User, secret_id: str) -> None:
    """Revoke one of two secrets: it is refused at once, and tokens go on. Does nothing to one that is gone.

    Raises:
        PermissionDenied
        LastSecret
    """
    perms.require_member(by, client.service.publisher)
    with transaction.atomic():
        held = Client.objects.select_for_update().get(pk=client.pk)
        kept = [one for one in held.secrets if one.id != secret_id]
        if not kept:
            raise LastSecret
        if len(kept) < len(held.secrets):
            _set(held, FIRST, kept[0])
            _set(held, SECOND, Secret("", "", None, None))


def secure(*, client: Client, by: User, keys: str, keys_only: bool, pushed_only: bool, bound_tokens: bool) -> None:
    """Register the client's public keys, and what it requires of each request in its name.

    Args:
        keys: as `client_assertions.read_keys`; nothing for none.
        keys_only: its secrets no longer prove who it is at OAuth's addresses.
        pushed_only: each request of authorization must be pushed.
        bound_tokens: each access token must be bound to a key by DPoP.

    Raises:
        PermissionDenied
        ValidationError: the keys are none of those that FAPI 2.0 allows, or there are none, and secrets do not count.
    """
    perms.require_member(by, client.service.publisher)
    try:
        jwks = client_assertions.read_keys(keys)
    except PrivateKey:
        raise ValidationError(
            _("C’est une clé privée : ne la montrez à personne. Donnez la clé publique, et changez de clé.")
        ) from None
    except Malformed:
        raise ValidationError(
            _(
                "Donnez un JWK public, ou un ensemble de cinq au plus, chacun avec son « kid » : P-256, Ed25519, ou "
                "RSA de 2 048 à 4 096 bits."
            )
        ) from None
    if keys_only and not jwks:
        raise ValidationError(_("Donnez une clé publique : sans elle, ce programme ne pourrait plus se connecter."))
    client.jwks, client.keys_only = jwks, keys_only
    client.require_pushed_authorization_requests, client.dpop_bound_access_tokens = pushed_only, bound_tokens
    client.save(update_fields=SECURITY)


def delete(*, client: Client, by: User) -> None:
    """Delete a client with its codes and tokens, which are worth nothing from then on. The grants of its service stay.

    Raises:
        PermissionDenied: `by` does not answer for the publisher.
    """
    perms.require_owner(by, client.service.publisher)
    with transaction.atomic():
        # An exchange or a delivery of this moment either comes first, or finds no client.
        held = Client.objects.select_for_update().get(pk=client.pk)
        list(held.endpoints.select_for_update())
        for model in (AuthorizationCode, RefreshToken, AccessToken):
            model.objects.filter(application=client).delete()
        client.delete()


def secrets_are_recent(subject: Subject) -> Found:
    """C17: each secret of the service's programs is less than a year old. All of them stay on servers: no client is
    public.
    """
    oldest = 0
    programs = list(Client.objects.filter(service=subject.request.service_id).order_by("pk"))
    for program in programs:
        for one in program.secrets:
            if one.made_at is None:
                return unsure("secret_undated", program=program.client_id)
            oldest = max(oldest, days := (subject.now - one.made_at).days)
            if days > OLDEST_SECRET:
                return failed("secret_old", program=program.client_id, days=days)
    return passed("secrets_recent", days=oldest) if programs else unsure("no_program")


def check_redirect_uri(address: str) -> None:
    """Check an address to which residents come back: https, without fragment or name; http on loopback in tests only.

    Raises:
        ValidationError
    """
    parts = urlsplit(address)
    own_machine = parts.scheme == "http" and parts.netloc.rpartition(":")[0] in LOOPBACK and not settings.PRODUCTION
    whole = parts.hostname and "@" not in parts.netloc and "#" not in address and not set(address) & set(" *\\\t\n\r")
    if not whole or not (parts.scheme == "https" or own_machine):
        raise ValidationError(_("« %(address)s » n’est pas une adresse https complète.") % {"address": address})


def _set(client: Client, columns: tuple[str, ...], secret: Secret) -> None:
    for column, value in zip(columns, dataclasses.astuple(secret), strict=True):
        setattr(client, column, value)
    client.save(update_fields=list(columns))


def _secret(environment: Environment) -> str:
    return PREFIXES[environment] + secrets.token_urlsafe(32)


def _hashed(secret: str) -> str:
    return make_password(secret, hasher=oauth2_settings.CLIENT_SECRET_HASHER)
