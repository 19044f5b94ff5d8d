"""The home page and the menus, filled by the apps above through registries."""

import datetime

import pytest
from django.test import RequestFactory
from django.urls import reverse

from core.pages import home, menu
from tests.accounts.factories import signed_in
from tests.ui.pages import assert_clean, read, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def sources(monkeypatch):
    kept: list[home.Part] = []
    monkeypatch.setattr(home, "_sources", kept)
    return kept


@pytest.fixture
def entries(monkeypatch):
    kept = list(menu._entries)
    monkeypatch.setattr(menu, "_entries", kept)
    return kept


WAY = home.Way("Ajouter un papier", "Un avis", "Un montant", "Trois minutes", "/b/", "Ajouter", "folder", order=20)


def test_a_page_without_parts_has_nothing_to_do(sources, resident):
    assert "Rien à faire aujourd’hui." in text(signed_in(resident).get("/"))


def test_an_empty_vault_shows_the_ways_to_begin_in_place_of_the_headline(sources, resident):
    first = home.Way(
        "Me connecter", "Un compte", "Vos revenus", "Une minute", "/a/", "Me connecter", "vault", order=10
    )
    block = home.HomeBlock(
        home.Slot.HEADLINE, "ui_block.html", {"title": "Argent", "number": "412 €"}, lede="Une aide."
    )
    home.register(lambda request: [WAY, first, block, home.Empty()])
    answer = signed_in(resident).get("/")
    assert "2 façons de commencer" in text(answer) and "Argent" not in text(answer)
    assert text(answer).index("Me connecter") < text(answer).index("Ajouter un papier")
    assert "Rien à faire" not in text(answer) and "Une aide." not in text(answer)
    assert_clean(answer, whole_page=True)


def test_the_ways_to_begin_are_for_an_empty_vault_only(sources):
    home.register(lambda request: [WAY])
    assert home.build(RequestFactory().get("/")).ways == []


def test_a_headline_s_sentence_comes_under_the_greeting_and_is_never_nothing_to_do(sources, resident):
    block = home.HomeBlock(
        home.Slot.HEADLINE, "components/empty.html", {"title": "Argent", "number": "412 €"}, lede="Une aide."
    )
    home.register(lambda request: [block])
    answer = signed_in(resident).get("/")
    assert "Une aide." in text(answer) and "Rien à faire" not in text(answer)


def test_tasks_are_ordered_and_counted(sources, resident):
    home.register(
        lambda request: [
            home.ToDo("Second", "/b/", order=60),
            home.ToDo("Premier", "/a/", hint="Vite", tag="Avant lundi"),
        ]
    )
    answer = signed_in(resident).get("/")
    assert "2 choses à faire." in text(answer)
    assert text(answer).index("Premier") < text(answer).index("Second")
    assert_clean(answer, whole_page=True)


def test_one_task_is_in_the_singular(sources, resident):
    home.register(lambda request: [home.ToDo("Seul", "/a/")])
    assert "Une chose à faire." in text(signed_in(resident).get("/"))


def test_expiring_papers_are_sorted_and_blocks_are_in_their_slots(sources, resident):
    day = datetime.date(2026, 12, 31)
    home.register(
        lambda request: [
            home.Expiry("Tard", "/t/", day, "31 décembre"),
            home.Expiry("Tôt", "/o/", day.replace(day=1), "1er décembre"),
        ]
    )
    shown = {"title": "Argent", "number": "412 €"}
    home.register(
        lambda request: [
            home.HomeBlock(home.Slot.HEADLINE, "ui_block.html", shown),
            home.HomeBlock(home.Slot.ASIDE, "ui_block.html", shown),
        ]
    )
    built = home.build(RequestFactory().get("/"))
    assert [line.label for line in built.expiring] == ["Tôt", "Tard"]
    assert (len(built.headline), len(built.main), len(built.aside)) == (1, 0, 1)
    assert not built.nothing


def test_only_one_headline_is_shown(sources):
    block = home.HomeBlock(home.Slot.HEADLINE, "a.html")
    home.register(lambda request: [block, home.HomeBlock(home.Slot.HEADLINE, "b.html", order=10)])
    assert [kept.template for kept in home.build(RequestFactory().get("/")).headline] == ["b.html"]


def test_a_source_registered_twice_counts_once(sources, resident):
    def source(request):
        return [home.ToDo("Seul", "/a/")]

    home.register(source)
    home.register(source)
    assert len(home.build(RequestFactory().get("/")).todo) == 1


def test_a_visitors_page_runs_no_source(sources, client):
    def source(request):
        raise AssertionError("built for a visitor")

    home.register(source)
    assert client.get("/").status_code == 200


def test_the_menu_depends_on_the_user(entries, client, resident):
    menu.register("Pour résidents", "help", place=menu.Place.RESIDENT)
    menu.register("Pour visiteurs", "help", place=menu.Place.PUBLIC)
    assert "Pour visiteurs" in text(client.get("/")) and "Pour résidents" not in text(client.get("/"))
    shown = text(signed_in(resident).get("/"))
    assert "Pour résidents" in shown and "Pour visiteurs" not in shown


@pytest.mark.parametrize(
    ("path", "lit"),
    [
        ("/coffre/", ["page", "", ""]),
        ("/coffre/papiers/", ["true", "", ""]),
        ("/coffre/foyer/", ["", "page", ""]),
        ("/coffre/foyer/inviter/", ["", "true", ""]),
        ("/", ["", "", "page"]),
        ("/cookies/", ["", "", ""]),
    ],
)
def test_the_current_page_or_section_is_marked(entries, path, lit):
    entries[:] = []
    menu.register("Foyer", "sharing:household", order=2)
    menu.register("Coffre", "records:home", order=1)
    menu.register("Foyer", "sharing:household", order=2)
    menu.register("Accueil", "home", order=3)
    links = list(menu.links(RequestFactory().get(path), menu.Place.RESIDENT))
    assert ([link.label for link in links], [link.current for link in links]) == (["Coffre", "Foyer", "Accueil"], lit)


def test_signing_out_is_a_form_not_a_link(resident):
    forms = [attrs for tag, attrs in read(signed_in(resident).get("/")).tags if tag == "form"]
    assert {"action": reverse("account_logout"), "method": "post"} in forms
