"""Before a sensitive act, the person says again who they are: a code by e-mail, a password, or the second factor where there is one.

Signing in counts, for ten minutes (ASVS 7.5). Whoever has a second factor gives it: a mailbox left open is not enough.
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
    """Another way than ours to be recognised again: a button that posts `next` to `url`."""

    label: str | Promise
    sentence: str | Promise
    url: str


_others: list[Callable[[HttpRequest], Way | None]] = []


def register(way: Callable[[HttpRequest], Way | None]) -> None:
    """From an app above this one, in `AppConfig.ready()`."""
    if way not in _others:
        _others.append(way)


def other_ways(request: HttpRequest) -> list[Way]:
    return [way for find in _others if (way := find(request))]


def was_recent(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < LASTS


def record(request: HttpRequest, method: str) -> None:
    record_authentication(request, request.user, method=method, reauthenticated=True)


def page(request: HttpRequest) -> str:
    """Where to say it, and the way back: the page asked for, or for a POST the page that held its form."""
    name = "mfa_reauthenticate" if second_factor.is_set_up(request.user) else "account_reauthenticate"
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else request.headers.get("Referer", "")
    return f"{reverse(name)}?{urlencode({'next': safe_page(request, back)})}"


def safe_page(request: HttpRequest, page: str | None) -> str:
    """`page` if it is one of ours, otherwise the account page."""
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return page if page and ours else reverse("account")
