"""What all addresses of the API share: methods, media types, and the fields that say how many calls are left."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from certification.access.bearer import (
    BearerAuthentication,
    ClientThrottle,
    ProgramAuthentication,
    SenderAuthentication,
    headers_of,
)
from certification.access.enums import Environment
from certification.access.problems import MEANINGS, Problem
from certification.access.views.schemas import ProblemSchema
from core.problems import PROBLEM_JSON


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return how the document describes errors of these statuses."""
    described = OpenApiResponse(ProblemSchema, description="An error, with its code")
    return {(status, PROBLEM_JSON): described for status in statuses}


#: Of each address, beside its own errors.
REFUSED = problems(*sorted({status for status, _meaning in MEANINGS.values()} - {404, 405, 409, 413, 415, 422}))


def uuid_in(request: Request, name: str) -> UUID | None:
    """Return a parameter that is an id, or None without it.

    Raises:
        Problem: it is not written as ids are.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        found = UUID(text)
    except ValueError:
        raise Problem("malformed") from None
    if str(found) != text.lower():
        raise Problem("malformed")
    return found


class ApiView(APIView):
    """An address of the API. It answers its own methods alone: a HEAD would be a reading too.

    Attributes:
        environment: of the server whose address it is.
        authentication: how whoever calls it proves who they are.
    """

    environment = Environment.LIVE
    authentication: type[BearerAuthentication | ProgramAuthentication | SenderAuthentication]
    throttle_classes = [ClientThrottle]

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [self.authentication(self.environment)]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if str(request.method).lower() not in self.http_method_names:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        final: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        for name, value in headers_of(request).items():
            final[name] = value
        return final


class Nothing(ApiView):
    """An address of which there is none: an error as those of the others, for whatever method."""

    schema = None
    authentication = BearerAuthentication

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("not_found")


class AnyMediaType(BaseContentNegotiation):
    """For files, whose media type is their own. Errors are JSON all the same."""

    def select_parser(self, request: Request, parsers: Sequence[Any]) -> Any:  # noqa: ANN401 - DRF's
        return parsers[0] if parsers else None

    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
