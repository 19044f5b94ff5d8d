"""A resident's links to the holders' APIs: connect, pause, stop. What they said yes to on the page is what is asked (pulls.py)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import jobs, journal
from core.keys import sealed
from core.models import Job
from vault import types
from vault.holders import across, connectors, perms
from vault.holders.connectors import quota
from vault.holders.connectors.faults import Fault
from vault.holders.connectors.frame import Connector, Offer
from vault.holders.connectors.http import Client
from vault.holders.enums import ConnectionState
from vault.holders.models import Connection
from vault.records.actions.records import one_at_a_time
from vault.records.perms import require_may_write

CONNECT = gettext_noop("Connecter un organisme à votre coffre")
RECEIVE = gettext_noop("Recevoir les données d’un organisme, comme vous l’avez demandé")
REFRESH = gettext_noop("Recevoir les données d’un organisme chaque mois, comme vous l’avez demandé")
STOP = gettext_noop("Arrêter une connexion à un organisme")

JOB = "pull_connection"
#: An agreement for one time is kept so long, for a pull that must wait; one for each month lasts as long as the API allows.
ONCE = timedelta(days=30)
OPEN = (ConnectionState.ACTIVE, ConnectionState.PAUSED)


class NotOffered(LookupError):
    """No API that is set up reaches this holder, or it does not have what is asked."""


class NotYet(Exception):
    """The holder asked to wait until `when`."""

    def __init__(self, when: datetime) -> None:
        super().__init__("not yet")
        self.when = when


class Closed(Exception):
    """Stopped, paused, over, or not agreed to yet: nothing may be asked."""


class Wrong(Exception):
    """An answer that does not look like what the holder needs. `name` is its question."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def connect(
    *,
    resident_id: UUID,
    by: UUID,
    holder: str,
    datasets: Sequence[str],
    unattended: bool,
    answers: Mapping[str, str] = {},
) -> Connection:
    """Write down what the resident agreed to, in the place of the connection they had with this holder; it starts where that one stopped.

    Where they agree on the holder's own page, the older connection stays until they have.

    Raises:
        NotOffered: the holder, or one of the datasets, is not there to connect to. Nothing is asked for by default.
        Wrong: an answer that the holder needs is missing or cannot be.
    """
    require_may_write(resident_id, by)
    found = connectors.available().get(holder)
    if found is None or not datasets or any(found.offer.dataset(code) is None for code in datasets):
        raise NotOffered(holder)
    kept = _answered(found.offer, answers)
    replaced = [ConnectionState.ASKED] if found.connector.agrees_there else [*OPEN, ConnectionState.ASKED]
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        before = _close(Connection.objects.select_for_update().filter(holder=holder, state__in=replaced))
        connection = Connection(
            pk=uuid4(),
            resident_id=resident_id,
            connector=found.connector.code,
            holder=holder,
            state=ConnectionState.ASKED if found.connector.agrees_there else ConnectionState.ACTIVE,
            datasets=[one.code for one in found.offer.datasets if one.code in datasets],
            unattended=unattended,
            expires_on=timezone.localdate() + (timedelta(days=found.connector.longest_days) if unattended else ONCE),
        )
        seal_content(connection, {"kept": kept, "reached": before.get("reached", {}), "outcomes": {}})
        connection.save(force_insert=True)
        journal_connection_event(connection, by, "connection_made", CONNECT)
    return connection


def agreed_there(*, connection: Connection, by: UUID, query: Mapping[str, str], back: str) -> Connection:
    """The resident is back from the holder's page.

    Raises:
        Fault: they refused, or the holder did not confirm. The connection still waits for their agreement.
        Closed: it does not wait for an agreement.
    """
    require_may_write(connection.resident_id, by)
    connector = connectors.all_connectors()[connection.connector]
    granted = connector.come_back(client_of(connector), connectors.config(connector), query, back=back)
    with locked(connection) as held:
        if held.state != ConnectionState.ASKED or held.over:
            raise Closed
        content = content_of(held)
        before = _close(Connection.objects.select_for_update().filter(holder=held.holder, state__in=OPEN))
        held.state, held.problem = ConnectionState.ACTIVE, ""
        reached = {**before.get("reached", {}), **content["reached"]}
        seal_content(held, content | {"kept": {**content["kept"], **granted.kept}, "reached": reached})
        held.save()
        journal_connection_event(held, by, "connection_agreed", CONNECT)
    return held


def refused_there(*, connection: Connection, by: UUID, code: str) -> None:
    require_may_write(connection.resident_id, by)
    with locked(connection) as held:
        if held.state == ConnectionState.ASKED:
            held.problem = code
            held.save(update_fields=["problem"])


def ask_pull(*, connection: Connection, by: UUID) -> Job:
    """Ask the holder again, once: while a pull goes on it is that one which is given back.

    Raises:
        Closed: nothing may be asked.
        NotYet: the holder asked to wait.
    """
    require_may_write(connection.resident_id, by)
    with locked(connection) as held:
        return _ask(held, purpose=RECEIVE, basis="own")


