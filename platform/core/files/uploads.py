"""Uploads that go straight into sealed storage; Django's own handlers write whatever is over 2.5 MB in clear to the temp folder.

    @sealed_upload(max_bytes=MAX_PAPER)
    @require_http_methods(["GET", "POST"])
    def add_paper(request: SignedInRequest) -> HttpResponse: ...

The trap: CsrfViewMiddleware looks for its token in `request.POST` before the view runs, which would parse the body with Django's handlers.
So the view is exempt from the middleware, this decorator installs its handler, and only then has the token checked. Browsers send `Origin`,
so another site's post is refused before a byte of the file is read; a wrong token in the form is refused after it, and the file deleted.
Nothing before the view may touch `request.POST`: if something does, the decorator raises.

The other trap: when a visitor's line is cut, the web server ends the body early and Django's parser takes the part for the whole. Bytes are
counted here, and a body that is shorter than it said is refused.

When the view has answered, a file that no row keeps (`stored_name`) is deleted: save the row in the view.

A large file may have come before its form, in parts (core/files/tus.py): the form then names it (`upload`), and the view finds it among
`request.FILES` as if it had come with the form. Whoever keeps the file also calls `SealedUpload.keep`.
"""

from collections.abc import Callable
from functools import wraps
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
#: The field of a form whose file came before it, and the field that the file stands for.
RESUMED, FILE = "upload", "file"
#: The name of a file whose sender told none.
NAMELESS = "document"
#: What a form may weigh beside its file.
FORM_BYTES = 100_000
#: A browser shows our page only once its body has been read; beyond this it may say that the connection was cut.
READ_ANYWAY = 200_000_000


class TooLarge(Exception):
    """A file is over the limit of its view."""


class CutShort(Exception):
    """The body ended before the length that it had announced."""


class SealedUpload(UploadedFile):  # type: ignore[type-arg]  # takes no parameter at run time
    """A file that is already sealed. Its bytes are not here: open `stored_name` through the storage."""

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
        #: The form was sent again: this is what the file had already become, and there is no file any more.
        self.became = became

    def keep(self, *, resident_id: UUID, became: UUID) -> None:
        """In the transaction that saves the row of this file.

        Raises:
            OverQuota: another file took the room in the meantime. `sealed_upload` answers it with a page.
        """
        quota.require(resident_id=resident_id, size=self.size or 0, without=self.resumed)
        if self.resumed is not None:
            resumable.used(resident_id=resident_id, upload_id=self.resumed, became=became)

    def close(self) -> None:
        """Django closes the request's files; this one was closed when it was sealed."""


class SealedUploadHandler(FileUploadHandler):
    chunk_size = CHUNK

    def __init__(self, request: HttpRequest, *, max_bytes: int) -> None:
        super().__init__(request)
        self.written: list[str] = []
        self._max_bytes = max_bytes
        self._open: SealedFile | None = None
        self._body = Counted(request)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._open = sealed_storage.create(resident_id=get_scope()["resident"])

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """
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
        """
        Raises:
            CutShort: the last file may lack its end.
        """
        if self._body.seen < self._body.announced:
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
    """How much of a request's body has been read."""

    def __init__(self, request: HttpRequest) -> None:
        self.announced = int(request.META["CONTENT_LENGTH"])
        self.seen = 0
        self._read, self._readline = request.read, request.readline
        request.read, request.readline = self.read, self.readline  # type: ignore[method-assign, assignment]  # whatever parses the body goes through here

    def read(self, *size: int) -> bytes:
        return self._count(self._read(*size))

    def readline(self, *size: int) -> bytes:
        return self._count(self._readline(*size))

    def _count(self, data: bytes) -> bytes:
        self.seen += len(data)
        return data


def sealed_upload(*, max_bytes: int) -> Callable[[View], View]:
    """For views that take files of the resident in scope. Each file may weigh `max_bytes`, and so may all of them together.

    Answers 411 without a length, 413 over the limit, 507 when the disk is full, each with a page.
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
            return refusal or _received(request, max_bytes, lambda: checked(request, *args, **kwargs))

        return receive

    return decorate


def _with_resumed(view: View) -> View:
    @wraps(view)
    def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and (asked := request.POST.get(RESUMED)) and FILE not in request.FILES:
            request.FILES[FILE] = _resumed(request, asked)
        return view(request, *args, **kwargs)

    return receive


def _resumed(request: HttpRequest, asked: str) -> SealedUpload:
    """
    Raises:
        resumable.Gone, resumable.Unfinished
    """
    try:
        joined = resumable.join(resident_id=get_scope()["resident"], upload_id=UUID(asked))
    except ValueError:
        raise resumable.Gone from None
    if joined.file is not None:
        request.upload_handlers[0].written.append(joined.file.name)  # type: ignore[attr-defined]  # a SealedUploadHandler, as set below
    name = joined.name.replace("\\", "/").rsplit("/", 1)[-1]
    return SealedUpload(
        name=NAMELESS if name in {"", ".", ".."} else name,
        content_type="",
        sealed=joined.file,
        resumed=joined.upload_id,
        became=joined.became,
    )


def _received(request: HttpRequest, max_bytes: int, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    handler = SealedUploadHandler(request, max_bytes=max_bytes)
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
    if refusal := without_length(request):
        return refusal
    length = int(request.META["CONTENT_LENGTH"])
    if length > max_bytes + FORM_BYTES:
        _read_anyway(request, length)
        return too_large(request, max_bytes)
    left = quota.room(resident_id=get_scope()["resident"]).left
    if length > left + FORM_BYTES:
        _read_anyway(request, length)
        return over_quota(request, left)
    return None


def without_length(request: HttpRequest) -> HttpResponse | None:
    """A body without a length reaches us empty behind the web server: without this it would look like a form without a file."""
    if request.META.get("CONTENT_LENGTH", "").isdigit() and not request.META.get("HTTP_TRANSFER_ENCODING"):
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
        "Il reste %(left)s dans votre coffre : ce fichier n’y tient pas. Supprimez un papier ou un dossier dont vous n’avez plus besoin."
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
