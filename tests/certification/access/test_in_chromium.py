"""The page of consent in a browser, without JavaScript: the policy of forms lets the resident leave to the service.
Then the pages that take a line out, ask for erasure and prepare a complaint.
"""

import os

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from django_scopes import scope

from tests.browser import CHROMIUM, Watch, chromium, faults
from tests.certification.access.program import BACK, asking, called, connected, through
from tests.certification.made import INCOME, PARTS
from tests.vault.made import HOME, add
from vault.records.models import Grant

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="NO Chromium on this machine"),
]


@pytest.fixture
def shown():
    with chromium() as found:
        yield found


@pytest.fixture
def portal(live_server, settings, monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    settings.SITE_URL = live_server.url
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": live_server.url}
    return live_server


def test_a_resident_agrees_and_leaves_to_the_service(portal, granted_label, program_of, browser, tenant, shown):
    add(tenant, "logement.domicile", HOME)
    session = program_of(granted_label("logement.domicile#/loyer", "logement.domicile#/adresse"))
    address = through(session, asking(session))
    name, watch = django_settings.SESSION_COOKIE_NAME, Watch()
    for language, width in (("fr", 1280), ("en", 320)):
        context = shown.new_context(
            viewport={"width": width, "height": 900}, locale=f"{language}-FR", java_script_enabled=False
        )
        context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": portal.url}])
        page = context.new_page()
        page.on("console", watch.console)
        page.goto(address)
        found = faults(page, language=language)
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/consent-{language}.png", full_page=True)
        assert found == []
        context.close()
    context = shown.new_context(java_script_enabled=False)
    context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": portal.url}])
    context.route(f"{BACK}**", lambda route: route.fulfill(body="Bonjour", content_type="text/plain"))
    page = context.new_page()
    page.on("console", watch.console)
    page.goto(address)
    page.check(f"input[value='{PARTS}']")
    page.check("input[name=months][value='1']")
    page.click("button[value=accept]")
    page.wait_for_url(f"{BACK}?code=**")
    assert page.inner_text("body") == "Bonjour" and watch.csp == []
    context.close()


def test_a_resident_takes_a_line_out_asks_for_erasure_and_prepares_a_complaint(
    portal, session, browser, tenant, shown
):
    token = connected(session, browser, items=[PARTS])["access_token"]
    called(token, "/api/v1/me/fields")
    with scope(resident=tenant.pk):
        grant = Grant.objects.get()
    name, watch = django_settings.SESSION_COOKIE_NAME, Watch()

    def at(page, *more):
        return portal.url + reverse(f"sharing:{page}", args=[grant.pk, *more])

    context = shown.new_context(java_script_enabled=False)
    context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": portal.url}])
    page = context.new_page()
    page.on("console", watch.console)
    page.goto(at("share"))
    page.click("text=Retirer une ligne")
    page.click("a[href*='nombre_parts']")
    assert "Sera retiré" in page.inner_text("main")
    page.click("button:has-text('Retirer cette ligne')")
    assert "La ligne est retirée" in page.inner_text("body")
    page.goto(at("share_received"))
    page.click("text=L’effacement demandé")
    page.click("button:has-text('Demander l’effacement')")
    assert "La demande est faite" in page.inner_text("body")
    page.click("text=Se plaindre à la CNIL")
    assert watch.csp == []
    context.close()

    pages = {
        "lignes": at("take_out"),
        "retirer": f"{at('take_out')}?ligne={INCOME.replace('#', '%23')}",
        "partage": at("share"),
        "effacement": at("erasure"),
        "plainte": at("cnil_complaint"),
        "recu": at("share_received"),
        "arreter": at("stop_sharing"),
    }
    for language, width in (("fr", 1280), ("en", 320)):
        context = shown.new_context(
            viewport={"width": width, "height": 900}, locale=f"{language}-FR", java_script_enabled=False
        )
        context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": portal.url}])
        page = context.new_page()
        for label, address in pages.items():
            page.goto(address)
            found = faults(page, language=language)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=f"{folder}/{label}-{language}.png", full_page=True)
            assert found == [], label
        context.close()
