"""Events for programs: written with what happened, numbered one by one, then handed to the addresses that listen."""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from certification.access import credentials, details
from certification.access.actions import pseudonyms
from certification.access.enums import Environment
from certification.access.models import Client
from certification.developers.enums import EventType
from certification.developers.models import Delivery, Endpoint, Event
from certification.labels.models import Service
from core import rows
from core.database import locks
from core.jobs import BROKER_DOWN
from core.journal import register
from core.models import RegisterEntry
from core.models.many_rows import write_together
from core.models.rows import Forged
from vault.records.enums import Happened, RefusalCode
from vault.records.models import Grant, GrantEvent
from vault.sharing.models import ErasureRequest

logger = logging.getLogger(__name__)

QUEUE = "documents"
PUBLISH, DELIVER, PROVE = (f"certification.developers.tasks.{name}" for name in ("publish", "deliver", "prove"))
KEPT = timedelta(days=7)
LOCK = UUID(int=0)
AT_ONCE = 1_000
#: A grant's own history, in the words of programs. A reminder to its resident is not theirs to know.
OF_GRANTS = {
    Happened.GIVEN: EventType.GIVEN,
    Happened.PAUSED: EventType.CHANGED,
    Happened.RESUMED: EventType.CHANGED,
    Happened.SHORTENED: EventType.CHANGED,
    Happened.NARROWED: EventType.CHANGED,
    Happened.STOPPED: EventType.WITHDRAWN,
    Happened.RETURNED: EventType.WITHDRAWN,
    Happened.REVOKED: EventType.WITHDRAWN,
    Happened.OVER: EventType.EXPIRED,
    Happened.ERASING: EventType.ERASURE,
}
OF_LABELS = {
    "label_suspended": EventType.SUSPENDED,
    "label_lifted": EventType.LIFTED,
    "label_withdrawn": EventType.REVOKED,
}


def of_grant(event: GrantEvent) -> None:
    """Write what a service is told of an event of its grant, in the event's transaction.

    A grant that replaces another one is one change: the service need not erase what it may still see.
    """
    happened = Happened(event.happened)
    if happened not in OF_GRANTS:
        return
    # A grant that was just given has its end in the city's time.
    data: dict[str, Any] = {"ends_at": event.ends_at.astimezone(UTC).isoformat()}
    kind = OF_GRANTS[happened]
    if kind == EventType.CHANGED:
        data["change"] = happened.value
    if happened == Happened.REVOKED:
        data["code"] = RefusalCode.WITHDRAWN.value
    if happened == Happened.NARROWED:
        data["removed"] = event.lines
    if happened == Happened.ERASING:
        request = ErasureRequest.objects.filter(grant=event.grant).latest("created_at")
        data = {"erasure": str(request.pk), "due_at": request.due_at.astimezone(UTC).isoformat()}
    if happened == Happened.GIVEN and (former := _replaced(event.grant)) is not None:
        kind = EventType.CHANGED
        data |= {"change": "replaced", "former": str(former)}
    made = _made(event.grant, kind, event.at, **data)
    made.save(force_insert=True)
    transaction.on_commit(lambda: _publish_soon(made), robust=True)


def _made(grant: Grant, type: EventType, at: datetime, **more: Any) -> Event:
    persona = User.objects.filter(pk=grant.resident_id, is_persona=True).exists()
    data = {
        "grant": str(grant.pk),
        "purpose": str(details.purpose_of(grant)),
        "sub": pseudonyms.sub_of(grant.recipient_id, grant.resident_id),
        **more,
    }
    environment = Environment.TEST if persona else Environment.LIVE
    return Event(service_id=grant.recipient_id, environment=environment, type=type, at=at, data=data)


def _replaced(grant: Grant) -> UUID | None:
    """Return the grant that this new one has just replaced: the last event for its purpose says so."""
    same = GrantEvent.objects.filter(
        grant__recipient_kind=grant.recipient_kind,
        grant__recipient_id=grant.recipient_id,
        grant__agreement=grant.agreement,
    )
    last = same.exclude(grant=grant).order_by("-created_at").first()
    return last.grant_id if last is not None and last.happened == Happened.REPLACED else None


def publish() -> int:
    """Number the events that wait, and make a delivery to each address that listens. Return how many were numbered.

    One process at a time does it, and an event has its number only once it is committed: whoever reads the events
    after a number finds all of those that came later. A task runs it after each event, and the scheduler.
    """
    with transaction.atomic():
        if not locks.try_hold("events of programs", LOCK):
            return 0
        _note_labels()
        waiting = _unnumbered()
        deliveries: list[Delivery] = []
        _number(waiting)
        for event in waiting:
            deliveries += [Delivery(endpoint=one, event=event) for one in _listening(event)]
        write_together(waiting, [rows.city_key()] * len(waiting), "position")
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(lambda: send_deliveries(one.pk for one in deliveries), robust=True)
    return len(waiting)


