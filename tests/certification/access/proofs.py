"""A program with a key of its own, made with joserfc: it proves who it is, and binds its tokens."""

import base64
import hashlib
import json
import time
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.test import Client as Browser
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from certification.access.fapi import client_assertions, jose
from certification.access.models import Client
from tests.certification.access.program import BACK, VERIFIER

Key = ECKey | OKPKey | RSAKey
PAR, TOKEN, FIELDS = "/oauth/par", "/oauth/token", "/api/v1/me/fields"


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": uuid4().hex})


def sets(*keys: Key) -> str:
    """Return what a publisher registers."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def signed(key: Any, header: dict[str, Any], claims: dict[str, Any], alg: str = "") -> str:
    alg = alg or [*jose.algorithms(key)][0]
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg, **header}, kept, key, registry=jose.Registry(algorithms=[alg]))


def assertion(client: Client, key: Key, alg: str = "", header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(time.time())
    said = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": settings.SITE_URL,
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + 60,
    }
    named = {"kid": key.kid} if key.kid else {}
    return signed(key, named if header is None else header, said | claims, alg)


def proof(key: Key, method: str, path: str, token: str = "", header: Any = None, **claims: Any) -> str:
    said: dict[str, Any] = {
        "htm": method,
        "htu": f"{settings.SITE_URL}{path}",
        "jti": uuid4().hex,
        "iat": int(time.time()),
    }
    if token:
        said["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    head = {"typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
    return signed(key, head | (header or {}), said | claims)


def by_key(client: Client, key: Key, **more: Any) -> dict[str, str]:
    """Return the parameters by which a program proves who it is."""
    return {"client_assertion_type": client_assertions.TYPE, "client_assertion": assertion(client, key, **more)}


def wanted(client: Client, **more: str) -> dict[str, str]:
    """Return the parameters of a request of authorization."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": str(client.client_id),
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid vault",
        "state": "s" * 16,
        "nonce": "n" * 16,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | more


def post(path: str, form: dict[str, Any], dpop: str | None = None, **headers: str) -> Any:
    """Send a form as a program does, with a proof if any."""
    if dpop is not None:
        headers["DPoP"] = dpop
    return Browser(raise_request_exception=False).post(path, form, headers=headers)


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error") or answer.json().get("code")
