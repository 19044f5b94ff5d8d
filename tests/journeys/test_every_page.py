"""Every page, in French with scripts and in English without, narrow and wide: readable by all, light, and within its
own policy.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from ops import messages
from tests import addresses
from tests.browser import AXE, Watch, axe, copied, faults, load, skeleton
from tests.journeys.places import AGENT, ERRORS, OTHERS, PAGES, VISITOR
from tests.live import Live

#: The status of the pages that explain a refusal.
REFUSING = {"/verifier/7KQ4-M2XD-93HT/": 404, "/connexion/compte/rien/": 410}
HEAVIEST, MOST_REQUESTS = 120_000, 8
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=320, height=640)
PLACES = [(name, who, address) for name, places in PAGES.items() for who, address in places]
# Django's own admin brings its own scripts and styles, and lists that are wider than a telephone scroll inside
# themselves.
ADMIN_REQUESTS = 30
PAINTS = False
# What organisations call themselves and what they pay, as they wrote it: data, in whatever language the page is.
DATA = {
    "Éducation nationale",
    "Assurance maladie",
    "Allocations familiales",
    "Chèque énergie",
    "MDPH, Imprimerie nationale",
    "Avis d’impôt",
    "protection des données",
}


@dataclass
class Sweep:
    """A browser for each person, language and way of life; what the portal was filled with."""

    live: Live
    browser: Browser
    made: dict[str, str]
    cookies: dict[str, str]
    pages: dict[tuple[str, str, bool], Page] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)

    def page(self, who: str, language: str, script: bool) -> Page:
        """One tab for each, which goes from page to page: opening another one costs more than what is looked at."""
        key = who, language, script
        if key not in self.pages:
            page = self.pages[key] = self._context(who, language).new_page()
            page.on("console", self.watch.console)
            page.on("pageerror", self.watch.error)
            if not script:
                # Pages have no inline script and no `noscript`: without its files a page is as without JavaScript, and
                # the timers of axe run.
                devtools = page.context.new_cdp_session(page)
                devtools.send("Network.enable")
                devtools.send("Network.setBlockedURLs", {"urls": ["*.js*"]})
        return self.pages[key]

    def _context(self, who: str, language: str) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.live.url,
            viewport=WIDE,
            locale={"fr": "fr-FR", "en": "en-GB"}[language],
        )
        if who in self.cookies:
            context.add_cookies([{"name": "garant_session", "value": self.cookies[who], "url": self.live.url}])
        return context

    def faults(self, page: Page, language: str, name: str, *, judged: bool) -> list[str]:
        """Return what is wrong with the page; axe judges it if `judged`."""
        return faults(page, language=language, without=(*left_out(name), *([] if judged else ["axe"])))

    def address(self, place: str) -> str:
        return place.format(**self.made)

    def complaints(self) -> list[str]:
        found = [*self.watch.csp, *self.watch.errors]
        self.watch.csp.clear()
        self.watch.errors.clear()
        return found


@pytest.fixture(scope="module")
def sweep(live: Live, browser: Browser) -> Iterator[Sweep]:
    filled = live.run("from tests.journeys.filling import main; main()")
    started = Sweep(live, browser, **json.loads(filled))
    yield started
    for page in started.pages.values():
        page.context.close()


def test_every_address_has_its_place() -> None:
    known = {*PAGES, *OTHERS}
    found = addresses.names()
    assert found - known == set(), "say in places.py who looks at these pages, or why nobody does"
    assert known - found == set(), "these are gone"


def test_each_place_is_where_it_says() -> None:
    made = dict.fromkeys(
        re.findall(r"\{(\w+)\}", " ".join(address for _, _, address in PLACES)), "00000000-0000-4000-8000-000000000000"
    )
    # allauth's own rows are numbered, and so are versions that agents write, panels and their questions
    made |= dict.fromkeys(("passkey", "local_aid", "draft_aid", "tried_aid"), "1")
    made |= dict.fromkeys(("procedure", "draft_procedure", "proposed_procedure"), "1")
    made |= dict.fromkeys(("situation", "draft_situation", "tried_situation"), "1")
    made |= dict.fromkeys(("panel", "announced_panel", "referral"), "1")
    wrong = {
        address: name
        for name, _who, address in PLACES
        if resolve(urlsplit(address.format(**made)).path).view_name != name
    }
    assert wrong == {}


@pytest.mark.parametrize(("name", "who", "place"), PLACES, ids=[f"{who} {address}" for _, who, address in PLACES])
def test_a_page_is_in_order_for_everyone(sweep: Sweep, name: str, who: str, place: str) -> None:
    address, found = sweep.address(place), []
    for language, script in (("fr", True), ("en", False)):
        page = sweep.page(who, language, script)
        measured = load(page, address)
        assert measured.status == REFUSING.get(place, 200), f"{address}: {measured.status}"
        assert urlsplit(page.url).path == urlsplit(address).path, f"{address} leads to {page.url}"
        found += [f"{language} {fault}" for fault in looked_at(sweep, page, language, name)]
        if measured.bytes > HEAVIEST and who != AGENT and "apercu" not in place:
            found.append(f"{measured.bytes} bytes")
        if script and measured.requests > (ADMIN_REQUESTS if who == AGENT else MOST_REQUESTS):
            found.append(f"{measured.requests} requests")
        if language == "en":
            found += [f"still in French: {text}" for text in french_left(page)]
    found += sweep.complaints()
    assert not found, "\n".join(dict.fromkeys(found))


@pytest.mark.parametrize("case", ERRORS)
def test_a_page_that_says_no_is_in_order_too(sweep: Sweep, case: str) -> None:
    who, place, sent = ERRORS[case]
    found = []
    for language in ("fr", "en"):
        page = sweep.page(who, language, True)
        page.goto(sweep.address(place))
        if sent:
            with page.expect_navigation():
                page.evaluate(SEND)
        found += [f"{language} {fault}" for fault in looked_at(sweep, page, language, case)]
        if language == "en":
            found += [f"still in French: {text}" for text in french_left(page)]
    found += sweep.complaints()
    assert not found, "\n".join(dict.fromkeys(found))


def looked_at(sweep: Sweep, page: Page, language: str, name: str) -> list[str]:
    """Look at the page as wide as it was opened, then at the other width. axe judges the French one wide and the
    English one narrow.
    """
    opened = page.viewport_size
    found = looked_at_once(sweep, page, language, name)
    page.set_viewport_size(WIDE if opened == NARROW else NARROW)
    return found + looked_at_once(sweep, page, language, name)


def looked_at_once(sweep: Sweep, page: Page, language: str, name: str) -> list[str]:
    narrow = page.viewport_size == NARROW
    found = sweep.faults(page, language, name, judged=narrow == (language == "en"))
    return [f"at 320 px: {fault}" for fault in found] if narrow else found


def left_out(name: str) -> tuple[str, ...]:
    """Django's lists are longer than other pages may be, and its scripts place calendars by style; a vault is as long
    as its months.
    """
    return ("nodes", "inline") if name.startswith("admin:") else ("nodes",) if name == "records:home" else ()


@cache
def french_sentences() -> frozenset[str]:
    """Pieces of the catalogue's French between its placeholders, long enough to be no name and no number."""
    pieces = set()
    for message in messages.read(messages.catalogue("en")).values():
        english = " ".join(message.strings)
        for piece in re.split(
            r"%\(\w+\)[sd]|%%|%[sd]|\{\w*\}|<[^>]+>", f"{message.singular}|{message.plural}".replace("|", "\n")
        ):
            pieces |= {
                " ".join(line.split()) for line in piece.splitlines() if line.strip() and line.strip() not in english
            }
    return frozenset(piece for piece in pieces if len(piece) >= 12 and " " in piece and piece not in DATA)


