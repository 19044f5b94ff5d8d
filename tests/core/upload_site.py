"""A page with a form that takes a file, as vault's pages do, added to the portal's URLs."""

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.template import Context, Template
from django.urls import path
from django.views.decorators.http import require_http_methods

from config.urls import urlpatterns as portal
from core import journal
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload, sealed_upload
from vault.records import downloads
from vault.records.models import Paper, PaperFile

MAX = 300_000
FORM = Template(
    "<form method=post enctype=multipart/form-data>{% csrf_token %}"
    "<input name=title><input type=file name=paper></form>"
)


@sealed_upload(max_bytes=MAX)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return HttpResponse(FORM.render(Context({"csrf_token": get_token(request)})))
    content: dict[str, dict[str, Any]] = {
        key: {"name": file.name, "size": file.size, "type": file.content_type} for key, file in files(request).items()
    }
    if request.POST.get("title") == "forget":
        return JsonResponse(content)
    if request.POST.get("title") == "fail":
        raise ZeroDivisionError
    for file in files(request).values():
        content["stored"] = keep(request, file)
    return JsonResponse(content, headers={"X-Stored-Name": content["stored"]["name"]} if "stored" in content else {})


def files(request: HttpRequest) -> dict[str, SealedUpload]:
    return {key: file for key, file in request.FILES.items() if isinstance(file, SealedUpload)}


def keep(request, file) -> dict[str, str]:
    person = request.user.pk
    with transaction.atomic():
        paper = Paper.objects.create(resident_id=person, token=uuid4(), content=b"")
        file.keep(resident_id=person, became=paper.pk)
        PaperFile.objects.create(resident_id=person, paper=paper, stored_name=file.stored_name, size=file.size)
        journal.write(resident_id=person, actor_id=person, event="paper_added", purpose="Ajouter un papier")
    return {"name": file.stored_name, "sha256": file.sha256}


def read(request: HttpRequest, name: str) -> HttpResponseBase:
    assert request.user.pk is not None
    stream = sealed_storage.open(name, resident_id=request.user.pk)
    return downloads.serve(request, stream, size=stream.size, name="copie.zip", media_type="application/zip")


urlpatterns = [*portal, path("essai/", add, name="try_upload"), path("essai/<path:name>", read)]
handler500 = "config.urls.handler500"
