"""The addresses by which a service's program sees what it must erase, and answers.

It proves who it is by its secret: after a withdrawal no token of the resident's is left.
"""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from certification.access.actions import pseudonyms
from certification.access.bearer import Program, ProgramAuthentication
from certification.access.enums import Environment
from certification.access.presenting import api as shapes
from certification.access.problems import Problem
from certification.access.views import schemas
from certification.access.views.api_view import REFUSED, ApiView, problems, uuid_in
from certification.labels.enums import SERVICE_KIND
from core import journal
from vault.sharing.across import erasures as across
from vault.sharing.actions import erasures as actions
from vault.sharing.enums import ErasureAnswer
from vault.sharing.models import ErasureRequest


class OfOneService(ApiView):
    """An address for a service's program. One that is tried out, in the sandbox, sees requests of personas alone."""

    authentication = ProgramAuthentication


class Erasures(OfOneService):
    http_method_names = ["get"]

    @extend_schema(
        operation_id="erasures",
        summary="What the service must erase, and has not answered yet",
        parameters=[OpenApiParameter("after", UUID, description="The id of the last request that you have.")],
        responses={200: schemas.ErasuresSchema, **REFUSED},
    )
    def get(self, request: Request) -> Response:
        """Return the open requests, oldest first, at most a hundred."""
        program: Program = request.auth
        found = across.open_of(
            SERVICE_KIND,
            program.client.service_id,
            personas=program.client.environment == Environment.TEST,
            after=uuid_in(request, "after"),
        )
        return Response({"erasures": [_shape(one) for one in found]})


class Erasure(OfOneService):
    http_method_names = ["get", "post"]

    @extend_schema(
        operation_id="erasure",
        summary="One request, with its answer",
        responses={200: schemas.ErasureSchema, **problems(404), **REFUSED},
    )
    def get(self, request: Request, erasure_id: UUID) -> Response:
        return Response(_shape(_find(request, erasure_id)))

    @extend_schema(
        operation_id="answer_erasure",
        summary="Confirm that it is erased, or say why it is not",
        request=schemas.ErasureAnswerSchema,
        responses={200: schemas.ErasureSchema, **problems(404, 409, 415), **REFUSED},
    )
    def post(self, request: Request, erasure_id: UUID) -> Response:
        """Answer once. The resident reads the answer, and the reason of a refusal."""
        found = _find(request, erasure_id)
        answer, reason = _answer(request.data)
        program: Program = request.auth
        try:
            with journal.through(journal.Means.API):
                held = actions.answer(
                    request=found, by=program.client.service_id, kind=SERVICE_KIND, answer=answer, reason=reason
                )
        except actions.Answered:
            raise Problem("already_answered") from None
        return Response(_shape(held))


def _shape(found: ErasureRequest) -> dict[str, Any]:
    return shapes.erasure(found, pseudonyms.sub_of(found.grant.recipient_id, found.resident_id))


def _find(request: Request, erasure_id: UUID) -> ErasureRequest:
    program: Program = request.auth
    personas = program.client.environment == Environment.TEST
    found = across.find(SERVICE_KIND, program.client.service_id, erasure_id, personas=personas)
    if found is None:
        raise Http404
    return found


def _answer(sent: Any) -> tuple[ErasureAnswer, str]:  # noqa: ANN401 - any JSON
    """Return the answer and its reason.

    Raises:
        Problem: the body is not the object of `ErasureAnswerSchema`.
    """
    read = schemas.ErasureAnswerSchema(data=sent)
    if not isinstance(sent, dict) or sent.keys() - {"answer", "reason"} or not read.is_valid():
        raise Problem("malformed")
    return ErasureAnswer(read.validated_data["answer"]), read.validated_data.get("reason", "")
