"""Make the README's picture: “Mes aides” of a fictional resident in the demonstration, after the tour."""

import os
import sys
from pathlib import Path

from ops import launch, services

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "aides.png"
WIDTH, HEIGHT = 1280, 1120


def take(url: str) -> None:
    from tests.browser import chromium

    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-FR")
        page.goto(f"{url}/demonstration/?next=/aides/")
        page.locator("form:has(input[value=nadia]) button").first.click()
        page.goto(f"{url}/aides/")
        page.screenshot(path=TARGET)
    print(TARGET)


if __name__ == "__main__":
    os.environ.setdefault("PORT", str(services.free_port()))
    sys.exit(launch.launch(once=True, then=take))
