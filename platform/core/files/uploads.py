"""Uploads that stream straight into sealed storage. Django's handlers write plaintext over 2.5 MB to disk.

    @sealed_upload(max_bytes=MAX_PAPER)
    @require_http_methods(["GET", "POST"])
    def add_paper(request: SignedInRequest) -> HttpResponse: ...

Trap: CsrfViewMiddleware reads its token from `request.POST` before the view runs, which would parse the body with
Django's handlers. So the view is exempt from the middleware; this decorator installs its handler, then checks the
token. Browsers send `Origin`, so another site's post is refused before any byte of the file is read. A wrong token is
refused after the body is read, and the file is deleted. If something reads `request.POST` before the view, the
decorator raises.

Trap: when a connection is cut, the web server ends the body early and Django's parser accepts the truncated file. So
bytes are counted here, and a body shorter than its declared length is refused.

After the view returns, a file that no row keeps (`stored_name`) is deleted: save the row in the view.

A large file may arrive before its form, in parts (core/files/tus.py). The form then names it (`upload`), and the view
finds it in `request.FILES` like any other file. A view that keeps a file must also call `SealedUpload.keep`.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django_scopes import get_scope

from core.files import quota, resumable
from core.files.quota import OverQuota
from core.files.sizes import MEGABYTE
from core.files.storage import SealedFile, StorageFull, sealed_storage
from core.keys import KeyMissing
from core.templatetags.civic import size

View = Callable[..., HttpResponseBase]

CHUNK = 65_536
#: The form field that names a file already uploaded in parts, and the field of the file itself.
RESUMED, FILE = "upload", "file"
#: Name of a file whose client gave none.
NAMELESS = "document"
#: Maximum size of the form's other fields.
FORM_BYTES = 100_000
#: A browser shows our page only after sending its whole body. Beyond this size the rest of the body is not read, and
#: the browser may report a cut connection instead.
READ_ANYWAY = 200_000_000


class TooLarge(Exception):
    """A file exceeds the limit of its view."""


class CutShort(Exception):
    """The body ended before its declared length."""


class SealedUpload(UploadedFile):  # type: ignore[type-arg]  # takes no parameter at run time
    """A file that is already sealed. Read its bytes from the storage, under `stored_name`."""

    def __init__(
        self,
        *,
        name: str,
        content_type: str,
        sealed: SealedFile | None,
        resumed: UUID | None = None,
        became: UUID | None = None,
    ) -> None:
        super().__init__(file=None, name=name, content_type=content_type, size=sealed.size if sealed else 1)
        self.stored_name = sealed.name if sealed else ""
        self.sha256 = sealed.sha256 if sealed else ""
        self.resumed = resumed
        #: Result of an earlier post of the same form. The file no longer exists.
        self.became = became

    def keep(self, *, resident_id: UUID, became: UUID) -> None:
        """Count the file against the quota. Call it in the transaction that saves the file's row.

        Raises:
            OverQuota: another file took the space meanwhile. `sealed_upload` answers with a page.
        """
        quota.require(resident_id=resident_id, size=self.size or 0, without=self.resumed)
        if self.resumed is not None:
            resumable.used(resident_id=resident_id, upload_id=self.resumed, became=became)

    def close(self) -> None:
        """Do nothing: sealing already closed the file, and Django closes the request's files again."""


