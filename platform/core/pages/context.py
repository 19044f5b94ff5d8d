from functools import partial
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.models import City
from core.pages.menu import Link, Place, links


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the context of base.html. All values are lazy, so fragments and admin pages compute none of them."""
    city = SimpleLazyObject(City.current)
    return {
        "city": city,
        "nav": SimpleLazyObject(partial(_nav, request)),
        "rights": SimpleLazyObject(lambda: list(links(request, Place.RIGHTS))),
        "demo_mode": apps.is_installed("demo"),
        "demo_public": settings.DEMO_PUBLIC,
    }


def _nav(request: HttpRequest) -> list[Link]:
    """Return the main menu's links. Agents have no vault, so they get the visitor's menu."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return list(links(request, Place.PUBLIC))
    if getattr(user, "is_resident", False):
        return list(links(request, Place.RESIDENT))
    return list(links(request, Place.COMPANION if getattr(user, "is_companion", False) else Place.PUBLIC))
