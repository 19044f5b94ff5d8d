"""Middleware of every response: a request id for the logs, the status of a refused form, and headers."""

import logging
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from core.telemetry import counters, logs

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
# Passkeys on our own pages.
ALLOWED = ("publickey-credentials-create=(self)", "publickey-credentials-get=(self)")
PERMISSIONS_POLICY = ", ".join([*(f"{name}=()" for name in DENIED), *ALLOWED])
#: Begins what templates/components/error_summary.html draws.
ERROR_SUMMARY = b'<div class="govuk-error-summary '
QUIET = ("/health", "/ready", "/metrics")


class RequestIdMiddleware:
    """Gives each request a new id. An id taken from the visitor could bring any content into the logs."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        with logs.identified(uuid.uuid4().hex):
            response = self.get_response(request)
            response["X-Request-ID"] = logs.request_id.get()
            if request.path not in QUIET:
                seconds = time.monotonic() - started
                match = request.resolver_match
                named = match is not None and not counters.is_unnamed(match.namespace)
                counters.add_request(match.view_name if match and named else "", response.status_code, seconds)
                _log_request(request, response, round(1000 * seconds))
        return response


class CompressionMiddleware(GZipMiddleware):
    """Compresses only pages. Files are sent as stored, in ranges if requested.

    Django adds random bytes, so that the compressed length reveals nothing about the content.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class RefusedFormMiddleware:
    """Gives status 400 to the page that shows a form again because of its errors, as base.html does for each form."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code == HTTPStatus.OK and _shows_errors(response):
            response.status_code = HTTPStatus.BAD_REQUEST
        return response


class HeadersMiddleware:
    """Forbids caching of pages, unless the view declares the response public.

    For signed-in users, only `public, immutable` responses are cacheable: the city's style sheet and logo. Runs behind
    whitenoise, so static files never pass here.
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


def _shows_errors(response: HttpResponse) -> bool:
    is_page = not response.streaming and response.get("Content-Type", "").startswith("text/html")
    return is_page and ERROR_SUMMARY in response.content


def _may_be_stored(declared: str, signed_in: bool) -> bool:
    return "public" in declared and (not signed_in or "immutable" in declared)


def _signed_in(request: HttpRequest) -> bool:
    """Return True if a user is signed in. Without a session cookie it skips the session, which costs a query."""
    user = getattr(request, "user", None)
    return settings.SESSION_COOKIE_NAME in request.COOKIES and user is not None and user.is_authenticated


def _log_request(request: HttpRequest, response: HttpResponse, milliseconds: int) -> None:
    """Log the route (`coffre/papiers/<uuid:paper_id>/`), never the URL, which may hold an access code."""
    match = request.resolver_match
    route = match.route if match and not counters.is_unnamed(match.namespace) else ""
    fields = {"method": request.method, "route": route, "status": response.status_code, "milliseconds": milliseconds}
    logger.info("request", extra=fields)
