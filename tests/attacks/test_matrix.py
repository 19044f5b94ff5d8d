"""Every user at every URL of the portal, by GET and POST: who is admitted, who gets a 404, who is refused.

URLs and models come from the portal itself: a new one fails here until tests/attacks/matrix.py has it. Each request is
rolled back, so that all users find the same data. Templates are not rendered, since access is decided before.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.files.storage import FileSystemStorage
from django.db import connection, transaction
from django.template.backends.django import Template
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_scopes import scopes_disabled

from campaigns.debates import standing
from certification.developers import synthetic
from core import tampered
from core.operations import health
from demo.holders import reach
from tests import sessions_once
from tests.accounts.factories import ResidentFactory
from tests.architecture.test_models import belongs_to_a_resident
from tests.attacks.matrix import (
    ADMIN,
    AGENTS,
    EVERYBODY,
    GROUPS,
    NO_ADDRESS,
    NOBODY,
    NOT_HERE,
    OF_THE_ADMIN,
    PARTS,
    SENT,
)
from tests.attacks.methods import GET_ONLY, OTHER_VERBS, POST_ONLY
from tests.attacks.world import Person, things_of, town
from vault.sharing.models import DeskVisit, Member

# A single set of data for all tests: it takes seconds to make.
pytestmark = [pytest.mark.xdist_group("matrix"), pytest.mark.slow]

IN, NOTHING, REFUSED, SIGN_IN, NO_SUCH_VERB = (
    "comes in",
    "finds nothing",
    "is refused",
    "is asked to sign in",
    "no such verb",
)
SAID = {403: REFUSED, 404: NOTHING, 405: NO_SUCH_VERB}
#: How many queries a page makes at most.
MOST_QUERIES = 25
#: The page of a companion's dossier reads its resident's key once more, for the row that names the dossier.
MORE_QUERIES = {"dossiers:prepared": 27}
#: What a page does not choose: transactions, and the savepoints into which a test turns them.
OF_TRANSACTIONS = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b")
render = Template.render
WRITES = re.compile(r"\s*(WITH \w+ AS \(\s*)?(INSERT|UPDATE|DELETE)", re.IGNORECASE)
#: What leaves nothing to roll back: Django's own queries. A function of the database may write.
READS = re.compile(r'SELECT (DISTINCT )?("|1 AS |COUNT\()')
# Writes of the session's last use, and of the cache.
OF_THE_SESSION = re.compile(r'"accounts_session"|"core_cache"')
GROUP_OF = {name: group for group in GROUPS for name in group.names}


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back the block. The gate's durable transactions may only be nested in a test's transaction."""
    outer = transaction.atomic()
    outer._from_testcase = True  # type: ignore[attr-defined]  # Django's own mark for what a test wraps
    with outer:
        yield
        transaction.set_rollback(True)


Town = tuple[dict[str, Any], dict[str, Person]]


@pytest.fixture(scope="module")
def settled(django_db_setup: None, django_db_blocker: Any) -> Iterator[Town]:
    connectors = override_settings(CONNECTORS=reach.connectors("http://127.0.0.1:1"))
    with django_db_blocker.unblock(), connectors, rolled_back(), pytest.MonkeyPatch.context() as patch:
        # Only the role `release` publishes results, and this world is one transaction of the portal.
        patch.setattr(standing, "has_debate", lambda campaign: campaign.code.startswith("debat-"))
        owner, stranger = ResidentFactory(), ResidentFactory()
        things = things_of(owner)
        people = town(owner, stranger, things)
        health.heard_from(health.worked_queues())
        patch.setattr(Template, "render", lambda *_args: "")
        patch.setattr(synthetic, "RESIDENTS", 1)  # the lines of a file that everybody may have
        # Each refusal is logged. Faults still are.
        logging.disable(logging.WARNING)
        # The clock stands still, or sessions end, and parts fall silent, meanwhile.
        with rolled_back(), time_machine.travel(timezone.now(), tick=False):
            yield things, people
        logging.disable(logging.NOTSET)


@pytest.fixture
def things(settled: Town) -> dict[str, Any]:
    return settled[0]


@pytest.fixture
def people(settled: Town) -> dict[str, Person]:
    return settled[1]


@pytest.fixture
def read_once() -> Iterator[None]:
    with sessions_once.read_once():
        yield


