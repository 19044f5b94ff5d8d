"""The help pages: those of the product, replaced, hidden or completed by the city's own."""

import json
import unicodedata
from functools import cache
from pathlib import Path

from core.models import HelpPage

FILE = Path(__file__).parent / "content" / "help.json"


@cache
def _shipped() -> tuple[HelpPage, ...]:
    """Return the product's pages as rows that are not saved."""
    return tuple(
        HelpPage(
            slug=page["slug"],
            theme=page["theme"],
            question=page["question"]["fr"],
            question_en=page["question"]["en"],
            text=page["text"]["fr"],
            text_en=page["text"]["en"],
        )
        for page in json.loads(FILE.read_text(encoding="utf-8"))
    )


def shipped(slug: str) -> HelpPage | None:
    return next((page for page in _shipped() if page.slug == slug), None)


def pages() -> list[HelpPage]:
    """Return the pages shown: the product's in their order, then the city's own. Cost: one query."""
    own = {page.slug: page for page in HelpPage.objects.all()}
    known = {page.slug for page in _shipped()}
    found = [own.get(page.slug, page) for page in _shipped()]
    found += [page for slug, page in own.items() if slug not in known]
    return [page for page in found if page.shown]


def by_theme(found: list[HelpPage]) -> list[tuple[str, list[HelpPage]]]:
    """Return the pages under each theme's name; a theme without a page is left out."""
    themes = {value: str(label) for value, label in HelpPage.Theme.choices}
    grouped = [(label, [page for page in found if page.theme == value]) for value, label in themes.items()]
    return [(label, inside) for label, inside in grouped if inside]


def search(found: list[HelpPage], text: str) -> list[HelpPage]:
    """Return the pages with every word of the search, those whose question has them first."""
    asked = _plain(text).split()
    matches = [page for page in found if all(word in _plain(f"{page.question_now} {page.text_now}") for word in asked)]
    return sorted(matches, key=lambda page: not all(word in _plain(page.question_now) for word in asked))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
