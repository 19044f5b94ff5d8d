"""The copy of a whole vault. The resident signs in again before it is made and before it is downloaded."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import recently_authenticated
from accounts.http import SignedInRequest
from vault.records import downloads
from vault.records.actions import exports
from vault.records.models import Brought, Export


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated
def take_away(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        job = exports.ask(resident_id=request.user.pk, by=request.user.pk)
        return redirect("job", job_id=job.pk)
    export = Export.objects.select_related("job").first()
    return render(
        request, "records/take_away.html", {"export": export, "brought": exports.brought(resident_id=request.user.pk)}
    )


@never_cache
@require_safe
@recently_authenticated
def download(request: SignedInRequest) -> HttpResponseBase:
    export = Export.objects.first()
    if export is None:
        raise Http404
    try:
        stream = exports.download(export=export, by=request.user.pk)
    except exports.NotReady:
        raise Http404 from None
    return downloads.serve(request, stream, size=export.length, name=export.file_name, media_type="application/zip")


@never_cache
@require_safe
@recently_authenticated
def brought(request: SignedInRequest, brought_id: UUID) -> HttpResponseBase:
    """Download a copy that came from another portal and is kept as history."""
    row = get_object_or_404(Brought.objects.all(), pk=brought_id)
    stream = exports.open_brought(row=row, by=request.user.pk)
    return downloads.serve(request, stream, size=row.size, name="apporte.zip", media_type="application/zip")


@require_POST
def delete(request: SignedInRequest) -> HttpResponse:
    export = Export.objects.first()
    if export is not None:
        exports.delete(export=export, by=request.user.pk)
    messages.success(request, _("La copie est effacée d’ici."))
    return redirect("records:take_away")
