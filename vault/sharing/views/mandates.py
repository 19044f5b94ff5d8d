"""Pages about help: organisations and companions, mandates, appointment codes, access and help requests.

A mandate then also appears in the resident's shares.
"""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import recently_authenticated
from accounts.http import SignedInRequest
from accounts.models import Membership, Organisation
from accounts.page_limits import may, too_many
from vault.records.actions import grants
from vault.sharing.actions import asking, handing_over, helping, mandates
from vault.sharing.actions.household import fingerprint
from vault.sharing.agreements.entrusting import AGREEMENT, APPOINTMENT_AGREEMENT, length_words
from vault.sharing.enums import HalfDay
from vault.sharing.forms.mandates import EntrustForm, HelpForm
from vault.sharing.models import AccessRequest, Appointment, Handover, HelpRequest, Mandate
from vault.sharing.presenting import mandates as words
from vault.sharing.presenting.household import values_by_item as held_words


@require_safe
def helpers(request: SignedInRequest) -> HttpResponse:
    """List the organisations' companions, and the resident's mandates and requests. No value is decrypted."""
    context = {
        "places": words.places(),
        "given": words.given(),
        "asked": [*words.to_answer(), *words.handed_over()],
        "helped": words.own_help(),
        "waiting": Appointment.objects.open().first(),
    }
    return render(request, "sharing/mandates/helpers.html", context)


