"""An OpenID provider for the demonstration, as strict as FranceConnect and ProConnect.

Its page offers the choice of the user and of a fault. Its key is made at start. Codes encode their user; each serves
once, within 30 seconds, as at the real providers.
"""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from demo.holders import tokens
from demo.holders.frame import Answer, App, Request, page, redirect, say

CODE_LASTS, TOKEN_LASTS = 30, 60
SHORTEST_NONCE = 22
NORMAL = "normal"
#: Faults offered by the page, which the portal must refuse.
FAULTS = {
    NORMAL: "tout va bien",
    "refused": "la personne refuse",
    "error": "le service renvoie une erreur",
    "slow": "le service est trop lent",
    "down": "le service est en panne",
    "signature": "la signature est fausse",
    "nonce": "la réponse est celle d’une autre demande",
    "acr": "le niveau de garantie est trop bas",
    "none": "la réponse n’est pas signée",
    "hs256": "la clé publique sert de secret",
    "aud": "la réponse est pour un autre service",
    "iss": "la réponse vient d’ailleurs",
    "expired": "la réponse est périmée",
    "swapped": "l’identité est celle d’une autre personne",
    "unsigned": "l’identité n’est pas signée",
    "userinfo_aud": "l’identité est pour un autre service",
}
UNSIGNED = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """Requirements of one provider: its scopes, the only parameters that it accepts, and its levels."""

    scopes: Mapping[str, tuple[str, ...]]
    parameters: frozenset[str]
    levels: frozenset[str] = frozenset()


@dataclass
class Someone:
    """A user of the provider. `same_as` is the slug of the same person signing in differently."""

    label: str
    claims: Claims
    amr: tuple[str, ...] = ("pwd",)
    same_as: str = ""


