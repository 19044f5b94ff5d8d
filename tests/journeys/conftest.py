"""A portal and a browser for the journeys. No journey may violate the content policy or raise a script error."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from ops.services import WATCH
from tests.browser import CHROMIUM, Visitors, chromium
from tests.faults.web import Server
from tests.live import Live, offer_emergency_access, portal

if TYPE_CHECKING:
    from tests.conftest import Databases


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Retry once a journey whose browser timed out, as happens on a loaded machine; the summary reports it.

    A fault found without waiting (an inaccessible page, a violation of the policy) fails at once.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(
                pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError", "Locator expected", "Page expected"])
            )


@pytest.fixture(scope="session")
def live(databases: "Databases") -> Iterator[Live]:
    """Yield the portal shared by all journeys, with urgent accesses enabled.

    Each journey makes its own users, or uses the fictional ones of `seed_demo`. The journey of the watch looks at
    vaults itself: the watch's worker would load the law again, to look at the same ones.
    """
    with portal(databases, name="live", without={WATCH}) as started:
        offer_emergency_access(started)
        yield started


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Yield the browser of one module. While it is open, no other code of this process may start an event loop.

    Sealing a dossier does, so the browser is closed with its module. A module that only looks at pages sets `PAINTS`
    to False.
    """
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM ON THIS MACHINE: no journey was walked")
    # Playwright keeps an event loop in this thread, where Django would refuse every query of the fixtures.
    patch = pytest.MonkeyPatch()
    patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with chromium(paints=getattr(request.module, "PAINTS", True)) as started:
        yield started
    patch.undo()


@pytest.fixture
def visitor(live: Live, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visitors]:
    """Return a function that opens a new user's page: `visitor(width=320, language="en-GB", javascript=False)`."""
    if getattr(request.node, "execution_count", 1) > 1:
        leave_addresses(live)
    with watched(browser, live.url) as visitors:
        yield visitors


LEAVE = """
from allauth.account.models import EmailAddress
from accounts.models import User
for row in User.objects.exclude(email="").exclude(email__endswith="@villebrume.example"):
    row.email = f"{row.pk}@avant.example"
    row.save()
for row in EmailAddress.objects.exclude(email__endswith="@villebrume.example"):
    row.email = f"{row.user_id}@avant.example"
    row.save()
"""


def leave_addresses(live: Live) -> None:
    """Free the e-mail addresses used by the first run of a journey that is retried."""
    live.run(LEAVE)


@cache
def collect_assets() -> None:
    call_command("collectstatic", "--no-input", verbosity=0)


@pytest.fixture
def site(folder: Path, tmp_path: Path) -> Iterator[Server]:
    """Yield a web server without a worker, for tests that set the job's progress, cut connections and read files."""
    collect_assets()
    server = Server(folder, tmp_path / "web.log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def visitors(site: Server, browser: Browser) -> Iterator[Visitors]:
    with watched(browser, f"http://127.0.0.1:{site.port}") as visitors:
        yield visitors


@contextmanager
def watched(browser: Browser, url: str) -> Iterator[Visitors]:
    visitors = Visitors(browser, url)
    yield visitors
    visitors.close()
    assert visitors.watch.csp == []
    assert visitors.watch.errors == []


@pytest.fixture
def page(visitor: Visitors) -> Page:
    return visitor()
