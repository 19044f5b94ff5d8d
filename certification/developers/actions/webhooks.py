"""Webhooks of programs, after Standard Webhooks 1: addresses that answer a challenge, then get signed events.

What is sent goes by `core.outgoing` alone, which reaches no private address. A delivery is a row: a worker takes it
under its lock for two minutes, sends it without holding anything, then writes what came of it. It may arrive twice.
"""

import base64
import json
import random
import secrets
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import reminding
from accounts.models import PublisherMember, User
from certification.access import credentials
from certification.access.models import Client
from certification.developers.actions import outbox
from certification.developers.enums import DeliveryState, EventType
from certification.developers.models import Delivery, Endpoint, Event
from certification.developers.models.webhooks import PURPOSE
from certification.labels import perms
from certification.labels.checks.signals import sign
from core import outgoing, rows
from core.keys import protect
from core.messages import mails
from core.messages.mails import NotSent
from core.outgoing import Answer, NoAnswer

#: Pauses before the second try and the next ones, each longer by up to a tenth, so that many do not come at once.
PAUSES = tuple(timedelta(seconds=one) for one in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
#: An address that has failed for so long is stopped, and its members told.
GIVEN_UP_AFTER = timedelta(days=5)
#: A worker that says nothing for so long is lost, and its row is taken up again.
LEASE = timedelta(minutes=2)
SECONDS, MAX_BYTES = 10.0, 64 * 1024
ADDRESSES = 5
#: How long a replaced secret still signs beside the new one.
BOTH_SIGN_FOR = timedelta(days=7)
GONE = 410
CHALLENGE = "endpoint.challenge"
AT_ONCE = 200


class TooMany(Exception):
    """The program has as many addresses as it may."""


class TwoSecrets(Exception):
    """The address has two secrets already."""


def add(
    *, client: Client, by: User, url: str, events: list[str], sender: outgoing.Client | None = None
) -> tuple[Endpoint, str]:
    """Add an address and send it a challenge. Return it with its secret, which is shown once.

    Raises:
        PermissionDenied: `by` does not work for the publisher.
        ValidationError: an address that the portal does not call, or an event that does not exist.
        TooMany
    """
    perms.require_member(by, client.service.publisher)
    if not events or not set(events) <= {*EventType.chosen()}:
        raise ValidationError(_("Choisissez au moins un événement."))
    _require_callable(url, sender or outgoing.Client(total_seconds=SECONDS))
    secret = _new_secret()
    try:
        with transaction.atomic():
            Client.objects.select_for_update().get(pk=client.pk)
            if client.endpoints.count() >= ADDRESSES:
                raise TooMany
            endpoint = Endpoint.objects.create(
                client=client,
                url=url,
                events=sorted(set(events)),
                secret=protect.protect(secret, purpose=PURPOSE),
                challenge_at=timezone.now(),
            )
            transaction.on_commit(lambda: outbox.send(outbox.PROVE, str(endpoint.pk)), robust=True)
    except IntegrityError as error:
        raise ValidationError(_("Ce programme écoute déjà à cette adresse.")) from error
    return endpoint, secret


def ask_proof(*, endpoint: Endpoint, by: User) -> None:
    """Send a challenge again: to an address that did not answer, or that was stopped.

    Raises:
        PermissionDenied
    """
    perms.require_member(by, endpoint.client.service.publisher)
    Endpoint.objects.filter(pk=endpoint.pk).update(challenge_at=timezone.now(), problem="")
    outbox.send(outbox.PROVE, str(endpoint.pk))


def replace_secret(*, endpoint: Endpoint, by: User) -> str:
    """Give an address a new secret and return it. For seven days the former one signs too, unless it is retired.

    Raises:
        PermissionDenied
        TwoSecrets: the former one of an earlier replacement still signs.
    """
    perms.require_member(by, endpoint.client.service.publisher)
    secret = _new_secret()
    with transaction.atomic():
        held = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        if held.has_two_secrets:
            raise TwoSecrets
        held.former_secret, held.former_until = held.secret, timezone.now() + BOTH_SIGN_FOR
        held.secret = protect.protect(secret, purpose=PURPOSE)
        held.save(update_fields=["secret", "former_secret", "former_until"])
    return secret


def retire_secret(*, endpoint: Endpoint, by: User) -> None:
    """Let the new secret alone sign, from now on. Does nothing to an address with one secret.

    Raises:
        PermissionDenied
    """
    perms.require_member(by, endpoint.client.service.publisher)
    with transaction.atomic():
        _forget_former(Endpoint.objects.select_for_update().get(pk=endpoint.pk))


def forget_former_secrets() -> int:
    """Delete the replaced secrets that sign no more. Return their number."""
    with transaction.atomic():
        over = list(Endpoint.objects.select_for_update().filter(former_until__lte=timezone.now()))
        for endpoint in over:
            _forget_former(endpoint)
    return len(over)


def delete(*, endpoint: Endpoint, by: User) -> None:
    """Delete an address with its deliveries. It gets nothing more, from now on.

    Raises:
        PermissionDenied
    """
    perms.require_member(by, endpoint.client.service.publisher)
    with transaction.atomic():
        # Whoever makes or sends a delivery to it comes first, or finds no address.
        Client.objects.select_for_update().get(pk=endpoint.client_id)
        for held in Endpoint.objects.select_for_update().filter(pk=endpoint.pk):
            held.delete()


def try_out(*, endpoint: Endpoint, by: User) -> None:
    """Send a test event to an address in service, as any other event goes. One that waits is sent again instead.

    Raises:
        PermissionDenied
        ValidationError: the address is not in service.
    """
    client = endpoint.client
    perms.require_member(by, client.service.publisher)
    mine = Delivery.objects.filter(endpoint=endpoint, event__type=EventType.TEST, state=DeliveryState.WAITING)
    waiting = mine.select_related("endpoint__client__service__publisher").first()
    if waiting is not None:
        replay(delivery=waiting, by=by)
        return
    with transaction.atomic():
        is_there = credentials.keep_from_deletion(client.pk)
        if not (is_there and Endpoint.objects.active().select_for_update().filter(pk=endpoint.pk).exists()):
            raise ValidationError(_("Cette adresse n’est pas en service : vérifiez-la d’abord."))
        event = Event(service_id=client.service_id, environment=client.environment, type=EventType.TEST, data={})
        event.save(force_insert=True)
        made = Delivery.objects.create(endpoint=endpoint, event=event)
        transaction.on_commit(lambda: outbox.send(outbox.DELIVER, str(made.pk)), robust=True)


def replay(*, delivery: Delivery, by: User) -> None:
    """Send an event again to an address in service, from its first try.

    Raises:
        PermissionDenied
        ValidationError: the address is not in service.
    """
    perms.require_member(by, delivery.endpoint.client.service.publisher)
    if not Endpoint.objects.active().filter(pk=delivery.endpoint_id).exists():
        raise ValidationError(_("Cette adresse n’est pas en service : vérifiez-la d’abord."))
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.WAITING, attempts=0, next_at=timezone.now())
    outbox.send(outbox.DELIVER, str(delivery.pk))


