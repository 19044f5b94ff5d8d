"""The API by which services read under one resident's grant. Each answer with a value is a reading by the gate."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.utils.http import parse_etags
from django_scopes import scope
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from certification.access import standing
from certification.access.actions import pseudonyms, reading, writing
from certification.access.bearer import BearerAuthentication, require_scope
from certification.access.enums import OPENID
from certification.access.lookup import Given
from certification.access.presenting import api as shapes
from certification.access.problems import Problem
from certification.access.views import schemas
from certification.access.views.api_view import REFUSED, AnyMediaType, ApiView, problems, uuid_in
from core import journal
from core.models.rows import check
from vault import types
from vault.records import downloads
from vault.records.actions import grants
from vault.records.actions.records import Invalid
from vault.records.enums import GrantState
from vault.records.models import Grant, GrantEvent

PLAIN = "application/octet-stream"
EVERY = sorted(field for one in types.all_types() for field in types.fields_of(one.code))
LAST_SIDE = 99
SIDE = {"type": "integer", "minimum": 0, "maximum": LAST_SIDE}


class OfOneGrant(ApiView):
    """An address for whoever holds an access token."""

    authentication = BearerAuthentication
    http_method_names = ["get"]


class Fields(OfOneGrant):
    @extend_schema(
        operation_id="fields",
        summary="The values that the resident granted",
        parameters=[
            OpenApiParameter(
                "fields",
                {"type": "array", "minItems": 1, "items": {"type": "string", "enum": EVERY}},
                style="form",
                explode=False,
                description="Fields, separated by commas; without it, all that were granted.",
            ),
            OpenApiParameter("If-None-Match", location="header", description="An ETag of an earlier answer."),
        ],
        responses={200: schemas.FieldsSchema, 304: OpenApiResponse(description="Unchanged"), **REFUSED},
    )
    def get(self, request: Request) -> Response:
        """Return values, newest first. An answer 304 is a reading too, and opens none."""
        given = require_scope(request).given
        asked = _asked(request, given)
        known = [tag.strip('"') for tag in parse_etags(request.headers.get("If-None-Match", ""))]
        tag, values = reading.read(given=given, fields=asked, known=known)
        headers = {"ETag": f'"{tag}"'}
        if values is None:
            return Response(status=304, headers=headers)
        return Response(shapes.fields(given.grant, asked, values), headers=headers)


class Values(OfOneGrant):
    http_method_names = ["post"]

    @extend_schema(
        operation_id="write_values",
        summary="Write values that the resident agreed to receive from you",
        request={"application/json": schemas.WRITING},
        responses={200: schemas.WrittenSchema, **problems(415, 422), **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Write all of them or none. They bear the service's name, as declared by it."""
        given = require_scope(request).given
        values = _values(request.data)
        try:
            written = writing.write(given=given, values=values)
        except Invalid:
            raise Problem("wrong_schema") from None
        return Response({"written": written, "known": len(values) - written})


class Document(OfOneGrant):
    content_negotiation_class = AnyMediaType

    @extend_schema(
        operation_id="document",
        summary="A file of a paper that the resident granted",
        parameters=[OpenApiParameter("side", SIDE, description="Which file of the paper, from 0.")],
        responses={(200, "application/octet-stream"): bytes, **problems(404), **REFUSED},
    )
    def get(self, request: Request, document_id: UUID) -> HttpResponseBase:
        given = require_scope(request).given
        side = request.query_params.get("side", "0")
        if not (side.isascii() and side.isdigit() and str(int(side)) == side and int(side) <= LAST_SIDE):
            raise Problem("malformed")
        paper, stream = reading.open_paper(given=given, paper_id=document_id, position=int(side))
        file = paper.side(int(side))
        if file is None:
            stream.close()
            raise Problem("not_found")
        media_type = file.media_type or PLAIN
        name = f"{paper.kind or 'document'}-{side}"
        return downloads.serve(request, stream, size=file.size, name=name, media_type=media_type)


