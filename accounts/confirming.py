"""The button that confirms one's identity by FranceConnect, apart from the pages, whose forms only the web loads."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts import provider
from accounts.actions import identities
from accounts.models import User
from accounts.sign_in import reauthentication, second_factor

FRANCECONNECT = "franceconnect"


def way(request: HttpRequest) -> reauthentication.Way | None:
    """Return the way to confirm by FranceConnect. Users with a second factor must give it instead."""
    user = request.user
    if not isinstance(user, User) or second_factor.is_set_up(user) or not provider.is_configured(FRANCECONNECT):
        return None
    if identities.linked(user, FRANCECONNECT) is None:
        return None
    return reauthentication.Way(
        label=gettext_lazy("Confirmer avec FranceConnect"),
        sentence=gettext_lazy("FranceConnect dit que c’est bien vous, puis vous revenez ici."),
        url=reverse("confirm_by_franceconnect"),
    )
