"""A large file from a real browser: in parts, over a cut connection, over two visits, or without script."""

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
#: Four parts. The content does not matter here.
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


class Connection:
    """The visitor's connection: lets some parts through, then is cut until it is restored."""

    def __init__(self, page: Page, allowed_parts: int) -> None:
        self.left, self.parts = allowed_parts, 0
        page.route("**/envois/**", self.pass_or_cut)

    def pass_or_cut(self, route: Route) -> None:
        if route.request.method == "PATCH":
            if self.left == 0:
                return route.abort()
            self.left, self.parts = self.left - 1, self.parts + 1
        return route.continue_()


def test_an_upload_resumes_by_itself_after_a_cut(visitors, resident, large):
    page = opened(visitors, resident)
    line = Connection(page, allowed_parts=2)
    send(page, large)
    expect(page.get_by_role("status").filter(has_text="La connexion est coupée")).to_be_visible()
    assert axe(page) == []
    line.left = 10
    page.wait_for_url(re.compile("/travaux/"))
    assert line.parts == 4, "what had arrived is not sent again"
    assert kept(resident) == large.read_bytes()


def test_a_paused_upload_continues_in_another_visit(visitors, resident, large):
    page = opened(visitors, resident, width=320)
    Connection(page, allowed_parts=1)
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
    line = Connection(page, allowed_parts=10)
    send(page, large)
    page.wait_for_url(re.compile("/travaux/"))
    assert line.parts == 3
    assert kept(resident) == large.read_bytes()


def test_an_upload_continues_after_signing_in_again_in_another_tab(visitors, resident, large):
    page = opened(visitors, resident)
    Connection(page, allowed_parts=1)
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


def test_cancelling_deletes_the_upload(visitors, resident, large):
    page = opened(visitors, resident)
    Connection(page, allowed_parts=1)
    send(page, large)
    expect(page.get_by_role("status").filter(has_text="coupée")).to_be_visible()
    page.get_by_role("button", name="Annuler l’envoi").click()
    expect(page.get_by_role("button", name="Envoyer ce papier")).to_be_visible()
    with scope(resident=resident.pk):
        assert not Upload.objects.exists()


def test_without_script_the_file_is_sent_at_once(visitors, resident, large):
    page = opened(visitors, resident, javascript=False)
    send(page, large)
    page.wait_for_url(re.compile("/travaux/"))
    assert kept(resident) == large.read_bytes()


def test_the_reference_tus_client_works(visitors, resident):
    """Use tus-js-client 4.3.1: in parts, over a failed request, then resumed from the upload's URL alone."""
    page = opened(visitors, resident)
    page.evaluate(TUS.read_text())
    Connection(page, allowed_parts=2)
    sent = """([size, url]) => new Promise((resolve, reject) => {
        const content = new Uint8Array(size).map((_none, index) => index % 251);
        const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
        const upload = new tus.Upload(new Blob([content]), {
            endpoint: "/envois/", uploadUrl: url, chunkSize: 1000000, retryDelays: null,
            storeFingerprintForResuming: false, metadata: {filename: "relevé.json"}, headers: {"X-CSRFToken": token},
            onSuccess: () => resolve(upload.url), onError: () => resolve("cut " + upload.url)});
        upload.start();
    })"""
    outcome = page.evaluate(sent, [SIZE, None])
    assert outcome.startswith("cut ")
    assert received(resident) == 2_000_000
    page.unroute("**/envois/**")
    url = page.evaluate(sent, [SIZE, outcome.removeprefix("cut ")])
    assert received(resident) == SIZE
    page.reload()
    page.get_by_role("button", name="Terminer").click()
    page.wait_for_url(re.compile("/travaux/"))
    assert kept(resident) == bytes(index % 251 for index in range(SIZE))
    assert url.endswith("/")