class GrantItself(OfOneGrant):
    http_method_names = ["get", "delete"]

    @extend_schema(
        operation_id="grant",
        summary="What the resident agreed to, without a value",
        responses={200: schemas.GrantSchema, **REFUSED},
    )
    def get(self, request: Request) -> Response:
        caller = require_scope(request)
        _require_standing(caller.grant)
        with scope(resident=caller.grant.resident_id):
            return Response(shapes.grant(caller.grant, caller.client))

    @extend_schema(
        operation_id="give_back",
        summary="Give the grant back: it ends at once, and the resident is told",
        request=None,
        responses={204: OpenApiResponse(description="Ended"), **REFUSED},
    )
    def delete(self, request: Request) -> Response:
        """End the grant at the service's wish, as its resident could. What was read is then to be erased."""
        grant = require_scope(request).grant
        _require_standing(grant)
        with journal.through(journal.Means.API):
            grants.give_back(grant=grant, by=grant.recipient_id)
        return Response(status=204)


class Events(OfOneGrant):
    @extend_schema(
        operation_id="events",
        summary="What happened to the grant",
        parameters=[OpenApiParameter("after", UUID, description="The id of the last event that you have.")],
        responses={200: schemas.EventsSchema, **problems(404), **REFUSED},
    )
    def get(self, request: Request) -> Response:
        grant = require_scope(request).grant
        _require_standing(grant)
        with scope(resident=grant.resident_id):
            found = list(GrantEvent.objects.filter(grant=grant, happened__in=list(shapes.EVENTS)))
        check(*found)
        return Response({"events": [shapes.event(one) for one in _after(found, uuid_in(request, "after"))]})


class UserInfo(OfOneGrant):
    """OpenID's userinfo: the name by which this service knows the resident, and nothing else."""

    http_method_names = ["get", "post"]
    schema = None

    def get(self, request: Request) -> Response:
        caller = require_scope(request, OPENID)
        _require_standing(caller.grant)
        return Response({"sub": pseudonyms.sub_of(caller.client.service_id, caller.grant.resident_id)})

    def post(self, request: Request) -> Response:
        return self.get(request)


def _values(sent: Any) -> list[tuple[str, Mapping[str, Any]]]:  # noqa: ANN401 - any JSON
    """Return the types and payloads of a body.

    Raises:
        Problem: it is not as `schemas.WRITING` says.
    """
    found = sent.get("values") if isinstance(sent, dict) and sent.keys() == {"values"} else None
    if not isinstance(found, list) or not 1 <= len(found) <= schemas.MOST_VALUES:
        raise Problem("malformed")
    for one in found:
        if not isinstance(one, dict) or one.keys() != {"type", "payload"} or not isinstance(one["payload"], dict):
            raise Problem("malformed")
        if not isinstance(one["type"], str) or not 1 <= len(one["type"]) <= schemas.LONGEST_TYPE:
            raise Problem("malformed")
    return [(one["type"], one["payload"]) for one in found]


def _asked(request: Request, given: Given) -> list[str]:
    if "fields" not in request.query_params:
        return given.fields
    return list(dict.fromkeys(",".join(request.query_params.getlist("fields")).split(",")))


def _require_standing(grant: Grant) -> None:
    """Refuse a grant that was stopped or is over. A paused one, or one without a label, may be described.

    Raises:
        Problem
        Forged: the portal did not write it as it is.
    """
    standing.check_grant(grant)
    if grant.state == GrantState.STOPPED:
        raise Problem(standing.why_stopped(grant).value)
    if grant.state == GrantState.OVER:
        raise Problem(grant.state.value)


def _after(events: Sequence[GrantEvent], last: UUID | None) -> Sequence[GrantEvent]:
    if last is None:
        return events
    places = [place for place, event in enumerate(events) if event.pk == last]
    if not places:
        raise Problem("unknown_event")
    return events[places[0] + 1 :]
