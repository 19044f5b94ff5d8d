"""Templates have no inline script or style, which the content security policy forbids, and have short lines."""

import re
from pathlib import Path

import pytest

from ops.cluster import ROOT

INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without src": re.compile(r"<script\b(?![^>]*\bsrc\s*=)", re.IGNORECASE),
    "an event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "another machine": re.compile(
        r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE
    ),
}
#: An e-mail cannot fetch a style sheet, so its layout contains its own.
MAILS = ROOT / "templates" / "mail"
FOLDERS = ("templates", "platform", "accounts", "vault", "services", "certification", "campaigns")


def templates() -> list[Path]:
    return sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.html") if MAILS not in file.parents)


def test_there_are_templates() -> None:
    assert len(templates()) > 30


@pytest.mark.parametrize("kind", INLINE)
def test_no_template_holds(kind: str) -> None:
    assert [str(file.relative_to(ROOT)) for file in templates() if INLINE[kind].search(file.read_text())] == []


INCLUDED = re.compile(r"{%\s*include\s+\"([^\"]+)\"([^%]*)%}")


def test_a_form_included_with_only_gets_its_token() -> None:
    """With `only`, the token is missing. The test client does not check it, but a resident would be refused."""
    with_a_form = {
        file.relative_to(ROOT / "templates").as_posix()
        for file in (ROOT / "templates").rglob("*.html")
        if "csrf_token" in file.read_text()
    }
    without = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in templates()
        for name, words in INCLUDED.findall(file.read_text())
        if name in with_a_form and " only" in words and "csrf_token=" not in words
    ]
    assert without == []


WIDTH = 119
#: Lines that may be longer: a Django tag or the path of an icon cannot be split.
LONG_LINES = 0.05
#: A line break before a full stop or a comma, rendered as "word .": the formatter makes one between two block tags.
PARTED = re.compile(r"\n\s*(?:{%(?! endblocktranslate)[^%]*%}|</[a-z]+>)*[.,)](?=[\s{<]|$)")


def test_few_lines_of_templates_are_long() -> None:
    lines = [line for file in templates() for line in file.read_text().splitlines()]
    assert sum(len(line) > WIDTH for line in lines) < LONG_LINES * len(lines)


def test_no_sentence_has_a_space_before_its_full_stop() -> None:
    assert [str(file.relative_to(ROOT)) for file in templates() if PARTED.search(file.read_text())] == []
