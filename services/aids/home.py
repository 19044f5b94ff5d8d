"""This app's parts of the home page: the amount that waits, aids found lately, the question that may bring most."""

from collections.abc import Iterator
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sign_in import last_visit
from core.pages import home
from services.aids.actions.waiting import SKIPPED, Waiting, waiting
from services.aids.presenting import waiting as words


def blocks(request: HttpRequest) -> Iterator[home.Part]:
    yield _way()
    yield home.HomeBlock(home.Slot.ASIDE, "aids/home_urgent.html", {"href": reverse("aids:urgent")}, order=10)
    found = waiting(resident_id=cast(UUID, request.user.pk), session=request.session) or Waiting()
    yield words.headline(found)
    came = last_visit.before(request.session)
    if rows := words.news(found, came.date() if came else None):
        yield home.HomeBlock(home.Slot.MAIN, "aids/home_news.html", {"lines": rows, "last_visit": came}, order=10)
    skipped = request.session.get(SKIPPED, [])
    asked = next((one for one in found.asked if one.place not in skipped), None)
    if asked is not None:
        yield words.question(asked)


def _way() -> home.Way:
    return home.Way(
        title=_("Répondre à des questions"),
        needs=_("Rien, de mémoire"),
        gives=_("Des montants en fourchette, à préciser plus tard"),
        time=_("Deux minutes, huit à douze réponses"),
        href=reverse("aids:interview"),
        action=_("Répondre"),
        icon="coin",
        order=30,
    )


home.register(blocks, first=True)
