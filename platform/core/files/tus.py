"""Uploads in parts over HTTP: tus 1.0.0 with creation, termination, checksum and expiration.

https://tus.io/protocols/resumable-upload

    POST   /envois/        Upload-Length, Upload-Metadata (filename, other client keys)    -> 201, Location
    HEAD   /envois/<id>/                                                                   -> Upload-Offset
    PATCH  /envois/<id>/   Upload-Offset, the bytes from there on [, Upload-Checksum]      -> 204, Upload-Offset
    DELETE /envois/<id>/                                                                   -> 204

Only its owner finds an upload. A complete upload waits for the form that names it (`core.files.uploads`). A refusal
gives its reason in one sentence of plain text, for a script to show. Each part needs the form's token (`X-CSRFToken`).
HEAD returns a fresh token, so that a page left open can continue after its user signs in again.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator
from functools import wraps
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django_scopes import get_scope

from core.files import resumable
from core.files.quota import OverQuota
from core.files.resumable import CHUNK, Digest
from core.files.sizes import MAX_FILE
from core.files.storage import StorageFull
from core.files.uploads import over_quota_text, too_large_text
from core.keys import KeyMissing
from core.models import Upload

VERSION = "1.0.0"
SUMS: dict[str, Callable[[], Digest]] = {"sha256": hashlib.sha256, "sha1": lambda: hashlib.sha1(usedforsecurity=False)}
ABOUT = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,termination,checksum,expiration",
    "Tus-Max-Size": str(MAX_FILE),
    "Tus-Checksum-Algorithm": ",".join(SUMS),
}
MOST_METADATA = 2_000
WRONG_SUM = 460

View = Callable[..., HttpResponse]


class Refused(Exception):
    def __init__(self, status: int, text: str = "") -> None:
        super().__init__()
        self.status, self.text = status, text


def _tus_endpoint(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except KeyMissing:
            raise PermissionDenied from None
        except Refused as refused:
            response = HttpResponse(refused.text, status=refused.status, content_type="text/plain; charset=utf-8")
        if response.status_code == 412:
            response["Tus-Version"] = VERSION
        response["Tus-Resumable"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    return answer


@_tus_endpoint
def uploads(request: HttpRequest) -> HttpResponse:
    """Begin an upload. Its full length is reserved in the quota before its first byte."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=ABOUT)
    if request.method != "POST":
        raise Refused(405)
    _require_version(request)
    length = _number(request, "Upload-Length")
    if length > MAX_FILE:
        raise Refused(413, too_large_text(MAX_FILE))
    try:
        upload = resumable.start(resident_id=get_scope()["resident"], length=length, metadata=_metadata(request))
    except OverQuota as error:
        raise Refused(413, over_quota_text(error.left)) from None
    except resumable.TooMany:
        raise Refused(429, _("Trop d’envois sont en cours. Terminez-en un, ou annulez-le.")) from None
    return HttpResponse(
        status=201, headers={"Location": reverse("upload", args=[upload.pk]), **_expiry_header(upload)}
    )


@_tus_endpoint
def upload(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    row = get_object_or_404(resumable.under_way(resident_id=get_scope()["resident"]), pk=upload_id)
    method = request.headers.get("X-HTTP-Method-Override", "") if request.method == "POST" else request.method
    answer = {"HEAD": _head, "PATCH": _patch, "DELETE": _delete}.get(method or "")
    if method == "OPTIONS":
        return HttpResponse(status=204, headers=ABOUT)
    if answer is None:
        raise Refused(405)
    _require_version(request)
    return answer(request, row)


def _head(request: HttpRequest, row: Upload) -> HttpResponse:
    headers = {"Upload-Offset": str(row.received), "Upload-Length": str(row.length), "X-CSRFToken": get_token(request)}
    return HttpResponse(headers={**headers, **_expiry_header(row)})


def _patch(request: HttpRequest, row: Upload) -> HttpResponse:
    if request.content_type != "application/offset+octet-stream":
        raise Refused(415)
    offset, length = _number(request, "Upload-Offset"), _require_content_length(request)
    if offset != row.received:
        raise Refused(409)
    if length > row.length - offset:
        raise Refused(413)
    sum = _sum(request)
    try:
        row = resumable.receive(upload=row, offset=offset, chunks=_body(request), sum=sum)
    except resumable.Moved:
        raise Refused(409) from None
    except resumable.WrongSum:
        raise Refused(WRONG_SUM) from None
    except resumable.TooMany:
        raise Refused(413, _("Ce fichier arrive en trop de morceaux. Annulez cet envoi, puis recommencez.")) from None
    except StorageFull:
        raise Refused(507, _("Nous n’avons plus de place. Réessayez demain.")) from None
    return HttpResponse(status=204, headers={"Upload-Offset": str(row.received), **_expiry_header(row)})


def _delete(request: HttpRequest, row: Upload) -> HttpResponse:
    resumable.drop(upload=row)
    return HttpResponse(status=204)


def _body(request: HttpRequest) -> Iterator[bytes]:
    """Yield the body up to where the connection was cut. With a checksum, missing bytes make it wrong."""
    try:
        while chunk := request.read(CHUNK):
            yield chunk
    except UnreadablePostError:
        return


def _require_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Refused(412)


def _number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not value.isascii() or not value.isdecimal() or len(value) > 15:
        raise Refused(400)
    return int(value)


def _require_content_length(request: HttpRequest) -> int:
    """Return the declared length of the body, which is required: the web server hands us an empty body without it."""
    if request.headers.get("Transfer-Encoding") or not request.META.get("CONTENT_LENGTH", "").isdecimal():
        raise Refused(411)
    return int(request.META["CONTENT_LENGTH"])


def _metadata(request: HttpRequest) -> dict[str, str]:
    """Return the metadata: comma-separated pairs of a key and a base64 value."""
    header = request.headers.get("Upload-Metadata", "")
    if len(header) > MOST_METADATA:
        raise Refused(400)
    pairs = (pair.strip().partition(" ") for pair in header.split(",") if pair.strip())
    try:
        return {key: base64.b64decode(value, validate=True).decode() for key, _space, value in pairs}
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(400) from None


def _sum(request: HttpRequest) -> tuple[Digest, bytes] | None:
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _space, value = header.partition(" ")
    if algorithm not in SUMS:
        raise Refused(400)
    try:
        return SUMS[algorithm](), base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Refused(400) from None


def _expiry_header(row: Upload) -> dict[str, str]:
    return {"Upload-Expires": http_date(row.expires_at.timestamp())}
