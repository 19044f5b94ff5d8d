"""Measure every page of a resident's menu and its first level below, in the fictional Nadia's vault.

    python -m ops.bench pages [--smoke]

For each page: its height at 1280 and at 320, its weight and its requests with an empty cache, its queries, and the
median of the server's time. The limits of heights are those of tests/heights.py; a page over a limit fails the bench.
Needs Chromium, and a migrated database that it fills. Without Chromium it measures nothing and says so.
"""

import argparse
import logging
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.demo"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in this thread

from ops.services import Services, free_port

PORT, HOLDERS_PORT = free_port(), free_port()
os.environ["SITE_URL"] = f"http://127.0.0.1:{PORT}"

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from accounts.models import User
from core.pages import menu
from tests.accounts.factories import signed_in
from tests.browser import CHROMIUM, Load, chromium, load
from tests.heights import LIMITS, SCROLL_HEIGHT, USUAL

KILOBYTES, REQUESTS, QUERIES, MILLISECONDS = 120, 8, 25, 150
#: Pages that simulate. The one that explains an aid runs the engine three times, to find the income at which it stops.
SLOWER = {"aids:why": 900, "aids:whatif": 900, "aids:home": 500}
#: Read from each page: its links, without those of the header and the footer.
MAIN = re.compile(r"<main.*?</main>", re.DOTALL)
HREF = re.compile(r'<a\s[^>]*?href="(/[^"#?]*)[^"]*"', re.DOTALL)


@dataclass
class Cost:
    wide: int
    narrow: int
    load: Load
    queries: int
    milliseconds: float

    def faults(self, name: str) -> list[str]:
        limit = LIMITS.get(name, USUAL)
        over = {
            f"{self.wide} px at 1280": self.wide > limit.wide,
            f"{self.narrow} px at 320": self.narrow > limit.narrow,
            f"{self.load.bytes / 1000:.0f} KB": self.load.bytes > KILOBYTES * 1000,
            f"{self.load.requests} requests": self.load.requests > REQUESTS,
            f"{self.queries} queries": self.queries > QUERIES,
            f"{self.milliseconds:.0f} ms": self.milliseconds > SLOWER.get(name, MILLISECONDS),
        }
        return [text for text, is_over in over.items() if is_over]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="each page once: the times are shown, never judged")
    smoke = parser.parse_args().smoke
    if CHROMIUM is None:
        print("NO CHROMIUM ON THIS MACHINE: no page was measured")
        return 0
    logging.disable()
    call_command("collectstatic", "--no-input", verbosity=0)
    call_command("load_content", verbosity=0)
    call_command("seed_demo", verbosity=0)
    setup_test_environment()
    client = signed_in(User.objects.get(email="nadia@villebrume.example"))
    pages = dict(found(client))
    costs = measured(client, pages, rounds=1 if smoke else 7)
    return report(costs, judged=not smoke)


def found(client: Client) -> Iterator[tuple[str, str]]:
    """Yield the name and the path of each page: those of the menu, then one for each route that they link to."""
    request = client.get("/").wsgi_request
    paths = [link.href for link in menu.links(request, menu.Place.RESIDENT)]
    known = {resolve(path).view_name: path for path in paths}
    for path in paths:
        main = MAIN.search(client.get(path).content.decode())
        for href in HREF.findall(main[0]) if main else ():
            name = route(href)
            if name and name not in known and is_page(client, href):
                known[name] = href
    yield from known.items()


def route(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def is_page(client: Client, path: str) -> bool:
    answer = client.get(path)
    if answer.streaming:
        answer.close()
    return answer.status_code == 200 and "text/html" in answer.headers.get("Content-Type", "")


def measured(client: Client, pages: dict[str, str], *, rounds: int) -> dict[str, Cost]:
    services = Services(
        "127.0.0.1", PORT, {}, Path(os.environ["GARANT_VAR"]) / "log", web_workers=1, holders_port=HOLDERS_PORT
    )
    server = {name: (queries(client, path), median(client, path, rounds)) for name, path in pages.items()}
    try:
        services.start()
        services.wait_until_ready()
        with chromium() as browser:
            context = browser.new_context(
                base_url=services.url, viewport={"width": 1280, "height": 900}, locale="fr-FR"
            )
            page = context.new_page()
            page.goto("/demonstration/")
            with page.expect_navigation():
                page.locator("form:has(input[value=nadia]) button").click()
            return {name: cost(page, services.url + path, *server[name]) for name, path in pages.items()}
    finally:
        services.stop()


def cost(page: Page, address: str, counted: int, milliseconds: float) -> Cost:
    loaded = load(page, address)
    wide = page.evaluate(SCROLL_HEIGHT)
    page.set_viewport_size({"width": 320, "height": 900})
    narrow = page.evaluate(SCROLL_HEIGHT)
    page.set_viewport_size({"width": 1280, "height": 900})
    return Cost(wide, narrow, loaded, counted, milliseconds)


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len([one for one in captured.captured_queries if one["sql"] not in {"BEGIN", "COMMIT"}])


def median(client: Client, path: str, rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        client.get(path)
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)


def report(costs: dict[str, Cost], *, judged: bool) -> int:
    print(f"{'page':34} {'1280':>6} {'320':>6} {'limits':>13} {'KB':>5} {'requests':>9} {'queries':>8} {'ms':>6}")
    failed = []
    for name, one in costs.items():
        limit = LIMITS.get(name, USUAL)
        print(
            f"{name:34} {one.wide:6} {one.narrow:6} {f'{limit.wide} {limit.narrow}':>13} {one.load.bytes / 1000:5.0f}"
            f" {one.load.requests:9} {one.queries:8} {one.milliseconds:6.0f}"
        )
        failed += [f"{name}: {fault}" for fault in one.faults(name) if judged or not fault.endswith("ms")]
    print("\n".join(failed) or f"{len(costs)} pages within their limits")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
