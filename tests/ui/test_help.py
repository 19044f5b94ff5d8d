"""The questions of the help with their answers: search, a page each, the city's own words, links from the pages."""

import json
import re
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation

from core.models import HelpPage
from core.pages import help as help_pages
from core.templatetags.civic import help_link, prose
from tests.accounts.factories import signed_in
from tests.ui.pages import text

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db
SHIPPED = json.loads(help_pages.FILE.read_text(encoding="utf-8"))


def page(slug):
    return reverse("help_question", args=[slug])


def test_the_product_answers_its_questions_in_both_languages():
    assert len(SHIPPED) == len({one["slug"] for one in SHIPPED}) == 28
    assert all(
        one[part][language].strip() for one in SHIPPED for part in ("question", "text") for language in ("fr", "en")
    )
    assert {one["theme"] for one in SHIPPED} == set(HelpPage.Theme.values)


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one["slug"])
def test_each_question_has_its_short_page(client, city, one):
    shown = text(client.get(page(one["slug"])))
    assert one["question"]["fr"] in shown
    assert len(one["text"]["fr"].split()) <= 130 and "**" not in one["text"]["fr"]
    assert str(prose(one["text"]["fr"])).count("<p>") >= 1
    client.cookies["garant_language"] = "en"
    english = client.get(page(one["slug"])).content.decode()
    assert "<title>" in english and one["question"]["en"].replace("’", "’") in text(client.get(page(one["slug"])))


def test_the_list_is_searched_by_words_without_accents(client, city):
    shown = text(client.get(reverse("help"), {"q": "verifie"}))
    assert "Que veulent dire" in shown and "Comment fermer mon coffre" not in shown
    nothing = text(client.get(reverse("help"), {"q": "hippopotame"}))
    assert "0 réponse" in nothing and "Voir toutes les questions" in nothing
    assert "Comment fermer mon coffre" in text(client.get(reverse("help")))


def test_what_was_searched_for_is_escaped(client, city):
    assert "<script>x" not in client.get(reverse("help"), {"q": "<script>x"}).content.decode()


def test_an_unknown_question_is_not_found(client, city):
    assert client.get(page("rien")).status_code == 404


def test_the_city_replaces_hides_and_adds_pages(client, city):
    HelpPage.objects.create(slug="code", theme="compte", question="Mon code\u00a0?", text="Venez <b>ici</b>.")
    HelpPage.objects.create(slug="couple", theme="partages", question="Non", text="Non", shown=False)
    HelpPage.objects.create(slug="piscine", theme="debut", question="La piscine\u00a0?", text="Oui.")
    shown = text(client.get(reverse("help")))
    assert "Mon code" in shown and "La piscine" in shown and "faut-il deux coffres" not in shown
    assert "&lt;b&gt;ici" in client.get(page("code")).content.decode()
    assert client.get(page("piscine")).status_code == 200
    # Other pages still link to a page that the city hid.
    assert client.get(page("couple")).headers["Location"] == reverse("help")


def test_an_agent_edits_a_page_from_itself_and_starts_from_the_products_words(city, agent, resident):
    agent.is_superuser = True
    agent.save()
    client = signed_in(agent)
    link = re.search(r'href="([^"]*helppage[^"]*)"', client.get(page("code")).content.decode())
    assert link and "Je ne reçois pas mon code" in client.get(link[1]).content.decode()
    assert "helppage" not in signed_in(resident).get(page("code")).content.decode()


def test_the_list_costs_two_queries_of_help(client, city, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        client.get(reverse("help"))


def test_pages_link_to_questions_that_exist():
    used = {
        slug
        for file in (ROOT / "templates").rglob("*.html")
        for slug in re.findall(r"{% help_link \"([^\"]+)\" %}", file.read_text(encoding="utf-8"))
    }
    assert used and used <= {one["slug"] for one in SHIPPED}
    with translation.override("en"):
        assert all("/aide/" in help_link(slug) for slug in used)
