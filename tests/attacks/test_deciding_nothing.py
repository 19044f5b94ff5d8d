"""Each column that is declared to decide nothing is written by the portal's own role, and pages are looked at again.

A page may then refuse, offer less, or say another time or state. It never offers an act or a way that it did not offer
before, and never fails. A table is written as a whole first; if a page differs, column by column. So are the messages
that the scheduler's tasks send: one may not leave, none leaves that did not before.
"""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.apps import apps
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.debates import standing
from certification.developers import synthetic
from config.schedule import SCHEDULE
from config.tables import TABLES, free_columns
from core.models.rows import Decides
from core.operations import health
from demo.holders import reach
from tests.accounts.factories import ResidentFactory
from tests.architecture.test_put_back import UNDATED
from tests.attacks.matrix import EVERYBODY
from tests.attacks.methods import POST_ONLY
from tests.attacks.test_matrix import GROUP_OF, address, rolled_back
from tests.attacks.world import Person, things_of, town

pytestmark = [pytest.mark.xdist_group("deciding nothing"), pytest.mark.slow]
TABLE = re.compile(r'(?:FROM|JOIN|INTO|UPDATE) "?([a-z_]+(?:"?\."?[a-z_]+)?)"?', re.IGNORECASE)
#: What differs between two answers to the same visit.
CHANCE = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|name="token" value="[^"]*"|<code>[0-9a-f]{8}</code>')
#: What a page does: where it leads, and what it sends.
DOES = re.compile(r"<form[^>]*>|<(?:a|button|input|select|option|area)\b[^>]*>")
REFUSALS = {403, 404, 503}
SIGN_IN = ("/connexion/", "/admin/login/")
#: What a page follows all the same, and why.
KNOWN: dict[tuple[str, str], str] = {}
#: What a message follows all the same, and why.
SAID: dict[tuple[str, str], str] = {}
#: Tasks that send messages, and ask no other machine.
SENDING = re.compile(r"notify|remind|alerts|warn_of|\.follow$|close_|text_codes|tasks\.send_due")
#: How many pages are looked at again for one table.
MOST_PAGES = 4


@dataclass(frozen=True)
class Seen:
    """What a page answered."""

    status: int
    leads_to: str
    text: str

    @cached_property
    def does(self) -> tuple[object, ...]:
        return self.status, self.leads_to, tuple(DOES.findall(self.text))


@dataclass
class Visits:
    people: dict[str, Person]
    things: dict[str, Any]
    seen: dict[str, Seen] = field(default_factory=dict)
    reading: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    said: dict[str, Counter[str]] = field(default_factory=dict)
    asking: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    steady: dict[str, bool] = field(default_factory=dict)

    def who(self, name: str) -> str:
        opens_to = GROUP_OF[name].opens_to
        if opens_to == EVERYBODY:
            return "visitor"
        return "owner" if "owner" in opens_to else next(one for one in self.people if one in opens_to)

    def visit(self, name: str) -> Seen:
        person = self.people[self.who(name)]
        with rolled_back():
            client = person.browser()
            client.raise_request_exception = False
            response: Any = client.get(address(name, self.things | person.holds))
            body = b"".join(response.streaming_content) if response.streaming else response.content
        text = CHANCE.sub("", body.decode(errors="replace")) if "text" in response.get("Content-Type", "") else ""
        return Seen(response.status_code, response.get("Location", ""), text)

    def look_at_all(self) -> None:
        """Visit each page, and note the tables that it reads."""
        for name, group in GROUP_OF.items():
            if name in POST_ONLY or not group.opens_to:
                continue
            with CaptureQueriesContext(connection) as asked:
                self.seen[name] = self.visit(name)
            for table in {found for query in asked.captured_queries for found in TABLE.findall(query["sql"])}:
                self.reading[table.replace('"', "")].append(name)

    def is_steady(self, name: str) -> bool:
        """Return whether the page answers the same again. One that does not says nothing here."""
        if name not in self.steady:
            self.steady[name] = self.seen[name] == self.visit(name)
        return self.steady[name]

    def pages_of(self, table: str) -> list[str]:
        return list(islice(filter(self.is_steady, self.reading[table]), MOST_PAGES))

    def run(self, task: str) -> Counter[str]:
        """Return the messages that a task of the scheduler sends. The order of those who get one says nothing."""
        mail.outbox = []
        with rolled_back(), suppress(Exception):
            current_app.tasks[task]()
        return Counter(f"{sorted(one.to)} {one.subject}\n{one.body}" for one in mail.outbox)

    def run_all(self) -> None:
        """Run each task twice, as `look_at_all`."""
        current_app.loader.import_default_modules()
        for task in {entry["task"] for entry in SCHEDULE.values() if SENDING.search(entry["task"])}:
            with CaptureQueriesContext(connection) as asked:
                first = self.run(task)
            if first == self.run(task):
                self.said[task] = first
                for table in {found for query in asked.captured_queries for found in TABLE.findall(query["sql"])}:
                    self.asking[table.replace('"', "")].append(task)