def outcome(person: Person, verb: str, url: str) -> str:
    others: list[str] = []

    def follow(execute: Any, sql: str, *more: Any) -> Any:
        if not READS.match(sql):
            others.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(follow):
        client = person.browser()
        client.raise_request_exception = False
        response = getattr(client, verb)(url)
        if response.streaming:
            list(response.streaming_content)
    if others or response.status_code >= 500:
        connection.savepoint_rollback(connection.savepoint_ids[-1])
        connection.needs_rollback = False
    writes = [sql for sql in others if WRITES.match(sql) and not OF_THE_SESSION.search(sql)]
    if response.status_code == 302 and response["Location"].startswith(("/connexion/", "/admin/login/")):
        found = SIGN_IN
    else:
        found = SAID.get(response.status_code, IN if response.status_code < 500 else f"error {response.status_code}")
    return f"{found}, but something is written: {writes}" if writes and found != IN else found


def address(name: str, things: dict[str, Any]) -> str:
    url = reverse(name, args=[things.get(part, part) for part in PARTS.get(name, ())])
    return f"{url}?{SENT[name]}" if name in SENT else url


def expected(name: str, who: str, verb: str) -> set[str]:
    """Return the acceptable outcomes. A URL may refuse an unknown method before or after it checks access."""
    group = GROUP_OF[name]
    known = name not in (POST_ONLY if verb == "get" else GET_ONLY)
    if who in group.opens_to:
        if not known:
            return {NO_SUCH_VERB}
        # A public page may redirect to sign in; other groups' pages may not.
        return {IN, *({NOTHING} if name in NOT_HERE else ()), *({SIGN_IN} if group.opens_to == EVERYBODY else ())}
    refusal = NOTHING if who in group.nothing_for else SIGN_IN if who in NOBODY else REFUSED
    return {refusal} if known else {refusal, NO_SUCH_VERB}


@pytest.mark.usefixtures("read_once")
def test_only_admitted_users_get_each_page(things: dict[str, Any], people: dict[str, Person]) -> None:
    wrong = []
    for name in GROUP_OF:
        for who, person in people.items():
            url = address(name, things | person.holds)
            for verb in ("get", "post"):
                found = outcome(person, verb, url)
                if found not in expected(name, who, verb):
                    wrong.append(f"{verb} {name}: {who} {found}")
    assert not wrong, "\n".join(wrong)


