"""Try a program against a server of ours that lies once in each trial (criterion C16 of the charter).

Each trial is an issuer of its own, in the sandbox, to which the developer points the program. The server notes what
the program does after the lie, and the outcome follows (`Trial.outcome`). It knows no resident and no persona.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from accounts.models import User
from certification.access.enums import OPENID, VAULT, Environment
from certification.access.issuers import SANDBOX
from certification.access.models import Client, keys
from certification.developers.models import Scenario, Trial
from certification.developers.models.trials import UNDER_WAY
from certification.labels import perms
from certification.labels.checks.subject import Found, Subject, failed, passed, unsure
from vault.records.enums import Outcome

LASTS = 300
#: The name of the person of every trial, who is nobody.
SUB = "personne-de-l-epreuve"


class Misused(Exception):
    """The program asked for something that no server grants. `code`: OAuth's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def begin(*, client: Client, by: User) -> list[Trial]:
    """Begin the trials of a program, or begin them again: what it did before is deleted.

    Raises:
        PermissionDenied: they do not work for its publisher, or it is not a test program.
    """
    perms.require_member(by, client.service.publisher)
    if client.environment != Environment.TEST:
        raise PermissionDenied
    with transaction.atomic():
        Client.objects.select_for_update(of=("self",)).get(pk=client.pk)
        Trial.objects.filter(client=client).delete()
        return Trial.objects.bulk_create([Trial(client=client, scenario=one) for one in Scenario])


def issuer_of(trial: Trial) -> str:
    return f"{SANDBOX.url}/epreuves/{trial.pk}"


def authorize(*, trial_id: UUID, asked: Mapping[str, str]) -> str:
    """Take an authorization request and return the address to which the browser goes, with the lie if it is there.

    Raises:
        Trial.DoesNotExist
        Misused: the request is another program's, or its address is not one of the program's.
    """
    code = secrets.token_urlsafe(32)
    with transaction.atomic():
        trial = _held(trial_id)
        if asked.get("client_id") != trial.client.client_id:
            raise Misused("invalid_client")
        back = asked.get("redirect_uri", "")
        lacking = list(_lacking(asked, trial.client))
        trial.lacking = sorted({*trial.lacking, *lacking})
        trial.authorized_at, trial.redirect_uri = timezone.now(), back[:500]
        trial.nonce, trial.code_challenge = asked.get("nonce", "")[:300], asked.get("code_challenge", "")[:128]
        trial.code = _hash(code)
        trial.save()
    if "redirect" in lacking:
        raise Misused("invalid_redirect_uri")
    answer = {"code": code, "state": asked.get("state", ""), "iss": issuer_of(trial)}
    if trial.scenario == Scenario.STATE:
        answer["state"] = secrets.token_urlsafe(16)
    if trial.scenario == Scenario.ISSUER:
        answer["iss"] = SANDBOX.url
    return f"{back}{'&' if '?' in back else '?'}{urlencode(answer)}"


