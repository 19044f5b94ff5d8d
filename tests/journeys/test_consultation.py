"""A consultation from its draft to its results: two persons and the officer open it, residents contribute from a
vault, by the form and at the desk, one withdraws, the worker publishes, anybody reads and verifies.
"""

import json
import re
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page, expect

from ops.cluster import ROOT
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, take_session
from tests.live import Live

MAP = ROOT / "platform/demo/seeding/villebrume.geojson"
#: An author, the officer, a second person, an agent of the desk with a visit; a resident with trips, and one without.
PEOPLE = """
import json
from uuid import uuid4
from accounts.actions import accounts
from accounts.models import Session
from accounts.sign_in.sessions import hashed
from demo.seeding import consultations
from tests.accounts.factories import AgentFactory
from tests.journeys.filling import cookie
from tests.vault.at_desk import keeper
from vault.sharing.actions import desk
officer = AgentFactory(name="Solène Trajets", email="solene.trajets@ville.example")
officer.is_dpo = True
officer.save()
at_desk = keeper("Agathe Trajets", email="agathe.trajets@ville.example")
desk_cookie = cookie(at_desk)
session = Session.objects.get(key_hash=hashed(desk_cookie))
visit = desk.open_vault(agent=at_desk, session=session, name="Rosa Trajets", token=uuid4())
moves = accounts.register_resident(email="moves@ville.example", name="Mona Trajets")
consultations.furnish_trips(moves)
new = accounts.register_resident(email="new@ville.example", name="Noé Trajets")
print(json.dumps({
    "author": cookie(AgentFactory(name="Rachid Trajets", email="rachid.trajets@ville.example")),
    "officer": cookie(officer),
    "second": cookie(AgentFactory(name="Hugo Trajets", email="hugo.trajets@ville.example")),
    "desk": desk_cookie, "visit": str(visit.pk), "moves": cookie(moves), "new": cookie(new),
}))
"""
#: The approved plan again, as two months ago: no page opens a consultation in the past. The worker makes its keys;
#: 300 invented people gave their rows before the first window; the scheduler opens.
OPENED = """
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from accounts.models import User
from demo.seeding import consultations
from campaigns.plans.actions import campaigns
from campaigns.plans.models import Campaign
approved = Campaign.objects.get(code="{code}")
author, second = approved.created_by, approved.approved_by
officer = User.objects.get(email="solene.trajets@ville.example")
opens, *windows = (timezone.localdate() + timedelta(days=days) for days in (-60, -10, 25))
document = approved.document | {{"opens": opens.isoformat(), "windows": [day.isoformat() for day in windows]}}
eve = opens - timedelta(days=1)
with transaction.atomic():
    campaign = campaigns.begin(by=author, template="travel", document=document | {{"code": "{code}-b"}})
    campaign = campaigns.submit(campaign=campaign, by=author, today=eve)
    campaigns.give_opinion(campaign=campaign, by=officer, favourable=True, words="Les cases sont larges.")
    campaigns.approve(campaign=campaign, by=second, today=eve)
consultations.wait(lambda: consultations.has_keys(campaign), "make the keys")
consultations.contribute(campaign, (300, 0))
consultations.wait(lambda: consultations.is_open(campaign), "open")
"""
RELEASED = """
from demo.seeding import consultations
from campaigns.plans.models import Campaign
campaign = Campaign.objects.get(code="{code}")
consultations.wait(lambda: consultations.is_released(campaign), "publish")
"""


def draft(page: Page, hands: Hands, eyes: Eyes) -> str:
    """Write a plan from a template, with zones of a file, and submit it. Return its code."""
    today = timezone.localdate()
    page.goto("/agents/consultations/nouvelle/")
    page.get_by_role("radio", name="Déplacements", exact=True).check()
    page.get_by_label("Titre", exact=True).fill("Vos trajets au printemps")
    page.get_by_label("Titre, en anglais").fill("Your trips in spring")
    hands.press("Commencer le brouillon")
    code = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"/agents/consultations/{code}/zones/")
    page.get_by_label("Source publique des populations").fill("Population inventée")
    page.locator("main input[type=file]").set_input_files(MAP)
    eyes.look()
    hands.press("Enregistrer")
    page.goto(f"/agents/consultations/{code}/dates/")
    for name, days in (("opens", 2), ("first", 40), ("second", 75)):
        for part, value in zip(["day", "month", "year"], _parts(today + timedelta(days=days)), strict=True):
            page.locator(f"main [name={name}_{part}]").fill(value)
    hands.press("Enregistrer")
    expect(page.get_by_text("ne peut pas encore être soumis")).to_have_count(0)
    eyes.look()
    hands.follow("Aperçu")
    expect(page.get_by_text("1\N{NARROW NO-BREAK SPACE}000 personnes").first).to_be_visible()
    eyes.look()
    page.goto(f"/agents/consultations/{code}/")
    hands.follow("Soumettre le plan")
    hands.press("Figer et soumettre")
    return code


