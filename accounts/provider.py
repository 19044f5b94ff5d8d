"""FranceConnect (residents) and ProConnect (agents), as providers of allauth.

allauth's own OpenID Connect does not fit: no nonce, a state that is too short, unverified signatures, and parameters
that the browser may change in the URL. Here we build the whole request; `accounts.sign_in.openid` verifies the answer.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.utils.http import urlencode

from accounts.sign_in import openid
from accounts.sign_in.openid import Client, Identity

# 43 characters: ProConnect requires 32 at least, FranceConnect 22.
ENTROPY = 32


class OpenIDAdapter(OAuth2Adapter):
    def __init__(self, request: HttpRequest, provider_id: str, client: Client) -> None:
        super().__init__(request)
        self.provider_id, self.client = provider_id, client

    @property
    def authorize_url(self) -> str:
        return openid.endpoint(self.client, "authorization_endpoint")

    @property
    def access_token_url(self) -> str:
        return openid.endpoint(self.client, "token_endpoint")


class OpenIDProvider(OAuth2Provider):
    """Base of both providers. Requests have only the parameters of `asked`: others are refused, even PKCE's."""

    account_class = ProviderAccount
    scope: ClassVar[tuple[str, ...]]
    asked: ClassVar[Mapping[str, str]] = {}
    levels: ClassVar[frozenset[str]] = frozenset()
    app: SocialApp

    @property
    def client(self) -> Client:
        return Client(issuer=self.app.settings["issuer"], client_id=self.app.client_id, secret=self.app.secret)

    def get_oauth2_adapter(self, request: HttpRequest) -> OpenIDAdapter:
        return OpenIDAdapter(request, self.id, self.client)

    def way_out(self, request: HttpRequest, state: Mapping[str, Any]) -> str:
        """Return the URL to sign in at the provider, and store `state` in the session until the return.

        Its name there is random, and only the provider returns it.

        Raises:
            Untrusted, requests.RequestException: as `openid.endpoint`.
        """
        nonce, name = secrets.token_urlsafe(ENTROPY), secrets.token_urlsafe(ENTROPY)
        adapter = self.get_oauth2_adapter(request)
        client = adapter.get_client(request, self.app)
        client.state = name
        address: str = client.get_redirect_url(adapter.authorize_url, self.scope, {"nonce": nonce, **self.asked})
        statekit.stash_state(request, provider_id=self.id, state={**state, "nonce": nonce}, state_id=name)
        return address

    def take_state(self, request: HttpRequest) -> dict[str, Any] | None:
        """Return the state stored by `way_out`, once, within ten minutes."""
        name = request.GET.get("state", "")
        state: dict[str, Any] | None = statekit.unstash_state(request, provider_id=self.id, state_id=name)
        return state

    def identity(self, request: HttpRequest, code: str, nonce: str) -> Identity:
        """Return the verified identity.

        Raises:
            Untrusted, requests.RequestException: as `openid.identify`.
        """
        back = self.get_oauth2_adapter(request).get_callback_url(request, self.app)
        return openid.identify(self.client, self.id, code, back=back, nonce=nonce, levels=self.levels)

    def farewell(self, id_token: str, back: str) -> str:
        """Return the URL to sign out at the provider (RP-initiated logout)."""
        parameters = {
            "id_token_hint": id_token,
            "state": secrets.token_urlsafe(ENTROPY),
            "post_logout_redirect_uri": back,
        }
        return f"{openid.endpoint(self.client, 'end_session_endpoint')}?{urlencode(parameters)}"


class FranceConnectProvider(OpenIDProvider):
    id = "franceconnect"
    name = "FranceConnect"
    # The civil status, and the e-mail address for messages: asked each time, and kept only if the user chooses to.
    scope = ("openid", "identite_pivot", "preferred_username", "email")
    asked: ClassVar[Mapping[str, str]] = {"acr_values": "eidas1"}
    levels = frozenset({"eidas1", "eidas2", "eidas3"})


class ProConnectProvider(OpenIDProvider):
    """ProConnect has no level of assurance (acr). Its amr reports whether a second factor was given there."""

    id = "proconnect"
    name = "ProConnect"
    scope = ("openid", "email")
    asked: ClassVar[Mapping[str, str]] = {
        "claims": json.dumps({"id_token": {"amr": {"essential": True}}}, separators=(",", ":"))
    }


provider_classes = [FranceConnectProvider, ProConnectProvider]


def find(request: HttpRequest, name: str) -> OpenIDProvider | None:
    """Return the provider, or None if the city has not configured it."""
    if not is_configured(name):
        return None
    provider: OpenIDProvider = get_adapter().get_provider(request, name)
    return provider


def is_configured(name: str) -> bool:
    return name in settings.SOCIALACCOUNT_PROVIDERS