@recently_authenticated
@require_http_methods(["GET", "POST"])
def entrust(request: SignedInRequest, membership_id: UUID) -> HttpResponse:
    """Show the mandate with the current values, and sign it. The link not to sign is as prominent as the button."""
    place = Membership.objects.current().select_related("person", "organisation").filter(pk=membership_id).first()
    if place is None:
        raise Http404
    values = mandates.today(resident_id=request.user.pk)
    held = held_words(AGREEMENT, values)
    form = EntrustForm(AGREEMENT, held, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _sign(request, place, form)
    context = words.page(AGREEMENT, place.label, held) | {"place": place, "form": form, "seen": fingerprint(values)}
    return render(request, "sharing/mandates/entrust.html", context)


def _sign(request: SignedInRequest, place: Membership, form: EntrustForm) -> HttpResponse:
    person, seen = request.user.pk, request.POST.get("seen", "")
    try:
        mandate = mandates.entrust(
            resident_id=person, by=person, membership_id=place.pk, terms=form.terms, acts=form.acts_chosen, seen=seen
        )
    except grants.Changed:
        messages.warning(
            request, _("Une valeur a changé depuis que vous avez ouvert cette page. Voici celles d’aujourd’hui.")
        )
        return redirect("sharing:entrust", membership_id=place.pk)
    except PermissionDenied:
        raise Http404 from None
    mandates.notify_signed_mandate(mandate)
    messages.success(request, _("Le mandat est signé. Vous pouvez l’arrêter ici à tout moment."))
    return redirect("sharing:share", grant_id=mandate.grant_id)


@require_http_methods(["GET", "POST"])
def make_code(request: SignedInRequest) -> HttpResponse:
    """Make an appointment code. The response shows it once."""
    held = held_words(APPOINTMENT_AGREEMENT, mandates.today(resident_id=request.user.pk))
    form = EntrustForm(APPOINTMENT_AGREEMENT, held, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not may(request, "appointment_make"):
            return too_many(request)
        code = mandates.make_code(resident_id=request.user.pk, by=request.user.pk, chosen=form.chosen)
        return render(
            request, "sharing/mandates/code.html", {"code": code, "until": Appointment.objects.open().get().expires_at}
        )
    context = words.page(APPOINTMENT_AGREEMENT, "", held) | {"form": form}
    return render(request, "sharing/mandates/make_code.html", context)


@require_POST
def cancel_code(request: SignedInRequest) -> HttpResponse:
    mandates.cancel_code(resident_id=request.user.pk, by=request.user.pk)
    messages.success(request, _("Le code n’ouvre plus rien."))
    return redirect("sharing:helpers")


@recently_authenticated
@require_http_methods(["GET", "POST"])
def asked(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Show an access request with the current values, and take the answer. Part of the items may be accepted."""
    row = get_object_or_404(AccessRequest, pk=request_id)
    if not row.waits:
        return render(request, "sharing/mandates/answered.html", {"asked": row})
    agreement = asking.agreement_of(row)
    values = mandates.today(resident_id=request.user.pk)
    held = held_words(agreement, values)
    sent = request.POST if request.method == "POST" and "no" not in request.POST else None
    form = EntrustForm(agreement, held, sent, acts=())
    if request.method == "POST" and (sent is None or form.is_valid()):
        return _answer(request, row, form, agree=sent is not None)
    length = length_words(*next(iter(agreement.lengths.values())))
    context = words.page(agreement, row.label, held) | {
        "asked": row,
        "form": form,
        "seen": fingerprint(values),
        "length": length,
    }
    return render(request, "sharing/mandates/asked.html", context)


def _answer(request: SignedInRequest, row: AccessRequest, form: EntrustForm, *, agree: bool) -> HttpResponse:
    try:
        if not agree:
            asking.refuse(request=row, by=request.user.pk)
            messages.success(
                request, _("Rien n’est partagé. La personne qui demande ne sait pas que vous avez répondu.")
            )
            return redirect("sharing:helpers")
        mandate = asking.accept(request=row, by=request.user.pk, terms=form.terms, seen=request.POST.get("seen", ""))
    except grants.Changed:
        messages.warning(
            request, _("Une valeur a changé depuis que vous avez ouvert cette page. Voici celles d’aujourd’hui.")
        )
    except asking.NotWaiting:
        pass
    except PermissionDenied:
        messages.warning(request, _("Cette personne n’accompagne plus d’habitants. Rien n’est partagé."))
        return redirect("sharing:helpers")
    else:
        mandates.notify_signed_mandate(mandate)
        messages.success(request, _("Votre accord est donné. Vous pouvez l’arrêter ici à tout moment."))
        return redirect("sharing:share", grant_id=mandate.grant_id)
    return redirect("sharing:access_request", request_id=row.pk)


@recently_authenticated
@require_http_methods(["GET", "POST"])
def handover(request: SignedInRequest, handover_id: UUID) -> HttpResponse:
    """Show the same mandate for another companion, with the current values, and take one yes or no."""
    row = get_object_or_404(Handover.objects.select_related("grant"), pk=handover_id)
    if not row.waits or not row.grant.stands:
        messages.info(request, _("Cette proposition n’attend plus de réponse."))
        return redirect("sharing:helpers")
    agreement = handing_over.agreement_of(row.grant)
    values = mandates.today(resident_id=request.user.pk)
    held = held_words(agreement, values)
    if request.method == "POST":
        return _take_over(request, row, held)
    context = words.page(agreement, row.label, held) | {
        "row": row,
        "lines": [{"key": item.label, "value": held[item.code] or "–"} for item in agreement.items],
        "acts": words.may_do(Mandate.objects.get(grant=row.grant)),
        "until": words.until(row.grant),
        "seen": fingerprint(values),
    }
    return render(request, "sharing/mandates/handover.html", context)


def _take_over(request: SignedInRequest, row: Handover, held: dict[str, str]) -> HttpResponse:
    person = request.user.pk
    if request.POST.get("answer") != "yes":
        handing_over.refuse(handover=row, by=person)
        messages.success(request, _("Rien ne change : la même personne vous accompagne."))
        return redirect("sharing:helpers")
    try:
        made = handing_over.accept(handover=row, by=person, seen=request.POST.get("seen", ""), shown=held)
    except grants.Changed:
        messages.warning(
            request, _("Une valeur a changé depuis que vous avez ouvert cette page. Voici celles d’aujourd’hui.")
        )
        return redirect("sharing:handover", handover_id=row.pk)
    except handing_over.NotWaiting:
        messages.info(request, _("Cette proposition n’attend plus de réponse."))
        return redirect("sharing:helpers")
    except PermissionDenied:
        messages.warning(request, _("Cette personne n’accompagne plus d’habitants. Rien n’est partagé."))
        return redirect("sharing:helpers")
    mandates.notify_signed_mandate(made)
    messages.success(request, _("C’est fait. Vous pouvez l’arrêter ici à tout moment."))
    return redirect("sharing:share", grant_id=made.grant_id)


@require_http_methods(["GET", "POST"])
def ask_help(request: SignedInRequest, organisation_id: UUID) -> HttpResponse:
    """Ask for help. The resident's name is prefilled and may be changed."""
    organisation = get_object_or_404(Organisation, pk=organisation_id, is_active=True, answers_help=True)
    days = helping.days(timezone.localdate())
    form = HelpForm(days, request.POST if request.method == "POST" else None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        if not may(request, "help_ask"):
            return too_many(request)
        person, data = request.user.pk, form.cleaned_data
        helping.ask_help(
            resident_id=person,
            by=person,
            organisation=organisation,
            name=data["name"],
            on_day=data["day"],
            half=HalfDay(data["half"]),
        )
        messages.success(request, _("Votre demande est envoyée. La réponse sera ici."))
        return redirect("sharing:helpers")
    return render(request, "sharing/mandates/ask_help.html", {"organisation": organisation, "form": form})


@require_http_methods(["GET", "POST"])
def withdraw_help(request: SignedInRequest, help_id: UUID) -> HttpResponse:
    row = get_object_or_404(HelpRequest, pk=help_id)
    if request.method == "POST":
        helping.withdraw_help(request=row, by=request.user.pk)
        messages.success(request, _("Votre demande est retirée. Le nom que vous aviez donné est effacé."))
        return redirect("sharing:helpers")
    return render(request, "sharing/mandates/withdraw_help.html", {"asked": row, "slot": words.slot(row)})
