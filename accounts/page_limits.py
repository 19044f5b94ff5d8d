"""Rate limits of pages: the city's ACCOUNT_RATE_LIMITS, counted per signed-in user and per network."""

from allauth.core.internal import ratelimit
from django.http import HttpResponse

from accounts.http import SignedInRequest


def may(request: SignedInRequest, action: str, **more: str) -> bool:
    return ratelimit.consume(request, app="allauth.account", action=action, **more) is not None


def too_many(request: SignedInRequest) -> HttpResponse:
    answer: HttpResponse = ratelimit.respond_429(request)
    return answer