class SealedUploadHandler(FileUploadHandler):
    chunk_size = CHUNK

    def __init__(self, request: HttpRequest, *, max_bytes: int, create: Callable[[], SealedFile]) -> None:
        super().__init__(request)
        self.written: list[str] = []
        self._max_bytes, self._create = max_bytes, create
        self._open: SealedFile | None = None
        self._body = Counted(request)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._open = self._create()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Seal one chunk.

        Raises:
            TooLarge, StorageFull: nothing of the file is kept.
        """
        file = self._current()
        if file.size + len(raw_data) > self._max_bytes:
            raise TooLarge
        file.write(raw_data)

    def file_complete(self, file_size: int) -> SealedUpload:
        file, self._open = self._current(), None
        file.close()
        self.written.append(file.name)
        return SealedUpload(name=self.file_name or "", content_type=self.content_type or "", sealed=file)

    def upload_complete(self) -> None:
        """Check that the whole body was read.

        Raises:
            CutShort: the last file may be truncated.
        """
        if self._body.count < self._body.announced:
            raise CutShort

    def upload_interrupted(self) -> None:
        if self._open is not None:
            self._open.abandon()
            self._open = None

    def _current(self) -> SealedFile:
        if self._open is None:
            raise RuntimeError("no file is being received")
        return self._open


class Counted:
    """Counts the bytes read from a request's body."""

    def __init__(self, request: HttpRequest) -> None:
        self.announced = int(request.META["CONTENT_LENGTH"])
        self.count = 0
        self._read, self._readline = request.read, request.readline
        # Every parser of the body must read through this object.
        request.read, request.readline = self.read, self.readline  # type: ignore[method-assign, assignment]

    def read(self, *size: int) -> bytes:
        return self._count(self._read(*size))

    def readline(self, *size: int) -> bytes:
        return self._count(self._readline(*size))

    def _count(self, data: bytes) -> bytes:
        self.count += len(data)
        return data


def sealed_upload(*, max_bytes: int) -> Callable[[View], View]:
    """Decorate a view that takes files of the resident in scope. `max_bytes` limits each file, and their total.

    Answers with a page: 411 without a length, 413 over the limit, 507 if the disk is full.
    """

    def decorate(view: View) -> View:
        checked = csrf_protect(_with_resumed(view))

        @csrf_exempt
        @wraps(view)
        def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                return checked(request, *args, **kwargs)
            if "resident" not in get_scope():
                raise PermissionDenied
            refusal = _refusal(request, max_bytes)
            return refusal or _receive(request, max_bytes, _of_resident, lambda: checked(request, *args, **kwargs))

        return receive

    return decorate


def _of_resident() -> SealedFile:
    return sealed_storage.create(resident_id=get_scope()["resident"])


def sealed_work_upload(*, max_bytes: int, key: Callable[..., bytes]) -> Callable[[View], View]:
    """Decorate a view that takes files which are no resident's. Answers as `sealed_upload`.

    Args:
        key: gets the view's arguments, and returns the data key under which to seal. It raises what the view would
            (PermissionDenied, Http404) to somebody who may send no file there.
    """

    def decorate(view: View) -> View:
        checked = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                return checked(request, *args, **kwargs)
            create = partial(sealed_storage.create_under, key(request, *args, **kwargs))
            refusal = _refusal_by_length(request, max_bytes)
            return refusal or _receive(request, max_bytes, create, lambda: checked(request, *args, **kwargs))

        return receive

    return decorate


def _with_resumed(view: View) -> View:
    @wraps(view)
    def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and (upload_id := request.POST.get(RESUMED)) and FILE not in request.FILES:
            request.FILES[FILE] = _join_upload(request, upload_id)
        return view(request, *args, **kwargs)

    return receive


def _join_upload(request: HttpRequest, upload_id: str) -> SealedUpload:
    """Join the parts of an upload into the file that the form names.

    Raises:
        resumable.Gone: the upload is expired, deleted or another resident's.
        resumable.Unfinished: parts are missing.
    """
    try:
        joined = resumable.join(resident_id=get_scope()["resident"], upload_id=UUID(upload_id))
    except ValueError:
        raise resumable.Gone from None
    if joined.file is not None:
        # `_receive` installed a SealedUploadHandler.
        request.upload_handlers[0].written.append(joined.file.name)  # type: ignore[attr-defined]
    name = joined.name.replace("\\", "/").rsplit("/", 1)[-1]
    return SealedUpload(
        name=NAMELESS if name in {"", ".", ".."} else name,
        content_type="",
        sealed=joined.file,
        resumed=joined.upload_id,
        became=joined.became,
    )


