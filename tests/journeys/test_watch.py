"""A value comes, the watch finds what it changes, and says so to its resident alone."""

import re

from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.people import come_in, move_in
from tests.journeys.test_sending import Actor
from tests.live import Live

#: Has the watch look now, and tells what it found.
LOOK = """
from django.utils import timezone
from django_scopes import scope
from accounts.models import User
from services.watch.actions import evaluating, telling
from services.watch.models import Watch
from services.aids.household import months
from tests.services.aids import people
person = User.objects.signing_in_as("{address}").get()
with scope(resident=person.pk):
    month = timezone.localdate().strftime("%Y-%m")
    for ago in {months}:
        people.payslip(person, months.shift(month, -ago), "0.00")
    Watch.objects.update(due_at=timezone.now())
    evaluating.look()
    assert Watch.objects.get().due_at is None
telling.tell()
"""


def test_from_a_value_to_what_it_changes_on_a_telephone(live: Live, visitor: Visitors) -> None:
    address = "nadia.veille@courriel.example"
    move_in(live, address)
    nadia = Actor(visitor(width=320))
    come_in(nadia.page, live, address)

    # From the aids: two clicks, no field, nothing ticked beforehand.
    nadia.page.goto("/aides/")
    nadia.clicks = 0
    nadia.follow("Être prévenu si un droit change")
    assert nadia.page.locator("main input:checked").count() == 0
    nadia.press("Activer la veille")
    nadia.reads("La veille est active.")
    assert (nadia.clicks, nadia.typed) == (2, 0)
    live.run(LOOK.format(address=address, months=()))
    nadia.page.goto("/veille/")
    nadia.reads("Rien n’a changé pour le moment")
    nadia.eyes.look()

    # Three months without wages come into the vault. The home page says that something changed, and nothing more.
    live.run(LOOK.format(address=address, months=(1, 2, 3)))
    nadia.page.goto("/")
    said = nadia.page.locator("main li").filter(has_text="Votre veille a trouvé un changement")
    said.first.wait_for()
    assert not [text for text in said.all_text_contents() if "RSA" in text]
    nadia.follow("Votre veille a trouvé un changement")
    nadia.follow("Aide au logement")
    nadia.reads("Dans votre coffre")
    nadia.eyes.look()

    # Stopped from its own page: what it found is gone.
    nadia.page.goto("/veille/")
    nadia.follow("Arrêter la veille")
    nadia.press(re.compile("Arrêter"))
    nadia.page.goto("/veille/")
    expect(nadia.page.get_by_role("button", name="Activer la veille")).to_be_visible()
