"""The public page that verifies a dossier: open to everyone, rate-limited, without personal data."""

from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.files.unstored import HashedUpload, View, hashed_upload
from core.symbols import read_code
from services.dossiers.forms import CodeForm, FileForm
from services.dossiers.verification import Answer, by_code, by_file

MAX_BYTES = 60_000_000


def _limited(view: View) -> View:
    """Limit the rate before the file is read. The page with two empty forms reveals nothing and is not counted."""

    @wraps(view)
    def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asks = request.method == "POST" or bool(kwargs)
        if asks and ratelimit.consume(request, app="allauth.account", action="verify_dossier", limit_get=True) is None:
            answer: HttpResponse = ratelimit.respond_429(request)
            return answer
        return view(request, *args, **kwargs)

    return counted


@login_not_required
@never_cache
@_limited
@hashed_upload(max_bytes=MAX_BYTES)
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Verify by code, with a redirect to the code's own page, or by file."""
    if request.method != "POST":
        return _page(request, CodeForm(), FileForm())
    if "code" in request.POST:
        form = CodeForm(request.POST)
        if form.is_valid():
            return redirect("dossiers:verify_code", code=read_code(form.cleaned_data["code"]) or "-")
        return _page(request, form, FileForm())
    return _file_answer(request, "")


@login_not_required
@never_cache
@_limited
@hashed_upload(max_bytes=MAX_BYTES)
@require_http_methods(["GET", "POST"])
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """Show the result for a scanned QR code, then compare a file with it."""
    if request.method == "POST":
        return _file_answer(request, code)
    return _answer(request, by_code(code, data_hash=request.GET.get("donnees", "")), code)


def _file_answer(request: HttpRequest, code: str) -> HttpResponse:
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _answer(request, by_code(code), code, form) if code else _page(request, CodeForm(), form)
    upload = form.cleaned_data["file"]
    if not isinstance(upload, HashedUpload):
        raise TypeError("a file came in by another handler")
    return _answer(request, by_file(upload.sha256, typed=code), code)


def _page(request: HttpRequest, code_form: CodeForm, file_form: FileForm) -> HttpResponse:
    wrong = next((form for form in (code_form, file_form) if form.errors), None)
    return render(request, "dossiers/verify.html", {"code_form": code_form, "file_form": file_form, "form": wrong})


def _answer(request: HttpRequest, answer: Answer, code: str, form: FileForm | None = None) -> HttpResponse:
    found = answer.seal is not None
    context = {
        "answer": answer,
        "seal": answer.seal,
        "code": read_code(code),
        "file_form": form or FileForm(),
        "form": form,
    }
    return render(request, "dossiers/verified.html", context, status=200 if found or not code else 404)
