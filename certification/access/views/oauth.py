"""The addresses of OAuth 2 and OpenID that programs call: tokens, revocation, discovery, keys. No page, no cookie.

The validator knows by the path which of the two servers is called (`certification.access.issuers`).
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from certification.access import limits, server
from certification.access.enums import DETAILS_TYPE, LOTS, OPENID, VAULT
from certification.access.issuers import LIVE, Issuer
from certification.access.models import keys
from certification.access.validator import S256

#: Of the discovery documents and the keys, which are the same for all.
PUBLIC = "public, max-age=3600"
AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
Answer = tuple[str | None, dict[str, str], str, int]


@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code, a refresh token, or the secret of a program that sends lots.

    One transaction: what a replayed code ends stays ended.
    """
    return _answer(request, server.core().create_token_response)


@csrf_exempt
@login_not_required
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke a token of the client that asks (RFC 7009). The resident's grant stays."""
    return _answer(request, server.core().create_revocation_response)


@login_not_required
@require_safe
def openid_configuration(request: HttpRequest, issuer: Issuer = LIVE) -> HttpResponse:
    return _public(
        _metadata(issuer)
        | {
            "userinfo_endpoint": issuer.address("userinfo"),
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce"],
            "prompt_values_supported": ["none", "login", "consent"],
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
        "jwks_uri": issuer.address("jwks"),
        "scopes_supported": [OPENID, VAULT, LOTS],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "code_challenge_methods_supported": [S256],
        "authorization_details_types_supported": [DETAILS_TYPE],
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": LIVE.address("openapi"),
    }


def _answer(request: HttpRequest, respond: Callable[[HttpRequest], Answer]) -> HttpResponse:
    count = limits.of_network(request)
    if count.is_over:
        refusal = {"error": "temporarily_unavailable", "error_description": "Too many requests. See Retry-After."}
        return JsonResponse(refusal, status=429, headers={"Retry-After": str(count.wait), **count.headers})
    with transaction.atomic():
        _address, headers, body, status = respond(request)
    return HttpResponse(body or "", status=status, headers={**headers, **count.headers})


def _public(document: dict[str, Any]) -> HttpResponse:
    response = JsonResponse(document)
    response["Cache-Control"] = PUBLIC
    response["Access-Control-Allow-Origin"] = "*"
    return response
