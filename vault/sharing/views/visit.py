"""Pages of a link's visitor: a code to type, then values and papers. Each reading is in the resident's journal.

A URL that opens nothing shows one page, whatever the reason. The URL contains the token: no page discloses it to
another site, and the logs keep only routes.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from http import HTTPStatus
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_scopes import scope

from accounts.models import User
from core.models.rows import check
from core.templatetags.civic import long_date
from vault.records import downloads, gate
from vault.records.copies import zipping
from vault.records.gate import WatchedFile
from vault.records.grants import documents
from vault.records.grants.documents import Document
from vault.records.models import PaperFile
from vault.records.values.decrypted import PaperOpened
from vault.sharing import link_words
from vault.sharing.actions import links as actions
from vault.sharing.agreements import links
from vault.sharing.agreements.links import Held
from vault.sharing.forms.links import CodeForm
from vault.sharing.models import Link, Visit
from vault.sharing.models.link import VISIT_LASTS
from vault.sharing.presenting import links as words

SALT = "vault.link.visit"
PATH = "/l/"
#: Referrer policies. Pages send the origin only: with “no-referrer” a browser sends a form's origin as “null”, refused
#: by the CSRF check.
PAGE_REFERRER, FILE_REFERRER = "strict-origin", "no-referrer"
View = Callable[..., HttpResponseBase]


def unlisted(view: View) -> View:
    """Keep the responses out of caches, search engines and other sites' logs."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        page = response.get("Content-Type", "").startswith("text/html")
        response["Referrer-Policy"] = PAGE_REFERRER if page else FILE_REFERRER
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response["Cache-Control"] = "no-store"
        return response

    return answer


@unlisted
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show the code's page, then the content. The link's own resident sees the same content, without a visit."""
    link = links.find(token)
    if link is None or (_is_own(request, link) and not link.opens):
        return _closed(request)
    if _is_own(request, link):
        return _content(request, token, link, _own(link))
    if request.method == "POST":
        return _code_given(request, token, link)
    visit = _visit(request, link)
    if visit is not None:
        return _visited(request, token, link, visit)
    return _code(request, CodeForm()) if link.opens else _closed(request)


@unlisted
@login_not_required
@require_safe
def paper(request: HttpRequest, token: str, paper_id: UUID, position: int) -> HttpResponseBase:
    link, visit = _let_in(request, token)
    if link is None:
        return _closed(request)
    try:
        opened, stream = _open(link, visit, paper_id, position)
    except gate.Refused as refused:
        return _refused(request, refused)
    except PaperFile.DoesNotExist:
        return _closed(request)
    file = next(one for one in words.files([opened]) if one.position == position)
    media_type = file.side.media_type or "application/octet-stream"
    return downloads.serve(request, stream, size=file.side.size, name=file.name, media_type=media_type)


@unlisted
@login_not_required
@require_safe
def document(request: HttpRequest, token: str, document_id: UUID) -> HttpResponseBase:
    """Download a document. If its resident deleted it, redirect to the page, which says so."""
    link, visit = _let_in(request, token)
    if link is None:
        return _closed(request)
    found = next((one for one in _documents(link) if one.id == document_id), None)
    if found is None:
        return redirect("sharing:visit", token=token)
    try:
        stream = _open_document(link, visit, found)
    except gate.Refused as refused:
        return _refused(request, refused)
    return downloads.serve(request, stream, size=found.size, name=found.name, media_type=found.media_type)


@unlisted
@login_not_required
@require_safe
def everything(request: HttpRequest, token: str) -> HttpResponseBase:
    """Stream one archive of everything. Each paper is a separate reading, when its turn comes."""
    link, visit = _let_in(request, token)
    if link is None:
        return _closed(request)
    try:
        held = _read(link, visit)
    except gate.Refused as refused:
        return _refused(request, refused)
    listed = words.text(words.sheets(held.values, _fields(link)), [*_head(request, link).values()])
    found = words.files(held.papers)
    names = zipping.distinct(
        [_("informations.txt"), *(file.name for file in found), *(one.name for one in held.documents)]
    )
    contents: list[Iterator[bytes]] = [iter([listed.encode()]), *(_pieces(link, visit, file) for file in found)]
    contents += [_pieces_of_document(link, visit, one) for one in held.documents]
    answer = StreamingHttpResponse(zipping.zipped(zip(names, contents, strict=True)), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{_("papiers")}.zip"'
    return downloads.safe(answer)


@unlisted
@login_not_required
@require_POST
def close(request: HttpRequest, token: str) -> HttpResponseBase:
    """End the visit in this browser, which may be shared: the code is asked for again."""
    return _forgotten(redirect("sharing:visit", token=token))


def _let_in(request: HttpRequest, token: str) -> tuple[Link | None, Visit | None]:
    """Return the link and the visit.

    The link is None if nothing may be opened; the visit is None for the link's own resident.
    """
    link = links.find(token)
    if link is None:
        return None, None
    if _is_own(request, link):
        return (link if link.opens else None), None
    visit = _visit(request, link)
    return (link if visit else None), visit


def _is_own(request: HttpRequest, link: Link) -> bool:
    return request.user.is_authenticated and request.user.pk == link.resident_id


def _visit(request: HttpRequest, link: Link) -> Visit | None:
    """Return this browser's visit, begun in the last half hour with the current code."""
    cookie = request.get_signed_cookie(settings.VISIT_COOKIE_NAME, default="", salt=SALT, max_age=VISIT_LASTS) or ""
    visit_id, _colon, codes = cookie.partition(":")
    if link.locked or codes != str(link.codes):
        return None
    with scope(resident=link.resident_id):
        visit = Visit.objects.filter(pk=UUID(visit_id), link=link).first()
    if visit is not None:
        check(visit)
    return visit


