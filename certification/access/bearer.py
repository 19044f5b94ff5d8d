"""Callers of the API: the holder of an access token, under one grant; or a program, by its secret, for its service.

A token in the address is not looked at. One that is bound to a key needs a proof of it (`fapi.dpop`).
"""

import hashlib
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.models import User
from certification.access import credentials, limits, lookup, standing
from certification.access.enums import LOTS, VAULT, Environment
from certification.access.fapi import dpop
from certification.access.fapi.dpop import BadProof, Proof
from certification.access.limits import Count
from certification.access.lookup import Given
from certification.access.models import AccessToken, Client
from certification.access.problems import BASIC, Problem
from vault.holders.actions import senders
from vault.holders.models import Sender
from vault.records.models import Grant


@dataclass(frozen=True)
class Caller:
    """A client that holds an access token, and the grant behind it, in whatever state and not checked yet."""

    client: Client
    given: Given
    scopes: frozenset[str]

    @property
    def grant(self) -> Grant:
        return self.given.grant


@dataclass(frozen=True)
class Presented:
    """A token as a request presents it, by its SHA-256; with a proof of a key, or without one."""

    hashed: str
    proof: Proof | None

    def check(self, token: AccessToken) -> None:
        """Check that a token that was found is presented as it was made: bound to this key, or to none.

        Raises:
            Problem
        """
        if token.jkt != (self.proof.jkt if self.proof else ""):
            raise Problem("invalid_token")
        if self.proof is not None:
            try:
                self.proof.use()
            except BadProof as error:
                raise Problem(dpop.ERROR) from error


def presented(request: Request) -> Presented:
    """Return the token of a request.

    Raises:
        Problem: there is none, or its proof is refused.
    """
    kind, _space, rest = request.headers.get("Authorization", "").partition(" ")
    token = rest.strip()
    if not token or kind.lower() not in {"bearer", "dpop"}:
        raise Problem("invalid_token")
    hashed = hashlib.sha256(token.encode()).hexdigest()
    if kind.lower() == "bearer":
        return Presented(hashed, None)
    try:
        proof = dpop.read(request.headers.get("DPoP", ""), method=str(request.method), path=request.path, token=token)
    except BadProof as error:
        raise Problem(dpop.ERROR) from error
    return Presented(hashed, proof)


@dataclass(frozen=True)
class Program:
    """A client that proved who it is by its secret."""

    client: Client


class BearerAuthentication(BaseAuthentication):
    """Find the caller by the SHA-256 of the token. Cost: one query.

    Args:
        environment: of the server that is called. A token of the other one is unknown there.
    """

    def __init__(self, environment: Environment = Environment.LIVE) -> None:
        self.environment = environment

    def authenticate(self, request: Request) -> tuple[User, Caller]:
        given = presented(request)
        found = lookup.find(given.hashed, self.environment)
        if found is None or not standing.is_known_to(found.person, found.client):
            raise Problem("invalid_token")
        given.check(found.token)
        return found.person, Caller(found.client, found.given, frozenset(found.token.scope.split()))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="garant"'


@dataclass(frozen=True)
class Sending:
    """A holder's program, and what the city lets it send. It acts under no grant."""

    client: Client
    sender: Sender


class SenderAuthentication(BaseAuthentication):
    """Find a holder's program by its token of client credentials, while the city lets it send."""

    def __init__(self, environment: Environment = Environment.LIVE) -> None:
        self.environment = environment

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Sending]:
        given = presented(request)
        found = AccessToken.objects.select_related("application").filter(
            token_checksum=given.hashed,
            expires__gt=timezone.now(),
            application__environment=self.environment,
        )
        row = found.first()
        if row is None:
            raise Problem("invalid_token")
        given.check(row)
        if row.user_id is not None or row.grant_id is not None or LOTS not in row.scope.split():
            raise Problem("insufficient_scope")
        sender = senders.of_service(row.application.service_id)
        if sender is None:
            raise Problem("may_not_send")
        return AnonymousUser(), Sending(row.application, sender)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="garant"'


def require_scope(request: Request, scope: str = VAULT) -> Caller:
    """Return the caller.

    Raises:
        Problem: the token lacks the scope.
    """
    caller: Caller = request.auth
    if scope not in caller.scopes:
        raise Problem("insufficient_scope")
    return caller


class ProgramAuthentication(BaseAuthentication):
    """Find the program by its identifier and secret, sent as at `/oauth/token` (RFC 6749, 2.3.1, HTTP Basic).

    It acts for its service, and under no resident's grant.
    """

    def __init__(self, environment: Environment = Environment.LIVE) -> None:
        self.environment = environment

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Program]:
        if limits.of_network(request).is_over:
            raise Throttled(wait=limits.MINUTE)
        given = credentials.from_basic(request.headers.get("Authorization", ""))
        client = credentials.authenticated(*given, self.environment) if given else None
        if client is None:
            raise Problem("invalid_client")
        return AnonymousUser(), Program(client)

    def authenticate_header(self, request: Request) -> str:
        return BASIC


class ClientThrottle(BaseThrottle):
    """So many calls a minute for each client, whoever its residents are. It is counted before the gate.

    The response says what is left, also one that refuses (`headers_of`).
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        self._count = limits.of_client(request.auth.client)
        request._request.rate_limit = self._count  # noqa: SLF001 - DRF's name for Django's request
        return not self._count.is_over

    def wait(self) -> float:
        return self._count.wait


def headers_of(request: Request) -> dict[str, str]:
    """Return the fields that say how many calls are left, once the call was counted."""
    count: Count | None = getattr(request._request, "rate_limit", None)  # noqa: SLF001 - as above
    return count.headers if count else {}
