"""Every URL, and every model of residents' rows, is in the access matrix (tests/attacks/matrix.py)."""

from collections import Counter

from core.web.routing import first_word
from tests import addresses
from tests.attacks.matrix import ADMIN, GROUPS, NOT_HERE, OF_THE_ADMIN, PARTS
from tests.attacks.methods import GET_ONLY, POST_ONLY

ROUTES = {name: route for name, route in addresses.routes() if not route.startswith("admin/")}


def test_each_url_is_in_one_group() -> None:
    """A new URL must be added to exactly one group of users."""
    counted = Counter(name for group in GROUPS for name in group.names)
    assert {*counted} == {*ROUTES}
    assert [name for name, times in counted.items() if times > 1] == []


def test_each_url_begins_with_a_word() -> None:
    """core/web/routing.py looks for an address among those that begin with its first word."""
    assert [route for route in ROUTES.values() if set("<^(") & {*first_word(route)}] == []


def test_the_parts_of_each_url_are_declared() -> None:
    assert {*PARTS} == {name for name, route in ROUTES.items() if "<" in route}
    assert (POST_ONLY | GET_ONLY | {*NOT_HERE}) <= {*ROUTES}


def test_each_page_of_the_admin_is_declared() -> None:
    pages = {
        f"{label.replace('.', '_')}_{page}"
        for label in ADMIN
        for page in ("changelist", "add", "history", "delete", "change")
    }
    named = {name.removeprefix("admin:") for name, _route in addresses.routes() if name.startswith("admin:")}
    assert named == {*pages, *OF_THE_ADMIN, "login", "logout"}