# The page's own question, not a button that stands before it in a form of its own: signing in by FranceConnect leaves
# the portal.
SEND = """() => {
    const forms = [...document.querySelectorAll("main form, #content form")];
    (forms.find(form => form.querySelector("input:not([type=hidden]), select, textarea")) ?? forms[0]).requestSubmit();
}"""
# Rows of an admin's list are what the city wrote: data.
READ = """() => {
    const copy = document.body.cloneNode(true);
    copy.querySelectorAll("[lang=fr], textarea, script, #result_list tbody").forEach(element => element.remove());
    return copy.textContent;
}"""


@cache
def french_by_word() -> dict[str, list[str]]:
    """Return the pieces by a word that stands between two others, the longest. A piece of two words has none: "".

    Whoever reads a text looks for the pieces of its own words only: a tenth of the time.
    """
    found: dict[str, list[str]] = {}
    for piece in french_sentences():
        found.setdefault(max(piece.split(" ")[1:-1], key=len, default=""), []).append(piece)
    return found


def french_left(page: Page) -> list[str]:
    words = str(page.evaluate(READ)).split()
    text, by_word = " ".join(words), french_by_word()
    return [piece for word in {"", *words} for piece in by_word.get(word, ()) if piece in text]


#: Changes that axe may judge otherwise, each made on the sign-in page.
SPOILS = {
    "no name for a field": "document.querySelectorAll('main label').forEach(label => label.remove())",
    "no alternative text": "document.querySelector('main').append(new Image())",
    "an empty alternative": "document.querySelector('main').append(Object.assign(new Image(), {alt: ''}))",
    "another role": "document.querySelector('main a').setAttribute('role', 'presentation')",
    "another class": "document.querySelector('main p').classList.add('faint')",
    "an empty button": "document.querySelector('main button').replaceChildren()",
    "a name that leads nowhere": "document.querySelector('main a').setAttribute('aria-labelledby', 'nowhere')",
    "another language": "document.querySelector('main p').setAttribute('lang', 'xx')",
    "a hidden part": "document.querySelector('main p').hidden = true",
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_change_that_axe_may_judge_is_judged_again(sweep: Sweep, spoil: str) -> None:
    page = sweep.page(VISITOR, "fr", True)
    load(page, "/connexion/")
    before = skeleton(page)
    page.reload()
    assert skeleton(page) == before
    page.evaluate(SPOILS[spoil])
    assert skeleton(page) != before
    sweep.complaints()


def test_of_items_alike_axe_judges_the_first_two_and_the_last(sweep: Sweep) -> None:
    """An item that is not as the others is judged wherever it stands."""
    page = sweep.page(VISITOR, "fr", True)
    load(page, "/connexion/")
    page.evaluate("""() => document.querySelector("main").insertAdjacentHTML("beforeend",
        "<ul>" + "<li class='one'><a href='/'>Un</a></li>".repeat(9) + "</ul>")""")
    assert copied(page).locator(".one").count() == 3
    for fault, sign in (("<img src='/logo'>", "image-alt"), ("<button type='button'></button>", "button-name")):
        page.evaluate(f"document.querySelectorAll('.one')[5].innerHTML = `{fault}`")
        assert sign in " ".join(axe(page))
    sweep.complaints()


#: How many elements each rule of axe found sound, faulty or undecided.
RULES = """async () => {
    const found = await axe.run(document, {rules: {"target-size": {enabled: true}}, preload: false});
    return Object.fromEntries(["passes", "violations", "incomplete", "inapplicable"]
        .flatMap(said => found[said].map(rule => [`${rule.id} ${said}`, rule.nodes.length])));
}"""


@pytest.mark.parametrize(
    ("who", "place", "change"),
    [
        (VISITOR, "/", ""),
        ("resident", "/coffre/", "document.querySelectorAll('main details').forEach(details => details.open = true)"),
        ("resident", "/partages/", "document.querySelector('main').append(new Image(40, 40))"),
        (AGENT, "/admin/", ""),
        (AGENT, "/admin/core/legalpage/add/", "document.querySelectorAll('input').forEach(box => box.checked = true)"),
    ],
)
def test_axe_says_of_a_copy_what_it_says_of_the_page(sweep: Sweep, who: str, place: str, change: str) -> None:
    page = sweep.page(who, "fr", True)
    load(page, place)
    page.evaluate(f"() => {{ {change} }}")
    of_the_copy = copied(page).evaluate(RULES)
    page.evaluate(AXE)
    of_the_page = page.evaluate(RULES)
    assert of_the_copy.keys() == of_the_page.keys()
    # Items alike are judged once.
    assert all(of_the_copy[rule] <= count for rule, count in of_the_page.items())
    assert of_the_copy["color-contrast passes"] > 9
    sweep.complaints()


def test_the_sweep_sees_what_is_wrong(sweep: Sweep) -> None:
    """Each measure is tried on a page spoilt on purpose, or it could pass because it looks at nothing."""
    page = sweep.page(VISITOR, "en", False)
    load(page, "/")
    assert faults(page, language="en") == [] and french_left(page) == []
    page.evaluate("""() => {
        document.querySelector("main").insertAdjacentHTML("beforeend",
            "<h1 id='contenu'>Aucune valeur ne correspond.</h1><div class='wide'>x</div><img src='/logo'>" +
            "<p class='faint'>faint</p><form method='post' action='/langue/'></form>");
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(".wide {width: 3000px} .faint {color: #fff}");
        document.adoptedStyleSheets = [sheet];
        document.documentElement.lang = "de";
    }""")
    found = " ".join(faults(page, language="en"))
    for sign in (
        "image-alt",
        "color-contrast",
        "scrolls sideways",
        "2 h1",
        "id twice: contenu",
        "lang is de",
        "without its token",
    ):
        assert sign in found, f"{sign} not seen: {found}"
    assert french_left(page) == ["Aucune valeur ne correspond."]
    sweep.complaints()
