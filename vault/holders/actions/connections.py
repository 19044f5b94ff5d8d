"""Connections to the holders' APIs: connect, pause, resume, stop, and start pulls.

A pull (pulls.py) asks only for the datasets that the resident agreed to on the page.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import jobs, journal
from core.journal import heads
from core.keys import sealed
from core.models import Job
from core.models.rows import check
from core.symbols import new_code, read_code
from vault import types
from vault.holders import across, connectors, perms
from vault.holders.connectors import quota
from vault.holders.connectors.faults import Fault
from vault.holders.connectors.frame import Connector, Offer
from vault.holders.connectors.http import Client
from vault.holders.enums import ConnectionState
from vault.holders.models import Connection, Sender
from vault.records.actions.records import one_at_a_time
from vault.records.perms import require_may_write

CONNECT = gettext_noop("Connecter un organisme à votre coffre")
RECEIVE = gettext_noop("Recevoir les données d’un organisme, comme vous l’avez demandé")
REFRESH = gettext_noop("Recevoir les données d’un organisme chaque mois, comme vous l’avez demandé")
STOP = gettext_noop("Arrêter une connexion à un organisme")

JOB = "pull_connection"
#: How long a connection for one pull lasts, in case the pull must wait. A monthly one lasts as long as the API allows.
ONCE = timedelta(days=30)
#: How long the code works that a resident gives to a holder which sends.
CODE_LASTS = timedelta(days=7)
OPEN = (ConnectionState.ACTIVE, ConnectionState.PAUSED)


class NotOffered(LookupError):
    """No configured API reaches this holder, or it does not offer one of the datasets."""


class NotYet(Exception):
    """The holder asked to wait until `when`."""

    def __init__(self, when: datetime) -> None:
        super().__init__("not yet")
        self.when = when


class Closed(Exception):
    """The connection is stopped, paused, expired or not agreed to yet: it may not be pulled."""


class Wrong(Exception):
    """An answer does not match the pattern of its question, `name`."""

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
    """Create a connection. It replaces the resident's former one to this holder and goes on from where that stopped.

    If the resident must agree on the holder's own page, or give it a code, the former connection stays until they
    have.

    Raises:
        NotOffered: the holder or one of the datasets is not offered, or `datasets` is empty.
        Wrong: an answer that the holder needs is missing or malformed.
    """
    require_may_write(resident_id, by)
    found = connectors.available().get(holder)
    if found is None or not datasets or any(found.offer.dataset(code) is None for code in datasets):
        raise NotOffered(holder)
    code = new_code() if found.connector.pushes else ""
    kept = _answered(found.offer, answers) | ({"code": code} if code else {})
    waits = bool(found.connector.agrees_there or code)
    replaced = [ConnectionState.ASKED] if waits else [*OPEN, ConnectionState.ASKED]
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        before = _close(_live(resident_id, holder, replaced))
        connection = Connection(
            pk=uuid4(),
            resident_id=resident_id,
            connector=found.connector.code,
            holder=holder,
            state=ConnectionState.ASKED if waits else ConnectionState.ACTIVE,
            datasets=[one.code for one in found.offer.datasets if one.code in datasets],
            unattended=unattended,
            expires_on=timezone.localdate() + (timedelta(days=found.connector.longest_days) if unattended else ONCE),
            pairing=pairing_of(holder, code) if code else "",
        )
        seal_content(connection, {"kept": kept, "reached": before.get("reached", {}), "outcomes": {}})
        connection.save(force_insert=True)
        journal_connection_event(connection, by, "connection_made", CONNECT)
    return connection


def agreed_there(*, connection: Connection, by: UUID, query: Mapping[str, str], back: str) -> Connection:
    """Activate the connection once the resident has agreed on the holder's page and come back.

    Raises:
        Fault: the resident refused, or the holder did not confirm. The connection still waits for an agreement.
        Closed: the connection does not wait for an agreement.
    """
    require_may_write(connection.resident_id, by)
    connector = connectors.all_connectors()[connection.connector]
    granted = connector.come_back(client_of(connector), connectors.config(connector), query, back=back)
    with locked(connection) as held:
        if held.state != ConnectionState.ASKED or held.over:
            raise Closed
        content = content_of(held)
        before = _close(_live(held.resident_id, held.holder, OPEN))
        held.state, held.problem = ConnectionState.ACTIVE, ""
        reached = {**before.get("reached", {}), **content["reached"]}
        seal_content(held, content | {"kept": {**content["kept"], **granted.kept}, "reached": reached})
        held.save()
        journal_connection_event(held, by, "connection_agreed", CONNECT)
    return held


def pair(*, sender: Sender, code: str) -> Connection | None:
    """Activate the connection whose resident gave the holder this code. Return None for a wrong or an old code.

    A code is used once. The former connection to this holder ends.
    """
    found = across.asked_with(sender.holder, pairing_of(sender.holder, read_code(code)))
    if found is None:
        return None
    with locked(found) as held:
        if held.state != ConnectionState.ASKED or held.over or held.created_at < timezone.now() - CODE_LASTS:
            return None
        _close(_live(held.resident_id, held.holder, OPEN))
        held.state, held.pairing = ConnectionState.ACTIVE, ""
        seal_content(held, content_of(held) | {"kept": {}})
        held.save()
        journal_connection_event(held, held.resident_id, "connection_agreed", CONNECT)
    return held


def pairing_of(holder: str, code: str) -> str:
    """Return the hash by which the row of a connection is found from the code that its resident gave."""
    return salted_hmac("vault.holders.pairing", f"{holder}|{code}", algorithm="sha256").hexdigest()


def refused_there(*, connection: Connection, by: UUID, code: str) -> None:
    require_may_write(connection.resident_id, by)
    with locked(connection) as held:
        if held.state == ConnectionState.ASKED:
            held.problem = code
            held.save(update_fields=["problem"])


def ask_pull(*, connection: Connection, by: UUID) -> Job:
    """Start a pull, or return the job of the one in progress.

    Raises:
        Closed: the connection may not be pulled.
        NotYet: the holder asked to wait.
    """
    require_may_write(connection.resident_id, by)
    with locked(connection) as held:
        return _ask(held, purpose=RECEIVE, basis="own")


def ask_due() -> int:
    """Start the due pulls that need no action by their resident. Return how many. Called by the scheduler."""
    return sum(_ask_due(connection) for connection in across.due_connections())


def pause(*, connection: Connection, by: UUID, event: str = "connection_paused") -> Connection:
    return _turn(connection, by, ConnectionState.ACTIVE, ConnectionState.PAUSED, event)


def resume(*, connection: Connection, by: UUID) -> Connection:
    return _turn(connection, by, ConnectionState.PAUSED, ConnectionState.ACTIVE, "connection_resumed")


def stop(*, connection: Connection, by: UUID) -> bool:
    """Stop the connection for good. Return True if its API was notified too; some have no call for it. Records stay.

    The secrets that the agreement gave are erased here first, so that the connection ends even if the holder does not
    answer.
    """
    require_may_write(connection.resident_id, by)
    with locked(connection) as held:
        if held.state == ConnectionState.STOPPED:
            return False
        kept = content_of(held)["kept"]
        _close([held])
        journal_connection_event(held, by, "connection_stopped", STOP)
    connector = connectors.all_connectors().get(connection.connector)
    if connector is None or connector.pushes or not connectors.config(connector):
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
        # The pull sets the next date; if the job is lost, it is asked again tomorrow.
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
        answer = re.sub(r"\s", "", answers.get(question.name, ""))
        if not re.fullmatch(question.pattern, answer):
            raise Wrong(question.name)
        kept[question.name] = answer
    return kept


def _live(resident_id: UUID, holder: str, states: Collection[str]) -> list[Connection]:
    """Lock the resident's connections to a holder. Return those in these states, whatever somebody wrote in a row.

    Raises:
        Forged: somebody changed or deleted a row that may still open something.
    """
    list(Connection.objects.select_for_update().filter(holder=holder).order_by("pk"))
    found = heads.live(resident_id, Connection)
    return [one for one in found if one.holder == holder and one.state in states]


def _close(connections: Iterable[Connection]) -> dict[str, Any]:
    """Stop connections and erase their secrets. Return the content of the last one, for its replacement."""
    content: dict[str, Any] = {}
    for connection in connections:
        content = content_of(connection)
        connection.state, connection.next_pull_at, connection.unfinished = ConnectionState.STOPPED, None, False
        connection.pairing = ""
        seal_content(connection, content | {"kept": {}})
        connection.save()
    return content


@contextmanager
def locked(connection: Connection) -> Iterator[Connection]:
    """Lock the connection's row, in a transaction and in its resident's scope, and check it.

    Raises:
        Forged: the connection is not as the portal wrote it last.
    """
    with transaction.atomic(), scope(resident=connection.resident_id):
        held = Connection.objects.select_for_update().get(pk=connection.pk)
        check(held)
        yield held


def content_of(connection: Connection) -> dict[str, Any]:
    """Decrypt the content of a connection.

    Its keys: `kept`, what the agreement gave; `reached`, where each dataset's series stopped; `outcomes`, the result
    of each dataset.
    """
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
    """Write a journal entry that names the holder and the fields agreed to."""
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
