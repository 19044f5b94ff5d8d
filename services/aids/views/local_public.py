"""Public pages of local aids: the rules that the city applies, their parameters, cases and versions.

The code of relations between the public and the administration asks it of decisions taken by an algorithm
(articles L311-3-1 and L312-1-3).
"""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from services.aids.differences import REPORT
from services.aids.models import LocalAid
from services.aids.presenting import local_aids as presenting
from services.versions.views import named, yaml_file


@login_not_required
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    return render(
        request, "aids/local/public_list.html", {"rows": presenting.public_rows(LocalAid.objects.in_force())}
    )


@login_not_required
@require_safe
def differences(request: HttpRequest) -> HttpResponse:
    """Where our amounts differ from the published engine's: a resident may cite it."""
    return render(request, "aids/differences.html", {"aids": presenting.differences(), "report": REPORT})


@login_not_required
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The version in force, or another one that was public."""
    context = presenting.public_page(_shown(request, code)) | {"back": reverse("aids:local_aids")}
    return render(request, "aids/local/public.html", context)


@login_not_required
@require_safe
def rules(request: HttpRequest, code: str) -> HttpResponse:
    return yaml_file(_shown(request, code))


def _shown(request: HttpRequest, code: str) -> LocalAid:
    found = named(request, LocalAid.objects.of(code).shown().prefetch_related("cases"))
    if found is None:
        raise Http404
    return found
