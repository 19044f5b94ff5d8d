"""Drafts made of templates."""

from datetime import date

import pytest

from campaigns.plans import drafting
from tests.campaigns.made import words


def columns(document):
    return {one["code"] for one in (*document["dimensions"], *document["measures"])}


@pytest.mark.parametrize("name", sorted(drafting.templates()))
def test_a_draft_asks_nothing_that_no_table_needs(name):
    draft = drafting.from_template(name, code="x", title=words("x"), sponsor="x", zoning=None, today=date(2026, 12, 3))
    used = {code for table in draft["tables"] for code in (*table["dimensions"], table.get("measure"))} - {None}
    assert columns(draft) == used
    if len(draft["tables"]) > 1:
        first = draft["tables"][0]
        fewer = drafting.with_shares(draft, name, {first["code"]: 100})
        assert columns(fewer) == {*first["dimensions"], first.get("measure")} - {None}
        assert drafting.with_shares(fewer, name, drafting.shares_of(draft)) == draft, "what was dropped comes back"
