"""The page by which an agent or a companion opens the account that was offered to their address."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actions import pending
from accounts.actions.accounts import AddressTaken


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_account(request: HttpRequest, token: str) -> HttpResponse:
    """Show the offer. Only its button uses the token, because mail programs open links by themselves."""
    row = pending.find(token)
    if row is None:
        return render(request, "account/pending_over.html", status=410)
    if request.method != "POST":
        return render(request, "account/pending.html", {"row": row})
    try:
        pending.open_account(token=token)
    except pending.Over:
        return render(request, "account/pending_over.html", status=410)
    except AddressTaken:
        return render(request, "account/pending_taken.html", {"row": row}, status=409)
    messages.success(request, _("Votre compte est ouvert. Connectez-vous avec cette adresse."))
    return redirect("account_login")
