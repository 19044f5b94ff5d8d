"""Who may open which page, as pure functions of the request and the view. Everything that is not named here is refused."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in import second_factor

# What an agent may open before the second factor: setting it up, giving it, leaving; what a page needs to be read, and
# the pages that the law wants within reach of every page.
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
# Rooms that hold nothing of a resident; the admin's pages are told by their namespace.
ROOMS_WITHOUT_A_VAULT = ("accounts.", "allauth.", "demo.", "core.views", "core.health", "django.")


def needs_second_factor(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.works_for_others and not second_factor.was_given(request)


def is_open_without_second_factor(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.view_name in BEFORE_THE_SECOND_FACTOR


def owns_a_vault(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_resident


def is_companions_room(view: Callable[..., Any]) -> bool:
    """Pages marked by `accounts.decorators.companions_only`: they open a vault under a mandate, never by owning one."""
    return bool(getattr(view, "companions_only", False))


def is_agents_room(view: Callable[..., Any]) -> bool:
    """Pages marked by `accounts.decorators.agents_only`."""
    return bool(getattr(view, "agents_only", False))


def is_residents_room(request: HttpRequest, view: Callable[..., Any]) -> bool:
    if request.resolver_match is not None and "admin" in request.resolver_match.namespaces:
        return False
    return getattr(view, "login_required", True) and not f"{view.__module__}.".startswith(ROOMS_WITHOUT_A_VAULT)


def keeps_desk(agent: User) -> bool:
    """Opens vaults with people who have no e-mail; given to an agent by who manages agents, and to nobody beforehand."""
    return agent.is_active and agent.is_staff and agent.at_desk


def require_desk(agent: User) -> None:
    if not keeps_desk(agent):
        raise PermissionDenied
