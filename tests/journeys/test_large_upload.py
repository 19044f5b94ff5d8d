"""A large file from a real browser: in parts, over a line that is cut, on two visits, with others' client, and without a script."""

import os
import re
from pathlib import Path

import pytest
from django_scopes import scope
from playwright.sync_api import Page, Route, expect

from accounts.models import Session
from core.files.storage import sealed_storage
from core.models import Upload
from tests.browser import Visitors, axe, scrolls_sideways
from tests.faults.web import signed_in_by_cookie
from vault.records.models import PaperFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]
TUS = Path(__file__).parents[1] / "vendor" / "tus.min.js"
PART = 2_097_152
#: Four parts: what it holds matters to nobody here.
SIZE = 3 * PART + 1_000


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "relevé.json"
    path.write_bytes(os.urandom(SIZE))
    return path


def opened(visitors: Visitors, resident, **how) -> Page:
    page = visitors(**how)
    sign_in(page, visitors, resident)
    page.goto("/coffre/ajouter/")
    return page


def sign_in(page: Page, visitors: Visitors, resident) -> None:
    cookies = signed_in_by_cookie(resident).items()
    page.context.add_cookies([{"name": name, "value": value, "url": visitors.base_url} for name, value in cookies])


def send(page: Page, file: Path) -> None:
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Envoyer ce papier").click()


def kept(resident) -> bytes:
    with scope(resident=resident.pk):
        file = PaperFile.objects.get()
        with sealed_storage.open(file.stored_name, resident_id=resident.pk) as opened:
            return opened.read()


def received(resident) -> int:
    with scope(resident=resident.pk):
        return Upload.objects.get().received


class Line:
    """The visitor's line: lets so many parts through, then is cut until it is mended."""

    def __init__(self, page: Page, lets_through: int) -> None:
        self.left, self.parts = lets_through, 0
        page.route("**/envois/**", self.pass_or_cut)

    def pass_or_cut(self, route: Route) -> None:
        if route.request.method == "PATCH":
            if self.left == 0:
                return route.abort()
            self.left, self.parts = self.left - 1, self.parts + 1
        return route.continue_()


def test_a_file_arrives_over_a_line_that_is_cut_by_itself(visitors, resident, large):
    page = opened(visitors, resident)
    line = Line(page, lets_through=2)
    send(page, large)
    expect(page.get_by_role("status").filter(has_text="La connexion est coupée")).to_be_visible()
    assert axe(page) == []
    line.left = 10
    page.wait_for_url(re.compile("/travaux/"))
    assert line.parts == 4, "what had arrived is not sent again"
    assert kept(resident) == large.read_bytes()


def test_somebody_pauses_closes_the_page_and_goes_on_from_another_visit(visitors, resident, large):
    page = opened(visitors, resident, width=320)
    Line(page, lets_through=1)
    send(page, large)
    expect(page.get_by_role("heading", name="Envoi de votre fichier")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="La connexion est coupée")).to_be_visible()
    expect(page.get_by_role("button", name="Reprendre")).to_be_hidden()
    page.get_by_role("button", name="Mettre en pause").click()
    expect(page.get_by_role("button", name="Mettre en pause")).to_be_hidden()
    expect(page.get_by_role("status").filter(has_text="gardé 24")).to_be_visible()
    assert not scrolls_sideways(page)
    page.context.close()
    assert received(resident) == PART

    page = opened(visitors, resident, width=320)
    expect(page.get_by_text("relevé.json", exact=True)).to_be_visible()
    assert axe(page) == [] and not scrolls_sideways(page)
    line = Line(page, lets_through=10)
    send(page, large)
    page.wait_for_url(re.compile("/travaux/"))
    assert line.parts == 3
    assert kept(resident) == large.read_bytes()


def test_when_the_session_ends_signing_in_again_elsewhere_is_enough(visitors, resident, large):
    page = opened(visitors, resident)
    Line(page, lets_through=1)
    send(page, large)
    expect(page.get_by_role("status").filter(has_text="coupée")).to_be_visible()
    page.unroute("**/envois/**")
    Session.objects.all().delete()
    expect(page.get_by_role("status").filter(has_text="Votre session est terminée")).to_be_visible()
    expect(page.get_by_role("link", name="Se reconnecter")).to_be_visible()
    sign_in(page, visitors, resident)
    page.get_by_role("button", name="Reprendre").click()
    page.wait_for_url(re.compile("/travaux/"))
    assert kept(resident) == large.read_bytes()


def test_cancelling_leaves_nothing(visitors, resident, large):
    page = opened(visitors, resident)
    Line(page, lets_through=1)
    send(page, large)
    expect(page.get_by_role("status").filter(has_text="coupée")).to_be_visible()
    page.get_by_role("button", name="Annuler l’envoi").click()
    expect(page.get_by_role("button", name="Envoyer ce papier")).to_be_visible()
    with scope(resident=resident.pk):
        assert not Upload.objects.exists()


def test_without_a_script_the_same_file_goes_in_one_go(visitors, resident, large):
    page = opened(visitors, resident, javascript=False)
    send(page, large)
    page.wait_for_url(re.compile("/travaux/"))
    assert kept(resident) == large.read_bytes()


def test_the_client_that_the_protocol_s_authors_wrote_is_understood(visitors, resident):
    """tus-js-client 4.3.1, in parts and over a request that fails, then taken up again from its address alone."""
    page = opened(visitors, resident)
    page.evaluate(TUS.read_text())
    Line(page, lets_through=2)
    sent = """([size, url]) => new Promise((resolve, reject) => {
        const content = new Uint8Array(size).map((_none, index) => index % 251);
        const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
        const upload = new tus.Upload(new Blob([content]), {
            endpoint: "/envois/", uploadUrl: url, chunkSize: 1000000, retryDelays: null, storeFingerprintForResuming: false,
            metadata: {filename: "relevé.json"}, headers: {"X-CSRFToken": token},
            onSuccess: () => resolve(upload.url), onError: () => resolve("cut " + upload.url)});
        upload.start();
    })"""
    said = page.evaluate(sent, [SIZE, None])
    assert said.startswith("cut ")
    assert received(resident) == 2_000_000
    page.unroute("**/envois/**")
    url = page.evaluate(sent, [SIZE, said.removeprefix("cut ")])
    assert received(resident) == SIZE
    page.reload()
    page.get_by_role("button", name="Terminer").click()
    page.wait_for_url(re.compile("/travaux/"))
    assert kept(resident) == bytes(index % 251 for index in range(SIZE))
    assert url.endswith("/")
