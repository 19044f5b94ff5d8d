"""Send a decrypted file as an attachment that cannot run, or the byte range that the browser asks for."""

import re
from collections.abc import Iterator
from typing import BinaryIO, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from core.files.storage import SealedReader
from vault.records.gate import WatchedFile

Answer = TypeVar("Answer", bound=HttpResponseBase)

CHUNK = 64 * 1024
SANDBOX = "sandbox; default-src 'none'"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def serve(
    request: HttpRequest, stream: BinaryIO | WatchedFile, *, size: int, name: str, media_type: str
) -> HttpResponseBase:
    """Return the response that streams a file, or the requested range. It closes the stream once it is sent."""
    span = _span(request.headers.get("Range", ""), size)
    if span is None:
        stream.close()
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return safe(refused)
    start, end = span
    partial = (start, end) != (0, size)
    answer = StreamingHttpResponse(
        _chunks(stream, start, end), status=206 if partial else 200, content_type=media_type
    )
    if partial:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    answer["Accept-Ranges"] = "bytes"
    answer["Content-Length"] = str(end - start)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return safe(answer)


def image(jpeg: bytes) -> HttpResponse:
    return safe(HttpResponse(jpeg, content_type="image/jpeg", headers={"Content-Disposition": "attachment"}))


def pdf(content: bytes, *, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return safe(HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition}))


def safe(answer: Answer) -> Answer:
    """Set the headers that stop the content from running and from being cached."""
    answer["Content-Security-Policy"] = SANDBOX
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """Return (start, end), with the end excluded, or None for a range outside the file.

    A malformed range, or one with several parts, gives the whole file.
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else None


def _chunks(stream: BinaryIO | WatchedFile, start: int, end: int) -> Iterator[bytes]:
    """Yield the stream in pieces. A sealed file's segments are read directly: its buffer would copy them once more."""
    bare = stream.segments if isinstance(stream, SealedReader) else stream
    with stream:
        bare.seek(start)
        left = end - start
        while left > 0 and (chunk := bare.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
