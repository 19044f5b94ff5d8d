"""The form of an opinion, for a member and for an association."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from campaigns.panel.forms import OpinionForm
from campaigns.panel.models import Referral


def page(request: HttpRequest, form: OpinionForm, referral: Referral, **words: str) -> HttpResponse:
    """Show the form under the question. `words`: heading, hint, button, back."""
    context = {"form": form, "kicker": referral.name, "quoted": referral.question, **words}
    return render(request, "panel/form.html", context)
