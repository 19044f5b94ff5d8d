"""What every answer carries: a request id for the logs, and headers that keep pages out of caches, frames and search engines."""

import logging
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from core import logs, views
from core.keys import KeyringError

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponse]

DENIED = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "sync-xhr",
    "usb",
    "xr-spatial-tracking",
)
# Passkeys, on our own pages.
ALLOWED = ("publickey-credentials-create=(self)", "publickey-credentials-get=(self)")
PERMISSIONS_POLICY = ", ".join([*(f"{name}=()" for name in DENIED), *ALLOWED])
QUIET = ("/health", "/ready")


class RequestIdMiddleware:
    """One id per request, made here: one taken from the visitor could carry anything into the logs."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        with logs.identified(uuid.uuid4().hex):
            response = self.get_response(request)
            response["X-Request-ID"] = logs.request_id.get()
            if request.path not in QUIET:
                _log_request(request, response, round(1000 * (time.monotonic() - started)))
        return response


class DownMiddleware:
    """503 while what a page needs is down. Without its key no vault opens, and nothing else stands in for it; where the database takes no
    line, nothing is read."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, KeyringError):
            logger.error("a vault could not be opened: keys", exc_info=exception)
            return views.keys_down(request)
        if isinstance(exception, OperationalError):
            logger.error("the database is down or full", exc_info=exception)
            return views.database_down(request)
        return None


class CompressionMiddleware(GZipMiddleware):
    """Pages only: a file is sent as it is stored, by parts if asked. Django blurs the length, so that it tells nothing of the content."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class HeadersMiddleware:
    """Behind whitenoise: what passes here is a page, and a page is stored nowhere unless its view says that it is public.

    Once signed in not even then, but for what never changes under its address: the city's style sheet and logo.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        signed_in = _signed_in(request)
        if not _may_be_stored(response.get("Cache-Control", ""), signed_in):
            response["Cache-Control"] = "no-store"
        if signed_in:
            response["X-Robots-Tag"] = "noindex, nofollow"
        return response


def _may_be_stored(declared: str, signed_in: bool) -> bool:
    return "public" in declared and (not signed_in or "immutable" in declared)


def _signed_in(request: HttpRequest) -> bool:
    """Without a session cookie nobody is; asking the session would cost every visitor a query."""
    user = getattr(request, "user", None)
    return settings.SESSION_COOKIE_NAME in request.COOKIES and user is not None and user.is_authenticated


def _log_request(request: HttpRequest, response: HttpResponse, milliseconds: int) -> None:
    """The route (`coffre/papiers/<uuid:paper_id>/`), never the address: an address may hold a code that opens something."""
    route = request.resolver_match.route if request.resolver_match else ""
    told = {"method": request.method, "route": route, "status": response.status_code, "milliseconds": milliseconds}
    logger.info("request", extra=told)