def after(client: Client, position: int, limit: int) -> list[Event]:
    """Return the events of a client's service and environment after a number, oldest first."""
    found = Event.objects.filter(service=client.service_id, environment=client.environment, position__gt=position)
    return list(found.filter(at__gte=timezone.now() - KEPT).order_by("position")[:limit])


def purge() -> int:
    """Delete the events of more than seven days, with their deliveries. Return how many go. The scheduler calls this.

    The last one of each service stays, emptied, since the next number follows its own.
    """
    over = Event.objects.filter(at__lt=timezone.now() - KEPT)
    later = Event.objects.filter(service=OuterRef("service"), environment=OuterRef("environment"))
    later = later.filter(position__gt=OuterRef("position"))
    last = list(over.filter(~Exists(later), position__isnull=False).exclude(data={}))
    for event in last:
        event.data = {}
        event.save(update_fields=["data"])
    Delivery.objects.filter(event__in=over).delete()
    return len(last) + over.filter(Q(position=None) | Exists(later)).delete()[0]


def send_deliveries(ids: Iterable[UUID]) -> bool:
    """Send the task of each delivery. Return False if the broker is down: the scheduler sends the others."""
    return all(send(DELIVER, str(id)) for id in ids)


def send(task: str, *args: str) -> bool:
    try:
        current_app.send_task(task, list(args), queue=QUEUE, retry=False, ignore_result=True)
    except BROKER_DOWN as error:
        logger.warning("a webhook's task could not be sent and waits for the tick", exc_info=error)
        return False
    return True


def _publish_soon(event: Event) -> None:
    """Number the event soon if somebody listens; otherwise the scheduler does."""
    listening = Endpoint.objects.active().filter(client__service=event.service_id)
    if listening.filter(client__environment=event.environment).exists():
        send(PUBLISH)


def _unnumbered() -> list[Event]:
    """Return the events that wait for their number. One that somebody else wrote is reported, and told to nobody.

    A test event has none: nothing happened at the service.
    """
    waiting = Event.objects.select_for_update().filter(position=None).exclude(type=EventType.TEST)
    found = waiting.order_by("at", "pk")[:AT_ONCE]
    try:
        return list(found)
    except Forged:
        return [event for pk in list(found.values_list("pk", flat=True)) for event in _genuine(pk)]


def _genuine(pk: UUID) -> Iterator[Event]:
    try:
        yield Event.objects.get(pk=pk)
    except Forged as forged:
        transaction.on_commit(partial(rows.report, forged), robust=True)


def _note_labels() -> None:
    """Write the events of labels from the register, whose entries are public and numbered. Idempotent."""
    recent = RegisterEntry.objects.filter(kind="label", event__in=OF_LABELS, at__gt=timezone.now() - KEPT)
    recent = recent.exclude(number__in=Event.objects.filter(entry__isnull=False).values("entry"))
    for entry in register.believed(recent):
        if not Service.objects.filter(pk=entry.subject_id).exists():
            continue
        data = {"label": entry.content["label"], "service": str(entry.subject_id)}
        if OF_LABELS[entry.event] == EventType.REVOKED:
            data["code"] = RefusalCode.WITHDRAWN.value
        event = Event(
            service_id=entry.subject_id,
            environment=Environment.LIVE,
            type=OF_LABELS[entry.event],
            at=entry.at,
            data=data,
            entry=entry.number,
        )
        try:
            with transaction.atomic():
                event.save(force_insert=True)
        except IntegrityError:
            continue


def _listening(event: Event) -> Iterator[Endpoint]:
    """Yield the addresses that listen, none of which is deleted until the transaction ends. One that somebody else
    wrote is reported, and keeps nobody else waiting.
    """
    found = Endpoint.objects.active().filter(
        client__service=event.service_id, client__environment=event.environment, events__contains=[event.type]
    )
    for pk, client_id in found.values_list("pk", "client_id"):
        try:
            endpoint = Endpoint.objects.filter(pk=pk).first() if credentials.keep_from_deletion(client_id) else None
            if endpoint is not None:
                yield endpoint
        except Forged as forged:
            transaction.on_commit(partial(rows.report, forged), robust=True)


def _number(events: Iterable[Event]) -> None:
    """Give each event the next number of its service and environment: what it counts says nothing of others.

    The first number of a service comes from a sequence: numbers were once counted for all services together.
    """
    last: dict[tuple[UUID, str], int] = {}
    for event in events:
        place = event.service_id, event.environment
        if place not in last:
            known = Event.objects.filter(service=event.service_id, environment=event.environment)
            found = known.aggregate(last=Max("position"))["last"]
            last[place] = _first_number() - 1 if found is None else found
        last[place] += 1
        event.position = last[place]


def _first_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('developers_event_position')")
        found: int = cursor.fetchone()[0]
        return found
