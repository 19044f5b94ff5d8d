"""Public pages: with or without a city, in both languages, under the strict content policy."""

import pytest
import time_machine
from django.urls import reverse

from core.models import City, LegalPage
from tests.accounts.factories import signed_in
from tests.ui.pages import PUBLIC, assert_clean, read, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_is_valid_and_declares_its_language(client, city, name, language):
    client.cookies["garant_language"] = language
    answer = client.get(reverse(name))

    assert answer.status_code == 200
    assert_clean(answer, whole_page=True)
    assert ("html", {"lang": language, "class": "civic"}) in read(answer).tags
    expected = "Ville de Villebrume" if language == "fr" else "City of Villebrume"
    assert expected in text(answer)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_works_before_the_city_is_set(client, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert_clean(answer, whole_page=True)
    assert "Votre ville" in text(answer)
    assert "None" not in text(answer)


@pytest.mark.parametrize("name", [*PUBLIC, "theme"])
def test_a_page_has_the_strict_policy_and_the_security_headers(client, city, name):
    answer = client.get(reverse(name))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "nonce" not in policy and "http" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_footer_has_the_legal_links(client, city):
    answer = client.get(reverse("home"))
    links = {attrs.get("href") for tag, attrs in read(answer).tags if tag == "a"}
    assert {reverse(name) for name in ("sitemap", "accessibility", "legal", "privacy", "cookies", "help")} <= links
    assert "Accessibilité\u00a0: non conforme" in text(answer)


def test_the_accessibility_statement_depends_on_the_audit(client, city):
    City.objects.update(accessibility=City.Accessibility.PARTIAL)
    assert "Accessibilité\u00a0: partiellement conforme" in text(client.get(reverse("home")))
    assert "Ce site est partiellement conforme" in text(client.get(reverse("accessibility")))


def test_leaving_quickly_redirects_without_a_referrer(client, city, settings):
    tags = read(client.get(reverse("home"))).tags
    assert [
        attrs for tag, attrs in tags if attrs.get("href") == reverse("leave_quickly") and attrs["rel"] == "noreferrer"
    ]
    answer = client.get(reverse("leave_quickly"))
    assert (answer["Location"], answer["Referrer-Policy"]) == ("https://www.bnf.fr/", "no-referrer")
    City.objects.update(exit_url="")
    assert client.get(reverse("leave_quickly"))["Location"] == settings.EXIT_URL


def test_leaving_quickly_ends_the_session_here_and_in_the_browser(resident):
    client = signed_in(resident)
    answer = client.get(reverse("leave_quickly"), headers={"Sec-Fetch-Site": "same-origin"})
    assert answer["Clear-Site-Data"] == '"cookies", "storage"' and answer["Cache-Control"] == "no-store"
    assert client.get(reverse("account")).status_code == 302


def test_another_site_cannot_sign_users_out(resident):
    """An image with our URL would otherwise sign out the users who see it."""
    client = signed_in(resident)
    answer = client.get(reverse("leave_quickly"), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 302 and "Clear-Site-Data" not in answer
    assert client.get(reverse("account")).status_code == 200


def test_the_citys_text_replaces_ours_and_is_escaped(client, city):
    LegalPage.objects.create(
        slug=LegalPage.Slug.LEGAL, text="## Qui\n\nLa <script>ville</script>.\n\n- un\n- deux", text_en="The city."
    )
    html = client.get(reverse("legal")).content.decode()
    assert "<h2>Qui</h2>" in html and "<ul><li>un</li><li>deux</li></ul>" in html
    assert "&lt;script&gt;ville" in html
    assert "Qui publie ce site" not in html
    client.cookies["garant_language"] = "en"
    assert "The city." in text(client.get(reverse("legal")))


def test_the_cookie_page_names_the_real_cookies(client, city, settings):
    page_text = text(client.get(reverse("cookies")))
    for name in ("SESSION", "CSRF", "LANGUAGE", "DEVICE", "VISIT"):
        assert getattr(settings, f"{name}_COOKIE_NAME") in page_text


@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_refuses_post(client, name):
    assert client.post(reverse(name)).status_code == 405


def test_home_shows_residents_their_page_and_redirects_agents(client, city, resident, agent):
    answer = signed_in(resident).get(reverse("home"))
    assert "Bonjour Awa" in text(answer)
    assert_clean(answer, whole_page=True)
    assert answer["Cache-Control"] == "no-store"

    answer = signed_in(agent).get(reverse("home"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:index"))


def test_a_name_is_escaped(city, resident):
    resident.name = "<b>Awa</b>"
    resident.save()
    html = signed_in(resident).get(reverse("home")).content.decode()
    assert "<b>Awa</b>" not in html and "&lt;b&gt;Awa" in html


@time_machine.travel("2028-02-29T23:30:00+01:00")
def test_whoever_found_a_fault_is_told_where_to_write(client, city, settings):
    """RFC 9116: a contact, and an end within a year."""
    settings.SITE_URL = "https://coffre.villebrume.example"
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().splitlines() == [
        "Contact: mailto:contact@villebrume.example",
        "Expires: 2028-03-30T00:00:00Z",
        "Preferred-Languages: fr, en",
        "Canonical: https://coffre.villebrume.example/.well-known/security.txt",
    ]


def test_a_city_without_an_address_has_no_security_file(client, city):
    city.email = ""
    city.save()
    assert client.get("/.well-known/security.txt").status_code == 404