def prove(*, endpoint_id: UUID, sender: outgoing.Client | None = None) -> None:
    """Send the challenge that waits. An address that answers it is in service, also one that was stopped."""
    with transaction.atomic():
        due = Endpoint.objects.filter(pk=endpoint_id, challenge_at__lte=timezone.now())
        endpoint = due.select_for_update(skip_locked=True, of=("self",)).select_related("client__service").first()
        if endpoint is None:
            return
        Endpoint.objects.filter(pk=endpoint.pk).update(challenge_at=timezone.now() + LEASE)
    challenge = secrets.token_urlsafe(24)
    problem = ""
    try:
        name = f"msg_{secrets.token_hex(12)}"
        answer = _post(endpoint, name, CHALLENGE, timezone.now(), {"challenge": challenge}, sender)
        if not (200 <= answer.status < 300 and _says(answer, challenge)):
            problem = "challenge"
    except NoAnswer as error:
        problem = error.code
    with transaction.atomic():
        held = Endpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
        if held is None:
            return
        held.challenge_at, held.problem = None, problem
        if not problem:
            held.proved_at, held.stopped_at, held.failing_since, held.told_at = timezone.now(), None, None, None
        held.save()


def deliver(*, delivery_id: UUID, sender: outgoing.Client | None = None) -> None:
    """Send an event that is due to its address. Does nothing to one that another worker has, or that is over."""
    try:
        delivery = _take(delivery_id)
    except rows.Forged as forged:
        return rows.report(forged)
    if delivery is None:
        return None
    event, status, problem = delivery.event, None, ""
    try:
        data = {**event.data, "environment": event.environment}
        answer = _post(delivery.endpoint, event_name(event.pk), event.type, event.at, data, sender)
        status = answer.status
        if not 200 <= status < 300:
            problem = "status"
    except NoAnswer as error:
        problem = error.code
    return _keep(delivery, status, problem)


def send_due() -> int:
    """Send the tasks of deliveries and challenges that are due. Return their number. The scheduler calls this."""
    now = timezone.now()
    due = list(Delivery.objects.due().order_by("next_at").values_list("pk", flat=True)[:AT_ONCE])
    challenges = list(Endpoint.objects.filter(challenge_at__lte=now).values_list("pk", flat=True)[:AT_ONCE])
    # The first failure ends it: each try may take two seconds while the broker is down.
    if outbox.send_deliveries(due):
        all(outbox.send(outbox.PROVE, str(one)) for one in challenges)
    return len(due) + len(challenges)


def notify_stopped() -> int:
    """Tell the publisher's members once of each address that was stopped because it failed for days."""
    stopped = Endpoint.objects.filter(stopped_at__isnull=False, told_at=None)
    return sum(_notify(pk) for pk in list(stopped.values_list("pk", flat=True)))