def exchange(*, trial_id: UUID, client: Client, given: Mapping[str, str]) -> dict[str, Any]:
    """Exchange a code for an access token that opens nothing and an id_token, with the lie if it is there.

    An answer with an `error` is a refusal.

    Args:
        client: who proved its secret.

    Raises:
        Trial.DoesNotExist
        Misused
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        trial = _held(trial_id)
        code = given.get("code", "")
        if client.pk != trial.client_id or not (trial.code and hmac.compare_digest(_hash(code), trial.code)):
            raise Misused("invalid_grant")
        wrong = [
            name
            for name, right in (
                ("redirect", given.get("redirect_uri") == trial.redirect_uri),
                ("verifier", _challenge(given.get("code_verifier", "")) == trial.code_challenge),
            )
            if not right
        ]
        replays = trial.scenario == Scenario.REPLAY
        if replays and trial.exchanged_at:
            wrong.append("once")
        first = replays and not trial.exchanged_at
        trial.lacking = sorted({*trial.lacking, *wrong})
        trial.exchanged_at, trial.token = trial.exchanged_at or timezone.now(), _hash(token)
        trial.code = trial.code if replays else ""
        trial.save()
    if first or set(wrong) - {"once"}:
        raise Misused("invalid_grant")
    answer = {"access_token": token, "token_type": "Bearer", "expires_in": LASTS, "scope": OPENID}
    if trial.scenario == Scenario.NARROWED:
        return answer | {"scope": VAULT}
    answer |= {"id_token": _id_token(trial, timezone.now())}
    return answer | ({"error": "invalid_grant"} if trial.scenario == Scenario.TOKEN_ERROR else {})


def use(*, trial_id: UUID, token: str) -> None:
    """Note that the program used the access token.

    Raises:
        Trial.DoesNotExist
        Misused: it is not the trial's, or the trial refuses its own.
    """
    now = timezone.now()
    with transaction.atomic():
        trial = _held(trial_id)
        if not trial.token or not hmac.compare_digest(_hash(token), trial.token):
            raise Misused("invalid_token")
        refuses = trial.scenario == Scenario.REVOKED
        if refuses and trial.used_at and now - trial.used_at > UNDER_WAY:
            trial.lacking = sorted({*trial.lacking, "stops"})
        trial.used_at = trial.used_at or now
        trial.save(update_fields=["used_at", "lacking"])
    if refuses:
        raise Misused("invalid_token")


def withstands(subject: Subject) -> Found:
    """C16: one of the service's test programs passed every trial."""
    now, every = timezone.now(), len(Scenario)
    bad: set[str] = set()
    best = 0
    for client in Client.objects.filter(service=subject.request.service_id, environment=Environment.TEST):
        outcomes = {one.scenario: one.outcome(now) for one in Trial.objects.filter(client=client)}
        done = sum(1 for one in outcomes.values() if one == Outcome.PASSED)
        if done == every:
            return passed("trials_passed", count=every)
        best = max(best, done)
        bad |= {scenario for scenario, one in outcomes.items() if one == Outcome.FAILED}
    if bad:
        return failed("trials_failed", trials=[one.value for one in Scenario if one in bad])
    return unsure("trials_missing", count=every, done=best)


def _held(trial_id: UUID) -> Trial:
    return Trial.objects.select_for_update(of=("self",)).select_related("client").get(pk=trial_id)


def _lacking(asked: Mapping[str, str], client: Client) -> Sequence[str]:
    """Return what an authorization request lacks, or has and must not have."""
    has = {
        "redirect": asked.get("redirect_uri") in client.redirect_uris.split(),
        "pkce": bool(asked.get("code_challenge")) and asked.get("code_challenge_method") == "S256",
        "state": bool(asked.get("state")),
        "nonce": bool(asked.get("nonce")),
        "openid": "openid" in asked.get("scope", "").split() and asked.get("response_type") == "code",
        "prompt": "approval_prompt" not in asked,
    }
    return [name for name, there in has.items() if not there]


def _id_token(trial: Trial, now: datetime) -> str:
    moment = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer_of(trial),
        "sub": SUB,
        "aud": trial.client.client_id,
        "iat": moment,
        "exp": moment + LASTS,
        "nonce": trial.nonce,
    }
    lies: dict[Scenario, dict[str, Any]] = {
        Scenario.NONCE: {"nonce": secrets.token_urlsafe(16)},
        Scenario.AUDIENCE: {"aud": f"{trial.client.client_id}-autre"},
        Scenario.TOKEN_ISSUER: {"iss": SANDBOX.url},
        Scenario.EXPIRED: {"iat": moment - 7_200, "exp": moment - 3_600},
    }
    claims |= lies.get(Scenario(trial.scenario), {})
    if trial.scenario == Scenario.UNSIGNED:
        return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."
    key = keys.signing_key(Environment.TEST)
    signer = JWK.generate(kty="RSA", size=2048) if trial.scenario == Scenario.SIGNATURE else key
    token = JWT(header={"alg": "RS256", "typ": "JWT", "kid": key.thumbprint()}, claims=claims)
    token.make_signed_token(signer)
    return str(token.serialize())


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