def queries_of(person: Person, url: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        client = person.browser()
        client.raise_request_exception = False
        response: Any = client.get(url)
        if response.streaming:
            list(response.streaming_content)
    return sum(not OF_TRANSACTIONS.match(query["sql"]) for query in asked.captured_queries)


def test_no_page_makes_more_than_25_queries(
    things: dict[str, Any], people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page is shown, with its template, to a user whom it admits, who has one thing of each kind."""
    monkeypatch.setattr(Template, "render", render)
    made = {}
    for name, group in GROUP_OF.items():
        if name in POST_ONLY or not group.opens_to:
            continue
        who = "owner" if "owner" in group.opens_to else next(one for one in people if one in group.opens_to)
        url = address(name, things | people[who].holds)
        with rolled_back():
            made[name] = queries_of(people[who], url)
            if made[name] > MOST_QUERIES:  # it simulated, or wrote what the second visit finds
                made[name] = queries_of(people[who], url)
    assert made["home"] > 5
    assert not {name: count for name, count in made.items() if count > MORE_QUERIES.get(name, MOST_QUERIES)}


@pytest.mark.usefixtures("read_once")
def test_other_methods_are_refused(things: dict[str, Any], people: dict[str, Person]) -> None:
    """The methods are tried by an admitted user."""
    wrong = []
    for name, group in GROUP_OF.items():
        if name in OTHER_VERBS:
            continue
        who = next(one for one in people if one in group.opens_to)
        url = address(name, things | people[who].holds)
        for verb in ("put", "patch", "delete"):
            found = outcome(people[who], verb, url)
            if found != NO_SUCH_VERB:
                wrong.append(f"{verb} {name}: {who} {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("read_once")
def test_the_admin_gives_agents_exactly_their_rights(things: dict[str, Any], people: dict[str, Person]) -> None:
    wrong = []
    for url, verb, opens_to in in_the_admin(things):
        for who, person in people.items():
            found = outcome(person, verb, url)
            if found not in ({IN} if who in opens_to else {REFUSED, NOTHING} if who in AGENTS else {SIGN_IN}):
                wrong.append(f"{verb} {url}: {who} {found}")
    assert not wrong, "\n".join(wrong)


def in_the_admin(things: dict[str, Any]) -> Iterator[tuple[str, str, set[str]]]:
    """Yield each URL of the admin except signing in and out, with a method and the admitted users."""
    for name, (parts, opens_to) in OF_THE_ADMIN.items():
        yield reverse(f"admin:{name}", args=parts), "get", opens_to
    yield "/admin/nowhere/", "get", set()
    for label, (see, add, change, delete) in ADMIN.items():
        pages = f"admin:{label.replace('.', '_')}"
        row = [things[label]]
        yield reverse(f"{pages}_changelist") + f"{row[0]}/", "get", AGENTS  # redirects to the row's page
        yield reverse(f"{pages}_add"), "get", add
        yield reverse(f"{pages}_add"), "post", add
        yield reverse(f"{pages}_changelist"), "get", see
        yield reverse(f"{pages}_history", args=row), "get", see
        yield reverse(f"{pages}_change", args=row), "get", see
        yield reverse(f"{pages}_change", args=row), "post", change
        yield reverse(f"{pages}_delete", args=row), "get", delete
        yield reverse(f"{pages}_delete", args=row), "post", delete


def test_every_model_of_residents_rows_is_tried_or_has_no_url(things: dict[str, Any]) -> None:
    """The rows named by the URLs above are one resident's, of every model that is not declared without a URL."""
    named = {str(things[part]) for parts in PARTS.values() for part in parts if part in things}
    named |= {str(things[label]) for label in ADMIN}
    reached, owners = set(), set()
    with scopes_disabled():
        for model in filter(belongs_to_a_resident, apps.get_models()):
            if model._meta.pk.get_internal_type() == "UUIDField":
                found: list[Any] = [row for row in model._default_manager.all() if str(row.pk) in named]
                reached |= {model._meta.label for _row in found}
                # Owned by others: the membership of a household partner, and the vault opened at the desk.
                owners |= {row.resident_id for row in found if model not in {Member, DeskVisit}}
    assert len(owners) == 1
    assert reached == {model._meta.label for model in apps.get_models() if belongs_to_a_resident(model)} - NO_ADDRESS


def tables_of_residents(*columns: str) -> Iterator[tuple[str, str]]:
    """Yield each table of residents' rows, but the journal's, with each of its columns that has one of the names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns one WHERE table_schema = 'public'"
            " AND data_type = 'bytea' AND table_name NOT LIKE 'core_journal%%' AND EXISTS (SELECT FROM"
            " information_schema.columns two WHERE two.table_name = one.table_name AND column_name = 'resident_id')"
        )
        yield from ((table, column) for table, column in cursor.fetchall() if (column in columns) == bool(columns))


def write_columns(found: Iterator[tuple[str, str]]) -> None:
    with connection.cursor() as cursor:
        for table, column in list(found):
            cursor.execute(f"UPDATE {table} SET {column} = sha256({column})")


def write_no_macs() -> None:
    write_columns(tables_of_residents("mac"))


def write_contents() -> None:
    """Write all that is sealed: contents, notes, recipients."""
    write_columns((table, column) for table, column in tables_of_residents() if column != "mac")


def remove_keys() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM keystore.resident_key")


def exchange_keys() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE keystore.resident_key SET wrapped = sha256('x')")


def add_empty_leaves() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)"
            " SELECT DISTINCT ON (resident_id) resident_id, number + 1, greatest(at, now()), sha256('x'),"
            " sha256('\\x01'::bytea || chain || sha256('x')) FROM core_journalleaf"
            " WHERE resident_id IN (SELECT resident_id FROM keystore.resident_key) ORDER BY resident_id, number DESC"
        )


def lose_files() -> None:
    """Files are lost to the readers alone: the others of this module find them again."""


#: Who opens something of the owner's vault.
READERS = ("owner", "visitor", "companion", "agent with an urgent access", "agent at the desk", "agent")
TAMPERINGS = {
    write_no_macs: READERS,
    write_contents: READERS,
    remove_keys: READERS,
    exchange_keys: READERS[:2],
    add_empty_leaves: READERS[:2],
    lose_files: READERS[:2],
}


@pytest.mark.usefixtures("may_change_keys")
@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_tampering_is_never_an_error_of_the_server(
    things: dict[str, Any], people: dict[str, Person], tamper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes in: 503 with a sentence where nothing is opened."""
    wrong = set()
    if tamper is lose_files:
        monkeypatch.setattr(FileSystemStorage, "open", gone)
    with rolled_back():
        tamper()
        for name, group in GROUP_OF.items():
            for who in TAMPERINGS[tamper] if group.opens_to != EVERYBODY else ():
                if who in group.opens_to:
                    # A download breaks off.
                    with rolled_back(), suppress(*tampered.SIGNS):
                        found = outcome(people[who], "get", address(name, things | people[who].holds))
                        wrong |= {f"{name}: {who} {found}"} if found.startswith("error 500") else set()
    assert not wrong, "\n".join(sorted(wrong))


def gone(_storage: Any, name: str, mode: str = "rb") -> Any:
    raise FileNotFoundError(name)
