"""The documentation for developers, open to everybody, and the status of the service."""

import json

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certification.developers import synthetic
from certification.developers.presenting import documentation, status
from vault import types

Heads = list[dict[str, str]]


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    context = {
        "pages": documentation.pages(),
        "servers": documentation.servers(),
        "snippet": documentation.snippet("read"),
        "programs": documentation.programs(),
    }
    return render(request, "developers/documentation/home.html", context)


@login_not_required
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    context = {
        "operations": documentation.reference(),
        "parameters": _heads(_("Nom"), _("Place"), _("Rôle")),
        "shape": _heads(_("Nom"), _("Type"), _("Ce que c’est")),
    }
    return render(request, "developers/documentation/reference.html", context)


@login_not_required
@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    context = {"rows": documentation.errors(), "heads": _heads(_("Code"), _("Statut"), _("Que faire"))}
    return render(request, "developers/documentation/errors.html", context)


@login_not_required
@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    """List the types of data, or the fields of the one that was chosen."""
    code = request.GET.get("type", "")
    if not code:
        return render(request, "developers/documentation/types.html", {"lines": documentation.data_types()})
    if not types.is_known(code):
        raise Http404
    heads = _heads(_("Champ"), _("Nom"), _("Type"), _("Unité"))
    context = {
        "type": types.get(code),
        "rows": documentation.fields(code),
        "heads": heads,
        "count": synthetic.RESIDENTS,
    }
    return render(request, "developers/documentation/fields.html", context)


@login_not_required
@require_safe
def synthetic_data(request: HttpRequest, code: str) -> StreamingHttpResponse:
    """Send a line of JSON for each invented resident, as it is made."""
    if not types.is_known(code):
        raise Http404
    lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in synthetic.residents(code))
    answer = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    answer["Content-Disposition"] = f'attachment; filename="{code}.ndjson"'
    return answer


@login_not_required
@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    context = {
        "rows": documentation.events(),
        "heads": _heads(_("Événement"), _("Quand")),
        "snippet": documentation.snippet("webhook"),
        "node": documentation.snippet("webhook_node"),
        "retries": documentation.retries(),
        "days": documentation.days_kept(),
    }
    return render(request, "developers/documentation/webhooks.html", context)


@login_not_required
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    return render(request, "developers/documentation/changes.html", {"lines": documentation.changes()})


@login_not_required
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    well, lines = status.parts()
    context = {"well": well, "lines": lines, "rows": status.figures()}
    return render(request, "developers/documentation/status.html", context)


def _heads(*labels: str) -> Heads:
    return [{"label": label} for label in labels]
