"""The console: a call of the sandbox's API, made for a developer who picks a persona. No real resident is reached."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import resolve
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from certification.access import asking
from certification.access.actions import consent
from certification.access.details import Details
from certification.access.enums import VAULT, Environment
from certification.access.issuers import SANDBOX
from certification.access.models import AccessToken, Client
from certification.labels import perms
from vault.records.grants.terms import Terms
from vault.records.models import Grant

#: The calls that may be made, by their URL's name.
CALLS = ("fields", "grant", "events")
LASTS = timedelta(minutes=1)


@dataclass(frozen=True)
class Answered:
    """What was asked and what came, for the page."""

    asked: str
    status: int
    body: str


def call(*, client: Client, by: User, persona: User, name: str) -> Answered:
    """Make a call as a test program does, under a persona's agreement to all that it asks, given if there is none.

    Raises:
        PermissionDenied: another publisher's program, or not one of the sandbox.
        MayNotAsk: the service describes no purpose, or several.
        NothingChosen: its purpose asks for no value.
        ValueError: a paper is required, which personas do not have.
    """
    perms.require_member(by, client.service.publisher)
    if client.environment != Environment.TEST or not persona.is_persona or name not in CALLS:
        raise PermissionDenied
    with scope(resident=persona.pk):
        grant = _grant(client, persona)
    token = secrets.token_urlsafe(32)
    row = AccessToken.objects.create(
        user=persona,
        application=client,
        token_checksum=hashlib.sha256(token.encode()).hexdigest(),
        expires=timezone.now() + LASTS,
        scope=VAULT,
        grant_id=grant.pk,
    )
    try:
        return _answered(SANDBOX.route(name), token)
    finally:
        row.delete()


def _grant(client: Client, persona: User) -> Grant:
    asked = asking.asked_by(client, Details())
    former = consent.standing_grant(asked)
    if former is not None:
        return former
    terms = Terms([item.code for item in asked.items], asked.agreement.modes[0], asked.agreement.months[0])
    return consent.give(resident_id=persona.pk, by=persona.pk, asked=asked, terms=terms)


def _answered(path: str, token: str) -> Answered:
    """Call the address as it is served, in this process."""
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", path, path
    request.META = {"REQUEST_METHOD": "GET", "SERVER_NAME": "localhost", "SERVER_PORT": "443"}
    request.META["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    match = resolve(path)
    response: Any = match.func(request, *match.args, **match.kwargs)
    if hasattr(response, "render"):
        response.render()
    body = json.dumps(json.loads(response.content), ensure_ascii=False, indent=2) if response.content else ""
    return Answered(f"GET {path}", response.status_code, body)
