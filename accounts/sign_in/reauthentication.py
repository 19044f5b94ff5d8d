"""Confirmation of the user's identity before a sensitive act: by e-mailed code, password or second factor.

Signing in counts for ten minutes (ASVS 7.5). A user with a second factor must give it: an open mailbox is not enough.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from accounts.sign_in import second_factor

LASTS = 600


@dataclass(frozen=True)
class Way:
    """Another way to confirm one's identity: a button that posts `next` to `url`."""

    label: str | Promise
    sentence: str | Promise
    url: str


_others: list[Callable[[HttpRequest], Way | None]] = []


def register(way: Callable[[HttpRequest], Way | None]) -> None:
    """Register another way, for an app above this one, in `AppConfig.ready()`."""
    if way not in _others:
        _others.append(way)


def other_ways(request: HttpRequest) -> list[Way]:
    return [way for find in _others if (way := find(request))]


def was_recent(request: HttpRequest) -> bool:
    return time.time() - last_at(request) < LASTS


def last_at(request: HttpRequest) -> float:
    """Return when the user last showed in this session who they are, in seconds since 1970; 0 for a visitor."""
    records = get_authentication_records(request, request.user)
    return float(records[-1]["at"]) if records else 0.0


def record(request: HttpRequest, method: str) -> None:
    record_authentication(request, request.user, method=method, reauthenticated=True)


def page(request: HttpRequest) -> str:
    """Return the URL to confirm one's identity, with the way back: the current page, or for a POST its form's page."""
    name = "mfa_reauthenticate" if second_factor.is_set_up(request.user) else "account_reauthenticate"
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else request.headers.get("Referer", "")
    return f"{reverse(name)}?{urlencode({'next': safe_page(request, back)})}"


def safe_page(request: HttpRequest, page: str | None) -> str:
    """Return `page` if it is on this host, otherwise the account page."""
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return page if page and ours else reverse("account")
