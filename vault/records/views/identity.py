"""The page after FranceConnect that offers to copy the civil status into the vault. The resident may refuse."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.sign_in import pivot, reauthentication
from vault import types
from vault.records import actions, wording
from vault.records.actions.identity import TYPE

#: FranceConnect gives the first names twice: in one text, and one by one.
FIRST_NAMES_AGAIN = "given_name_array"
LEVELS = {
    "eidas1": gettext_lazy("Le premier des trois niveaux européens"),
    "eidas2": gettext_lazy("Le deuxième des trois niveaux européens"),
    "eidas3": gettext_lazy("Le troisième des trois niveaux européens"),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keep_identity(request: SignedInRequest) -> HttpResponse:
    identity = pivot.waiting(request)
    if identity is None:
        return redirect("records:home")
    if request.method != "POST":
        return render(
            request, "records/keep_identity.html", {"rows": _rows(identity), "next": request.GET.get("next", "")}
        )
    if request.POST.get("answer") == "yes":
        _keep(request, identity)
    pivot.forget(request)
    page = request.POST.get("next", "")
    return redirect(reauthentication.safe_page(request, page) if page else "home")


def _keep(request: SignedInRequest, identity: Mapping[str, Any]) -> None:
    try:
        actions.keep_identity(resident_id=request.user.pk, by=request.user.pk, identity=identity)
    except actions.Invalid:
        messages.warning(
            request,
            _("FranceConnect n’a pas tout dit\u00a0: rien n’est copié. Vous pouvez écrire votre identité vous-même."),
        )
    else:
        messages.success(request, _("Votre identité est copiée dans votre coffre."))


def _rows(identity: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return each value as it would be kept, in the words of its type."""
    known = [info for info in types.get(TYPE).fields.values() if info.pointer[1:] != FIRST_NAMES_AGAIN]
    return [
        {"key": info.label, "value": _value(info, identity[info.pointer[1:]])}
        for info in known
        if info.pointer[1:] in identity
    ]


def _value(info: types.FieldInfo, value: object) -> str:
    return str(LEVELS[value]) if value in LEVELS else wording.format_value(info, value)
