"""The log of programs' calls: what came, what was answered, how long it took. No value, no token, no person."""

import json
import logging
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from certification.access import credentials, limits
from certification.access.issuers import SANDBOX_PATH
from certification.access.models import Client
from certification.developers.models import Call
from core.database import writes
from core.telemetry import logs

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
#: Routes where a program proves who it is, and all that only programs call, at either server.
TOKENS = ("oauth/token", "oauth/revoke", "oauth/par")
ROUTES = ("api/v1/me/", "api/v1/events", "api/v1/erasures", *TOKENS, "oauth/userinfo")
#: Calls a minute with a program's name and a wrong secret that are noted: anybody may make them.
UNPROVED_A_MINUTE = 10


def is_noted(route: str) -> bool:
    return route.removeprefix(f"{SANDBOX_PATH}/").startswith(ROUTES)


def note(*, request: HttpRequest, response: HttpResponseBase, route: str, milliseconds: int) -> None:
    """Write a line for the program that called. A call that names none has no line.

    The line may be lost if the database stops in the next second, since no reading waits for it to reach the disk; if
    it cannot be written, the program is answered all the same.
    """
    try:
        client_id = _client_id(request, response, route)
        if client_id is None:
            return
        values: dict[str, Any] = {
            "client_id": client_id,
            "at": timezone.now(),
            "method": str(request.method)[:8],
            "route": f"/{route}",
            "status": response.status_code,
            "code": _code(response),
            "milliseconds": milliseconds,
            "request_id": logs.request_id.get(),
        }
        with connection.cursor() as cursor:
            columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
            cursor.execute(
                f"INSERT INTO developers_call ({columns}) SELECT {places} FROM {writes.unawaited()}",  # noqa: S608
                [*values.values()],
            )
    except DatabaseError as error:
        logger.warning("a call could not be noted", exc_info=error)


def purge() -> int:
    """Delete the lines of more than thirty days. Return their number. The scheduler calls this each hour."""
    return Call.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]


def _client_id(request: HttpRequest, response: HttpResponseBase, route: str) -> int | None:
    caller = getattr(request, "auth", None)
    if caller is not None:
        found: int = caller.client.pk
        return found
    if not route.removeprefix(f"{SANDBOX_PATH}/").startswith(TOKENS):
        return None
    basic = credentials.from_basic(request.headers.get("Authorization", ""))
    named = basic[0] if basic else request.POST.get("client_id", "")
    if not named or "\0" in named:
        return None
    pk = Client.objects.filter(client_id=named).values_list("pk", flat=True).first()
    if pk is None or (response.status_code == 401 and limits.of_unproved(pk, UNPROVED_A_MINUTE).is_over):
        return None
    return int(pk)


def _code(response: HttpResponseBase) -> str:
    """Return the code of a refusal: the API's, or OAuth's."""
    if response.status_code < 400 or response.streaming:
        return ""
    data: Any = getattr(response, "data", None)
    if data is None:
        try:
            data = json.loads(getattr(response, "content", b""))
        except ValueError:
            return ""
    found = data.get("code") or data.get("error") if isinstance(data, dict) else ""
    return str(found or "")[:40]
