"""The city's colours and logo change at once, and are cached for a year under a versioned URL."""

import pytest
from django.urls import reverse

from core.models import City
from tests.accounts.factories import signed_in
from tests.ui.pages import read

pytestmark = pytest.mark.django_db


def theme_address(client):
    return next(
        attrs["href"] for tag, attrs in read(client.get(reverse("legal"))).tags if "theme.css" in attrs.get("href", "")
    )


def test_a_change_gets_another_url(client, city):
    before = theme_address(client)
    assert f"--civic-link:{city.link}" in client.get(before).content.decode()

    city.link = "#7a2b3b"
    city.save()

    after = theme_address(client)
    assert after != before
    assert "--civic-link:#7a2b3b" in client.get(after).content.decode()


def test_only_the_current_url_is_cacheable(client, city):
    current = client.get(theme_address(client))
    assert current["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in current["Cache-Control"]
    for stale in ("/theme.css", "/theme.css?v=000000000000"):
        assert "immutable" not in client.get(stale)["Cache-Control"]


def test_it_is_cacheable_for_signed_in_users(city, resident):
    browser = signed_in(resident)
    assert "immutable" in browser.get(theme_address(browser))["Cache-Control"]


def test_a_logo_is_served_under_a_sandbox_policy(client, city):
    assert client.get(reverse("logo")).status_code == 404
    city.logo, city.logo_type = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"/>', "image/svg+xml"
    city.save()

    answer = client.get(f"{reverse('logo')}?v={city.logo_version}")

    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    shown = [attrs for tag, attrs in read(client.get(reverse("legal"))).tags if tag == "img"]
    assert shown[0]["src"] == f"/logo?v={city.logo_version}"


def test_the_theme_needs_no_city(client):
    assert f"--civic-link:{City().link}" in client.get(reverse("theme")).content.decode()
