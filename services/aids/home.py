"""Blocks of the home page about aids: links only. They read no value and compute nothing."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse

from core.pages import home


def blocks(request: HttpRequest) -> Iterable[home.Part]:
    yield home.HomeBlock(home.Slot.HEADLINE, "aids/home_headline.html", {"href": reverse("aids:home")}, order=20)
    yield home.HomeBlock(home.Slot.ASIDE, "aids/home_urgent.html", {"href": reverse("aids:urgent")}, order=10)


home.register(blocks)
