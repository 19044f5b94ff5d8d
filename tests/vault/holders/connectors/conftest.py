"""Fixtures: the demonstration's holders over HTTP, and residents with an identity from FranceConnect."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import User
from core import journal
from core.models import Job
from demo.holders import reach, server, tokens
from demo.holders.cases import cases
from tests.accounts.factories import ResidentFactory, signed_in
from vault.holders import connectors
from vault.holders.actions import connections, pulls
from vault.holders.connectors import quota
from vault.holders.connectors.frame import Connector
from vault.holders.connectors.http import Client as HolderClient
from vault.holders.models import Connection
from vault.holders.tasks import pull_connection
from vault.records import actions
from vault.records.enums import Assurance, Method
from vault.records.models import Record

#: In seconds: the client's time-out, longer than any answer takes on a loaded machine, and the delay of a slow holder.
PATIENCE, SLOW = 3.0, 4.0


@pytest.fixture(scope="session")
def running() -> Iterator[server.Running]:
    with server.running(server.Site(slow_seconds=SLOW)) as started:
        yield started


@pytest.fixture
def holders(running: server.Running, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[server.Running]:
    """Run holders that answer normally until a test sets another mode; clients have a short time-out."""
    settings.CONNECTORS = reach.connectors(running.url)
    monkeypatch.setattr(pulls, "client_of", impatient)
    running.site.modes.clear()
    running.site.seen.clear()
    yield running
    running.site.modes.clear()


def impatient(connector: Connector) -> HolderClient:
    url = connectors.config(connector)["url"]
    return HolderClient(url, counts=lambda: quota.take(connector), read_seconds=PATIENCE, sleep=lambda seconds: None)


def named(slug: str, *, proven: bool = True) -> User:
    """Return a resident with the civil status of one of the demonstration's people, proven or typed."""
    facts = cases()[slug].facts
    resident = ResidentFactory(name=facts["given_name"])
    payload = {
        name: facts[name]
        for name in ("given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry")
    }
    actions.add_record(
        resident_id=resident.pk,
        by=resident.pk,
        subject=actions.Subject(type="identite.pivot", person=resident.pk),
        payload=payload,
        source=actions.Source(holder="FranceConnect", method=Method.API_PULL, assurance=Assurance.HOLDER)
        if proven
        else None,
    )
    return resident


@pytest.fixture
def nadia(db) -> User:
    return named("nadia")


@pytest.fixture
def her_browser(nadia: User) -> Client:
    return signed_in(nadia)


@pytest.fixture
def connected(nadia: User) -> Callable[..., Connection]:
    """Return a function that connects a resident, as in `connected("caf", ["quotient"])`.

    `meter` is the meter agreed to on the page of Enedis or GRDF.
    """

    def make(
        holder: str,
        datasets: list[str],
        *,
        unattended: bool = False,
        meter: str = "",
        who: User = nadia,
        **answers: str,
    ) -> Connection:
        made = connections.connect(
            resident_id=who.pk, by=who.pk, holder=holder, datasets=datasets, unattended=unattended, answers=answers
        )
        if not meter:
            return made
        query = {"code": tokens.make(meter=meter)} if holder == "grdf" else {"usage_point_id": meter}
        return connections.agreed_there(connection=made, by=who.pk, query=query, back="http://testserver/")

    return make


def pulled(connection: Connection) -> Connection:
    """Ask for a pull as the resident, run the worker's task, and return the new row."""
    job = connections.ask_pull(connection=connection, by=connection.resident_id)
    pull_connection(str(job.pk))
    with scope(resident=connection.resident_id):
        assert Job.objects.get(pk=job.pk).state == Job.State.DONE
        return Connection.objects.get(pk=connection.pk)


def outcomes(connection: Connection) -> dict[str, dict[str, object]]:
    with scope(resident=connection.resident_id):
        found: dict[str, dict[str, object]] = connections.content_of(Connection.objects.get(pk=connection.pk))[
            "outcomes"
        ]
    return found


def records(resident: User, type_code: str = "") -> list[Record]:
    with scope(resident=resident.pk):
        found = Record.objects.current().exclude(type="identite.pivot")
        return list(found.filter(type=type_code) if type_code else found)


def events(resident: User) -> list[str]:
    return [entry.event for entry in reversed(journal.entries(resident_id=resident.pk, limit=500))]
