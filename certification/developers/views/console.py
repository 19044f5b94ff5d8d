"""The console: one call of a test program, as a persona, and what it gets."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.decorators import publishers_only
from accounts.http import SignedInRequest
from certification.access.asking import MayNotAsk
from certification.access.enums import Environment
from certification.access.models import Client
from certification.developers.actions import console, personas
from certification.developers.actions.console import Answered
from certification.developers.forms import ConsoleForm
from certification.labels import perms
from certification.labels.views.asking import sent


@publishers_only
@never_cache
@require_http_methods(["GET", "POST"])
def show(request: SignedInRequest) -> HttpResponse:
    publisher = perms.place_of(request.user).publisher
    programs = Client.objects.filter(service__publisher=publisher, environment=Environment.TEST)
    form = ConsoleForm(programs.select_related("service__publisher").order_by("pk"), sent(request))
    answered = _call(request, form) if request.method == "POST" and form.is_valid() else None
    context = {"form": form, "programs": programs.exists(), "answered": answered}
    return render(request, "developers/console.html", context)


def _call(request: SignedInRequest, form: ConsoleForm) -> Answered | None:
    """Make the call; say on the form why it cannot be made."""
    data = form.cleaned_data
    persona = personas.account_of(data["persona"])
    if persona is None:
        form.add_error("persona", _("Les personnes fictives ne sont pas encore installées."))
        return None
    try:
        return console.call(client=data["program"], by=request.user, persona=persona, name=data["name"])
    except MayNotAsk:
        form.add_error("program", _("Ce service n’a pas un but, et un seul, à essayer. Complétez sa demande."))
    except ValueError:
        form.add_error("program", _("Son but ne demande aucune valeur, ou exige un papier : la console n’en a pas."))
    return None
