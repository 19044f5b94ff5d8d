"""The second factor of a session: TOTP code, passkey or recovery code. Required for agents and companions."""

from collections.abc import Iterator
from uuid import UUID

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from core.keys import protect

#: Recovery codes replace one of these, and are deleted with the last of them.
STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
PROTECTED = "second factor"
#: Keys of allauth's data that hold the secrets encrypted by us.
SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


def is_set_up(user: User | AnonymousUser) -> bool:
    if not user.is_authenticated:
        return False
    found: bool = Authenticator.objects.filter(user=user, type__in=STRONG).exists()
    return found


def has_codes(user: User) -> bool:
    """Return True if the user has a TOTP application. Otherwise only a recovery code can be typed."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def load_all(user_id: UUID) -> None:
    """Load each second factor, which checks it: one that was changed must not be taken for a missing one.

    Raises:
        Forged
    """
    list(Authenticator.objects.filter(user_id=user_id))


def passkeys(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("created_at"))


def may_remove(authenticator: Authenticator) -> bool:
    """Return True unless it is the last factor of an agent or companion."""
    if not authenticator.user.works_for_others:
        return True
    return bool(
        Authenticator.objects.filter(user=authenticator.user, type__in=STRONG).exclude(pk=authenticator.pk).exists()
    )


def was_given(request: HttpRequest) -> bool:
    """Return True if the second factor was given in this session, not in an earlier one or before a password reset."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def record(request: HttpRequest, user: User, *, kind: str = "totp") -> None:
    """Record that the user has just given their second factor."""
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
    """Replace a secret under the row's lock, so that a recovery code used concurrently stays used."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().filter(pk=pk).first()
        if row is None or row.data.get(SECRETS[row.type]) != old:
            return 0
        row.data[SECRETS[row.type]] = new
        row.save(update_fields=["data"])
    return 1


KEEPER = protect.Keeper(PROTECTED, protected_secrets, replace_protected)
