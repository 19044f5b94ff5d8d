"""One pull of a connection: call the holder, parse its answers in the sandbox, write the records."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.models import City
from core.telemetry import counters
from vault import types
from vault.holders import connectors, perms
from vault.holders.actions.connections import (
    RECEIVE,
    REFRESH,
    Closed,
    client_of,
    content_of,
    journal_connection_event,
    locked,
    seal_content,
)
from vault.holders.connectors import identity, quota
from vault.holders.connectors.faults import Fault, of_status, wait_after
from vault.holders.connectors.frame import Call, Child, Civil, Connector, Link
from vault.holders.connectors.http import Client, Heard
from vault.holders.connectors.warning import warn_agents
from vault.holders.models import Connection
from vault.readers import sandbox
from vault.readers.reading import Ask, Reading, Unreadable
from vault.readers.sentences import MASKED
from vault.records import gate
from vault.records.actions.bulk import Reception, Written, write_many
from vault.records.enums import Assurance, Method, Role
from vault.records.values import persons
from vault.records.values.decrypted import Values

MONTHLY = timedelta(days=30)
#: How many answers are parsed together, in one child process.
TOGETHER = 8
PIVOT = types.field_ids(
    persons.IDENTITY,
    *("family_name", "given_name", "given_name_array", "preferred_username"),
    *("birthdate", "gender", "birthplace", "birthcountry"),
)
#: Fields that must be proven: a name typed by the resident could open another person's file.
PROVEN = ("family_name", "given_name", "birthdate")


def pull(
    *,
    connection_id: UUID,
    unattended: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    finish: Callable[[], None] = lambda: None,
    client: Callable[[Connector], Client] | None = None,
) -> None:
    """Call the holder, parse its answers in the sandbox, write the records. Requires the resident's scope.

    Records already written stay if the pull fails later; the next pull goes on from there. Nothing is written once
    the connection is stopped.
    """
    connection = Connection.objects.get(pk=connection_id)
    connector = connectors.all_connectors()[connection.connector]
    opened = _begin(connection, unattended)
    if opened is None:
        with transaction.atomic():
            finish()
        return
    run = _Pull(connection, connector, opened, unattended, (client or client_of)(connector))
    with contextlib.suppress(Closed):
        run.walk(progress)
    _end(run, finish)


@dataclass
class _Pull:
    connection: Connection
    connector: Connector
    link: Link
    unattended: bool
    client: Client
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    heard: bool = False
    over_on: date | None = None
    _headers: Mapping[str, str] = field(default_factory=dict)
    _calls: Sequence[Call] = ()
    _at: int = 0
    _waiting: list[tuple[Call, Heard]] = field(default_factory=list)

    @property
    def config(self) -> Mapping[str, str]:
        return connectors.config(self.connector)

    def walk(self, progress: Callable[[int, int], None]) -> None:
        """Make each call and write what arrives.

        Raises:
            Closed: the resident stopped or paused the connection meanwhile.
        """
        try:
            self._headers = self.connector.headers(self.client, self.config)
            self._calls = list(self.connector.calls(self.config, self.link))
        except Fault as fault:
            self._all_failed(fault)
            return
        for done, call in enumerate(self._calls):
            self._at = done
            progress(done, len(self._calls))
            if call.dataset in self.failed:
                continue
            try:
                self._one(call)
            except Fault as fault:
                if not self._note_fault(call, fault):
                    break
        self._flush()

    def _one(self, call: Call) -> None:
        heard = self._ask(call)
        answer = self.connector.parse(heard)
        names = self.connector.people(call, answer)
        if names is not None and not identity.is_among(self.link.person, names):
            raise Fault("wrong_person")
        self.over_on = self.connector.over_on(call, answer) or self.over_on
        self.heard = True
        if call.looks:
            return
        self._waiting.append((call, heard))
        if len(self._waiting) == TOGETHER:
            self._flush()

    def _ask(self, call: Call) -> Heard:
        heard = self._send(call)
        if heard.status == 401:
            self._headers = self.connector.headers(self.client, self.config)
            heard = self._send(call)
        fault = self.connector.fault(heard) or of_status(heard.status, heard.wait)
        if fault is not None:
            raise fault
        return heard

    def _send(self, call: Call) -> Heard:
        return self.client.ask(call.path, query=call.query, headers=self._headers, body=call.body, method=call.method)

    def _flush(self) -> None:
        """Parse the waiting answers in one child process, then write records and `reached` in one transaction."""
        parts, self._waiting = self._parts(), []
        if not parts:
            return
        readings = sandbox.read_several([(self._body(part), Ask(endpoint=part[-1][0].path)) for part in parts])
        with locked(self.connection) as held:
            if not perms.may_pull(held, unattended=self.unattended):
                raise Closed
            for part, reading in zip(parts, readings, strict=True):
                if isinstance(reading, Reading):
                    self._keep(held, part, reading)
        for part, reading in zip(parts, readings, strict=True):
            if isinstance(reading, Unreadable):
                self._note_fault(part[-1][0], Fault("broken"))

    def _parts(self) -> list[list[tuple[Call, Heard]]]:
        """Group the waiting answers that are parsed as one.

        Periods of one dataset are joined if its reader accepts it, so that a month that two of them share is written
        once.
        """
        parts: list[list[tuple[Call, Heard]]] = []
        for call, heard in self._waiting:
            same_dataset = parts and parts[-1][-1][0].path == call.path and call.reached
            if same_dataset and self.connector.joined([heard.body]) is not None:
                parts[-1].append((call, heard))
            else:
                parts.append([(call, heard)])
        return parts

    def _body(self, part: Sequence[tuple[Call, Heard]]) -> bytes:
        bodies = [heard.body for _call, heard in part]
        return bodies[0] if len(bodies) == 1 else self.connector.joined(bodies) or b""

    def _keep(self, held: Connection, part: Sequence[tuple[Call, Heard]], reading: Reading) -> None:
        call = part[-1][0]
        envelopes = [_of(envelope, call) for envelope in reading.records]
        written = self._written(call, envelopes)
        masked = MASKED in reading.warnings or written.refused > 0
        stale = any(
            _is_old(envelope["payload"], self.link.today, self.connector.stale_months) for envelope in envelopes
        )
        self._arrived(
            call.dataset,
            len(envelopes) - written.refused,
            written.added + written.replaced,
            masked=masked,
            stale=stale,
        )
        reached = dict(call.reached for call, _heard in part if call.reached)
        content = content_of(held)
        outcomes = {**content["outcomes"], **self.outcomes}
        seal_content(held, content | {"reached": {**content["reached"], **reached}, "outcomes": outcomes})
        held.save(update_fields=["version", "content"])

    def _written(self, call: Call, envelopes: Sequence[Mapping[str, Any]]) -> Written:
        if not envelopes:
            return Written()
        resident_id = self.connection.resident_id
        reception = Reception(
            method=Method.API_PULL, assurance=Assurance.HOLDER, consent=str(self.connection.pk), person=call.child
        )
        return write_many(
            resident_id=resident_id,
            by=resident_id,
            envelopes=envelopes,
            reception=reception,
            purpose=_purpose(self.unattended),
        )

    def _arrived(self, dataset: str, count: int, news: int, *, masked: bool, stale: bool) -> None:
        """Note an outcome. An empty answer means “not found”, unless another answer of the dataset has records."""
        if not count and not masked:
            self.outcomes.setdefault(dataset, {"code": "not_found"})
            return
        before = self.outcomes.get(dataset, {})
        self.outcomes[dataset] = {
            "code": "arrived",
            "count": before.get("count", 0) + count,
            "news": before.get("news", 0) + news,
            "masked": before.get("masked", False) or masked,
            "stale": before.get("stale", False) or stale,
        }

    def _note_fault(self, call: Call, fault: Fault) -> bool:
        """Note a fault of one dataset. Return False if the pull must end.

        A dataset goes on after a period without measures or one benefit not found among several. If the holder answers
        about another person, the waiting answers are dropped too.
        """
        if fault.code == "not_found" and self._asked(call.dataset) > 1:
            self.heard = True
            self.outcomes.setdefault(call.dataset, {"code": "not_found"})
            return True
        if fault.code == "wrong_person":
            self._waiting = []
        self._flush()
        if fault.kind.whole or call.whole:
            self._all_failed(fault)
            return False
        self.heard = self.heard or fault.code == "not_found"
        self.faults.append(fault)
        self.failed.add(call.dataset)
        self._failed(call.dataset, fault)
        return True

    def _asked(self, dataset: str) -> int:
        return sum(call.dataset == dataset and not call.looks for call in self._calls)

    def _failed(self, dataset: str, fault: Fault) -> None:
        """Note the fault as the outcome, beside the records that already arrived."""
        before = self.outcomes.get(dataset, {})
        came = before.get("code") == "arrived"
        self.outcomes[dataset] = {**before, "code": "arrived", "then": fault.code} if came else {"code": fault.code}

    def _all_failed(self, fault: Fault) -> None:
        self.faults.append(fault)
        for dataset in self.link.datasets:
            if dataset not in self._done():
                self._failed(dataset, fault)

    def _done(self) -> set[str]:
        """Return the datasets without a remaining call."""
        left = {call.dataset for call in self._calls[self._at :]}
        return {dataset for dataset in self.link.datasets if self._calls and dataset not in left}


def _begin(connection: Connection, unattended: bool) -> Link | None:
    """Journal the pull, then decrypt what it needs. Return None if it may not start; the page says why."""
    with transaction.atomic():
        held = Connection.objects.select_for_update().get(pk=connection.pk)
        if not perms.may_pull(held, unattended=unattended):
            return None
        held.last_try_at = timezone.now()
        held.save(update_fields=["last_try_at"])
        journal_connection_event(held, held.resident_id, "connection_pulled", _purpose(unattended))
        content = content_of(held)
    fields = list(dict.fromkeys((*PIVOT, *persons.FIELDS)))
    values = gate.read_own(
        resident_id=held.resident_id, purpose=_purpose(unattended), fields=fields, event="connection_identity"
    )
    person = proven_civil(values, held.resident_id)
    found = connectors.of_holder(held.holder)
    if person is None or found is None or not connectors.config(found.connector):
        _give_up(held, "no_identity" if person is None else "city_refused")
        return None
    return Link(
        offer=found.offer,
        datasets=held.datasets,
        person=person,
        today=timezone.localdate(),
        children=_children(values, held.resident_id),
        insee=City.current().insee,
        kept=content["kept"],
        reached=content["reached"],
    )


def _end(run: _Pull, finish: Callable[[], None]) -> None:
    now = timezone.now()
    with locked(run.connection) as held:
        content = content_of(held)
        seal_content(held, content | {"outcomes": {**content["outcomes"], **run.outcomes}})
        problems = [fault for fault in run.faults if fault.code != "not_found"]
        worst = next((fault for fault in problems if fault.kind.whole), problems[0] if problems else None)
        held.problem = worst.code if worst else ""
        held.unfinished = any(fault.kind.again for fault in run.faults)
        if run.heard:
            held.last_success_at = now
        held.failures = held.failures + 1 if held.unfinished else 0
        held.next_pull_at = _next(held, run.faults, now)
        if run.over_on is not None:
            held.expires_on = min(held.expires_on, run.over_on)
        held.save()
        finish()
    counters.add("garant_pulls_total", api=run.connector.code, outcome=worst.code if worst else "well")
    _notify_city(run.connector, run.faults, run.heard)


def _next(held: Connection, faults: Sequence[Fault], now: Any) -> Any:  # noqa: ANN401 - moments
    if held.unfinished:
        waits = [fault.wait for fault in faults if fault.wait]
        return now + max([*waits, wait_after(held.failures)])
    return now + MONTHLY if held.unattended else None


def _notify_city(connector: Connector, faults: Iterable[Fault], heard: bool) -> None:
    refusals = [fault.code for fault in faults if fault.kind.city]
    if refusals:
        counters.add("garant_city_refused_total")
    if refusals and quota.refused(connector, refusals[0]):
        warn_agents(connector.code, refusals[0])
    elif heard and not refusals:
        quota.well(connector)


def _give_up(held: Connection, code: str) -> None:
    with transaction.atomic():
        content = content_of(held)
        seal_content(
            held, content | {"outcomes": {**content["outcomes"], **{one: {"code": code} for one in held.datasets}}}
        )
        held.problem, held.unfinished, held.next_pull_at = code, False, None
        held.save()


def proven_civil(values: Values, resident_id: UUID) -> Civil | None:
    """Return the resident's civil status if the State gave it, else None. Holders are asked about nobody else."""
    pivot = values.latest(persons.IDENTITY, resident_id)
    if pivot is None or not all(pivot.origin(name).proven for name in PROVEN if pivot.payload.get(name)):
        return None
    return identity.civil(pivot.payload)


def _is_old(payload: Mapping[str, Any], today: date, months: int) -> bool:
    """Return True if the month of the payload is more than `months` ago; False if it has no month."""
    year, month = payload.get("annee"), payload.get("mois")
    if not isinstance(year, int) or not isinstance(month, int):
        return False
    return (today.year - year) * 12 + today.month - month > months


def _children(values: Values, resident_id: UUID) -> list[Child]:
    found = [
        person
        for person in persons.persons(values, resident_id=resident_id)
        if person.role == Role.CHILD and person.birth_date
    ]
    return [
        Child(
            person.id,
            Civil(person.family_name, person.given_name.split(), str(person.birth_date), _gender(person.gender)),
        )
        for person in found
    ]


def _gender(code: str) -> str:
    return {"F": "female", "M": "male"}.get(code, code)


def _of(envelope: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    if call.child is None:
        return envelope
    return {**envelope, "subject": {"person": str(call.child), "role": Role.CHILD}}


def _purpose(unattended: bool) -> str:
    return REFRESH if unattended else RECEIVE
