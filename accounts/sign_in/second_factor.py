"""The second factor of a session: an application's code (TOTP), a passkey or a recovery code. Agents and companions must have it."""

from collections.abc import Iterator

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from core.keys import protect

#: Recovery codes stand in for one of these, and go with the last of them.
STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
PROTECTED = "second factor"
#: Where allauth keeps what it had us encrypt.
SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


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
    return bool(
        Authenticator.objects.filter(user=authenticator.user, type__in=STRONG).exclude(pk=authenticator.pk).exists()
    )


def was_given(request: HttpRequest) -> bool:
    """In this very session: a session opened before the factor existed, or by a password reset, has none."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def record(request: HttpRequest, user: User, *, kind: str = "totp") -> None:
    """`user` has just proved that they hold the factor."""
    record_authentication(request, user, method="mfa", type=kind, reauthenticated=True)


def next_page(request: HttpRequest) -> str:
    name = "mfa_reauthenticate" if is_set_up(request.user) else "mfa_activate_totp"
    return f"{reverse(name)}?{urlencode({'next': request.get_full_path()})}"


def protected_secrets() -> Iterator[tuple[int, str]]:
    for pk, kind, data in (
        Authenticator.objects.filter(type__in=SECRETS).order_by("pk").values_list("pk", "type", "data")
    ):
        if SECRETS[kind] in data:
            yield pk, data[SECRETS[kind]]


def replace_protected(pk: int, old: str, new: str) -> int:
    """Under the row's lock: a recovery code that is used at the same time stays used."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().filter(pk=pk).first()
        if row is None or row.data.get(SECRETS[row.type]) != old:
            return 0
        row.data[SECRETS[row.type]] = new
        row.save(update_fields=["data"])
    return 1


KEEPER = protect.Keeper(PROTECTED, protected_secrets, replace_protected)
