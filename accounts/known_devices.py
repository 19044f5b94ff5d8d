"""Browsers in which somebody signed in by a code, and the e-mail addresses that they proved.

Codes for such an address are counted apart when such a browser asks: strangers who use up the address's own limit do
not lock its owner out. The signed cookie holds a random number and hashes of the addresses, so that it names nobody to
whoever else uses the browser. A stolen one only gives its thief a limit of their own.
"""

import hmac
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

SALT = "accounts.known_devices"
LASTS = 180 * 24 * 3600
#: People who use the same browser; the oldest is forgotten.
MOST = 5


def remember(request: HttpRequest, response: HttpResponseBase, *, email: str) -> None:
    """Note on the browser that this address was proved in it."""
    number, proved = _read(request)
    kept = [digest for digest in proved if digest != _digest(email)][1 - MOST :]
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        ".".join([number or secrets.token_urlsafe(12), *kept, _digest(email)]),
        salt=SALT,
        max_age=LASTS,
        secure=settings.DEVICE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_as(request: HttpRequest, email: str) -> str | None:
    """Return the browser's number if this address was proved in it, else None."""
    number, proved = _read(request)
    return number if any(hmac.compare_digest(digest, _digest(email)) for digest in proved) else None


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    cookie = request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, default="", salt=SALT, max_age=LASTS) or ""
    number, *proved = cookie.split(".")
    return number, proved


def _digest(email: str) -> str:
    return salted_hmac(SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:32]
