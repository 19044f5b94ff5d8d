"""The API of a program's events: what its webhooks missed, for seven days."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from certification.access.bearer import Program, ProgramAuthentication
from certification.access.problems import Problem
from certification.access.views.api_view import REFUSED, ApiView
from certification.developers.actions import outbox
from certification.developers.actions.webhooks import event_name
from certification.developers.enums import EventType

A_PAGE = 100


class ProgramEventSchema(serializers.Serializer):
    id = serializers.CharField(help_text="The webhook-id of the same event.")
    position = serializers.IntegerField()
    type = serializers.ChoiceField(EventType.values)
    timestamp = serializers.DateTimeField()
    # A serializer has a property of this name.
    vars()["data"] = serializers.DictField(help_text="Ids and the pairwise sub; never a value.")


class ProgramEventsSchema(serializers.Serializer):
    events = ProgramEventSchema(many=True)
    next = serializers.IntegerField(help_text="The cursor of the next call.")
    more = serializers.BooleanField()


class ProgramEvents(ApiView):
    """An address for a program that gives its secret."""

    authentication = ProgramAuthentication
    http_method_names = ["get"]

    @extend_schema(
        operation_id="program_events",
        summary="The events of the program's service, for seven days",
        parameters=[OpenApiParameter("after", int, description="The `next` of the last answer; 0 for all.")],
        responses={200: ProgramEventsSchema, **REFUSED},
    )
    def get(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise Problem("invalid_cursor")
        program: Program = request.auth
        found = outbox.after(program.client, int(after), A_PAGE + 1)
        shown = found[:A_PAGE]
        events = [
            {
                "id": event_name(one.pk),
                "position": one.position,
                "type": one.type,
                "timestamp": one.at.isoformat(),
                "data": {**one.data, "environment": one.environment},
            }
            for one in shown
        ]
        last = shown[-1].position if shown else int(after)
        return Response({"events": events, "next": last, "more": len(found) > A_PAGE})
