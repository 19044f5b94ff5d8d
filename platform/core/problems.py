"""Errors that programs get outside the API's own views, as problem+json (RFC 9457): from a middleware, say."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse

Given = ParamSpec("Given")
Page = Callable[Concatenate[HttpRequest, Given], HttpResponse]

#: What programs call, here and in the sandbox. Most of it answers by itself (certification/access/problems.py).
API = ("/api/", "/bac-a-sable/api/")
#: Where programs get tokens. Their errors are those of RFC 6749 (5.2).
TOKENS = tuple(f"{root}/oauth/{name}" for root in ("", "/bac-a-sable") for name in ("token", "par", "revoke"))
SERVER_ERROR = 500
PROBLEM_JSON = "application/problem+json"
#: By code, which never changes: the status and what it means.
MEANINGS: dict[str, tuple[int, str]] = {
    "malformed": (400, "A parameter or the body is not as the OpenAPI document describes it."),
    "not_found": (404, "There is nothing here."),
    "forged": (503, "A row of the portal is not as it was written; nothing is read."),
    "down": (503, "The portal cannot answer now. The same request may succeed later."),
}


def problem(code: str, status: int, detail: str) -> dict[str, str | int]:
    title = code.replace("_", " ")
    return {"type": f"urn:garant:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}


def told_to_programs(code: str, *, wait: int | None = None) -> Callable[[Page[Given]], Page[Given]]:
    """Let programs get this code of `MEANINGS` in place of the page. `wait` is in seconds."""

    def decorated(page: Page[Given]) -> Page[Given]:
        @wraps(page)
        def answer(request: HttpRequest, /, *given: Given.args, **more: Given.kwargs) -> HttpResponse:
            status, detail = MEANINGS[code]
            headers = {} if wait is None else {"Retry-After": str(wait)}
            if request.path in TOKENS:
                error = "temporarily_unavailable" if status >= SERVER_ERROR else "invalid_request"
                said = {"error": error, "error_description": detail}
                return JsonResponse(said, status=status, headers=headers | {"Cache-Control": "no-store"})
            if not request.path.startswith(API):
                return page(request, *given, **more)
            content = problem(code, status, detail)
            return JsonResponse(content, status=status, content_type=PROBLEM_JSON, headers=headers)

        return answer

    return decorated
