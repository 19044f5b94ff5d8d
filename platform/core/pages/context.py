from functools import partial
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.models import City
from core.pages.menu import Link, Place, links


def page(request: HttpRequest) -> dict[str, Any]:
    """What base.html needs. All lazy: a fragment or a page of the admin pays for nothing."""
    city = SimpleLazyObject(City.current)
    return {
        "city": city,
        "nav": SimpleLazyObject(partial(_nav, request)),
        "rights": SimpleLazyObject(lambda: list(links(request, Place.RIGHTS))),
        "demo_mode": apps.is_installed("demo"),
    }


def _nav(request: HttpRequest) -> list[Link]:
    """An agent has no vault: their pages keep the visitor's menu."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return list(links(request, Place.PUBLIC))
    if getattr(user, "is_resident", False):
        return list(links(request, Place.RESIDENT))
    return list(links(request, Place.COMPANION if getattr(user, "is_companion", False) else Place.PUBLIC))
