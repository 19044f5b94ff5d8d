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
from rest_framework.request import Request
from rest_framework.response import Response

from certification.access.fapi import dpop
from core import problems, tampered
from core.database.unstorable import is_refusal
from core.keys import KeyringError
from vault.records.enums import RefusalCode
from vault.records.gate import Refused, UnknownField

BEARER = 'Bearer realm="garant"'
#: To whoever presents a token with a proof, or should (RFC 9449, 7.1).
DPOP = 'DPoP realm="garant", error="{}", ' + dpop.CHALLENGE.partition(" ")[2]
#: A token that lacks the scope of an address.
SCOPE = "insufficient_scope"
BASIC = 'Basic realm="garant", charset="UTF-8"'
#: By code: the status and what it means. The codes of a refusal are the journal's own.
MEANINGS: dict[str, tuple[int, str]] = {
    **problems.MEANINGS,
    "invalid_token": (401, "The access token is missing, unknown, expired or revoked."),
    dpop.ERROR: (401, "The DPoP proof is missing, late, used before, or of another key, address or token."),
    "invalid_client": (401, "The program's identifier and secret are missing or wrong."),
    "insufficient_scope": (403, "The access token lacks the scope of this address."),
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
    RefusalCode.STOPPED: (401, "The grant was stopped, by its resident or by the service that gave it back."),
    RefusalCode.OVER: (401, "The grant is over."),
    RefusalCode.PAUSED: (403, "The resident paused this grant."),
    RefusalCode.TO_COME: (403, "The grant has not begun."),
    RefusalCode.NOT_COVERED: (403, "The resident did not grant this."),
    RefusalCode.LABEL: (403, "The service has no label in force for this purpose."),
    RefusalCode.WITHDRAWN: (403, "The city withdrew the service's label, and its grants end. This is final."),
    RefusalCode.TOO_SOON: (429, "The resident agreed to fewer readings. See Retry-After."),
    RefusalCode.NOT_ANCHORED: (503, "The journal has no recent external proof; until it has, nothing is read."),
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
    response = Response(
        problems.problem(found.code, status, detail), status=status, content_type=problems.PROBLEM_JSON
    )
    if status == 401 or found.code == SCOPE:
        response["WWW-Authenticate"] = _challenge(found.code, context["request"])
    if found.wait is not None:
        response["Retry-After"] = str(found.wait)
    return response


def _challenge(code: str, request: Request) -> str:
    """Return how whoever called may prove who they are: as they tried to, or by either kind of token.

    The error is that of RFC 6750 (3.1); to a request without any proof, none is said.
    """
    if code == "invalid_client":
        return BASIC
    given = request.headers.get("Authorization", "").partition(" ")[0].lower()
    error = code if code in {dpop.ERROR, SCOPE} else "invalid_token"
    if given == "dpop":
        return DPOP.format(error)
    return f'{BEARER}, error="{error}", {dpop.CHALLENGE}' if given else f"{BEARER}, {dpop.CHALLENGE}"


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
        case KeyringError() | OperationalError():
            return Problem("down", wait=30)
    if is_refusal(error):
        return Problem("malformed")
    if isinstance(error, tampered.SIGNS):
        tampered.report(error)
        return Problem(RefusalCode.FORGED.value)
    return None


def _seconds_to(moment: datetime | None) -> int | None:
    return max(1, math.ceil((moment - timezone.now()).total_seconds())) if moment else None
