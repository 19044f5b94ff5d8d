"""The addresses of OAuth 2 and OpenID that programs call: tokens, revocation, discovery, keys. No page, no cookie.

The validator knows by the path which of the two servers is called (`certification.access.issuers`).
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from certification.access import credentials, limits, server
from certification.access.enums import DETAILS_TYPE, LOTS, OPENID, VAULT
from certification.access.fapi import client_assertions, dpop, jose, par
from certification.access.issuers import LIVE, Issuer
from certification.access.models import keys
from certification.access.problems import BASIC
from certification.access.validator import S256

#: Of the discovery documents and the keys, which are the same for all.
PUBLIC = "public, max-age=3600"
GRANT_TYPES = [server.CODE, server.REFRESH, server.CREDENTIALS]
AUTH_METHODS = ["client_secret_basic", "client_secret_post", client_assertions.METHOD]
Answer = tuple[str | None, dict[str, str], str, int]


@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code, a refresh token, or the secret of a program that sends lots.

    Any other grant is refused before a client, a resident or a token is looked up. One transaction: what a replayed
    code ends stays ended.
    """
    return _answer(request, _exchange)


@csrf_exempt
@login_not_required
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke a token of the client that asks (RFC 7009). The resident's grant stays."""
    return _answer(request, server.core().create_revocation_response)


@csrf_exempt
@login_not_required
@require_POST
def pushed(request: HttpRequest, issuer: Issuer = LIVE) -> HttpResponse:
    """Keep a request of authorization that a program pushes, and answer with its handle (RFC 9126)."""
    return _answer(request, partial(_push, issuer))


@login_not_required
@require_safe
def openid_configuration(request: HttpRequest, issuer: Issuer = LIVE) -> HttpResponse:
    return _public(
        _metadata(issuer)
        | {
            "userinfo_endpoint": issuer.address("userinfo"),
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [keys.RS256, keys.PS256],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce"],
            "prompt_values_supported": ["none", "login", "consent"],
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }
    )


@login_not_required
@require_safe
def authorization_server(request: HttpRequest, issuer: Issuer = LIVE) -> HttpResponse:
    return _public(_metadata(issuer))


@login_not_required
@require_safe
def jwks(request: HttpRequest, issuer: Issuer = LIVE) -> HttpResponse:
    return _public(keys.published(issuer.environment))


def _metadata(issuer: Issuer) -> dict[str, Any]:
    """Return what is true of a server for both documents of discovery (RFC 8414)."""
    return {
        "issuer": issuer.url,
        "authorization_endpoint": issuer.address("authorize"),
        "token_endpoint": issuer.address("token"),
        "revocation_endpoint": issuer.address("revoke"),
        "pushed_authorization_request_endpoint": issuer.address("pushed"),
        # Fields that are not delicate may be asked for without it.
        "require_pushed_authorization_requests": False,
        "jwks_uri": issuer.address("jwks"),
        "scopes_supported": [OPENID, VAULT, LOTS],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANT_TYPES,
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": jose.NAMES,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": jose.NAMES,
        "dpop_signing_alg_values_supported": jose.NAMES,
        "code_challenge_methods_supported": [S256],
        "authorization_details_types_supported": [DETAILS_TYPE],
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": LIVE.address("openapi"),
    }


def _exchange(request: HttpRequest) -> Answer:
    given = request.POST.getlist("grant_type")
    if len(given) != 1 or not given[0]:
        return _refused("invalid_request", "Give grant_type once, in the body.")
    if given[0] not in GRANT_TYPES:
        return _refused("unsupported_grant_type", f"Use one of {', '.join(GRANT_TYPES)}.")
    found: Answer = server.core().create_token_response(request)
    return found


def _push(issuer: Issuer, request: HttpRequest) -> Answer:
    body = request.POST.dict()
    try:
        client = credentials.of_request(request.headers.get("Authorization", ""), body, issuer.environment)
    except credentials.TwoMethods:
        return _refused("invalid_request", "Prove who you are in one way, once.")
    if client is None:
        return None, _no_store(), json.dumps({"error": "invalid_client"}), 401
    query = request.POST.copy()
    for name in credentials.IN_BODY:
        query.pop(name, None)
    query["client_id"] = str(client.client_id)
    if len(query.urlencode()) > par.LONGEST:
        return _refused("invalid_request", "The request is too long.")
    if (back := query.get("redirect_uri")) and not client.returns_to(back):
        known = ", ".join(client.redirect_uris.split())
        return _refused("invalid_request", f"The program did not register this redirect_uri. It registered: {known}")
    try:
        if jkt := _proved(request):
            query["dpop_jkt"] = jkt
        server.check_pushed(query, issuer)
    except dpop.BadProof as error:
        return _refused(dpop.ERROR, str(error))
    except OAuth2Error as error:
        return _refused(str(error.error), str(error.description))
    found = {"request_uri": par.push(client, query), "expires_in": par.LASTS}
    return None, _no_store(), json.dumps(found), 201


def _proved(request: HttpRequest) -> str:
    """Return the thumbprint of the key that a pushed request proves to have, or nothing (RFC 9449, 10.1).

    Raises:
        BadProof
    """
    header = request.headers.get("DPoP")
    if header is None:
        return ""
    proof = dpop.read(header, method="POST", path=request.path)
    proof.use()
    if request.POST.get("dpop_jkt", proof.jkt) != proof.jkt:
        raise dpop.BadProof("dpop_jkt is of another key.")
    return proof.jkt


def _refused(error: str, description: str) -> Answer:
    return None, _no_store(), json.dumps({"error": error, "error_description": description}), 400


def _no_store() -> dict[str, str]:
    return {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


def _answer(request: HttpRequest, respond: Callable[[HttpRequest], Answer]) -> HttpResponse:
    count = limits.of_network(request)
    if count.is_over:
        refusal = {"error": "temporarily_unavailable", "error_description": "Too many requests. See Retry-After."}
        return JsonResponse(refusal, status=429, headers={"Retry-After": str(count.wait), **count.headers})
    if any(len(request.POST.getlist(name)) > 1 for name in credentials.IN_BODY):
        respond = _repeated
    with transaction.atomic():
        _address, headers, body, status = respond(request)
    if status == 401:
        # A program that failed to prove who it is (RFC 6749, 5.2), where oauthlib names a scheme of tokens.
        headers = {**headers, "WWW-Authenticate": BASIC}
    return HttpResponse(body or "", status=status, headers={**headers, **count.headers})


def _repeated(_request: HttpRequest) -> Answer:
    return _refused("invalid_request", "Give each parameter once.")


def _public(document: dict[str, Any]) -> HttpResponse:
    response = JsonResponse(document)
    response["Cache-Control"] = PUBLIC
    response["Access-Control-Allow-Origin"] = "*"
    return response
