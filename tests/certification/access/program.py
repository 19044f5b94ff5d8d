"""A service's program: Authlib, unmodified. Its requests reach the portal in this process, without a network."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from requests.adapters import BaseAdapter

from certification.access.models import Client

BACK = "https://loyerjuste.example/retour"
VERIFIER = "a-verifier-of-forty-three-characters-or-more-0123456789"


class Portal(BaseAdapter):
    """Sends what a program asks of the portal's address to the portal itself."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        headers = {name: str(value) for name, value in request.headers.items() if name != "Content-Length"}
        answer: Any = Browser().generic(
            str(request.method),
            parts.path,
            request.body or b"",
            content_type=headers.pop("Content-Type", "application/octet-stream"),
            QUERY_STRING=parts.query,
            headers=headers,
        )
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status_code, str(request.url), request
        response.headers.update(answer.headers)
        response._content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return response

    def close(self) -> None:
        pass


def program(client: Client, secret: str, scope: str = "openid vault", **more: Any) -> OAuth2Session:
    session = OAuth2Session(
        client.client_id, secret, scope=scope, redirect_uri=BACK, code_challenge_method="S256", **more
    )
    session.mount(settings.SITE_URL, Portal())
    return session


def discovered(session: OAuth2Session) -> dict[str, Any]:
    found: dict[str, Any] = session.get(
        f"{settings.SITE_URL}/.well-known/openid-configuration", withhold_token=True
    ).json()
    return found


def pushed(session: OAuth2Session, address: str, **more: Any) -> Any:
    """Push the request of an address of authorization to its server. Return the response."""
    parts = urlsplit(address)
    given = {"auth": (session.client_id, session.client_secret), "data": dict(parse_qsl(parts.query))} | more
    at = f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('authorize')}par"
    return session.post(at, withhold_token=True, **given)


def through(session: OAuth2Session, address: str) -> str:
    """Push a request, and return the address to which a browser takes its handle instead."""
    answer = pushed(session, address)
    assert answer.status_code == 201, answer.text
    query = {"client_id": session.client_id, "request_uri": answer.json()["request_uri"]}
    return f"{address.partition('?')[0]}?{urlencode(query)}"


def asking(session: OAuth2Session, name: str = "access:authorize", **more: Any) -> str:
    """Return the address of the page of consent, with what is asked."""
    address, _state = session.create_authorization_url(
        f"{settings.SITE_URL}{reverse(name)}", code_verifier=VERIFIER, **{"nonce": "n" * 24} | more
    )
    return str(address)


def ask(session: OAuth2Session, browser: Browser, **more: Any) -> Any:
    """Send the resident's browser to the page of consent, by a request that was pushed."""
    return browser.get(through(session, asking(session, **more)).removeprefix(settings.SITE_URL))


def ask_plainly(session: OAuth2Session, browser: Browser, name: str = "access:authorize", **more: Any) -> Any:
    """Send the browser to the page of consent with the whole request, which was not pushed."""
    return browser.get(asking(session, name, **more).removeprefix(settings.SITE_URL))


def hidden(page: Any) -> dict[str, str]:
    """Return the hidden fields of the page of consent."""
    return dict(re.findall(r'name="(state|seen)"\s+value="([^"]*)"', page.content.decode()))


def answer(browser: Browser, page: Any, **data: Any) -> Any:
    given = {"answer": "accept", "months": "1"} | hidden(page) | data
    return browser.post(reverse("access:authorize"), given)


def way_back(page: Any) -> str:
    """Return the address to which the page leads at once."""
    found = re.search(r'<a class="civic-go" href="([^"]+)" rel="noreferrer">', page.content.decode())
    assert found, page.content.decode()
    return found[1].replace("&amp;", "&")


def told(page: Any) -> dict[str, str]:
    """Return what the address back tells the service."""
    return {name: values[0] for name, values in parse_qs(urlsplit(way_back(page)).query).items()}


def consented(session: OAuth2Session, browser: Browser, **data: Any) -> str:
    """Go through the page of consent and return the address back."""
    return way_back(answer(browser, ask(session, browser), **data))


def connected(session: OAuth2Session, browser: Browser, **data: Any) -> dict[str, Any]:
    """Go through the page of consent and exchange the code. Return the tokens."""
    back = consented(session, browser, **data)
    return exchange(session, back)


def exchange(session: OAuth2Session, back: str) -> dict[str, Any]:
    token: dict[str, Any] = session.fetch_token(
        f"{settings.SITE_URL}{reverse('access:token')}", authorization_response=back, code_verifier=VERIFIER
    )
    return token


def called(token: str, address: str, **headers: str) -> Any:
    """Call the API with a token."""
    return Browser().get(address, headers={"Authorization": f"Bearer {token}", **headers})


def body(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.content)
    return found
