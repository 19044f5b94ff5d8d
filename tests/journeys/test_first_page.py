"""The first page for a newcomer: accessible, light, and within the content policy."""

import pytest

from tests.browser import Visitors, axe, scrolls_sideways, weight

HEAVIEST = 120_000


@pytest.mark.parametrize(("width", "language", "javascript"), [(1280, "fr-FR", True), (320, "en-GB", False)])
def test_the_first_page_is_accessible_and_light(
    visitor: Visitors, width: int, language: str, javascript: bool
) -> None:
    page = visitor(width=width, language=language, javascript=javascript)
    assert weight(page, "/") <= HEAVIEST
    assert page.title()
    assert axe(page) == []
    assert not scrolls_sideways(page)
