"""Limits on calls of programs: so many a minute for each client, and for each network at the addresses that check a
secret.

The counts are rows that all processes share. One statement counts a call and returns the sum, so that of calls at once
each counts; the shared cache would read, add and write.
"""

from dataclasses import dataclass

from allauth.core.internal import ratelimit
from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from certification.access.models import CallCount, Client
from core.database import writes

MINUTE = 60


@dataclass(frozen=True)
class Count:
    """A call within its minute: how many are allowed, how many are left, and the seconds until it is over."""

    quota: int
    left: int
    wait: int

    @property
    def is_over(self) -> bool:
        return self.left < 0

    @property
    def headers(self) -> dict[str, str]:
        """Return the fields of the IETF's draft “RateLimit header fields for HTTP”."""
        return {
            "RateLimit-Policy": f'"minute";q={self.quota};w={MINUTE}',
            "RateLimit": f'"minute";r={max(0, self.left)};t={self.wait}',
        }


def of_client(client: Client) -> Count:
    """Count a call of a client, whoever its residents are."""
    return _count(f"client|{client.pk}", settings.API_CALLS_A_MINUTE)


def of_network(request: HttpRequest) -> Count:
    """Count a call from a network, before any secret is checked. Nobody can spend another program's calls so."""
    return _count(f"network|{ratelimit.get_ip(request)}", settings.TOKEN_CALLS_A_MINUTE)


def of_unproved(client_id: int, quota: int) -> Count:
    """Count a call with a client's name and a wrong secret: anybody may make one."""
    return _count(f"unproved|{client_id}", quota)


def clear() -> None:
    """Delete the counts of former minutes."""
    CallCount.objects.filter(minute__lt=_now() // MINUTE - 1).delete()


def _count(source: str, quota: int) -> Count:
    now = _now()
    # A network's address is personal data: the row has a hash under the portal's secret, for an hour at most.
    key = salted_hmac("certification.access.limits", source, algorithm="sha256").hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO access_callcount (key, minute, count) SELECT %s, %s, 1 FROM {writes.unawaited()}"  # noqa: S608
            " ON CONFLICT (key, minute) DO UPDATE SET count = access_callcount.count + 1 RETURNING count",
            [key, now // MINUTE],
        )
        (count,) = cursor.fetchone()
    return Count(quota, quota - count, MINUTE - now % MINUTE)


def _now() -> int:
    return int(timezone.now().timestamp())