def _receive(
    request: HttpRequest, max_bytes: int, create: Callable[[], SealedFile], answer: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    handler = SealedUploadHandler(request, max_bytes=max_bytes, create=create)
    request.upload_handlers = [handler]
    try:
        return answer()
    except TooLarge:
        return too_large(request, max_bytes)
    except StorageFull:
        return _page(
            request, 507, _("Nous n’avons plus de place"), _("Votre papier n’est pas enregistré. Réessayez demain.")
        )
    except CutShort:
        return _page(
            request,
            400,
            _("Envoi interrompu"),
            _("Votre papier n’est pas arrivé en entier. Rien n’est gardé : envoyez-le de nouveau."),
        )
    except OverQuota as error:
        return over_quota(request, error.left)
    except resumable.Unfinished:
        return _page(
            request,
            409,
            _("Envoi incomplet"),
            _("Ce fichier n’est pas arrivé en entier. Choisissez-le de nouveau pour reprendre."),
        )
    except resumable.Gone:
        return _page(
            request, 404, _("Envoi expiré"), _("Cet envoi n’est plus là : il a été annulé, ou il a plus de 24 heures.")
        )
    except KeyMissing:
        raise PermissionDenied from None
    finally:
        handler.upload_interrupted()
        sealed_storage.forget(handler.written)


def _refusal(request: HttpRequest, max_bytes: int) -> HttpResponse | None:
    """Refuse a body of the resident in scope that is too long, or longer than what is left of their room."""
    if refusal := _refusal_by_length(request, max_bytes):
        return refusal
    length = int(request.META["CONTENT_LENGTH"])
    left = quota.room(resident_id=get_scope()["resident"]).left
    if length > left + FORM_BYTES:
        _read_anyway(request, length)
        return over_quota(request, left)
    return None


def _refusal_by_length(request: HttpRequest, max_bytes: int) -> HttpResponse | None:
    """Refuse a body without a length, or one that is too long."""
    if refusal := without_length(request):
        return refusal
    length = int(request.META["CONTENT_LENGTH"])
    if length > max_bytes + FORM_BYTES:
        _read_anyway(request, length)
        return too_large(request, max_bytes)
    return None


def without_length(request: HttpRequest) -> HttpResponse | None:
    """Refuse a body without a length: the web server empties it, and the form would seem to have no file."""
    if request.META.get("CONTENT_LENGTH", "").isdecimal() and not request.META.get("HTTP_TRANSFER_ENCODING"):
        return None
    return _page(
        request,
        411,
        _("Envoi incomplet"),
        _("Votre navigateur n’a pas dit la taille du fichier. Essayez avec un autre."),
    )


def too_large(request: HttpRequest, max_bytes: int) -> HttpResponse:
    return _page(request, 413, _("Fichier trop lourd"), too_large_text(max_bytes))


def too_large_text(max_bytes: int) -> str:
    text = _("Ce fichier dépasse %(megabytes)s Mo. Une photo en qualité normale, ou un PDF de quelques pages, suffit.")
    return text % {"megabytes": max_bytes // MEGABYTE}


def over_quota(request: HttpRequest, left: int) -> HttpResponse:
    return _page(request, 413, _("Votre coffre est plein"), over_quota_text(left))


def over_quota_text(left: int) -> str:
    text = _(
        "Il reste %(left)s dans votre coffre : ce fichier n’y tient pas."
        " Supprimez un papier ou un dossier dont vous n’avez plus besoin."
    )
    return text % {"left": size(left)}


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(
        request, "core/upload_refused.html", {"title": title, "text": text, "back": request.path}, status=status
    )


def _read_anyway(request: HttpRequest, length: int) -> None:
    if length > READ_ANYWAY:
        return
    try:
        while request.read(CHUNK):
            pass
    except UnreadablePostError:
        return
