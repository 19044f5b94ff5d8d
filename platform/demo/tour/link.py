"""A step of the tour: a link with a code, opened by a visitor without an account, then stopped while open."""

import re

from demo.tour.visitor import Page, Unexpected, Visitor

FIELD = "fiscal.avis_ir#/revenu_fiscal_reference"
WORDS = {
    "title": "Logement, la visite guidée",
    "name": "Mme Dubreuil",
    "why": "Compléter une demande de logement",
    "days": "7",
}


def share_and_stop(visitor: Visitor) -> str:
    """Share by link as the signed-in resident, whose vault has an income, then stop the link."""
    path, code, income = _make(visitor)
    other = Visitor(visitor.base_url)
    asked = other.open(path)
    if income in asked.text:
        raise Unexpected(f"{asked.path}: a value shows before the code")
    shown = other.submit(asked, asked.form("code"), {"code": code})
    if income not in shown.text:
        raise Unexpected(f"{shown.path}: {income} is not shown: {shown.text[:300]}")
    _stop(visitor)
    refused = other.try_open(path)
    if refused.status != 404 or income in refused.text:
        raise Unexpected(f"{refused.path}: {refused.status} after the stop: {refused.text[:200]}")
    journal = visitor.open("/journal/?quoi=refus").text
    refusal = next(iter(re.findall(r"Une lecture par « Mme Dubreuil » a été refusée[^.]*\.", journal)), "")
    if not refusal:
        raise Unexpected(f"/journal/: the refusal is missing: {journal[:300]}")
    return f"opened with the code, {income} seen; stopped, and then: “{refusal}”"


def _make(visitor: Visitor) -> tuple[str, str, str]:
    """Return the link's path, its code, and the value shown to the resident before agreeing."""
    start = visitor.open("/partages/lien/")
    words = visitor.submit(start, start.form("step"), {FIELD.partition("#")[0]: FIELD, "step": "choose"})
    check = visitor.submit(words, words.form("title"), {**WORDS, "step": "words"})
    income = next(iter(re.findall(r"\d[\d ]* €", check.text)), "")
    if not income:
        raise Unexpected(f"{check.path}: no value is shown before agreeing: {check.text[:300]}")
    made = visitor.submit(check, check.form("seen"), {"step": "agree"})
    return _path(made), next(iter(re.findall(r"(?<!\d)\d{4} \d{4}(?!\d)", made.text)), ""), income


def _path(made: Page) -> str:
    found = re.search(r"/l/[\w-]+/", str(made.tree.xpath("string(//*[@id='link-address'])")))
    if found is None:
        raise Unexpected(f"{made.path}: no address: {made.text[:300]}")
    return found[0]


def _stop(visitor: Visitor) -> None:
    """Stop the link from the list of shares: follow a link to the question, then answer it."""
    shares = visitor.open("/partages/")
    card = shares.tree.xpath(
        "//article[contains(., $title)]//a[contains(@href, '/arreter/')]/@href", title=WORDS["title"]
    )
    question = visitor.open(next(iter(card), ""))
    stopped = visitor.submit(question, question.form())
    if "Arrêté" not in stopped.text:
        raise Unexpected(f"{stopped.path}: the link is not stopped: {stopped.text[:200]}")
