"""Pages to close one's vault: the effects, the date, a confirmation. For residents only."""

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import perms
from accounts.actions import closing
from accounts.actions.closing import COOLING_OFF
from accounts.decorators import recently_authenticated
from accounts.forms import ClosingForm, ClosingNowForm
from accounts.http import SignedInRequest

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@get_or_post
def close_vault(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    form = ClosingForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return redirect("close_now" if form.cleaned_data["when"] == "now" else "confirm_closing")
    return render(request, "account/close_vault.html", {"form": form})


@never_cache
@get_or_post
@recently_authenticated
def confirm(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    if request.method != "POST":
        return render(request, "account/confirm_closing.html", {"day": timezone.now() + COOLING_OFF})
    try:
        closing.ask(user=request.user, by=request.user.pk)
        messages.success(request, _("C’est noté. Vous pouvez changer d’avis jusqu’au jour dit, en un clic."))
    except closing.Begun:
        _say_begun(request)
    return redirect("home")


@never_cache
@get_or_post
@recently_authenticated
def close_now(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    form = ClosingNowForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "account/close_now.html", {"form": form})
    if not closing.close(user=request.user, by=request.user.pk):
        return redirect("home")
    logout(request)
    return redirect("vault_closed")


@require_POST
def cancel(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    try:
        closing.cancel(user=request.user, by=request.user.pk)
        messages.success(request, _("La fermeture est annulée. Votre coffre reste comme il est."))
    except closing.Begun:
        _say_begun(request)
    return redirect("home")


@login_not_required
@require_safe
def closed(request: SignedInRequest) -> HttpResponse:
    return render(request, "account/vault_closed.html")


def _say_begun(request: SignedInRequest) -> None:
    messages.error(request, _("L’effacement de votre coffre a commencé : rien ne l’arrête plus."))


def _require_resident(request: SignedInRequest) -> None:
    if not perms.owns_a_vault(request):
        raise PermissionDenied
