"""The simulated visitor counts the fields that it types."""

import pytest
from lxml import html

from demo.tour.visitor import Page, Visitor

FORM = b"""<main><form method=post><input type=hidden name=person value=awa>
<input type=text name=rent><input type=radio name=yes value=1><input type=radio name=yes value=0>
<input type=checkbox name=paper value=a><input type=checkbox name=paper value=b>
<input type=checkbox name=sure value=1></form></main>"""


@pytest.mark.parametrize(
    ("values", "typed"),
    [
        ({}, 0),
        ({"person": "nadia"}, 0),
        ({"yes": "1"}, 0),
        ({"paper": "a"}, 0),
        ({"sure": "1"}, 0),
        ({"rent": "612"}, 1),
    ],
)
def test_only_typed_fields_are_counted(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], typed: int) -> None:
    page = Page("http://127.0.0.1/", 200, FORM, "text/html")
    monkeypatch.setattr(Visitor, "_send", lambda self, request: page)
    visitor = Visitor("http://127.0.0.1/")
    form: html.FormElement = page.form("rent")
    visitor.submit(page, form, values)
    assert visitor.typed == typed