@pytest.fixture(scope="module")
def visits(django_db_setup: None, django_db_blocker: Any) -> Iterator[Visits]:
    connectors = override_settings(CONNECTORS=reach.connectors("http://127.0.0.1:1"))
    with django_db_blocker.unblock(), connectors, rolled_back(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(standing, "has_debate", lambda campaign: campaign.code.startswith("debat-"))
        patch.setattr(synthetic, "RESIDENTS", 1)
        owner, stranger = ResidentFactory(), ResidentFactory()
        things = things_of(owner)
        people = town(owner, stranger, things)
        health.heard_from(health.worked_queues())
        logging.disable(logging.CRITICAL)
        # The clock stands still, or sessions end, and parts fall silent, meanwhile.
        with time_machine.travel(timezone.now(), tick=False):
            found = Visits(people, things)
            found.look_at_all()
            found.run_all()
            yield found
        logging.disable(logging.NOTSET)


def free() -> dict[str, dict[str, str]]:
    """Return the columns that decide nothing, with the reason, of each table that has some."""
    found: dict[str, dict[str, str]] = {}
    for model in apps.get_models():
        decides = getattr(model, "decides", None)
        if model._meta.proxy or decides is None:
            continue
        free_here = free_columns(model._meta.label)
        reasons = {
            one.column: free_here[one.name] if isinstance(decides, Decides) else decides.reason
            for one in model._meta.local_fields
            if not one.primary_key and (not isinstance(decides, Decides) or one.name in free_here)
        }
        found[model._meta.db_table.replace('"', "")] = reasons  # type: ignore[assignment]  # a local field has a column
    with connection.cursor() as cursor:
        for table, reason in TABLES.items():
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                [table],
            )
            found[table] = {column: reason for (column,) in cursor.fetchall() if column != "id"}
    return {table: columns for table, columns in found.items() if columns}


TYPES = """
SELECT attname, split_part(format_type(atttypid, NULL), '(', 1), EXISTS (
    SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = attrelid AND conkey = ARRAY[attnum]
) FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
    AND attrelid = (SELECT oid FROM pg_class WHERE relname = %s AND relkind = 'r' LIMIT 1)
"""
#: Another value of the same type.
OTHER = {
    "boolean": "NOT {0}",
    "smallint": "{0} + 1",
    "integer": "{0} + 1",
    "bigint": "{0} + 1",
    "double precision": "{0} + 1",
    "numeric": "{0} + 1",
    "text": "'AAAA' || {0}",
    "character varying": "left('AA' || {0}, greatest(length({0}), 2))",
    "uuid": "gen_random_uuid()",
    "date": "coalesce({0}, current_date) - 40",
    "timestamp with time zone": "coalesce({0}, now()) - interval '40 days'",
    "bytea": "coalesce({0}, ''::bytea) || '\\x00'::bytea",
    "jsonb": "CASE jsonb_typeof({0}) WHEN 'array' THEN {0} || '[\"AAAA\"]' ELSE '{{\"AAAA\": 1}}'::jsonb END",
}


