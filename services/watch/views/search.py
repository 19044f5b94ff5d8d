"""The page of the search that the law lets a city make by itself: what it is, that it is off, and the refusal."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from services.watch.actions import objecting
from services.watch.models import Objection


@require_http_methods(["GET", "POST"])
def search(request: SignedInRequest) -> HttpResponse:
    """Show the regime; POST `refuse` or `allow`."""
    person = request.user.pk
    if request.method == "POST":
        if request.POST.get("said") == "refuse":
            objecting.object_to_search(resident_id=person, by=person)
            messages.success(request, _("C’est noté : vous refusez toutes ces recherches."))
            return redirect("watch:search")
        if request.POST.get("said") == "allow":
            objecting.take_back(resident_id=person, by=person)
            messages.success(request, _("C’est noté : vous ne refusez plus."))
            return redirect("watch:search")
    status = 400 if request.method == "POST" else 200
    return render(request, "watch/search.html", {"objection": Objection.objects.first()}, status=status)
