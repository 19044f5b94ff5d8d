"""Signing in, opening a vault, and confirming one's identity.

Newcomers and known users see the same pages, so that no page reveals whether an account exists.
"""

import time

from allauth.account.adapter import get_adapter
from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import LoginView
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import codes, known_devices, provider
from accounts.actions import accounts as actions
from accounts.codes import Answer, Asked, Use
from accounts.forms import AddressForm, CodeForm, CurrentPasswordForm, NameForm
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.sign_in import reauthentication, second_factor
from core import once

# A newcomer verifies the address, then gives a name within half an hour.
PROVED_LASTS = 1800
PROVED = "proved_address"
TOO_MANY = 429

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@never_cache
@get_or_post
def sign_in(request: HttpRequest) -> HttpResponse:
    return _ask_for_a_code(request, "account/login.html", _next(request))


@login_not_required
@never_cache
@get_or_post
def forgotten_password(request: HttpRequest) -> HttpResponse:
    """Sign in by code, second factor included, then set a new password. No link in an e-mail opens an account."""
    return _ask_for_a_code(request, "account/password_reset.html", reverse("account_change_password"))


@login_not_required
@never_cache
@get_or_post
def enter_code(request: HttpRequest) -> HttpResponse:
    asked = Asked.of(request, Use.SIGN_IN)
    if asked is None:
        return _code_is_over(request, "account_login")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        answer = code_answer(request, form, Use.SIGN_IN)
        if answer is Answer.RIGHT:
            response = _enter(request, asked)
            known_devices.remember(request, response, email=asked.email)
            return response
        if answer is Answer.OVER:
            return _code_is_over(request, "account_login")
    return render(request, "account/confirm_login_code.html", {"form": form, "email": asked.email})


@login_not_required
@never_cache
@get_or_post
def open_vault(request: HttpRequest) -> HttpResponse:
    """Open a vault for an address that was verified in this browser."""
    proved = request.session.get(PROVED)
    if request.user.is_authenticated or not proved or time.time() - proved["at"] > PROVED_LASTS:
        return redirect("account_login")
    if request.method == "POST" and not ratelimit.consume(request, app="allauth.account", action="open_vault"):
        return too_many(request)
    form = NameForm(request.POST or None)
    if not form.is_valid():
        return render(request, "account/signup.html", {"form": form, "email": proved["email"]})
    del request.session[PROVED]
    if not once.use("proved address", proved["serial"]):
        return redirect("account_login")
    user = actions.register_resident(email=proved["email"], name=form.cleaned_data["name"])
    return let_in(request, user, method="code", next_page=proved["next"])


class PasswordSignInView(LoginView):
    template_name = "account/password_login.html"


@never_cache
@get_or_post
def confirm_identity(request: SignedInRequest) -> HttpResponse:
    """Confirm one's identity by a code or a password, or only by the second factor if there is one."""
    next_page = reauthentication.safe_page(request, _next(request))
    if second_factor.is_set_up(request.user):
        return redirect(f"{reverse('mfa_reauthenticate')}?{request.GET.urlencode()}")
    form = CurrentPasswordForm(request.POST if "password" in request.POST else None)
    if form.is_valid() and _is_their_password(request, form):
        reauthentication.record(request, "password")
        return redirect(next_page)
    if request.method == "POST" and not form.is_bound:
        return _send_confirmation(request, next_page)
    context = {"form": form, "next": next_page, "others": reauthentication.other_ways(request)}
    return render(request, "account/reauthenticate.html", context)


@never_cache
@get_or_post
def confirm_code(request: SignedInRequest) -> HttpResponse:
    asked = Asked.of(request, Use.CONFIRM)
    if asked is None or asked.email != request.user.email:
        return _code_is_over(request, "account_reauthenticate")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        answer = code_answer(request, form, Use.CONFIRM)
        if answer is Answer.RIGHT:
            reauthentication.record(request, "code")
            return redirect(asked.next)
        if answer is Answer.OVER:
            return _code_is_over(request, "account_reauthenticate")
    return render(request, "account/confirm_code.html", {"form": form, "email": asked.email})


def let_in(request: HttpRequest, user: User, *, method: str, next_page: str) -> HttpResponse:
    """Sign in a user whose identity `method` has proved, after the second factor if there is one."""
    record_authentication(request, user, method=method)
    login = Login(user=user, redirect_url=next_page, email=user.email, email_verification=EmailVerificationMethod.NONE)
    response: HttpResponse = perform_login(request, login)
    return response


def code_answer(request: HttpRequest, form: CodeForm, use: Use) -> Answer:
    """Check the typed code; a wrong one adds an error to the form."""
    if not codes.may_check(request):
        form.add_error("code", _("Trop d’essais. Attendez une minute, puis recommencez."))
        return Answer.WRONG
    answer = codes.check(request, use=use, typed=form.cleaned_data["code"])
    if answer is Answer.WRONG:
        form.add_error("code", _("Ce n’est pas le bon code. Recopiez les six chiffres du dernier message reçu."))
    return answer


def too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=TOO_MANY)


def _ask_for_a_code(request: HttpRequest, template: str, next_page: str) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(reauthentication.safe_page(request, next_page) if next_page else "home")
    form = AddressForm(request.POST or None)
    status = 200
    if form.is_valid():
        if codes.may_send(request, form.cleaned_data["email"]):
            codes.send(request, use=Use.SIGN_IN, email=form.cleaned_data["email"], next_page=next_page)
            return redirect("account_confirm_login_code")
        form.add_error("email", _("Vous avez demandé beaucoup de codes. Attendez quelques minutes, puis recommencez."))
        status = TOO_MANY
    return render(request, template, {"form": form, "next": next_page, **_elsewhere()}, status=status)


def _elsewhere() -> dict[str, bool]:
    """Return which other providers are configured."""
    return {name: provider.is_configured(name) for name in ("franceconnect", "proconnect")}


def _enter(request: HttpRequest, asked: Asked) -> HttpResponse:
    next_page = reauthentication.safe_page(request, asked.next) if asked.next else ""
    user = User.objects.signing_in_as(asked.email).first()
    if user is not None:
        return let_in(request, user, method="code", next_page=next_page)
    request.session.cycle_key()
    request.session[PROVED] = {"email": asked.email, "at": time.time(), "next": next_page, "serial": asked.serial}
    return redirect("account_signup")


def _send_confirmation(request: SignedInRequest, next_page: str) -> HttpResponse:
    if not codes.may_send(request, request.user.email):
        return too_many(request)
    codes.send(request, use=Use.CONFIRM, email=request.user.email, next_page=next_page)
    return redirect("confirm_code")


def _is_their_password(request: SignedInRequest, form: CurrentPasswordForm) -> bool:
    """Check the password. The rate limit is shared with sign-ins: five wrong passwords in five minutes."""
    try:
        if get_adapter(request).reauthenticate(request.user, form.cleaned_data["password"]):
            return True
        form.add_error("password", get_adapter().error_messages["incorrect_password"])
    except ValidationError as too_many_tries:
        form.add_error("password", too_many_tries)
    return False


def _code_is_over(request: HttpRequest, back: str) -> HttpResponse:
    messages.warning(request, _("Ce code ne sert plus. Demandez-en un nouveau."))
    return redirect(back)


def _next(request: HttpRequest) -> str:
    return request.POST.get("next") or request.GET.get("next") or ""