@dataclass
class Provider:
    """The provider. `people` is called at each page, because ages depend on the date."""

    app: App
    rules: Rules
    people: Callable[[], Mapping[str, Someone]]
    question: str
    client_id: str = "garant-demonstration"
    client_secret: str = "secret-de-demonstration"  # noqa: S105 - of an invented service, public on purpose
    slow_seconds: float = 8
    key: ECKey = field(
        default_factory=lambda: ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    )
    used: set[str] = field(default_factory=set)
    #: id_token hints of the sign-outs, in order. Tests read it.
    farewells: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        routes: list[tuple[str, str, Callable[[Request], Answer]]] = [
            ("GET", "/.well-known/openid-configuration", self.configuration),
            ("GET", "/authorize", self.ask),
            ("POST", "/authorize", self.decide),
            ("POST", "/token", self.token),
            ("GET", "/userinfo", self.userinfo),
            ("GET", "/jwks", self.jwks),
            ("GET", "/session/end", self.end_session),
        ]
        for method, path, handler in routes:
            self.app.route(method, path)(handler)

    def new_key(self) -> None:
        """Replace the key, as providers do from time to time; the portal must then fetch it."""
        self.key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

    def configuration(self, request: Request) -> Answer:
        base = request.base
        return say(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/userinfo",
                "jwks_uri": f"{base}/jwks",
                "end_session_endpoint": f"{base}/session/end",
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "userinfo_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "scopes_supported": list(self.rules.scopes),
                "acr_values_supported": sorted(self.rules.levels),
            }
        )

    def jwks(self, request: Request) -> Answer:
        return say({"keys": [self.key.as_dict(private=False)]})

    def ask(self, request: Request) -> Answer:
        if problem := self.problem(request):
            return page("Demande refusée", f"<p>{escape(problem)}</p>", 400)
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(values[0])}">'
            for name, values in request.query.items()
        )
        people = {slug: one.label for slug, one in self.people().items()}
        body = (
            "<p>Ceci n’est pas le vrai service : les personnes sont inventées.</p>"
            f'<form method="post" action="{escape(request.base)}/authorize">{hidden}'
            f"{_choice('person', self.question, people)}{_choice('fault', 'Que se passe-t-il ?', FAULTS)}"
            "<p><button>Continuer vers le portail</button></p></form>"
        )
        return page(f"{self.app.title} (démonstration)", body)

    def problem(self, request: Request) -> str:
        """Return the reason to refuse a request, or an empty string."""
        given = {*request.query, *request.form} - {"person", "fault"}
        wrong = {
            f"paramètre inconnu : {', '.join(sorted(given - self.rules.parameters))}": given - self.rules.parameters,
            "client_id inconnu": request.one("client_id") != self.client_id,
            "redirect_uri non déclarée": not urlsplit(request.one("redirect_uri")).path.endswith(
                f"/{self.app.name}/retour/"
            ),
            "response_type n’est pas code": request.one("response_type") != "code",
            "scope inconnu": not {"openid"} <= set(request.one("scope").split()) <= {"openid", *self.rules.scopes},
            "state absent": not request.one("state"),
            "nonce trop court": len(request.one("nonce")) < SHORTEST_NONCE,
            "acr_values absent ou trop élevé": bool(self.rules.levels)
            and request.one("acr_values") not in self.rules.levels,
        }
        return next((sentence for sentence, is_wrong in wrong.items() if is_wrong), "")

    def decide(self, request: Request) -> Answer:
        if problem := self.problem(request):
            return page("Demande refusée", f"<p>{escape(problem)}</p>", 400)
        back, state, person, fault = (request.one(name) for name in ("redirect_uri", "state", "person", "fault"))
        if person not in self.people():
            return page("Demande refusée", "<p>Personne inconnue.</p>", 400)
        if fault in {"refused", "error"}:
            code, text = ("access_denied", "User auth aborted") if fault == "refused" else ("server_error", "oops")
            return redirect(back, error=code, error_description=text, state=state, iss=request.base)
        about = {
            "person": person,
            "fault": fault,
            "nonce": request.one("nonce"),
            "scope": request.one("scope"),
            "redirect_uri": back,
        }
        return redirect(back, code=tokens.make(**about, kind="code", at=time.time()), state=state, iss=request.base)

    def token(self, request: Request) -> Answer:
        code = request.one("code")
        about = tokens.read(code)
        known = request.one("client_id") == self.client_id and request.one("client_secret") == self.client_secret
        if not known:
            return say({"error": "invalid_client"}, 401)
        over = about.get("kind") != "code" or code in self.used or time.time() - about["at"] > CODE_LASTS
        if (
            over
            or request.one("grant_type") != "authorization_code"
            or request.one("redirect_uri") != about["redirect_uri"]
        ):
            return say({"error": "invalid_grant"}, 400)
        self.used.add(code)
        if about["fault"] == "slow":
            time.sleep(self.slow_seconds)
        if about["fault"] == "down":
            return say({"error": "temporarily_unavailable"}, 503)
        access = tokens.make(**{**about, "kind": "access", "at": time.time()})
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_LASTS, "scope": about["scope"]}
        return say({**answer, "id_token": self.id_token(request.base, about)}, about=about["person"])

    def id_token(self, issuer: str, about: Mapping[str, Any]) -> str:
        fault, now = about["fault"], int(time.time())
        claims: dict[str, Any] = {
            "sub": self.sub(about["person"]),
            "iss": "http://ailleurs.example" if fault == "iss" else issuer,
            "aud": "un-autre-service" if fault == "aud" else self.client_id,
            "iat": now - 7200 if fault == "expired" else now,
            "exp": now - 7140 if fault == "expired" else now + TOKEN_LASTS,
            "nonce": "n" * SHORTEST_NONCE if fault == "nonce" else about["nonce"],
            "amr": list(self.people()[about["person"]].amr),
        }
        if self.rules.levels:
            claims["acr"] = "eidas0" if fault == "acr" else "eidas1"
        return self.signed(claims, fault)

    def signed(self, claims: Claims, fault: str = NORMAL) -> str:
        header = {"alg": "ES256", "kid": self.key.kid, "typ": "JWT"}
        if fault == "none":
            _header, payload, _signature = jwt.encode(header, dict(claims), self.key).split(".")
            return f"{UNSIGNED}.{payload}."
        if fault == "hs256":
            return _signed_with_public_key({**header, "alg": "HS256"}, claims, self.key.as_pem(private=False))
        if fault == "signature":
            stranger = ECKey.generate_key("P-256")
            return jwt.encode(header, dict(claims), stranger)
        return jwt.encode(header, dict(claims), self.key)

    def userinfo(self, request: Request) -> Answer:
        about = tokens.read(request.bearer)
        if about.get("kind") != "access" or time.time() - about["at"] > TOKEN_LASTS:
            return say({"error": "invalid_token"}, 401)
        fault, someone = about["fault"], self.people()[about["person"]]
        allowed = {claim for scope in about["scope"].split() for claim in self.rules.scopes.get(scope, ())}
        claims = {name: value for name, value in someone.claims.items() if name in allowed}
        other = next(slug for slug in self.people() if slug != about["person"])
        claims["sub"] = self.sub(other if fault == "swapped" else about["person"])
        if fault == "unsigned":
            return say(claims)
        claims |= {
            "iss": request.base,
            "aud": "un-autre-service" if fault == "userinfo_aud" else self.client_id,
            "iat": int(time.time()),
        }
        return Answer(self.signed(claims).encode(), media_type="application/jwt")

    def sub(self, person: str) -> str:
        """Return the pairwise subject: one per user and service, the same after a restart."""
        who = self.people()[person].same_as or person
        return hashlib.sha256(f"{self.app.name}|{self.client_id}|{who}".encode()).hexdigest() + "v1"

    def end_session(self, request: Request) -> Answer:
        hint, back = request.one("id_token_hint"), request.one("post_logout_redirect_uri")
        if hint.count(".") != 2 or not urlsplit(back).path.startswith("/deconnexion/") or not request.one("state"):
            return page("Demande refusée", "<p>Il manque de quoi vous déconnecter.</p>", 400)
        self.farewells.append(hint)
        return redirect(back, state=request.one("state"))


def _signed_with_public_key(header: Claims, claims: Claims, public: bytes) -> str:
    """Sign with the public key as a secret. Done by hand, because libraries refuse to."""
    message = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims))
    return f"{message}.{urlsafe_b64encode(hmac.digest(public, message.encode(), 'sha256')).decode().rstrip('=')}"


def _choice(name: str, label: str, options: Mapping[str, str]) -> str:
    listed = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options.items())
    return f'<p><label for="{name}">{escape(label)}</label> <select id="{name}" name="{name}">{listed}</select></p>'
