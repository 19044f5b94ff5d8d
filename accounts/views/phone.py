"""A resident's telephone number: adding it with a code, and removing it. It cannot be used to sign in."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import codes
from accounts.codes import Answer, Asked, Use
from accounts.decorators import recently_authenticated
from accounts.forms import PhoneCodeForm, PhoneForm
from accounts.http import SignedInRequest
from accounts.views.sign_in import code_answer
from core.messages import phones, sms


@never_cache
@recently_authenticated
@require_http_methods(["GET", "POST"])
def change(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    form = PhoneForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["number"]
        if not codes.may_text(request, number):
            form.add_error("number", _("Vous avez demandé beaucoup de codes. Attendez une heure, puis recommencez."))
        elif codes.send_to_phone(request, number=number):
            return redirect("confirm_phone")
        else:
            form.add_error("number", _("Le SMS n’est pas parti. Réessayez plus tard : rien n’est changé."))
    number = phones.number_of(resident_id=request.user.pk)
    context = {
        "form": form,
        "number": sms.shown(number),
        "accepts": phones.accepts_requests(resident_id=request.user.pk),
    }
    return render(request, "account/phone.html", context)


@never_cache
@recently_authenticated
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    asked = Asked.of(request, Use.KEEP_PHONE)
    if asked is None:
        return redirect("change_phone")
    form = PhoneCodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = code_answer(request, form, Use.KEEP_PHONE)
        if answer is Answer.RIGHT:
            phones.keep(resident_id=request.user.pk, by=request.user.pk, number=asked.email)
            messages.success(request, _("Votre numéro est enregistré."))
            return redirect("change_phone")
        if answer is Answer.OVER:
            messages.warning(request, _("Ce code ne sert plus. Demandez-en un nouveau."))
            return redirect("change_phone")
    return render(request, "account/confirm_phone.html", {"form": form, "number": sms.shown(asked.email)})


@recently_authenticated
@require_POST
def accept_requests(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    on = request.POST.get("accept") == "yes"
    phones.accept_requests(resident_id=request.user.pk, by=request.user.pk, on=on)
    message = (
        _("C’est accepté. Vous pouvez changer d’avis ici.") if on else _("On ne vous demande plus rien par ce numéro.")
    )
    messages.success(request, message)
    return redirect("change_phone")


@require_POST
def forget(request: SignedInRequest) -> HttpResponse:
    _require_resident(request)
    phones.forget(resident_id=request.user.pk, by=request.user.pk)
    messages.success(request, _("Votre numéro est effacé. Nous n’y écrirons plus."))
    return redirect("account")


def _require_resident(request: SignedInRequest) -> None:
    """Require a resident, since the number is sealed under their key, and a city that sends text messages."""
    if not request.user.is_resident:
        raise PermissionDenied
    if not sms.offered():
        raise Http404
