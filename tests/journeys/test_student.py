"""The demonstration's student, from signed in to the housing aid and the Crous room: nothing typed, within 15 s.

Samir lives in a residence of the Crous: his page says why it offers no other room. In the same vault with a studio
rented in town, it does.
"""

from time import perf_counter

from playwright.sync_api import Locator, expect

from tests.browser import Visitors
from tests.journeys.people import Walker, sign_in, walker
from tests.live import Live

STUDENT = """
from django.utils import timezone
from django_scopes import scope
from accounts.actions import accounts
from demo.seeding import residents
from vault.records.actions import correct_record
from vault.records.actions.records import content_of
from vault.records.models import Record
account = accounts.register_resident(email="{address}", name="Samir Belhadj")
residents.fill_vault(account, "samir", timezone.localdate())
if {rents}:
    with scope(resident=account.pk):
        home = Record.objects.current().get(type="logement.domicile")
        payload = {{**content_of(home)["payload"], "statut_occupation": "locataire_vide", "loyer": "410.00"}}
        payload |= {{"chambre": False, "logement_crous": False}}
    correct_record(record=home, by=account.pk, payload=payload)
"""
SECONDS = 15


def opened_aids(live: Live, walk: Walker, *, rents: bool) -> Locator:
    """Sign in, then open the aids: no field to fill. Return what the page says."""
    address = f"samir.{'studio' if rents else 'crous'}@courriel.example"
    live.run(STUDENT.format(address=address, rents=rents))
    sign_in(walk.page, live, address)
    start = perf_counter()
    walk.page.goto("/aides/")
    said = walk.page.locator("main")
    expect(said.locator("input:not([type=hidden]), select, textarea")).to_have_count(0)
    aid = said.locator(".civic-result", has_text=walk.say("Aide au logement", "Housing benefit"))
    expect(aid.locator(".civic-result__amount")).to_contain_text("€")
    expect(said).to_contain_text(walk.say("Chambre en résidence du Crous", "Room in a Crous residence"))
    assert perf_counter() - start < SECONDS
    walk.eyes.look()
    return said


def test_in_english_on_a_telephone_without_scripts(live: Live, visitor: Visitors) -> None:
    opened_aids(live, walker(visitor, "en"), rents=False)


def test_in_french_on_a_wide_screen_from_a_studio_in_town_the_room_is_offered(live: Live, visitor: Visitors) -> None:
    said = opened_aids(live, walker(visitor, "fr"), rents=True)
    expect(said.get_by_text("Chambre en résidence du Crous").first).to_be_visible()
