"""Everybody at every address of the portal, with GET and POST: who is let in, who is told that there is nothing, who is refused.

The addresses are the portal's own, and so are the models: a new one fails here until tests/attacks/matrix.py says for whom it is. Each
request is undone, so that everybody finds the same town. Pages are not drawn, since who comes in is decided before.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.template.backends.django import Template
from django.test import override_settings
from django.urls import reverse
from django_scopes import scopes_disabled

from core import health
from demo.holders import reach
from tests.accounts.factories import ResidentFactory
from tests.architecture.test_models import belongs_to_a_resident
from tests.attacks.matrix import (
    ADMIN,
    AGENTS,
    EVERYBODY,
    GET_ONLY,
    NO_ADDRESS,
    NOBODY,
    NOT_HERE,
    OF_THE_ADMIN,
    OTHER_VERBS,
    PARTS,
    POST_ONLY,
    ROOMS,
    SENT,
)
from tests.attacks.world import Person, things_of, town
from vault.sharing.models import DeskVisit, Member

# One town for all: it takes seconds to settle.
pytestmark = [pytest.mark.xdist_group("matrix"), pytest.mark.slow]

IN, NOTHING, REFUSED, SIGN_IN, NO_SUCH_VERB = (
    "comes in",
    "finds nothing",
    "is refused",
    "is asked to sign in",
    "no such verb",
)
SAID = {403: REFUSED, 404: NOTHING, 405: NO_SUCH_VERB}
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)", re.IGNORECASE)
#: That its browser is still there; and the tables of the cache.
OF_THE_SESSION = re.compile(r'"accounts_session"|"core_cache"')
ROOM_OF = {name: room for room in ROOMS for name in room.names}


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens within is taken back. The gate's transactions are durable: they stand in no other but a test's."""
    all_of_it = transaction.atomic()
    all_of_it._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark for what a test wraps
    with all_of_it:
        yield
        transaction.set_rollback(True)


Town = tuple[dict[str, Any], dict[str, Person]]


@pytest.fixture(scope="module")
def settled(django_db_setup: None, django_db_blocker: Any) -> Iterator[Town]:
    connectors = override_settings(CONNECTORS=reach.connectors("http://127.0.0.1:1"))
    with django_db_blocker.unblock(), connectors, undone(), pytest.MonkeyPatch.context() as patch:
        owner, stranger = ResidentFactory(), ResidentFactory()
        things = things_of(owner)
        people = town(owner, stranger, things)
        health.heard_from(health.worked_queues())
        patch.setattr(health, "SILENT", timedelta(days=1))
        patch.setattr(Template, "render", lambda *_args: "")
        yield things, people


@pytest.fixture
def things(settled: Town) -> dict[str, Any]:
    return settled[0]


@pytest.fixture
def people(settled: Town) -> dict[str, Person]:
    return settled[1]


def outcome(person: Person, verb: str, url: str) -> str:
    writes: list[str] = []

    def watched(execute: Any, sql: str, *more: Any) -> Any:
        if WRITES.match(sql) and not OF_THE_SESSION.search(sql):
            writes.append(sql)
        return execute(sql, *more)

    with undone(), connection.execute_wrapper(watched):
        client = person.browser()
        client.raise_request_exception = False
        response = getattr(client, verb)(url)
        if response.streaming:
            list(response.streaming_content)
    if response.status_code == 302 and response["Location"].startswith(("/connexion/", "/admin/login/")):
        found = SIGN_IN
    else:
        found = SAID.get(response.status_code, IN if response.status_code < 500 else f"error {response.status_code}")
    return f"{found}, but something is written: {writes}" if writes and found != IN else found


def address(name: str, things: dict[str, Any]) -> str:
    url = reverse(name, args=[things.get(part, part) for part in PARTS.get(name, ())])
    return f"{url}?{SENT[name]}" if name in SENT else url


