"""Chromium as the journeys use it, and what each page is held to: axe, the content security policy, the width, the
weight.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from ops.prepare import BROWSERS
from tests.live import run_folder

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
CHROMIUM = next((found for name in BROWSERS if (found := shutil.which(name))), None)
# Chromium looks for updates, accounts and safe-browsing lists at each start: none of it may leave this machine.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
# Text as light as its background is only “incomplete” for axe: whatever ratio it measured under 4.5 counts as a fault
# here. `preload` would copy style sheets into the page, which its policy refuses: only a rule that is off by default
# needs it.
AXE_RUN = """async () => {
    const results = await axe.run(document, {
        resultTypes: ["violations", "incomplete"], rules: {"target-size": {enabled: true}}, preload: false});
    const faint = results.incomplete.filter(rule => rule.id === "color-contrast").flatMap(rule => rule.nodes)
        .map(n => ({
            at: n.target.join(" "), ratio: n.any.map(check => check.data?.contrastRatio).find(ratio => ratio > 0)}))
        .filter(n => n.ratio < 4.5).map(n => `color-contrast, not decided: ${n.at}: ${n.ratio}`);
    return results.violations
        .flatMap(v => v.nodes.map(n => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary}`)).concat(faint);
}"""


@contextmanager
def chromium(*, paints: bool = True) -> Iterator[Browser]:
    """Start a browser.

    Args:
        paints: False halves its processor time: pages are loaded and laid out, and their scripts run, but no frame is
            drawn. Then nothing can be clicked, and `requestAnimationFrame` never answers. V8's last compiler is off
            too: it takes longer than its code saves in pages that are opened twice.
    """
    flags = [*FLAGS, *([] if paints else ["--disable-threaded-compositing", "--js-flags=--no-opt"])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*flags, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        )
        # While Playwright's loop runs, Django has connections of its own: emptying the database ended those of an
        # earlier loop, and ends those of before this one.
        connections.close_all()
        yield browser
        connections.close_all()
        browser.close()
    connections.close_all()


@dataclass
class Watch:
    """The errors of the browser while a page was used."""

    csp: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "content security policy" in message.text:
            self.csp.append(message.text)

    def error(self, error: object) -> None:
        self.errors.append(str(error))


@dataclass
class Visitors:
    """Opens pages, each in a browser profile of its own."""

    browser: Browser
    base_url: str
    watch: Watch = field(default_factory=Watch)
    opened: list[Any] = field(default_factory=list)

    def __call__(self, *, width: int = 1280, language: str = "fr-FR", javascript: bool = True) -> Page:
        context = self.browser.new_context(
            base_url=self.base_url,
            viewport={"width": width, "height": 900},
            locale=language,
            java_script_enabled=javascript,
            accept_downloads=True,
        )
        self.opened.append(context)
        page = context.new_page()
        page.on("console", self.watch.console)
        page.on("pageerror", self.watch.error)
        return page

    def close(self) -> None:
        for context in self.opened:
            context.close()


def axe(page: Page) -> list[str]:
    """Return one line for each fault that axe finds in a page that no test of this run has found sound.

    An empty file is kept for each sound skeleton, shared by the processes of the run.
    """
    verdict = run_folder() / "sound" / skeleton(page)
    if verdict.exists():
        return []
    found = axe_anew(page)
    if not found:
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
    return found


def axe_anew(page: Page) -> list[str]:
    if page.evaluate(ON_TOP):
        # A dialog above the page is no part of its elements: a copy would show it closed.
        page.evaluate(AXE)
        return list(page.evaluate(AXE_RUN))
    return list(copied(page).evaluate(AXE_RUN))


def copied(page: Page) -> Page:
    """Return the page of the judge with a copy of this one, as it stands."""
    size, where = page.viewport_size, urlsplit(page.url)
    assert page.context.browser and size
    judge = judge_of(page.context.browser, f"{where.scheme}://{where.netloc}", size["width"], size["height"])
    judge.evaluate(SHOW, page.evaluate(COPY))
    return judge


@lru_cache(maxsize=8)
def judge_of(browser: Browser, origin: str, width: int, height: int) -> Page:
    """Return the page where axe judges copies of others of this size.

    Loading axe takes as long as judging with it, and V8 compiles what runs often: one page for all takes a third of
    the time of a start in each. Its timers run, for pages whose visitor has no JavaScript too.
    """
    context = browser.new_context(viewport={"width": width, "height": height})
    address = f"{origin}/judge"
    context.route(address, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page = context.new_page()
    page.goto(address)
    # Files come from the cache, which a route turns off.
    context.unroute_all()
    page.evaluate(AXE)
    return page


# Tags, classes and attributes that change what assistive technologies are told, or how it looks; texts only by their
# presence. Ids and addresses differ from one row to the next, and say nothing to axe unless a label or an ARIA
# attribute refers to one: then the reference counts by the kind of element it leads to.
BONES = r"""
    const kept = "type role lang hidden disabled open checked required scope tabindex autocomplete".split(" ");
    const refers = ["for", "aria-labelledby", "aria-describedby", "aria-controls", "headers", "list"];
    const kinds = ids => ids.split(/\s+/).map(id => document.getElementById(id)?.localName);
    const told = ({name, value}) => {
        if (refers.includes(name)) return `${name}=${kinds(value)}`;
        if (kept.includes(name)) return `${name}=${value}`;
        if (name === "alt" || name === "title") return `${name}=${value !== ""}`;
        if (!name.startsWith("aria-")) return "";
        return `${name}=${/^(true|false|mixed|page|step|polite|assertive|\d*)$/.test(value) ? value : "text"}`;
    };
    const bones = node => {
        if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? "text" : "";
        if (node.nodeType !== Node.ELEMENT_NODE) return "";
        const attributes = [...node.attributes].map(told).filter(Boolean).sort().join(" ");
        return `<${node.localName}.${node.className} ${attributes}>${[...node.childNodes].map(bones).join("")}/`;
    };
"""
SKELETON = f"""() => {{
    {BONES}
    const sheets = [...document.querySelectorAll("link[rel=stylesheet]")].map(sheet => sheet.href.replace(origin, ""));
    return sheets.join(" ") + bones(document.documentElement);
}}"""

ON_TOP = "document.querySelector(':modal, :popover-open') !== null"
# The elements as they stand, without scripts. Images keep their size and are not fetched again; what was ticked stays.
# Of the items or rows of a list that differ by their words only, the first two and the last stay: a quarter of all
# elements say nothing more to axe.
COPY = """() => {
    BONES
    const copy = document.documentElement.cloneNode(true);
    const pairs = (root, name) => [...root.querySelectorAll(name)];
    const items = pairs(copy, "li, tr"), lists = new Map();
    const alike = pairs(document, "li, tr").map((item, place) => {
        const list = lists.get(item.parentNode) ?? new Map(), said = bones(item), times = (list.get(said) ?? 0) + 1;
        lists.set(item.parentNode, list.set(said, times));
        return times > 2 && item.nextElementSibling ? items[place] : null;
    });
    const images = pairs(copy, "img"), boxes = pairs(copy, "input"), options = pairs(copy, "option");
    pairs(document, "img").forEach(({naturalWidth, naturalHeight}, place) => {
        const size = `width="${naturalWidth}" height="${naturalHeight}"`;
        images[place].removeAttribute("srcset");
        images[place].src = `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" ${size}/>`;
    });
    pairs(document, "input").forEach(({checked}, place) => boxes[place].toggleAttribute("checked", checked));
    pairs(document, "option").forEach(({selected}, place) => options[place].toggleAttribute("selected", selected));
    pairs(copy, "script").forEach(script => script.remove());
    for (const sheet of document.adoptedStyleSheets) {
        const style = copy.querySelector("head").appendChild(document.createElement("style"));
        style.textContent = [...sheet.cssRules].map(rule => rule.cssText).join("");
    }
    alike.forEach(item => item?.remove());
    return copy.outerHTML;
}""".replace("BONES", BONES)
# Hidden until its style sheets are there, or its colours would be on their way from those without them.
SHOW = """async html => {
    const fresh = new DOMParser().parseFromString(html, "text/html").documentElement;
    fresh.style.setProperty("display", "none", "important");
    const sheets = [...fresh.querySelectorAll("link[rel=stylesheet]")]
        .map(sheet => new Promise(done => { sheet.onload = sheet.onerror = done; }));
    document.replaceChild(fresh, document.documentElement);
    await Promise.all(sheets);
    fresh.style.removeProperty("display");
    if (!fresh.getAttribute("style")) fresh.removeAttribute("style");
}"""


def skeleton(page: Page) -> str:
    """Return a hash of what axe judges in the page, apart from its words: the elements and their roles, at its width.

    Colours come from classes and style sheets, so that two pages of the same skeleton have the same verdict.
    """
    width = page.viewport_size["width"] if page.viewport_size else 0
    return f"{width}-{hashlib.sha256(page.evaluate(SKELETON).encode()).hexdigest()}"


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


# A link inside a sentence, or a control that nothing else comes near, may be smaller than 24 pixels (WCAG 2.5.8): axe
# judges those.
SHAPE = """() => {
    const all = [...document.querySelectorAll("[id]")].map(element => element.id);
    const inline = document.querySelectorAll("[style], script:not([src]), [onclick], [onchange], [onsubmit]").length;
    const refused = [...document.forms]
        .filter(form => form.method === "post" && !form.querySelector("[name=csrfmiddlewaretoken]")?.value);
    return {
        refused: refused.map(form => form.action), headings: document.querySelectorAll("h1").length,
        twice: all.filter((id, place) => all.indexOf(id) !== place), language: document.documentElement.lang,
        title: document.title, inline: inline, nodes: document.querySelectorAll("*").length,
        sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth
    };
}"""
MOST_NODES = 1500


def faults(page: Page, *, language: str, without: tuple[str, ...] = ()) -> list[str]:
    """All that is wrong with the page as it stands, whatever page it is. `without` leaves a measure out, where a test
    says why.
    """
    shape = page.evaluate(SHAPE)
    found = {
        "axe": axe(page) if "axe" not in without else [],
        "sideways": ["it scrolls sideways"] if shape["sideways"] else [],
        "h1": [f"{shape['headings']} h1"] if shape["headings"] != 1 else [],
        "ids": [f"id twice: {name}" for name in shape["twice"]],
        "lang": [f"lang is {shape['language']}"] if shape["language"] != language else [],
        "title": [] if shape["title"] else ["no title"],
        "inline": [f"{shape['inline']} inline styles or scripts"] if shape["inline"] else [],
        "token": [f"a form without its token: {action}" for action in shape["refused"]],
        "nodes": [f"{shape['nodes']} elements"] if shape["nodes"] > MOST_NODES else [],
    }
    return [fault for measure, faults in found.items() if measure not in without for fault in faults]


@dataclass(frozen=True)
class Load:
    """The cost of opening a page with an empty cache: compressed bytes on the network, and requests."""

    status: int
    bytes: int
    requests: int


# The compressed body of the page and of each file that it asked for, even if an earlier page had fetched it. Headers
# are some 300 bytes.
WEIGHTS = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map(entry => entry.encodedBodySize + 300)"""


def load(page: Page, address: str) -> Load:
    answer = page.goto(address, wait_until="load")
    weights = page.evaluate(WEIGHTS)
    return Load(answer.status if answer else 0, sum(weights), len(weights))


def weight(page: Page, address: str) -> int:
    return load(page, address).bytes
