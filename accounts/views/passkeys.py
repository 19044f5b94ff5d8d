"""Passkeys: to sign in, as a second factor, and the user's list. allauth and fido2 run the ceremony."""

import json
from typing import Any

from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.models import Login
from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.decorators import recently_authenticated
from accounts.forms import RenamePasskeyForm
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.sign_in import reauthentication, second_factor

GET_OR_POST: list[str] = ["get", "head", "post"]


def options_for(user: User) -> str:
    """Return the browser's challenge as JSON, or an empty string if the user has no passkey. The session keeps it."""
    return json.dumps(auth.begin_authentication(user)) if second_factor.passkeys(user) else ""


# Coming in


class ComeInView(LoginWebAuthnView):
    """Sign in with a passkey. GET gives the challenge to the page's script; POST brings the answer.

    The device verified the user, so a passkey is already two factors and no second one is asked.
    """

    def form_invalid(self, form: Form) -> HttpResponse:
        _say_problems(self.request, form)
        return redirect("account_login")

    def form_valid(self, form: Form) -> HttpResponse:
        authenticator = form.cleaned_data["credential"]
        next_page = self.request.POST.get("next", "")
        page = reauthentication.safe_page(self.request, next_page) if next_page else None
        login = Login(user=authenticator.user, redirect_url=page, email_verification=EmailVerificationMethod.NONE)
        response: HttpResponse = perform_passwordless_login(self.request, authenticator, login)
        return response


class SecondFactorView(AuthenticateView):
    """Asks for the second factor after a code, a password or FranceConnect: TOTP code, passkey or recovery code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context, user = super().get_context_data(**kwargs), self.stage.login.user
        passkey = json.dumps(context["js_data"]["request_options"]) if second_factor.passkeys(user) else ""
        second = {"passkey": passkey, "has_codes": second_factor.has_codes(user), "reference": user.reference}
        return {**context, **second, "problems": self.webauthn_form.errors.get("credential", [])}


# Saying again who one is


class ConfirmBySecondFactorView(ReauthenticateView):
    template_name = "mfa/reauthenticate.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        context = {
            "others": reauthentication.other_ways(self.request),
            "next": reauthentication.safe_page(
                self.request, self.request.POST.get("next") or self.request.GET.get("next")
            ),
            "passkey": options_for(user),
            "has_codes": second_factor.has_codes(user),
            "reference": user.reference,
        }
        return {**super().get_context_data(**kwargs), **context}


class ConfirmByPasskeyView(ReauthenticateWebAuthnView):
    """Confirms one's identity with a passkey. Its form is on the page of the second factor."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("mfa_reauthenticate")

    def form_invalid(self, form: Form) -> HttpResponse:
        _say_problems(self.request, form)
        page = reauthentication.safe_page(self.request, self.request.POST.get("next"))
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': page})}")


# One's own


@require_safe
def passkeys(request: SignedInRequest) -> HttpResponse:
    return render(request, "mfa/passkeys.html", {"passkeys": second_factor.passkeys(request.user)})


class AddView(AddWebAuthnView):
    """Adds a discoverable passkey that verifies its user. Presence alone would be weaker than the replaced code."""

    template_name = "mfa/add_passkey.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["options"] = json.dumps(auth.begin_registration(self.request.user, True))
        return context

    def form_valid(self, form: Form) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        second_factor.record(self.request, self.request.user, kind="webauthn")
        return response

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes" if self.did_generate_recovery_codes else "mfa_list_webauthn")


class RenameView(EditWebAuthnView):
    http_method_names = GET_OR_POST
    template_name = "mfa/rename_passkey.html"

    def form_valid(self, form: RenamePasskeyForm) -> HttpResponse:
        form.save()
        messages.success(self.request, _("La clé a changé de nom."))
        return redirect("mfa_list_webauthn")


class RemoveView(RemoveWebAuthnView):
    http_method_names = GET_OR_POST
    template_name = "mfa/remove_passkey.html"

    def form_valid(self, form: Form) -> HttpResponse:
        if not second_factor.may_remove(self.object):
            messages.warning(self.request, _("Un agent ne peut pas se passer de la double vérification."))
            return redirect("mfa_list_webauthn")
        response: HttpResponse = super().form_valid(form)
        return response


come_in = login_not_required(never_cache(ComeInView.as_view()))
give_second_factor = login_not_required(never_cache(SecondFactorView.as_view()))
confirm_by_second_factor = never_cache(ConfirmBySecondFactorView.as_view())
confirm_by_passkey = never_cache(ConfirmByPasskeyView.as_view())
add = never_cache(recently_authenticated(AddView.as_view()))
rename = never_cache(recently_authenticated(RenameView.as_view()))
remove = never_cache(recently_authenticated(RemoveView.as_view()))


def _say_problems(request: HttpRequest, form: Form) -> None:
    for problem in form.errors.get("credential", []):
        messages.warning(request, str(problem))
