"""Errors of the API, as problem+json (RFC 9457) with codes that never change. English: programmers read them."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import OperationalError
from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import (
    APIException,
    MethodNotAllowed,
    NotAcceptable,
    ParseError,
    Throttled,
    UnsupportedMediaType,
)
from rest_framework.response import Response

from core import rows
from core.keys import KeyringError
from vault.records.enums import RefusalCode
from vault.records.gate import Refused, UnknownField

PROBLEM_JSON = "application/problem+json"
BEARER = 'Bearer realm="garant", error="invalid_token"'
BASIC = 'Basic realm="garant", charset="UTF-8"'
#: By code: the status and what it means. The codes of a refusal are the journal's own.
MEANINGS: dict[str, tuple[int, str]] = {
    "invalid_token": (401, "The access token is missing, unknown, expired or revoked."),
    "invalid_client": (401, "The program's identifier and secret are missing or wrong."),
    "insufficient_scope": (403, "The access token lacks the scope of this address."),
    "malformed": (400, "A parameter or the body is not as the OpenAPI document describes it."),
    "not_acceptable": (406, "This address answers application/json only."),
    "unsupported_media_type": (415, "This address does not take this media type. See the OpenAPI document."),
    "already_answered": (409, "This request has another answer, which does not change."),
    "unknown_field": (400, "No type has this field."),
    "unknown_event": (404, "This grant has no such event."),
    "invalid_cursor": (400, "The cursor is a number that an earlier answer gave."),
    "not_found": (404, "There is nothing here."),
    "method_not_allowed": (405, "This address does not answer this method. See Allow."),
    "too_many_requests": (429, "The program asks too often. See Retry-After."),
    "wrong_schema": (422, "A value does not follow its type's JSON Schema; nothing was written."),
    "may_not_send": (403, "The city does not let this service send lots."),
    "idempotency_key": (400, "Idempotency-Key is missing, or is not 1 to 100 visible ASCII characters."),
    "incomplete": (400, "The lot is empty or ended before its Content-Length; nothing of it was kept."),
    "bad_signature": (400, "X-JWS-Signature is not a signature of this body by the holder's registered key."),
    "too_large": (413, "A lot has at most 16 MiB and 20,000 lines; nothing of it was kept."),
    "key_reused": (422, "This Idempotency-Key came before with another body; nothing of this one was kept."),
    "unknown_code": (404, "No resident waits with this code, or it was used or is too old."),
    "down": (503, "The portal cannot answer now. The same request may succeed later."),
    RefusalCode.STOPPED: (401, "The resident stopped this grant."),
    RefusalCode.OVER: (401, "The grant is over."),
    RefusalCode.PAUSED: (403, "The resident paused this grant."),
    RefusalCode.TO_COME: (403, "The grant has not begun."),
    RefusalCode.NOT_COVERED: (403, "The resident did not grant this."),
    RefusalCode.LABEL: (403, "The service has no label in force for this purpose."),
    RefusalCode.TOO_SOON: (429, "The resident agreed to fewer readings. See Retry-After."),
    RefusalCode.NOT_ANCHORED: (503, "The journal has no recent external proof; until it has, nothing is read."),
    RefusalCode.FORGED: (503, "A row of the portal is not as it was written; nothing is read."),
}


class Problem(APIException):
    """An error with one of the codes of `MEANINGS`."""

    def __init__(self, code: str, *, wait: int | None = None) -> None:
        super().__init__(code, code)
        self.code, self.wait = code, wait
        self.status_code = MEANINGS[code][0]


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Return the response to an error in a view of the API; None leaves it to Django."""
    found = _problem(error)
    if found is None:
        return None
    status, detail = MEANINGS[found.code]
    content = {
        "type": f"urn:garant:problem:{found.code}",
        "title": found.code.replace("_", " "),
        "status": status,
        "detail": detail,
        "code": found.code,
    }
    response = Response(content, status=status, content_type=PROBLEM_JSON)
    if status == 401:
        response["WWW-Authenticate"] = BASIC if found.code == "invalid_client" else BEARER
    if found.wait is not None:
        response["Retry-After"] = str(found.wait)
    return response


def _problem(error: Exception) -> Problem | None:
    match error:
        case Problem():
            return error
        case Refused():
            return Problem(error.code.value, wait=_seconds_to(error.until))
        case UnknownField():
            return Problem("unknown_field")
        case Throttled():
            return Problem("too_many_requests", wait=int(error.wait or 1))
        case MethodNotAllowed():
            return Problem("method_not_allowed")
        case NotAcceptable():
            return Problem("not_acceptable")
        case UnsupportedMediaType():
            return Problem("unsupported_media_type")
        case ParseError():
            return Problem("malformed")
        case Http404():
            return Problem("not_found")
        case rows.Forged():
            rows.report(error)
            return Problem(RefusalCode.FORGED.value)
        case KeyringError() | OperationalError():
            return Problem("down", wait=30)
    return None


def _seconds_to(moment: datetime | None) -> int | None:
    return max(1, math.ceil((moment - timezone.now()).total_seconds())) if moment else None
