"""Pages of a holder that sends by itself: accept what it may send, and the code to give it."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.http import SignedInRequest
from core.templatetags.civic import long_date
from vault.holders.actions import connections as actions
from vault.holders.connectors import Available
from vault.holders.forms.connections import PushForm, fields_by_dataset
from vault.holders.presenting import connections as connecting
from vault.records.content import holder_catalogue


def accept(request: SignedInRequest, found: Available) -> HttpResponse:
    """Show what the holder may send, how often and until when; keep what the resident ticks of it."""
    form = PushForm(found.offer, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = actions.connect(
            resident_id=request.user.pk,
            by=request.user.pk,
            holder=found.offer.code,
            datasets=form.cleaned_data["datasets"],
            unattended=True,
        )
        return redirect("holders:connection", connection_id=made.pk)
    context: dict[str, Any] = {
        "form": form,
        "offer": found.offer,
        "name": holder_catalogue.name(found.offer.code),
        "datasets": fields_by_dataset(found.offer),
        "rhythm": connecting.rhythm(found.offer.code),
        "until": long_date(timezone.localdate() + timedelta(days=found.connector.longest_days)),
    }
    return render(request, "holders/connect_push.html", context)