def ask_due() -> int:
    """The clock's turn: each connection that its resident wants asked again without them. Returns how many were asked."""
    return sum(_ask_due(connection) for connection in across.due_connections())


def pause(*, connection: Connection, by: UUID, event: str = "connection_paused") -> Connection:
    return _turn(connection, by, ConnectionState.ACTIVE, ConnectionState.PAUSED, event)


def resume(*, connection: Connection, by: UUID) -> Connection:
    return _turn(connection, by, ConnectionState.PAUSED, ConnectionState.ACTIVE, "connection_resumed")


def stop(*, connection: Connection, by: UUID) -> bool:
    """Nothing more is asked, from now on. What was received stays. True: the holder was told too; False: its API cannot be told.

    What the agreement gave is forgotten here first: a holder that does not answer keeps nobody connected.
    """
    require_may_write(connection.resident_id, by)
    with locked(connection) as held:
        if held.state == ConnectionState.STOPPED:
            return False
        kept = content_of(held)["kept"]
        _close([held])
        journal_connection_event(held, by, "connection_stopped", STOP)
    connector = connectors.all_connectors().get(connection.connector)
    if connector is None or not connectors.config(connector):
        return False
    try:
        return connector.withdraw(client_of(connector), connectors.config(connector), kept)
    except Fault:
        return False


def client_of(connector: Connector) -> Client:
    return Client(connectors.config(connector)["url"], counts=lambda: quota.take(connector))


def _ask(held: Connection, *, purpose: str, basis: str) -> Job:
    running = Job.objects.filter(
        kind=JOB, subject_id=held.pk, state__in=[Job.State.WAITING, Job.State.RUNNING]
    ).first()
    if running is not None:
        return running
    if not perms.may_pull(held, unattended=basis != "own"):
        raise Closed
    if held.next_pull_at and held.unfinished and held.next_pull_at > timezone.now() and held.problem == "quota":
        raise NotYet(held.next_pull_at)
    return jobs.create(resident_id=held.resident_id, kind=JOB, subject_id=held.pk, purpose=purpose, basis=basis)


def _ask_due(connection: Connection) -> bool:
    with locked(connection) as held:
        if not perms.may_pull(held, unattended=True):
            return False
        _ask(held, purpose=REFRESH, basis=f"connection {held.pk}")
        # Until the pull says when next: one that is lost is asked again tomorrow.
        held.next_pull_at = timezone.now() + timedelta(days=1)
        held.save(update_fields=["next_pull_at"])
    return True


def _turn(connection: Connection, by: UUID, before: str, after: str, event: str) -> Connection:
    require_may_write(connection.resident_id, by)
    with locked(connection) as held:
        if held.state == before and not held.over:
            held.state = after
            held.save(update_fields=["state"])
            journal_connection_event(held, by, event, CONNECT)
    return held


def _answered(offer: Offer, answers: Mapping[str, str]) -> dict[str, str]:
    kept = {}
    for question in offer.questions:
        said = re.sub(r"\s", "", answers.get(question.name, ""))
        if not re.fullmatch(question.pattern, said):
            raise Wrong(question.name)
        kept[question.name] = said
    return kept


def _close(connections: Iterable[Connection]) -> dict[str, Any]:
    """Stopped for good; what the agreements gave is forgotten. Returns the last one's content, for what takes its place."""
    content: dict[str, Any] = {}
    for connection in connections:
        content = content_of(connection)
        connection.state, connection.next_pull_at, connection.unfinished = ConnectionState.STOPPED, None, False
        seal_content(connection, content | {"kept": {}})
        connection.save()
    return content


@contextmanager
def locked(connection: Connection) -> Iterator[Connection]:
    """The connection's row, locked, in a transaction and its resident's scope."""
    with transaction.atomic(), scope(resident=connection.resident_id):
        yield Connection.objects.select_for_update().get(pk=connection.pk)


def content_of(connection: Connection) -> dict[str, Any]:
    """`kept`: what the agreement gave; `reached`: how far each dataset is; `outcomes`: what came of each."""
    content: dict[str, Any] = sealed.unseal_json(
        bytes(connection.content), resident_id=connection.resident_id, place=f"note|{connection.place}"
    )
    return content


def seal_content(connection: Connection, content: Mapping[str, Any]) -> None:
    connection.version += 1
    connection.content = sealed.seal_json(
        dict(content), resident_id=connection.resident_id, place=f"note|{connection.place}"
    )


def journal_connection_event(connection: Connection, by: UUID, event: str, purpose: str) -> None:
    """One line that names the holder and the fields that were agreed to."""
    found = connectors.of_holder(connection.holder)
    datasets = [found.offer.dataset(code) for code in connection.datasets] if found else []
    fields = [field for one in datasets if one for code in one.types for field in types.fields_of(code)]
    journal.write(
        resident_id=connection.resident_id,
        actor_id=by,
        event=event,
        purpose=purpose,
        fields=list(dict.fromkeys(fields)),
        details={"holder": connection.holder},
    )
