"""The pages that were too long stay short, at 1280 and at 320."""

from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page

from demo.papers import drawer
from tests.browser import Visitors
from tests.heights import LIMITS, NEWCOMER, SCROLL_HEIGHT, USUAL, Limit
from tests.journeys.people import Hands, sign_in, wait_for_job, write_file
from tests.journeys.test_typing import enter
from tests.live import Live

ADDRESS = "nadia.courte@courriel.example"
#: A vault that is open and holds nothing.
BARE = """
from accounts.actions import accounts
accounts.register_resident(email="{address}", name="Nadia Kervella")
"""


def too_long(page: Page, name: str, limit: Limit) -> list[str]:
    """Return the page's faults of height, measured at both widths."""
    found = []
    for width, most in ((1280, limit.wide), (320, limit.narrow)):
        page.set_viewport_size({"width": width, "height": 900})
        height = page.evaluate(SCROLL_HEIGHT)
        if height > most:
            found.append(f"{name} is {height} px long at {width}, {most} at most")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found


def test_the_vault_the_home_page_the_upload_and_the_choice_of_a_link(visitor: Visitors) -> None:
    page = visitor(width=1280)
    enter(page, "nadia")
    found = []
    for name, address in (
        ("home", "/"),
        ("records:home", "/coffre/"),
        ("records:add_paper", "/coffre/ajouter/"),
        ("sharing:make_link", "/partages/lien/"),
        ("aids:home", "/aides/"),
        ("records:choose_type", "/coffre/saisir/"),
        ("holders:holders", "/coffre/obtenir/"),
        ("promise", "/engagements/"),
        ("procedures:listed", "/demarches/"),
    ):
        page.goto(address)
        found += too_long(page, name, LIMITS.get(name, USUAL))
    page.goto("/accompagnants/")
    Hands(page).follow_to("/mandat/")
    assert found + too_long(page, "sharing:entrust", USUAL) == []


def test_the_months_that_a_companion_reads(visitor: Visitors) -> None:
    page = visitor(width=1280)
    enter(page, "theo")
    page.goto("/accompagnement/")
    hands = Hands(page)
    hands.follow("Odette Marchais")
    hands.follow_to("/incomes/")
    name = "sharing:accompanied_values"
    assert too_long(page, name, LIMITS[name]) == []
    assert page.get_by_role("table").count() >= 1


def test_the_values_of_a_notice_then_the_aids_of_a_newcomer(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    live.run(BARE.format(address=ADDRESS))
    notice = write_file(tmp_path, "avis.pdf", drawer.tax_notice("nadia", timezone.localdate()))
    page = visitor(width=1280)
    hands = Hands(page)
    sign_in(page, live, ADDRESS)
    page.goto("/coffre/ajouter/")
    page.locator("input[type=file]").set_input_files(notice)
    hands.press("Envoyer ce papier")
    wait_for_job(page, "Voir le résultat", script=True)
    found = too_long(page, "records:confirm_paper", LIMITS["records:confirm_paper"])
    hands.press("Ranger ces valeurs")
    found += too_long(page, "records:paper", LIMITS["records:paper"])
    page.goto("/aides/")
    assert found + too_long(page, "aids:home of a newcomer", NEWCOMER) == []
