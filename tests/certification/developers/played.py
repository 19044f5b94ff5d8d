"""A developer who plays a persona in the sandbox, with Authlib as their program."""

import base64
from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse

from tests.certification.access.program import VERIFIER, asking, hidden, through, way_back

FIELDS = "/bac-a-sable/api/v1/me/fields"


def basic(name: str, secret: str) -> dict[str, str]:
    """Return the header by which a program proves who it is."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def ask(session: OAuth2Session, browser: Browser, **more: Any) -> Any:
    """Send the developer's browser to the sandbox's page, which asks whom they play."""
    address = through(session, asking(session, "sandbox:authorize", **more))
    return browser.get(address.removeprefix(settings.SITE_URL))


def play(session: OAuth2Session, browser: Browser, slug: str, **more: Any) -> Any:
    """Choose a persona, and return the page of consent that they get."""
    page = ask(session, browser, **more)
    return browser.post(reverse("sandbox:authorize"), hidden(page) | {"persona": slug})


def answer(browser: Browser, page: Any, **data: Any) -> Any:
    given = {"answer": "accept", "months": "1"} | hidden(page) | data
    return browser.post(reverse("sandbox:authorize"), given)


def connected(session: OAuth2Session, browser: Browser, slug: str = "elodie", **data: Any) -> dict[str, Any]:
    """Consent as a persona and exchange the code. Return the tokens."""
    back = way_back(answer(browser, play(session, browser, slug), **data))
    token: dict[str, Any] = session.fetch_token(
        f"{settings.SITE_URL}{reverse('sandbox:token')}", authorization_response=back, code_verifier=VERIFIER
    )
    return token
