"""The addresses by which a holder's program sends what it knows of residents who accepted, and follows its lots.

They are of the real server alone: no fictional resident accepts a holder.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from certification.access.actions import pseudonyms
from certification.access.bearer import SenderAuthentication, Sending
from certification.access.presenting import api as shapes
from certification.access.problems import Problem
from certification.access.views import schemas
from certification.access.views.api_view import REFUSED, ApiView, problems
from core import journal
from vault.holders.actions import connections, lots, signatures
from vault.holders.actions.signatures import Signature

NDJSON = "application/x-ndjson"
LONGEST_KEY = 100
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    location="header",
    required=True,
    description="The holder's own name of the lot. The same lot, sent again under the same key, is kept once.",
)
SIGNATURE = OpenApiParameter(
    "X-JWS-Signature",
    {"type": "string"},
    location="header",
    description="A detached JWS of the body (RFC 7515 and 7797, ES256), by the key that the city has of the holder.",
)
LINE = (
    "One JSON object a line: `sub`, `type`, `payload` as the type's JSON Schema describes it (/donnees/), and if "
    "known `issued_at` and `period`."
)


class Stream(BaseParser):
    """Leaves the body to be read as it comes."""

    media_type = NDJSON

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ANN401 - DRF's
        return stream


class OfOneHolder(ApiView):
    authentication = SenderAuthentication


class Connections(OfOneHolder):
    http_method_names = ["post"]

    @extend_schema(
        operation_id="pair",
        summary="Exchange the code that a resident gave for the name by which you know them",
        request=schemas.PairingSchema,
        responses={200: schemas.ConnectionSchema, **problems(404, 415), **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Use a code, once. From now on lots may name the resident by `sub`."""
        sending: Sending = request.auth
        sent = request.data
        read = schemas.PairingSchema(data=sent)
        if not isinstance(sent, dict) or sent.keys() != {"code"} or not read.is_valid():
            raise Problem("malformed")
        with journal.through(journal.Means.API):
            found = connections.pair(sender=sending.sender, code=read.validated_data["code"])
        if found is None:
            raise Problem("unknown_code")
        sub = pseudonyms.sub_of(sending.client.service_id, found.resident_id)
        return Response(shapes.connection(found, sending.sender, sub))


class Lots(OfOneHolder):
    http_method_names = ["post"]
    parser_classes = [Stream]

    @extend_schema(
        operation_id="send_lot",
        summary="Send a lot of records, one a line",
        description=LINE,
        parameters=[KEY, SIGNATURE],
        request={NDJSON: {"type": "string"}},
        responses={202: schemas.LotSchema, **problems(413, 415, 422), **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Keep a lot sealed, to be written soon. The answer lists the lines that are refused already."""
        sending: Sending = request.auth
        if (request.content_type or "").partition(";")[0].strip().lower() != NDJSON:
            raise UnsupportedMediaType(request.content_type or "")
        try:
            lot = lots.receive(
                sender=sending.sender,
                key=_key(request),
                read=_reader(request),
                length=_length(request),
                person_of=lambda sub: pseudonyms.person_of(sending.client.service_id, sub),
                signature=_signature(request, sending),
            )
        except lots.TooLarge:
            raise Problem("too_large") from None
        except lots.Incomplete:
            raise Problem("incomplete") from None
        except lots.BadSignature:
            raise Problem("bad_signature") from None
        except lots.KeyReused:
            raise Problem("key_reused") from None
        return Response(
            shapes.lot(lot), status=202, headers={"Location": request.build_absolute_uri(_address(lot.pk))}
        )


class OneLot(OfOneHolder):
    http_method_names = ["get"]

    @extend_schema(
        operation_id="lot",
        summary="What became of a lot",
        responses={200: schemas.LotSchema, **problems(404), **REFUSED},
    )
    def get(self, request: Request, lot_id: UUID) -> Response:
        """Return the counts, and each refused line by its number and a code. Kept for thirty days."""
        sending: Sending = request.auth
        found = lots.find(sender=sending.sender, lot_id=lot_id)
        if found is None:
            raise Http404
        return Response(shapes.lot(found))


def _key(request: Request) -> str:
    key = str(request.headers.get("Idempotency-Key", ""))
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= letter <= "~" for letter in key):
        raise Problem("idempotency_key")
    return key


def _length(request: Request) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit():
        raise Problem("incomplete")
    if int(length) > lots.MAX_BYTES:
        raise Problem("too_large")
    return int(length)


def _reader(request: Request) -> Callable[[int], bytes]:
    """Return what reads the body; a connection that is cut ends it."""

    def read(size: int) -> bytes:
        try:
            return bytes(request._request.read(size))  # noqa: SLF001 - DRF's name for Django's request
        except OSError:
            return b""

    return read


def _signature(request: Request, sending: Sending) -> Signature | None:
    header = request.headers.get("X-JWS-Signature")
    if header is None:
        return None
    try:
        return Signature.read(header, sending.sender.public_key)
    except signatures.Malformed:
        raise Problem("bad_signature") from None


def _address(lot_id: UUID) -> str:
    return f"/api/v1/holders/lots/{lot_id}"
