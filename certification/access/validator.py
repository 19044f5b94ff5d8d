"""The validator of django-oauth-toolkit: codes and tokens name a grant, and end with it.

Only this module extends the toolkit, whose version is pinned to the patch. Nothing here reads a value: these verbs run
in a transaction, and the gate needs one of its own.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from jwcrypto.jwt import JWT
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from certification.access import credentials, issuers, standing
from certification.access.actions import pseudonyms, tokens
from certification.access.details import granted_details
from certification.access.enums import LOTS, OPENID, Environment
from certification.access.fapi import dpop
from certification.access.models import AccessToken, AuthorizationCode, Client, IDToken, RefreshToken, keys
from vault.holders.actions import senders
from vault.records.enums import RefusalCode
from vault.records.models import Grant

S256 = "S256"
#: Set by `server.checked`, on a request that it builds itself: somebody is signed in.
SIGNED_IN = "X-Signed-In"


class Validator(OAuth2Validator):
    oidc_claim_scope = {"sub": OPENID}

    def validate_silent_login(self, request: Request) -> bool:
        """Return whether `prompt=none` finds somebody signed in."""
        return SIGNED_IN in request.headers

    def validate_silent_authorization(self, request: Request) -> bool:
        """Refuse `prompt=none`: nobody agrees without a page."""
        return False

    # Clients

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Return True: no client is public."""
        return True

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Accept a secret or an assertion of a client, at its own server, and note the key that it proves to have."""
        path = urlsplit(request.uri).path
        header = request.headers.get("HTTP_AUTHORIZATION") or ""
        try:
            request.client = credentials.of_request(
                header, dict(request.decoded_body or []), issuers.of_path(path).environment
            )
        except credentials.TwoMethods:
            raise errors.InvalidRequestError(
                description="Prove who you are in one way, once.", request=request
            ) from None
        request.jkt = "" if request.client is None else _jkt(request, path)
        return request.client is not None

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Refuse a program that wants tokens bound to a key (RFC 9449, 5.2), and proves that it has none."""
        if client.dpop_bound_access_tokens and not request.jkt:
            raise CustomOAuth2Error(dpop.ERROR, description="This program's tokens need a proof.", request=request)
        return bool(super().validate_grant_type(client_id, grant_type, client, request, *args, **kwargs))

    def _load_application(self, client_id: str, request: Request) -> Client | None:
        """Return a client that may ask at this server: one of the other is unknown here."""
        client: Client | None = super()._load_application(client_id, request)
        if client is not None and client.environment != issuers.of_path(urlsplit(request.uri).path).environment:
            request.client = client = None
        return client

    def get_oidc_issuer_endpoint(self, request: Request) -> str:
        return issuers.OF[Environment(request.client.environment)].url

    def validate_scopes(
        self, client_id: str, scopes: Sequence[str], client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Keep lots and readings apart: a program that sends does nothing else, and no other one sends.

        One whose holder the city does not let send any more gets no token.
        """
        if not super().validate_scopes(client_id, scopes, client, request, *args, **kwargs):
            return False
        if client.sends:
            return set(scopes) == {LOTS} and senders.of_service(client.service_id) is not None
        return LOTS not in scopes

    def get_default_scopes(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        if request.client is not None and request.client.sends:
            return [LOTS]
        found: list[str] = super().get_default_scopes(client_id, request, *args, **kwargs)
        return found

    # Codes

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        if request.code_challenge_method != S256:
            raise errors.InvalidRequestError(description="Use the code_challenge_method S256.", request=request)
        AuthorizationCode.objects.create(
            application=request.client,
            user=request.user,
            code=code["code"],
            expires=timezone.now() + timedelta(seconds=oauth2_settings.AUTHORIZATION_CODE_EXPIRE_SECONDS),
            redirect_uri=request.redirect_uri,
            scope=" ".join(request.scopes),
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
            nonce=request.nonce or "",
            grant_id=request.grant_id,
            jkt=request.jkt,
            auth_time=request.auth_time,
        )

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a code once, while its grant stands. A second exchange ends the tokens of the first (RFC 6749).

        The row stays locked until the response: of two exchanges at once, the second finds a used code.
        """
        found = AuthorizationCode.objects.select_for_update(of=("self",)).select_related("user")
        row = found.filter(code=code, application=client).first()
        if row is None:
            return False
        if row.used_at is not None:
            tokens.end(row.grant_id)
            return False
        if row.is_expired() or (row.jkt and row.jkt != request.jkt) or not self._stands(row, client, request):
            return False
        request.scopes = row.scope.split()
        request.nonce = row.nonce or None
        return True

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Mark the code as used; the hourly task deletes it."""
        row = AuthorizationCode.objects.get(code=code, application=request.client)
        row.used_at = timezone.now()
        row.save(update_fields=["used_at"])

    # Tokens

    def rotate_refresh_token(self, request: Request) -> bool:
        """Return whether a refresh token is replaced at each use, unless only its program can use it anyway."""
        return not request.client.is_sender_constrained

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a refresh token once, while its grant stands. Of two at once, the second finds a used one."""
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        list(RefreshToken.objects.select_for_update(of=("self",)).filter(token_checksum=checksum))
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        return self._stands(request.refresh_token_instance, client, request)

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """Save the tokens, and say in the response which fields and papers were granted (RFC 9396).

        Refresh tokens are bound to the program, which proves who it is, and not to a key (RFC 9449, 5).
        """
        super().save_bearer_token(token, request, *args, **kwargs)
        checksum = hashlib.sha256(token["access_token"].encode()).hexdigest()
        if request.client.is_sender_constrained:
            # The toolkit then renews the row of the former access token.
            AccessToken.objects.filter(token_checksum=checksum).update(jkt=request.jkt)
        if request.jkt:
            token["token_type"] = dpop.SCHEME
        if not request.client.sends:
            token["authorization_details"] = granted_details(request.vault_grant)

    def _set_token_value(self, token_instance: AccessToken | RefreshToken, raw_token: str) -> None:
        """Set the checksum before the row's MAC is made: the toolkit sets it as the row is written."""
        super()._set_token_value(token_instance, raw_token)
        token_instance.token_checksum = hashlib.sha256(raw_token.encode()).hexdigest()

    def _create_access_token(
        self,
        expires: datetime,
        request: Request,
        token: dict[str, Any],
        source_refresh_token: RefreshToken | None = None,
    ) -> AccessToken:
        id_token = self._load_id_token(token["id_token"]) if token.get("id_token") else None
        access_token = AccessToken(
            user=request.user,
            scope=token["scope"],
            expires=expires,
            id_token=id_token,
            application=request.client,
            source_refresh_token=source_refresh_token,
            resource=request.resource,
            grant_id=None if request.client.sends else request.vault_grant.pk,
            jkt=request.jkt,
        )
        self._set_token_value(access_token, token["access_token"])
        access_token.save()
        return access_token

    def _create_refresh_token(
        self, request: Request, refresh_token_code: str, access_token: AccessToken, previous: RefreshToken | None
    ) -> RefreshToken:
        refresh_token = RefreshToken(
            user=request.user,
            application=request.client,
            access_token=access_token,
            token_family=previous.token_family if previous else uuid.uuid4(),
            resource=request.resource,
            grant_id=request.vault_grant.pk,
            auth_time=request.auth_time,
        )
        self._set_token_value(refresh_token, refresh_token_code)
        refresh_token.save()
        return refresh_token

    def _save_id_token(self, jti: str, request: Request, expires: datetime, *args: Any, **kwargs: Any) -> IDToken:
        saved: IDToken = IDToken.objects.create(
            user=request.user,
            scope=" ".join(request.scopes),
            expires=expires,
            jti=jti,
            application=request.client,
            grant_id=request.vault_grant.pk,
        )
        return saved

    def get_id_token_dictionary(
        self, token: dict[str, Any], token_handler: object, request: Request
    ) -> tuple[dict[str, Any], datetime]:
        """Say when the person last showed who they are, before they agreed: also in what a refresh gives."""
        claims, expires = super().get_id_token_dictionary(token, token_handler, request)
        if request.auth_time is not None:
            claims["auth_time"] = int(request.auth_time.timestamp())
        return claims, expires

    def finalize_id_token(
        self,
        id_token: dict[str, Any],
        token: dict[str, Any],
        token_handler: object,
        request: Request,
    ) -> str:
        """Sign as the toolkit does; by PS256 for a program that follows FAPI 2.0 (5.4), which allows no RS256."""
        if not request.client.is_sender_constrained:
            return str(super().finalize_id_token(id_token, token, token_handler, request))
        claims, expires = self.get_id_token_dictionary(token, token_handler, request)
        if request.nonce:
            claims["nonce"] = request.nonce
        key = request.client.jwk_key
        header = {"typ": "JWT", "alg": keys.PS256, "kid": keys.kid_of(key, keys.PS256)}
        signed = JWT(header=header, claims={**id_token, **claims})
        signed.make_signed_token(key)
        request.id_token = request.access_token = self._save_id_token(claims["jti"], request, expires)
        return str(signed.serialize())

    def get_claim_dict(self, request: Request) -> dict[str, str]:
        """Return the only claim: the name by which this service knows the resident. No value is ever in a token."""
        return {"sub": pseudonyms.sub_of(request.client.service_id, request.user.pk)}

    def _stands(self, row: AuthorizationCode | RefreshToken, client: Client, request: Request) -> bool:
        """Return whether tokens may be made under the row's grant, and note the grant in the request.

        Raises:
            UnauthorizedClientError: the label is suspended or over, not withdrawn. The grant stands and the code or
                token stays, so that the service goes on if the suspension is lifted.
        """
        grant: Grant | None = standing.standing(row.user, row.grant_id, client)
        if grant is None:
            return False
        refusal = standing.refusal(grant)
        if refusal == RefusalCode.WITHDRAWN:
            return False
        if refusal is not None:
            raise errors.UnauthorizedClientError(
                description="The service has no label in force for this purpose.", request=request
            )
        request.user, request.vault_grant, request.auth_time = row.user, grant, row.auth_time
        return True


def _jkt(request: Request, path: str) -> str:
    """Return the thumbprint of the key that a request to an address of OAuth proves to have, or nothing.

    Raises:
        CustomOAuth2Error: the proof is refused.
    """
    header = request.headers.get("HTTP_DPOP")
    if header is None:
        return ""
    try:
        proof = dpop.read(header, method=request.http_method, path=path)
        proof.use()
    except dpop.BadProof as error:
        raise CustomOAuth2Error(dpop.ERROR, description=str(error), request=request) from error
    return proof.jkt
