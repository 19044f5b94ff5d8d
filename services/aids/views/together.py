"""Pages of the couple's simulation. Without a result they give the reason, never what the partner's vault holds."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from services.aids.actions import together as actions_together


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    found = actions_together.simulate(resident_id=request.user.pk)
    if isinstance(found, actions_together.NotTogether):
        return render(request, "aids/not_together.html", {"why": found.why, "partner": found.partner})
    from services.aids.presenting import together as presenting_together

    return render(request, "aids/together.html", presenting_together.home(found))


@require_safe
def why(request: SignedInRequest, code: str) -> HttpResponse:
    found = actions_together.simulate(resident_id=request.user.pk, keep=False)
    if isinstance(found, actions_together.NotTogether):
        return redirect("aids:together")
    from services.aids.presenting import together as presenting_together

    result = next((result for result in found.listed if result.code == code), None)
    if result is None:
        raise Http404
    return render(request, "aids/why_together.html", presenting_together.why(found, result))
