"""A portal, and a browser that visits it. Whatever a journey does, the page's own policy is never violated and no script fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from tests.browser import CHROMIUM, Visitors, chromium
from tests.faults.web import Server
from tests.live import Live, portal

if TYPE_CHECKING:
    from tests.conftest import Databases


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On a loaded machine a real browser now and then misses a moment: a journey that waited in vain is walked once more, and the
    summary says so. What it finds without waiting (a page that is not accessible, a message of the policy) fails at once.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(
                pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError", "Locator expected", "Page expected"])
            )


@pytest.fixture(scope="session")
def live(databases: "Databases") -> Iterator[Live]:
    """Shared by every journey: each one brings its own people, or finds the fictional ones as `seed_demo` left them. Its city has chosen
    to have urgent accesses."""
    with portal(databases, name="live") as started:
        started.sql("UPDATE core_city SET emergency_access = true")
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while it is open no other code of this process may start an event loop, as sealing a dossier does."""
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM ON THIS MACHINE: no journey was walked")
    # Playwright keeps an event loop in this thread, where Django would refuse every query of the fixtures.
    patch = pytest.MonkeyPatch()
    patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with chromium() as started:
        yield started
    patch.undo()


@pytest.fixture
def visitor(live: Live, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visitors]:
    """`visitor(width=320, language="en-GB", javascript=False)` is a page of somebody new."""
    if getattr(request.node, "execution_count", 1) > 1:
        leave_addresses(live)
    with _watched(browser, live.url) as visitors:
        yield visitors


def leave_addresses(live: Live) -> None:
    """For a journey that is walked once more: its people come in again, at the addresses that those of the first walk had."""
    for table, who in (("accounts_user", "id"), ("account_emailaddress", "user_id")):
        live.sql(
            f"UPDATE {table} SET email = {who} || '@avant.example' WHERE email <> '' AND email NOT LIKE '%%@villebrume.example'"
        )


@pytest.fixture
def site(folder: Path, tmp_path: Path) -> Iterator[Server]:
    """A web server of this test's own, without a worker: the test says how far a job is, cuts the line, looks at the files."""
    call_command("collectstatic", "--no-input", verbosity=0)
    server = Server(folder, tmp_path / "web.log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def visitors(site: Server, browser: Browser) -> Iterator[Visitors]:
    with _watched(browser, f"http://127.0.0.1:{site.port}") as visitors:
        yield visitors


@contextmanager
def _watched(browser: Browser, url: str) -> Iterator[Visitors]:
    visitors = Visitors(browser, url)
    yield visitors
    visitors.close()
    assert visitors.watch.csp == []
    assert visitors.watch.errors == []


@pytest.fixture
def page(visitor: Visitors) -> Page:
    return visitor()
