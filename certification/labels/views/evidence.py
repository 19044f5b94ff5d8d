"""Evidence: publishers add and remove sealed files, the agent who examines their request opens them."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import agents_only, publishers_only, recently_authenticated
from accounts.http import SignedInRequest
from certification.labels.actions import evidence as actions
from certification.labels.forms import EvidenceForm
from certification.labels.models import Evidence, LabelRequest
from certification.labels.presenting import requests as words
from certification.labels.states import WRITABLE
from certification.labels.views.found import own_request, sent_request
from core.files.sizes import MAX_PAPER
from core.files.uploads import sealed_work_upload
from vault.records.downloads import serve


def _key(request: HttpRequest, request_id: UUID) -> bytes:
    """Return the key under which a file for this request is sealed, to a member of its publisher."""
    if not getattr(request.user, "is_publisher", False):
        raise PermissionDenied
    found = _writable(request, request_id)  # type: ignore[arg-type]  # signed in, as a member is
    return actions.key_for(found.service.publisher_id)


@publishers_only
@sealed_work_upload(max_bytes=MAX_PAPER, key=_key)
@require_http_methods(["GET", "POST"])
def evidence(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Show the files of a request. POST adds one."""
    found = _writable(request, request_id)
    posted = request.method == "POST"
    form = EvidenceForm(request.POST if posted else None, request.FILES if posted else None)
    if posted and form.is_valid():
        try:
            actions.add(
                request=found,
                by=request.user,
                title=form.cleaned_data["title"],
                upload=form.cleaned_data["file"],
            )
        except actions.TooMany:
            text = _("Cette demande a déjà %(count)s fichiers, le maximum : retirez-en un d’abord.")
            form.add_error("file", text % {"count": actions.MOST})
        except actions.Refused as refused:
            form.add_error("file", str(refused))
        else:
            messages.success(request, _("Le fichier est ajouté, chiffré."))
            return redirect("labels:evidence", request_id=found.pk)
    context = {"found": found, "form": form, "rows": words.evidence_rows(found)}
    return render(request, "labels/evidence.html", context)


@publishers_only
@require_POST
def remove(request: SignedInRequest, request_id: UUID, evidence_id: UUID) -> HttpResponse:
    found = _writable(request, request_id)
    actions.remove(evidence=get_object_or_404(_rows(found), pk=evidence_id), by=request.user)
    messages.success(request, _("Le fichier est effacé."))
    return redirect("labels:evidence", request_id=found.pk)


@agents_only
@recently_authenticated
@require_safe
def open_file(request: SignedInRequest, request_id: UUID, evidence_id: UUID) -> HttpResponseBase:
    """Return a file to the agent who examines its request, once the register notes it. Others find no such page."""
    found = sent_request(request, request_id)
    row = get_object_or_404(_rows(found), pk=evidence_id)
    if found.instructor_id != request.user.pk:
        raise Http404
    try:
        stream = actions.open_for_instructor(evidence=row, by=request.user)
    except Evidence.DoesNotExist:
        raise Http404 from None
    ending = actions.ENDINGS[row.media_type][0]
    name = f"{found.number} {row.title}{ending}"
    return serve(request, stream, size=row.size, name=name, media_type=row.media_type)


def _rows(found: LabelRequest) -> QuerySet[Evidence]:
    return found.evidence.select_related("request__service__publisher")


def _writable(request: SignedInRequest, request_id: UUID) -> LabelRequest:
    found = own_request(request, request_id)
    if found.state not in WRITABLE:
        raise Http404
    return found
