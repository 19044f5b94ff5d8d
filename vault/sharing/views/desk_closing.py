"""Pages of a desk visit that close a vault which only its sheet opens, or keep it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import sheet_closing
from accounts.actions.closing import COOLING_OFF, Begun
from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.models import SheetClosing, User
from accounts.perms import can_sign_in
from accounts.two_persons import ACTS, NotTwo
from core.models import City
from vault.records import gate
from vault.sharing.actions import desk_closing as actions
from vault.sharing.forms.desk import AskToCloseForm, ConfirmClosingForm
from vault.sharing.models import DeskVisit
from vault.sharing.presenting import desk as words
from vault.sharing.views.desk import find_visit, for_who_keeps_it, over, refused, say_begun


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def close(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Show where the closing is: asked by the first agent, confirmed by the second, or not asked."""
    visit = find_visit(request, visit_id)
    person = User.objects.get(pk=visit.resident_id)
    if can_sign_in(person):
        return refused(request, visit, _("Cette personne se connecte elle-même : elle ferme son coffre seule."))
    there = sheet_closing.standing(person)
    kind = ConfirmClosingForm if there is not None else AskToCloseForm
    initial = {"shown": there.pk} if there is not None else None
    form = kind(request.POST if request.method == "POST" else None, initial=initial)
    if request.method != "POST" or not form.is_valid():
        return _page(request, visit, person, there, form)
    try:
        if form.cleaned_data["step"] == "ask":
            actions.ask_to_close(visit=visit, agent=request.user)
        else:
            if there is None or form.cleaned_data["shown"] != str(there.pk):
                raise sheet_closing.NotAsked
            actions.confirm_closing(visit=visit, agent=request.user, asked=there)
    except NotTwo as lack:
        form.add_error(None, lack.words_for(request.user))
        return _page(request, visit, person, there, form, 409)
    except sheet_closing.NotAsked:
        messages.warning(request, _("Cette demande n’est plus là : la personne garde son coffre."))
    except Begun:
        say_begun(request)
        return redirect("sharing:desk_visit", visit_id=visit.pk)
    except (gate.Refused, PermissionDenied):
        return over(request)
    return redirect("sharing:desk_close", visit_id=visit.pk)


@agents_only
@for_who_keeps_it
@require_POST
def keep(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    visit = find_visit(request, visit_id)
    try:
        actions.keep_open(visit=visit, agent=request.user)
        messages.success(request, _("C’est noté : la personne garde son coffre."))
    except Begun:
        say_begun(request)
    except (gate.Refused, PermissionDenied):
        return over(request)
    return redirect("sharing:desk_visit", visit_id=visit.pk)


def _page(
    request: SignedInRequest,
    visit: DeskVisit,
    person: User,
    there: SheetClosing | None,
    form: AskToCloseForm,
    status: int = 400,
) -> HttpResponse:
    mine = there is not None and there.asked_by == request.user
    lack = ACTS["close_with_sheet"].lack(request.user)
    context: dict[str, Any] = {
        "visit": visit,
        "acting": words.banner(visit),
        "person": person,
        "closing": there,
        "form": form,
        "mine": mine,
        "until": there.asked_at + sheet_closing.WAITS if there else None,
        "day": timezone.now() + COOLING_OFF,
        "lack": lack.label if lack and not mine else "",
        "city": City.current(),
    }
    return render(request, "sharing/desk/close.html", context, status=status if form.is_bound else 200)