def event_name(id: UUID) -> str:
    """Return the name of an event for programs, by which they know one that comes twice."""
    return f"evt_{id.hex}"


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _forget_former(endpoint: Endpoint) -> None:
    endpoint.former_secret, endpoint.former_until = "", None
    endpoint.save(update_fields=["former_secret", "former_until"])


def _require_callable(url: str, sender: outgoing.Client) -> None:
    try:
        if len(url) > 300 or urlsplit(url).fragment:
            raise outgoing.Refused("malformed")
        sender.check(url)
    except (NoAnswer, ValueError) as error:
        code = error.code if isinstance(error, NoAnswer) else "malformed"
        said = {
            "private": _("Cette adresse mène à un réseau privé. Donnez une adresse publique."),
            "unknown": _("Ce nom n’existe pas. Vérifiez l’adresse."),
            "slow": _("Ce nom ne répond pas. Réessayez."),
        }.get(code, _("Donnez une adresse https complète, sur le port 443."))
        raise ValidationError(said) from error


def _post(
    endpoint: Endpoint, name: str, kind: str, at: datetime, data: dict[str, Any], sender: outgoing.Client | None
) -> Answer:
    """Send a signed message.

    Raises:
        NoAnswer
    """
    now = int(timezone.now().timestamp())
    body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}).encode()
    keys = [base64.b64decode(one.removeprefix("whsec_")) for one in endpoint.signing_secrets]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(sign(key, name, now, body) for key in keys),
    }
    client = sender or outgoing.Client(total_seconds=SECONDS, max_bytes=MAX_BYTES)
    return client.post(endpoint.url, body, headers=headers)


def _says(answer: Answer, challenge: str) -> bool:
    """Return whether the answer gives the challenge back, as text or as JSON."""
    text = answer.text.strip()
    if text == challenge:
        return True
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("challenge") == challenge


def _take(delivery_id: UUID) -> Delivery | None:
    with transaction.atomic():
        due = Delivery.objects.due().filter(pk=delivery_id).select_for_update(skip_locked=True, of=("self",))
        delivery = due.select_related("event", "endpoint__client__service").first()
        if delivery is None:
            return None
        if not Endpoint.objects.active().filter(pk=delivery.endpoint_id).exists():
            delivery.state, delivery.last_problem = DeliveryState.FAILED, "stopped"
            delivery.save(update_fields=["state", "last_problem"])
            return None
        delivery.attempts, delivery.next_at = delivery.attempts + 1, timezone.now() + LEASE
        delivery.save(update_fields=["attempts", "next_at"])
    return delivery


def _keep(delivery: Delivery, status: int | None, problem: str) -> None:
    """Keep what came of a try, unless another worker has taken the delivery up meanwhile."""
    now = timezone.now()
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().filter(pk=delivery.endpoint_id).first()
        held = Delivery.objects.select_for_update().filter(pk=delivery.pk, attempts=delivery.attempts).first()
        if endpoint is None or held is None or held.state != DeliveryState.WAITING:
            return
        held.last_at, held.last_status, held.last_problem = now, status, problem
        if not problem:
            held.state = DeliveryState.DONE
        elif held.attempts > len(PAUSES):
            held.state = DeliveryState.FAILED
        else:
            held.next_at = now + PAUSES[held.attempts - 1] * (1 + random.random() / 10)  # noqa: S311 - no secret
        held.save()
        _watch(endpoint, now, failed=bool(problem), gone=status == GONE)


def _watch(endpoint: Endpoint, now: datetime, *, failed: bool, gone: bool) -> None:
    """Note since when an address fails; stop it after days of that, or if it says that it is gone."""
    since = (endpoint.failing_since or now) if failed else None
    if gone or (since is not None and now - since >= GIVEN_UP_AFTER):
        endpoint.stopped_at, endpoint.problem = now, "gone" if gone else "failing"
        Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.WAITING).update(
            state=DeliveryState.FAILED, last_problem="stopped"
        )
    if since != endpoint.failing_since or endpoint.stopped_at == now:
        endpoint.failing_since = since
        endpoint.save()


def _notify(pk: UUID) -> int:
    """Send the e-mail; if it cannot leave, the next tick tries again. A refused address must not keep the others."""

    def tell(held: Endpoint) -> bool:
        service = held.client.service
        places = PublisherMember.objects.current().filter(publisher=service.publisher_id).select_related("person")
        link = settings.SITE_URL + reverse("developers:webhook", args=[held.client.client_id, held.pk])
        try:
            mails.send(
                "developers/email/stopped",
                to=[one.person.email or one.person.contact_email for one in places],
                said={"service": service.name, "address": held.url, "link_to": link},
            )
        except NotSent as error:
            if not isinstance(error.__cause__, SMTPRecipientsRefused):
                raise
        return True

    def note(held: Endpoint) -> None:
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])

    waiting = Endpoint.objects.filter(pk=pk, stopped_at__isnull=False, told_at=None)
    return int(reminding.once("webhook stopped", pk, waiting.select_related("client__service"), send=tell, note=note))
