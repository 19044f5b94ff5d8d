"""Urgent situations as everybody reads them, and the days that a resident tells.

Nobody needs an account. What is opened is not kept; what a resident tells is, for them alone.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from accounts.models import User
from services.aids import shipping
from services.aids.actions import urgent_dates
from services.aids.models import UrgentSituation
from services.aids.presenting import urgent as presenting
from services.aids.urgent import forms


@login_not_required
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    situations = [row.said for row in shipping.urgent_situations()]
    return render(request, "aids/urgent.html", {"situations": situations})


@login_not_required
@require_safe
def situation(request: HttpRequest, code: str) -> HttpResponse:
    return render(request, "aids/situation.html", presenting.page(_found(code)))


@login_not_required
@require_http_methods(["GET", "POST"])
def dates(request: HttpRequest, code: str) -> HttpResponse:
    """Ask when it happened, and turn the deadlines into dates. A visitor's days are shown and not kept."""
    row = _found(code)
    found = row.said
    if not found.counted:
        raise Http404
    user = request.user if isinstance(request.user, User) and request.user.is_resident else None
    kept = urgent_dates.noted(resident_id=user.pk).get(row.code, {}) if user else {}
    sent = request.POST if request.method == "POST" else None
    form = forms.DatesForm(sent, events=found.counted, initial=kept)
    noted = kept
    if sent is not None and form.is_valid():
        if user:
            urgent_dates.note(resident_id=user.pk, by=user.pk, code=row.code, days=form.days())
            return redirect("aids:dates", row.code)
        noted = form.days()
    context = {
        "form": form,
        "situation": found,
        "lines": presenting.deadlines(found, noted) if noted else [],
        "kept": bool(kept),
        "keeps": user is not None,
    }
    return render(request, "aids/dates.html", context, status=400 if form.errors else 200)


@require_POST
def forget_dates(request: SignedInRequest, code: str) -> HttpResponse:
    urgent_dates.forget(resident_id=request.user.pk, by=request.user.pk, code=code)
    messages.success(request, _("Ces dates sont effacées."))
    return redirect("aids:situation", code) if shipping.urgent_situation(code) else redirect("aids:urgent")


def _found(code: str) -> UrgentSituation:
    row = shipping.urgent_situation(code)
    if row is None:
        raise Http404
    return row