#: A reference to another row: that of another row of the table.
SWAPPED = 'coalesce((SELECT other."{0}" FROM {1} other WHERE other."{0}" <> written."{0}" LIMIT 1), written."{0}")'


def write(table: str, columns: list[str]) -> bool:
    """Write other values into columns of every row, as `web`. Return False if the database refuses, or has no row."""
    schema, _dot, name = table.rpartition(".")
    where = f'"{schema or "public"}"."{name}"'
    with connection.cursor() as cursor:
        cursor.execute(TYPES, [name])
        types = {column: (kind, refers) for column, kind, refers in cursor.fetchall()}
        changes = ", ".join(
            f'"{one}" = '
            + (SWAPPED.format(one, where) if types[one][1] else OTHER[types[one][0]].format(f'written."{one}"'))
            for one in columns
            if types[one][0] in OTHER
        )
        try:
            with transaction.atomic():
                cursor.execute(f"UPDATE {where} written SET {changes}")
                return bool(cursor.rowcount)
        except DatabaseError:
            return False


def changed(visits: Visits, table: str, columns: list[str]) -> dict[str, tuple[Seen, Seen]] | None:
    """Write the columns, and return the pages that are not as before, or None if nothing was written."""
    pages = visits.pages_of(table)
    with rolled_back():
        if not write(table, columns):
            return None
        now = {name: visits.visit(name) for name in pages}
    return {name: (visits.seen[name], seen) for name, seen in now.items() if seen != visits.seen[name]}


def more_than_before(before: Seen, after: Seen) -> bool:
    """Return whether a page fails, leads elsewhere, or offers what it did not offer before."""
    if after.status in REFUSALS:
        return False
    if after.status >= 500 or (after.status == 302 and not after.leads_to.startswith(SIGN_IN)):
        return (after.status, after.leads_to) != (before.status, before.leads_to)
    return bool({*DOES.findall(after.text)} - {*DOES.findall(before.text)})


def test_what_decides_nothing_opens_and_offers_nothing(visits: Visits) -> None:
    assert len(visits.seen) > 150
    columns = free()
    assert {(table, column) for table, column in KNOWN if column not in columns.get(table, {})} == set()
    written, found = 0, defaultdict(set)
    for table, declared in columns.items():
        # The day of a row stays (migration 0030): the statement would be refused as a whole.
        reasons = [column for column in declared if column != "created_at" or table in UNDATED]
        together = changed(visits, table, reasons) if reasons else {}
        written += together is not None
        for column in reasons if together != {} else ():
            for name, (before, after) in (changed(visits, table, [column]) or {}).items():
                if more_than_before(before, after) and (table, column) not in KNOWN:
                    found[f"{table}.{column}"].add(f"{name} {after.status}")
    assert written > 30
    assert not found, "\n".join(f"{column}: {sorted(pages)}" for column, pages in sorted(found.items()))


def told(visits: Visits, table: str, columns: list[str]) -> list[str]:
    """Write the columns, and return the tasks that then send a message which they did not send before."""
    with rolled_back():
        if not write(table, columns):
            return []
        return [task for task in visits.asking[table] if visits.run(task) - visits.said[task]]


def test_what_decides_nothing_sends_no_message(visits: Visits) -> None:
    assert len(visits.said) > 15
    found = defaultdict(set)
    for table, reasons in free().items():
        for column in reasons if visits.asking[table] and told(visits, table, [*reasons]) else ():
            if (table, column) not in SAID:
                found[f"{table}.{column}"].update(told(visits, table, [column]))
    assert not any(found.values()), "\n".join(f"{column}: {sorted(tasks)}" for column, tasks in found.items() if tasks)
