"""What the home page says of aids: where to look, and the urgent line. No value is opened and nothing is computed for it."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse

from core import home


def blocks(request: HttpRequest) -> Iterable[home.Part]:
    yield home.HomeBlock(home.Slot.HEADLINE, "aids/home_headline.html", {"href": reverse("aids:home")}, order=20)
    yield home.HomeBlock(home.Slot.ASIDE, "aids/home_urgent.html", {"href": reverse("aids:urgent")}, order=10)


home.register(blocks)
