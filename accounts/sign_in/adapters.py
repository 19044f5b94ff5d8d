"""allauth's adapters: texts of e-mails and errors, and protection of the second factors' secrets."""

from contextlib import suppress
from io import BytesIO
from typing import Any

import requests
import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts import devices
from accounts.sign_in import last_visit, second_factor, visitors
from core import rows
from core.keys import protect
from core.messages import mails
from core.models import City


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("L’adresse ou le mot de passe n’est pas le bon."),
        "incorrect_password": _("Ce n’est pas votre mot de passe."),
        "too_many_login_attempts": _("Trop d’essais. Attendez cinq minutes, ou demandez un code par e-mail."),
        "rate_limited": _("Trop d’essais. Attendez un peu, puis recommencez."),
    }

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Sign in, whatever the way: what a visitor did before is dropped unless they asked to keep it.

        Raises:
            Forged: a row of the account was put back, removed or changed.
        """
        if rows.accounts.check(user.pk).has(Authenticator):
            second_factor.load_all(user.pk)
        visitors.drop_at_sign_in(request.session)
        before = user.last_login
        super().login(request, user)
        last_visit.keep(request.session, before)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """E-mail a user, in the language of their current page."""
        mails.send(template_prefix, to=[email], said=context, languages=[get_language() or settings.LANGUAGE_CODE])

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Tell a user what was done. It is done, even if the e-mail can't leave."""
        with suppress(mails.NotSent):
            super().send_notification_mail(*args, **kwargs)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return False: `accounts.urls` guards allauth's sensitive pages, even for users without a password."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("Ce n’est pas le bon code. Attendez le suivant, puis recopiez-le."),
        "cannot_delete_authenticator": _("Un agent ne peut pas se passer de la double vérification."),
    }

    def encrypt(self, text: str) -> str:
        return protect.protect(text, purpose=second_factor.PROTECTED)

    def decrypt(self, encrypted_text: str) -> str:
        return protect.unprotect(encrypted_text, purpose=second_factor.PROTECTED)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return second_factor.may_remove(authenticator)

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        """Propose a name that the user will recognise in the list."""
        return gettext("Clé de %(device)s") % {"device": devices.words(context.request.session.device)}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the portal's and the city's name, which the device shows."""
        return {**super().get_public_key_credential_rp_entity(), "name": self.get_totp_issuer()}

    def get_totp_issuer(self) -> str:
        return f"Garant {City.current().name}"

    def build_totp_svg(self, url: str) -> str:
        drawing = BytesIO()
        segno.make(url, error="m").save(drawing, kind="svg", scale=5, border=2, xmldecl=False)
        return drawing.getvalue().decode()


class IdentityAdapter(DefaultSocialAccountAdapter):
    """Declares FranceConnect and ProConnect from the settings."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        declared = settings.SOCIALACCOUNT_PROVIDERS.items()
        return [
            SocialApp(provider=name, **app)
            for name, one in declared
            if provider in {None, name}
            for app in one["APPS"]
        ]

    def get_requests_session(self) -> requests.Session:
        """Return a session that follows no redirection, so that answers come only from the declared URLs."""
        session: requests.Session = super().get_requests_session()
        session.max_redirects = 0
        return session
