"""Hash an uploaded file while it is received, without storing it in the database, on disk or in memory.

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
    """Install the handler on a view. Before reading the body, answer 411 without a length and 413 over the limit."""

    def decorate(view: View) -> View:
        checked = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                return checked(request, *args, **kwargs)
            if refusal := _refusal(request, max_bytes):
                return refusal
            request.upload_handlers = [HashingHandler(request, max_bytes=max_bytes)]
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
