import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from certification.developers.actions import calls

Answer = Callable[[HttpRequest], HttpResponseBase]


class CallsMiddleware:
    """Notes each call of a program for its developers. Settings put it right inside the request's id."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and calls.is_noted(match.route):
            milliseconds = round(1000 * (time.monotonic() - started))
            calls.note(request=request, response=response, route=match.route, milliseconds=milliseconds)
        return response
