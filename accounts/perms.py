"""Permissions, as pure functions of the request and the view. Any page not named here is refused."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in import second_factor
from core import rows

# Pages open to agents before the second factor: to set it up, give it or sign out, what any page needs, and the pages
# that the law requires to be reachable from every page.
BEFORE_THE_SECOND_FACTOR = {
    "mfa_activate_totp",
    "mfa_reauthenticate",
    "account_reauthenticate",
    "confirm_code",
    "account_logout",
}
BEFORE_THE_SECOND_FACTOR |= {"mfa_add_webauthn", "mfa_reauthenticate_webauthn"}
BEFORE_THE_SECOND_FACTOR |= {"leave_quickly", "language", "theme", "logo", "health", "ready"}
BEFORE_THE_SECOND_FACTOR |= {"legal", "privacy", "accessibility", "cookies", "help", "sitemap"}
# Modules whose pages hold no resident's data. The admin's pages are recognised by their namespace.
MODULES_WITHOUT_A_VAULT = ("accounts.", "allauth.", "demo.", "core.views", "core.operations.health", "django.")


def needs_second_factor(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.works_for_others and not second_factor.was_given(request)


def is_open_without_second_factor(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.view_name in BEFORE_THE_SECOND_FACTOR


def owns_a_vault(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_resident


def is_companion_view(view: Callable[..., Any]) -> bool:
    """Return True for pages marked by `companions_only`, which open a vault under a mandate."""
    return bool(getattr(view, "companions_only", False))


def is_agent_view(view: Callable[..., Any]) -> bool:
    """Return True for pages marked by `agents_only`."""
    return bool(getattr(view, "agents_only", False))


def is_publisher_view(view: Callable[..., Any]) -> bool:
    """Return True for pages marked by `publishers_only`."""
    return bool(getattr(view, "publishers_only", False))


def is_resident_view(request: HttpRequest, view: Callable[..., Any]) -> bool:
    if request.resolver_match is not None and "admin" in request.resolver_match.namespaces:
        return False
    return getattr(view, "login_required", True) and not f"{view.__module__}.".startswith(MODULES_WITHOUT_A_VAULT)


def keeps_desk(agent: User) -> bool:
    """Return True if the agent may open vaults for people without e-mail: not granted by default."""
    return agent.is_active and agent.is_staff and agent.at_desk


def can_sign_in(user: User) -> bool:
    """Return True for a resident who has an address, a linked identity, a passkey or a second factor.

    Only a resident who has none is served at the desk with a printed sheet. Cost: one query without an address, else
    none.

    Raises:
        Forged: a row of the account was put back or removed.
    """
    if user.email:
        return True
    account = rows.accounts.check(user.pk)
    return account.has(SocialAccount) or account.has(Authenticator)


def require_desk(agent: User) -> None:
    if not keeps_desk(agent):
        raise PermissionDenied