def _parts(day: object) -> list[str]:
    return [str(int(one)) for one in reversed(str(day).split("-"))]


def decide(page: Page, live: Live, cookies: dict[str, str], code: str) -> None:
    """The officer gives an opinion, then a second person approves."""
    hands, eyes = Hands(page), Eyes(page, "fr")
    take_session(page, live, cookies["officer"])
    page.goto(f"/agents/consultations/{code}/")
    hands.follow("Donner l’avis du délégué")
    page.get_by_role("radio", name="Favorable", exact=True).check()
    page.locator("main textarea").fill("Les cases sont larges.")
    hands.press("Donner cet avis")
    take_session(page, live, cookies["second"])
    page.goto(f"/agents/consultations/{code}/")
    hands.follow("Décider du plan")
    page.get_by_role("radio", name=re.compile("^Approuver")).check()
    eyes.look()
    hands.press("Décider")
    expect(page.get_by_text("Approuvée").first).to_be_visible()


def test_a_consultation_from_its_draft_to_its_results(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    cookies = json.loads(live.run(PEOPLE).strip().splitlines()[-1])
    wide = visitor(width=1280)
    hands, eyes = Hands(wide), Eyes(wide, "fr")
    take_session(wide, live, cookies["author"])
    code = draft(wide, hands, eyes)
    decide(wide, live, cookies, code)
    live.run(OPENED.format(code=code))
    code = f"{code}-b"

    # From her vault, in English, on a telephone, without scripts and by keyboard; then she changes her mind.
    narrow = visitor(width=320, language="en-GB", javascript=False)
    keys, her_eyes = Keyboard(narrow), Eyes(narrow, "en")
    take_session(narrow, live, cookies["moves"])
    narrow.goto(f"/consultations/{code}/participer/")
    her_eyes.look()
    keys.open("^See my trips on the map")
    expect(narrow.locator("main li", has_text="Plateau → Centre: 2 trips.")).to_be_visible()
    keys.follow("^Send this line")
    expect(narrow.get_by_role("heading", level=1)).to_have_text("Your participation")
    her_eyes.look()
    keys.follow("^Withdraw")
    her_eyes.look()
    keys.follow("^Stop")
    narrow.goto(f"/consultations/{code}/ma-participation/")
    expect(narrow.get_by_text("You do not take part")).to_be_visible()

    # By the form, without any record.
    take_session(wide, live, cookies["new"])
    wide.goto(f"/consultations/{code}/participer/")
    hands.follow("Répondre par le formulaire")
    wide.get_by_role("radio", name="Vélo").check()
    eyes.look()
    hands.press("Envoyer ces réponses")
    expect(wide.get_by_text("Votre copie attend, scellée")).to_be_visible()

    # At the desk, without an e-mail.
    take_session(wide, live, cookies["desk"])
    wide.goto(f"/agents/guichet/{cookies['visit']}/")
    wide.locator(f"main a[href$='/consultations/{code}/']").click()
    wide.get_by_role("radio", name="À pied").check()
    wide.get_by_label(re.compile("^\\s*La personne est devant moi")).check()
    eyes.look()
    hands.press("Envoyer ses réponses")
    expect(wide.get_by_text("Sa réponse est partie, scellée")).to_be_visible()

    # The worker publishes the first window; everybody reads, downloads and verifies.
    live.run(RELEASED.format(code=code))
    reader = visitor(width=320, language="en-GB", javascript=False)
    reader.goto(f"/consultations/{code}/resultats/")
    expect(reader.get_by_role("heading", level=1)).to_have_text(re.compile("about"))
    Eyes(reader, "en").look()
    file = tmp_path / "results.json"
    with reader.expect_download() as download:
        reader.locator("main a[href$='/fichiers/json']").click()
    download.value.save_as(file)
    assert "The publication is whole" in live.manage("verify_results", str(file)).stdout
    assert json.loads(file.read_text())["publication"]["noisy_n"]["value"] < 400, "only the first window's people"
