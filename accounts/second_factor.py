"""The second factor of a session: an application's code (TOTP), a passkey or a recovery code. Agents and companions must have it."""

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User

#: Recovery codes stand in for one of these, and go with the last of them.
STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_set_up(user: User | AnonymousUser) -> bool:
    if not user.is_authenticated:
        return False
    found: bool = Authenticator.objects.filter(user=user, type__in=STRONG).exists()
    return found


def has_codes(user: User) -> bool:
    """An application that shows codes: otherwise only a recovery code can be typed."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def passkeys(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("created_at"))


def may_remove(authenticator: Authenticator) -> bool:
    """Who works for others keeps one at least."""
    if not authenticator.user.works_for_others:
        return True
    return bool(Authenticator.objects.filter(user=authenticator.user, type__in=STRONG).exclude(pk=authenticator.pk).exists())


def was_given(request: HttpRequest) -> bool:
    """In this very session: a session opened before the factor existed, or by a password reset, has none."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def record(request: HttpRequest, user: User, *, kind: str = "totp") -> None:
    """`user` has just proved that they hold the factor."""
    record_authentication(request, user, method="mfa", type=kind, reauthenticated=True)


def next_page(request: HttpRequest) -> str:
    name = "mfa_reauthenticate" if is_set_up(request.user) else "mfa_activate_totp"
    return f"{reverse(name)}?{urlencode({'next': request.get_full_path()})}"
