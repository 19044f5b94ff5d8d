"""Every address and every model of a resident's is in the matrix of who may come in (tests/attacks/matrix.py)."""

from collections import Counter

from tests import addresses
from tests.attacks.matrix import ADMIN, GET_ONLY, NOT_HERE, OF_THE_ADMIN, PARTS, POST_ONLY, ROOMS

ROUTES = {name: route for name, route in addresses.routes() if not route.startswith("admin/")}


def test_each_address_is_in_one_room() -> None:
    """The one who adds an address says for whom it is."""
    counted = Counter(name for room in ROOMS for name in room.names)
    assert {*counted} == {*ROUTES}
    assert [name for name, times in counted.items() if times > 1] == []


def test_what_stands_in_an_address_is_said() -> None:
    assert {*PARTS} == {name for name, route in ROUTES.items() if "<" in route}
    assert (POST_ONLY | GET_ONLY | {*NOT_HERE}) <= {*ROUTES}


def test_each_page_of_the_admin_is_there() -> None:
    pages = {
        f"{label.replace('.', '_')}_{page}"
        for label in ADMIN
        for page in ("changelist", "add", "history", "delete", "change")
    }
    named = {name.removeprefix("admin:") for name, _route in addresses.routes() if name.startswith("admin:")}
    assert named == {*pages, *OF_THE_ADMIN, "login", "logout"}