def _code(request: HttpRequest, form: CodeForm) -> HttpResponse:
    return render(request, "sharing/visit/code.html", {"form": form})


def _code_given(request: HttpRequest, token: str, link: Link) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code(request, form)
    try:
        visit = actions.enter(link=link, typed=form.cleaned_data["code"])
    except actions.TooManyToday:
        return _closed(request)
    if visit is None:
        now = links.find(token)
        if now is None or not now.opens:
            return _closed(request)
        form.add_error("code", _("Ce code n’est pas le bon. Vérifiez-le avec la personne qui vous l’a donné."))
        return _code(request, form)
    answer = redirect("sharing:visit", token=token)
    answer.set_signed_cookie(
        settings.VISIT_COOKIE_NAME,
        f"{visit.pk}:{link.codes}",
        salt=SALT,
        max_age=VISIT_LASTS,
        path=PATH,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return answer


def _visited(request: HttpRequest, token: str, link: Link, visit: Visit) -> HttpResponse:
    try:
        held = _read(link, visit)
    except gate.Refused as refused:
        return _refused(request, refused)
    return _content(request, token, link, held)


def _read(link: Link, visit: Visit | None) -> Held:
    """Return the content, read by the visitor or, without a visit, by the link's own resident.

    Raises:
        gate.Refused
    """
    if visit is None:
        return _own(link)
    _load(link)
    return Held(*gate.read_all(grant=link.grant, fields=_fields(link), visit=visit.pk), _documents(link))


def _own(link: Link) -> Held:
    _load(link)
    return actions.held_by(grant=link.grant, purpose=actions.LOOK)


def _load(link: Link) -> None:
    """Load what the page lists of the link once. The gate loads its own."""
    with scope(resident=link.resident_id):
        prefetch_related_objects([link.grant], "fields", "documents")


def _documents(link: Link) -> list[Document]:
    """Return the documents of the link. Only rows are read, nothing is decrypted."""
    with scope(resident=link.resident_id):
        return documents.opened_by(link.grant)


def _fields(link: Link) -> list[str]:
    with scope(resident=link.resident_id):
        return links.fields_of(link.grant)


def _open(
    link: Link, visit: Visit | None, paper_id: UUID, position: int
) -> tuple[PaperOpened, BinaryIO | WatchedFile]:
    """Open one file of a paper, for the visitor or for the link's own resident.

    Raises:
        gate.Refused
        PaperFile.DoesNotExist: the link's own resident looks, and the link has no such file.
    """
    if visit is not None:
        return gate.read_file(grant=link.grant, paper_id=paper_id, position=position, visit=visit.pk)
    found = next((paper for paper in _own(link).papers if paper.paper_id == paper_id and paper.side(position)), None)
    if found is None:
        raise PaperFile.DoesNotExist
    return found, gate.open_file(
        resident_id=link.resident_id, purpose=actions.LOOK, paper_id=paper_id, position=position
    )


def _pieces(link: Link, visit: Visit | None, file: words.File) -> Iterator[bytes]:
    """Yield a file of a paper that the page has just read, as a separate reading.

    Raises:
        gate.Refused
    """
    with _open_read(link, visit, file) as stream:
        while piece := stream.read(downloads.CHUNK):
            yield piece


def _open_read(link: Link, visit: Visit | None, file: words.File) -> BinaryIO | WatchedFile:
    if visit is not None:
        return _open(link, visit, file.paper_id, file.position)[1]
    return gate.open_file(
        resident_id=link.resident_id, purpose=actions.LOOK, paper_id=file.paper_id, position=file.position
    )


def _open_document(link: Link, visit: Visit | None, document: Document) -> BinaryIO | WatchedFile:
    """Open a document, for the visitor or for the link's own resident.

    Raises:
        gate.Refused
    """
    if visit is not None:
        return gate.read_document(grant=link.grant, document_id=document.id, visit=visit.pk)
    return gate.open_kept(row=document.row, purpose=actions.LOOK)


def _pieces_of_document(link: Link, visit: Visit | None, document: Document) -> Iterator[bytes]:
    with _open_document(link, visit, document) as stream:
        while piece := stream.read(downloads.CHUNK):
            yield piece


def _content(request: HttpRequest, token: str, link: Link, held: Held) -> HttpResponse:
    context = {
        "token": token,
        "own": _is_own(request, link),
        "link": link,
        **words.shown(held.values, _fields(link)),
        "files": words.files(held.papers),
        "documents": words.documents(held.documents),
        "gone": len(held.documents) < _document_count(link),
        **_head(request, link),
    }
    return render(request, "sharing/visit/content.html", context)


def _document_count(link: Link) -> int:
    """Return the number of documents that the link was made with, deleted ones included."""
    with scope(resident=link.resident_id):
        return len(link.grant.documents.all())


def _head(request: HttpRequest, link: Link) -> dict[str, str]:
    """Return the page's head: who shows, to whom, why, until when."""
    grant = link.grant
    names = link_words.names(link)
    return {
        "who": _("%(who)s vous montre ces informations.") % {"who": _owner_name(request, link)},
        "recipient": _("Pour %(name)s : %(why)s") % {"name": names.who, "why": names.why},
        "until": _("Jusqu’au %(day)s. La personne peut arrêter avant.") % {"day": long_date(grant.ends_at)},
    }


def _owner_name(request: HttpRequest, link: Link) -> str:
    if isinstance(request.user, User) and request.user.pk == link.resident_id:
        return request.user.name
    return User.objects.get(pk=link.resident_id).name


def _refused(request: HttpRequest, refused: gate.Refused) -> HttpResponse:
    """Answer 503 while readings wait for an external checkpoint, otherwise that the link opens nothing."""
    if isinstance(refused, gate.NotAnchored):
        return render(request, "sharing/visit/later.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
    return _closed(request)


def _closed(request: HttpRequest) -> HttpResponse:
    return _forgotten(render(request, "sharing/visit/closed.html", status=HTTPStatus.NOT_FOUND))


def _forgotten(answer: HttpResponse) -> HttpResponse:
    answer.delete_cookie(settings.VISIT_COOKIE_NAME, path=PATH, samesite="Lax")
    return answer
