"""Pages of “what if…”: choices as links, and what each would change. They write nothing."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from services.aids.actions import whatif as actions
from services.aids.actions.simulations import Nothing


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    found = actions.offered(resident_id=request.user.pk)
    if isinstance(found, Nothing):
        return redirect("aids:home")
    from services.aids.presenting import whatif as presenting

    return render(request, "aids/what_if.html", presenting.choices(found))


@require_safe
def result(request: SignedInRequest, code: str) -> HttpResponse:
    found = actions.tried(resident_id=request.user.pk, code=code)
    if isinstance(found, Nothing):
        return redirect("aids:home")
    if found is None:
        raise Http404
    from services.aids.presenting import whatif as presenting

    return render(request, "aids/what_if_result.html", presenting.result(found))