def wanted(name: str, who: str, verb: str) -> set[str]:
    """What may be answered. A verb that an address does not know is refused before or after its door, as it comes."""
    room = ROOM_OF[name]
    known = name not in (POST_ONLY if verb == "get" else GET_ONLY)
    if who in room.opens_to:
        if not known:
            return {NO_SUCH_VERB}
        # What is public may send somebody to sign in; nobody else's room does.
        return {IN, *({NOTHING} if name in NOT_HERE else ()), *({SIGN_IN} if room.opens_to == EVERYBODY else ())}
    refusal = NOTHING if who in room.nothing_for else SIGN_IN if who in NOBODY else REFUSED
    return {refusal} if known else {refusal, NO_SUCH_VERB}


def test_only_those_whom_a_room_is_for_come_in(things: dict[str, Any], people: dict[str, Person]) -> None:
    wrong = []
    for name in ROOM_OF:
        for who, person in people.items():
            url = address(name, things | person.holds)
            for verb in ("get", "post"):
                found = outcome(person, verb, url)
                if found not in wanted(name, who, verb):
                    wrong.append(f"{verb} {name}: {who} {found}")
    assert not wrong, "\n".join(wrong)


def test_no_other_verb_does_anything(things: dict[str, Any], people: dict[str, Person]) -> None:
    """Tried by somebody who is let in."""
    wrong = []
    for name, room in ROOM_OF.items():
        if name in OTHER_VERBS:
            continue
        who = next(one for one in people if one in room.opens_to)
        url = address(name, things | people[who].holds)
        for verb in ("put", "patch", "delete"):
            found = outcome(people[who], verb, url)
            if found != NO_SUCH_VERB:
                wrong.append(f"{verb} {name}: {who} {found}")
    assert not wrong, "\n".join(wrong)


def test_the_admin_lets_agents_do_what_is_theirs_and_nobody_else_anything(
    things: dict[str, Any], people: dict[str, Person]
) -> None:
    wrong = []
    for url, verb, opens_to in in_the_admin(things):
        for who, person in people.items():
            found = outcome(person, verb, url)
            if found not in ({IN} if who in opens_to else {REFUSED, NOTHING} if who in AGENTS else {SIGN_IN}):
                wrong.append(f"{verb} {url}: {who} {found}")
    assert not wrong, "\n".join(wrong)


def in_the_admin(things: dict[str, Any]) -> Iterator[tuple[str, str, set[str]]]:
    """Each address of the admin but its ways in and out, with a verb and whom it lets in."""
    for name, (parts, opens_to) in OF_THE_ADMIN.items():
        yield reverse(f"admin:{name}", args=parts), "get", opens_to
    yield "/admin/nowhere/", "get", set()
    for label, (see, add, change, delete) in ADMIN.items():
        pages = f"admin:{label.replace('.', '_')}"
        row = [things[label]]
        yield reverse(f"{pages}_changelist") + f"{row[0]}/", "get", AGENTS  # goes on to the page of the row
        yield reverse(f"{pages}_add"), "get", add
        yield reverse(f"{pages}_add"), "post", add
        yield reverse(f"{pages}_changelist"), "get", see
        yield reverse(f"{pages}_history", args=row), "get", see
        yield reverse(f"{pages}_change", args=row), "get", see
        yield reverse(f"{pages}_change", args=row), "post", change
        yield reverse(f"{pages}_delete", args=row), "get", delete
        yield reverse(f"{pages}_delete", args=row), "post", delete


def test_a_row_of_a_resident_s_has_an_address_that_is_tried_here_or_none(things: dict[str, Any]) -> None:
    """The rows that stand in the addresses above are one resident's own, and of every model that is not said to have no address."""
    named = {str(things[part]) for parts in PARTS.values() for part in parts if part in things}
    named |= {str(things[label]) for label in ADMIN}
    reached, owners = set(), set()
    with scopes_disabled():
        for model in filter(belongs_to_a_resident, apps.get_models()):
            if model._meta.pk.get_internal_type() == "UUIDField":
                found: list[Any] = [row for row in model._default_manager.all() if str(row.pk) in named]
                reached |= {model._meta.label for _row in found}
                # Of another: the place of somebody with whom one lives, and the vault that was opened at the desk.
                owners |= {row.resident_id for row in found if model not in {Member, DeskVisit}}
    assert len(owners) == 1
    assert reached == {model._meta.label for model in apps.get_models() if belongs_to_a_resident(model)} - NO_ADDRESS
