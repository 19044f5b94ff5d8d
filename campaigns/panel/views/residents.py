"""Pages of residents: volunteer, withdraw, accept a seat, write an opinion."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from campaigns.debates.actions import identities
from campaigns.panel.actions import opinions, volunteers
from campaigns.panel.enums import Stance
from campaigns.panel.forms import OpinionForm, SeatForm
from campaigns.panel.models import Entry, Panel, Referral
from campaigns.panel.presenting import panels
from campaigns.panel.views import finding, writing


@require_http_methods(["GET", "POST"])
def own(request: SignedInRequest, number: int) -> HttpResponse:
    """Show a resident's own place in a panel. A POST has one act: prove, enter, accept or withdraw."""
    panel, act = finding.panel(number), request.POST.get("act", "")
    form = SeatForm(request.POST if act == "accept" else None)
    if act == "accept" and form.is_valid():
        _accept(request, panel, form.cleaned_data["name"])
    elif act in ACTS:
        ACTS[act](request, panel)
    if request.method == "POST" and not form.errors:
        return redirect("panel:own", number)
    place, proved = panels.own(panel), identities.proved(request)
    context = {
        "panel": panel,
        "place": place,
        "facts": panels.facts(panel),
        "takes_entries": panel.takes_entries(timezone.now()),
        "identity": identities.of(request.user),
        "proved": proved is not None,
        "form": form if place.is_called else None,
        "asked": panels.asked(place) if place.sits else [],
    }
    return render(request, "panel/own.html", context)


def _prove(request: SignedInRequest, _panel: Panel) -> None:
    found, me = identities.proved(request), request.user.pk
    if found:
        identities.keep_proved(resident_id=me, by=me, found=found)


def _enter(request: SignedInRequest, panel: Panel) -> None:
    try:
        volunteers.enter(resident=request.user, by=request.user.pk, panel=panel)
        messages.success(request, _("Vous êtes volontaire. Vous pouvez vous retirer à tout moment."))
    except volunteers.NotNow:
        messages.warning(request, _("La liste est close : vous n’êtes pas inscrit."))
    except volunteers.NoIdentity:
        messages.warning(request, _("Prouvez d’abord qui vous êtes."))
    except volunteers.EnteredElsewhere:
        messages.warning(request, _("Un autre compte à vous est déjà volontaire. Une personne a un numéro."))


def _withdraw(request: SignedInRequest, panel: Panel) -> None:
    me = request.user.pk
    if volunteers.withdraw(resident_id=me, by=me, panel=panel):
        messages.success(request, _("Vous êtes retiré. Votre numéro ne mène plus à vous."))


def _accept(request: SignedInRequest, panel: Panel, name: str) -> None:
    me = request.user.pk
    try:
        volunteers.accept(resident_id=me, by=me, panel=panel, name=name)
        messages.success(request, _("Vous siégez au panel."))
    except (volunteers.NotNow, Entry.DoesNotExist):
        messages.warning(request, _("Rien n’a changé : la réponse est déjà donnée, ou le délai est passé."))


ACTS = {"prove": _prove, "enter": _enter, "withdraw": _withdraw}


def _may_write(place: panels.Own, referral: Referral) -> bool:
    is_written = referral.opinions.filter(member=place.rank).exists()
    return not is_written and referral.takes_opinions(timezone.now())


@require_http_methods(["GET", "POST"])
def opine(request: SignedInRequest, number: int) -> HttpResponse:
    """Write an opinion, as a member of the panel. For anybody else, and once it is written, it is a 404."""
    referral, me = finding.referral(number), request.user.pk
    place = panels.own(referral.panel)
    if not place.sits or (request.method == "GET" and not _may_write(place, referral)):
        raise Http404
    form = OpinionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            opinions.opine(
                resident_id=me, by=me, referral=referral, stance=Stance(data["stance"]), reasons=data["reasons"]
            )
            messages.success(request, _("Votre avis est publié. La ville répond dans les trente jours."))
        except opinions.NotNow:
            messages.warning(request, _("Votre avis est déjà publié, ou le délai est passé : rien n’a changé."))
        except PermissionDenied:
            raise Http404 from None
        return redirect("panel:referral", number)
    hint = _("Signé « %(name)s », public aussitôt. Il ne change plus et reste après le panel.")
    return writing.page(
        request,
        form,
        referral,
        heading=_("Donner votre avis"),
        hint=hint % {"name": place.name},
        button=_("Publier mon avis"),
        back=reverse("panel:referral", args=[number]),
    )
