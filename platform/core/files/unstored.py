"""Take an uploaded file that nothing stores: hash it while it is received, or hold it in memory for one answer.

As in core.files.uploads, the view is exempt from the CSRF middleware, which would parse the body with Django's own
handlers before this one is installed; the token is checked right after.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from core.files.uploads import FORM_BYTES, TooLarge, too_large, without_length

CHUNK = 65_536
View = Callable[..., HttpResponseBase]


class HashedUpload(UploadedFile):  # type: ignore[type-arg]  # takes no parameter at run time
    """The hash and size of an uploaded file. Its bytes and name are discarded."""

    def __init__(self, *, sha256: str, size: int) -> None:
        super().__init__(file=None, name="fichier", size=size)
        self.sha256 = sha256

    def close(self) -> None:
        """Do nothing: no file is open."""


class HeldUpload(UploadedFile):  # type: ignore[type-arg]  # takes no parameter at run time
    """The bytes of an uploaded file, in memory. Its name is discarded."""

    def __init__(self, content: bytes) -> None:
        super().__init__(file=None, name="fichier", size=len(content))
        self.content = content

    def close(self) -> None:
        """Do nothing: no file is open."""


class HoldingHandler(FileUploadHandler):
    chunk_size = CHUNK

    def __init__(self, request: HttpRequest, *, max_bytes: int) -> None:
        super().__init__(request)
        self._max_bytes = max_bytes
        self._held = bytearray()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._held = bytearray()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Hold the chunk.

        Raises:
            TooLarge: the file exceeds `max_bytes`.
        """
        if start + len(raw_data) > self._max_bytes:
            raise TooLarge
        self._held += raw_data

    def file_complete(self, file_size: int) -> HeldUpload:
        return HeldUpload(bytes(self._held))


class HashingHandler(FileUploadHandler):
    chunk_size = CHUNK

    def __init__(self, request: HttpRequest, *, max_bytes: int) -> None:
        super().__init__(request)
        self._max_bytes = max_bytes
        self._digest = hashlib.sha256()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._digest = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Add the chunk to the hash.

        Raises:
            TooLarge: the file exceeds `max_bytes`.
        """
        if start + len(raw_data) > self._max_bytes:
            raise TooLarge
        self._digest.update(raw_data)

    def file_complete(self, file_size: int) -> HashedUpload:
        return HashedUpload(sha256=self._digest.hexdigest(), size=file_size)


def hashed_upload(*, max_bytes: int) -> Callable[[View], View]:
    """Install the handler that hashes on a view. Before the body is read, answer 411 without a length and 413 over the
    limit.
    """
    return _received_by(HashingHandler, max_bytes)


def held_upload(*, max_bytes: int) -> Callable[[View], View]:
    """Install the handler that holds files in memory. Answers as `hashed_upload`."""
    return _received_by(HoldingHandler, max_bytes)


def _received_by(handler: type[HashingHandler | HoldingHandler], max_bytes: int) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        checked = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                return checked(request, *args, **kwargs)
            if refusal := _refusal(request, max_bytes):
                return refusal
            request.upload_handlers = [handler(request, max_bytes=max_bytes)]
            try:
                return checked(request, *args, **kwargs)
            except TooLarge:
                return too_large(request, max_bytes)

        return receive

    return decorate


def _refusal(request: HttpRequest, max_bytes: int) -> HttpResponse | None:
    if refusal := without_length(request):
        return refusal
    return too_large(request, max_bytes) if int(request.META["CONTENT_LENGTH"]) > max_bytes + FORM_BYTES else None
