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
        "nav": SimpleLazyObject(partial(nav, request)),
        "rights": SimpleLazyObject(lambda: list(links(request, Place.RIGHTS))),
        "demo_mode": apps.is_installed("demo"),
        "demo_public": settings.DEMO_PUBLIC,
    }


def nav(request: HttpRequest) -> list[Link]:
    """Return the main menu's links, for the kind of user."""
    user = getattr(request, "user", None)
    kinds = (
        ("is_resident", Place.RESIDENT),
        ("is_companion", Place.COMPANION),
        ("is_publisher", Place.PUBLISHER),
        ("is_staff", Place.AGENT),
    )
    found = (place for name, place in kinds if getattr(user, name, False))
    return list(links(request, next(found, Place.PUBLIC)))
