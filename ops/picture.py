"""Take the pictures of docs/tour.md and of the README from the demonstration, after its tour: `make picture`."""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops import launch, services

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 860
#: The weight of a picture, in bytes, at most.
MOST = 80_000
#: Seen without an account, then as the resident Nadia: the picture's name, and its page.
VISITOR = {
    "public": "/",
    "question": "/faire-le-point/activite/",
    "results": "/consultations/vos-trajets/resultats/",
}
RESIDENT = {
    "home": "/",
    "vault": "/coffre/",
    "upload": "/coffre/ajouter/",
    "connections": "/coffre/connexions/",
    "aids": "/aides/",
    "why": "/aides/prime_activite/pourquoi/",
    "dossiers": "/dossiers/",
    "shares": "/partages/",
    "helpers": "/accompagnants/",
    "journal": "/journal/",
}


def take(url: str) -> None:
    from tests.browser import chromium

    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-FR")
        page.goto(f"{url}/faire-le-point/")
        page.locator("main form button").first.click()
        for name, address in VISITOR.items():
            page.goto(url + address)
            keep(page, name)
        page.goto(f"{url}/demonstration/")
        page.locator("form:has(input[value=nadia]) button").first.click()
        for name, address in RESIDENT.items():
            page.goto(url + address)
            keep(page, name)


def keep(page: "Page", name: str) -> None:
    """Keep what the page shows without scrolling, as WebP.

    Raises:
        SystemExit: the picture is too heavy, or the page is an error's.
    """
    from PIL import Image

    if page.get_by_role("heading", level=1).count() != 1 or "introuvable" in page.title():
        sys.exit(f"{page.url} is no page for a picture: {page.title()}")
    target = FOLDER / f"{name}.webp"
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(target, "WEBP", quality=82, method=6)
    if target.stat().st_size > MOST:
        sys.exit(f"{target} has {target.stat().st_size} bytes, more than {MOST}")
    print(target.relative_to(ROOT), target.stat().st_size)


if __name__ == "__main__":
    os.environ.setdefault("PORT", str(services.free_port()))
    sys.exit(launch.launch(once=True, then=take))
