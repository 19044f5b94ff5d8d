# ruff: noqa: SLF001 - Django parses a form's fields in a method without a public name
"""Refuses requests whose address or fields have text that PostgreSQL cannot store. No person types it.

Bodies in JSON are read by their views; `core.web.faults` answers for what a field has in it.
"""

from collections.abc import Callable, Iterator

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict

from core.unstorable import is_unstorable

Answer = Callable[[HttpRequest], HttpResponse]


class UnstorableMiddleware:
    """Answers 400. The fields of a form are looked at as they are parsed, by whoever reads them first."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_unstorable([request.path, *_texts(request.GET)]):
            raise BadRequest
        parse: Callable[[], None] = request._load_post_and_files

        def parse_and_look() -> None:
            parse()
            if is_unstorable([*_texts(request.POST)]):
                raise BadRequest

        request._load_post_and_files = parse_and_look  # type: ignore[method-assign]
        return self.get_response(request)


def _texts(fields: QueryDict) -> Iterator[str]:
    for name, values in fields.lists():
        yield name
        yield from (value for value in values if isinstance(value, str))
