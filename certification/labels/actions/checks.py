"""Runs of the charter's checks: a publisher or an agent asks for one, or the clock; a worker looks.

A run records what it found and changes nothing else: no request moves, no label stops. A run is a row, and the broker
carries only its id. A message may come twice: `run` takes the row under its lock, or leaves it.
"""

import base64
import hmac
import logging
import time
from datetime import timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from certification.labels import checks, perms, states
from certification.labels.checks.subject import Details, Found, Subject
from certification.labels.models import (
    CheckResult,
    CheckRun,
    ContactProof,
    Label,
    LabelRequest,
    Service,
    SignalAddress,
)
from core.jobs import BROKER_DOWN
from core.messages import mails
from core.messages.mails import NotSent
from core.outgoing import Client

logger = logging.getLogger(__name__)

TASK = "certification.labels.tasks.run_checks"
QUEUE = "documents"
#: Asked again so soon, the last run is the answer.
AGAIN = timedelta(minutes=1)
#: Runs that one request may ask for in an hour, since each calls the publisher's pages some thirty times.
PER_HOUR = 10
#: Workers that a run may lose.
ATTEMPTS = 3
#: Seconds of one run after which nothing more is fetched.
LONGEST = 240.0
#: Of what a finding names.
LONGEST_TEXT = 200
ITEMS = 8
DAILY = timedelta(hours=23)
#: Daily runs are kept for longer than a label lasts.
KEPT = timedelta(days=800)
SALT = "labels.contact"
#: A link to confirm a contact.
LINK = timedelta(days=7)
#: One link an hour to an address, and a few to all addresses that a publisher names: they may be anybody's.
LINK_AGAIN = timedelta(hours=1)
LINKS = 5


class TooMany(Exception):
    """The request had its runs of this hour, or the contact its link."""


class NotAsked(Exception):
    """The link to confirm a contact is over, or of another address."""


def ask(*, request: LabelRequest, by: User) -> CheckRun:
    """Ask for a run, for the publisher or for an agent. One that waits, runs or has just ended is the answer.

    Raises:
        PermissionDenied: `by` neither works for the publisher nor may examine its requests.
        NotNow: the request was refused or withdrawn.
        TooMany
    """
    if by.is_staff:
        perms.require_agent(by, request.service.publisher)
        if request.state == states.State.DRAFT:
            raise PermissionDenied
        return _ask(request, CheckRun.Why.AGENT, by)
    perms.require_member(by, request.service.publisher)
    return _ask(request, CheckRun.Why.PUBLISHER, by)


def ask_when_sent(*, request: LabelRequest, by: User) -> None:
    """Ask for the run of a request that was just sent, in its transaction."""
    if not CheckRun.objects.open().filter(request=request).exists():
        _create(request, CheckRun.Why.SENT, by)


def ask_daily() -> int:
    """Ask for the run of each label of the catalogue that had none since yesterday. Called by the scheduler."""
    recent = CheckRun.objects.filter(why=CheckRun.Why.DAILY, asked_at__gt=timezone.now() - DAILY)
    due = (
        Label.objects.listed()
        .exclude(request__check_runs__in=recent)
        .exclude(request__check_runs__state__in=CheckRun.OPEN)
    )
    count = 0
    for label in due.select_related("request"):
        try:
            with transaction.atomic():
                _create(label.request, CheckRun.Why.DAILY, None)
        except IntegrityError:
            continue
        count += 1
    CheckRun.objects.filter(why=CheckRun.Why.DAILY, asked_at__lt=timezone.now() - KEPT).delete()
    return count


def send_lost() -> int:
    """Send again the runs whose message was lost, and those of lost workers. Called by the scheduler."""
    # The first failure ends it: each try may take two seconds while the broker is down.
    return sum(1 for _run in takewhile(_publish, list(CheckRun.objects.to_send()[:100])))


def run(*, run_id: UUID, client: Client | None = None) -> None:
    """Look at each criterion and keep what was found. Does nothing to a run that somebody else has, or that is over.

    Whether it may still be done is checked now: whoever asked may have left, the request may be closed.
    """
    held = _take(run_id)
    if held is None:
        return
    if not _may(held):
        _end(held, CheckRun.State.DROPPED)
        return
    subject = _subject(held, client or Client())
    for code in checks.codes():
        if not _keep(held, code, checks.look(code, subject)):
            return
    _end(held, CheckRun.State.DONE)


def set_signal_address(*, request: LabelRequest, by: User, url: str) -> None:
    """Write where the service receives trial signals.

    Raises:
        PermissionDenied
    """
    perms.require_member(by, request.service.publisher)
    SignalAddress.objects.update_or_create(service=request.service, defaults={"url": url})


def signal_secret(service: Service) -> bytes:
    """Return the secret of a service's trial signals. It changes with the portal's SECRET_KEY."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"trial signals" + service.pk.bytes, "sha256")


def shown_secret(service: Service) -> str:
    return "whsec_" + base64.b64encode(signal_secret(service)).decode()


def send_contact_link(*, request: LabelRequest, by: User) -> None:
    """Send a link to the contact for data: whoever opens it shows that somebody reads the mail there.

    Raises:
        PermissionDenied
        ValueError: the request names no contact.
        TooMany: a link was sent within the hour.
        NotSent: the mail server did not take it.
    """
    perms.require_member(by, request.service.publisher)
    if not request.data_contact:
        raise ValueError("no contact")
    now = timezone.now()
    with transaction.atomic():
        service = Service.objects.select_for_update().get(pk=request.service_id)
        recent = ContactProof.objects.filter(service__publisher=service.publisher_id, asked_at__gt=now - LINK_AGAIN)
        if recent.count() >= LINKS:
            raise TooMany
        proof, made = ContactProof.objects.get_or_create(service=service, address=request.data_contact)
        if not made and proof.asked_at > now - LINK_AGAIN:
            raise TooMany
        former, proof.asked_at = now - LINK_AGAIN if made else proof.asked_at, now
        proof.save(update_fields=["asked_at"])
    token = signing.dumps([str(proof.pk), proof.address], salt=SALT)
    link = settings.SITE_URL + reverse("labels:confirm_contact", args=[token])
    try:
        mails.send("labels/email/contact", to=[proof.address], said={"link_to": link, "service": service.name})
    except NotSent:
        # They may ask again at once.
        ContactProof.objects.filter(pk=proof.pk, asked_at=now).update(asked_at=former)
        raise


def contact_behind(token: str) -> ContactProof:
    """Return the contact that a link is for.

    Raises:
        NotAsked
    """
    try:
        pk, address = signing.loads(token, salt=SALT, max_age=LINK)
        return ContactProof.objects.select_related("service").get(pk=pk, address=address)
    except (signing.BadSignature, ContactProof.DoesNotExist, ValueError, TypeError):
        raise NotAsked from None


def confirm_contact(*, token: str) -> ContactProof:
    """Keep that the link was opened. Idempotent; raises as `contact_behind`."""
    proof = contact_behind(token)
    if proof.confirmed_at is None:
        proof.confirmed_at = timezone.now()
        proof.save(update_fields=["confirmed_at"])
    return proof


def _ask(request: LabelRequest, why: CheckRun.Why, by: User) -> CheckRun:
    with transaction.atomic():
        held = LabelRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if not states.is_looked_at(held.state):
            raise states.NotNow(held.state)
        mine = CheckRun.objects.filter(request=request)
        now = timezone.now()
        found = mine.open().first() or mine.done().filter(finished_at__gt=now - AGAIN).first()
        if found is not None:
            return found
        if mine.filter(asked_at__gt=now - timedelta(hours=1)).count() >= PER_HOUR:
            raise TooMany
        return _create(request, why, by)


def _create(request: LabelRequest, why: CheckRun.Why, by: User | None) -> CheckRun:
    made = CheckRun.objects.create(request=request, why=why, asked_by=by)
    transaction.on_commit(lambda: _publish(made), robust=True)
    return made


def _publish(held: CheckRun) -> bool:
    """Try to publish a run once. Return False if the broker is down."""
    try:
        current_app.send_task(TASK, [str(held.pk)], queue=QUEUE, retry=False, ignore_result=True)
    except BROKER_DOWN as error:
        logger.warning("checks could not be sent and wait for the tick", exc_info=error)
        return False
    CheckRun.objects.filter(pk=held.pk).update(sent_at=timezone.now())
    return True


def _take(run_id: UUID) -> CheckRun | None:
    with transaction.atomic():
        held = CheckRun.objects.to_take().select_for_update(skip_locked=True, of=("self",)).filter(pk=run_id).first()
        if held is None:
            return None
        if held.attempts >= ATTEMPTS:
            held.state, held.finished_at = CheckRun.State.DROPPED, timezone.now()
            held.save(update_fields=["state", "finished_at"])
            return None
        held.state, held.started_at, held.attempts = CheckRun.State.RUNNING, timezone.now(), held.attempts + 1
        held.save(update_fields=["state", "started_at", "attempts"])
    return CheckRun.objects.select_related("request__service__publisher", "request__charter", "asked_by").get(
        pk=held.pk
    )


def _may(held: CheckRun) -> bool:
    """Return whether a run may be done now: who asked still may, and the request or its label still lives."""
    request = held.request
    if held.why == CheckRun.Why.DAILY:
        return Label.objects.listed().filter(request=request).exists()
    if held.asked_by is None or not states.is_looked_at(request.state):
        return False
    try:
        if held.why == CheckRun.Why.AGENT:
            perms.require_agent(held.asked_by, request.service.publisher)
        else:
            perms.require_member(held.asked_by, request.service.publisher)
    except PermissionDenied:
        return False
    return True


def _subject(held: CheckRun, client: Client) -> Subject:
    request, service = held.request, held.request.service
    address = SignalAddress.objects.filter(service=service).first()
    proof = ContactProof.objects.filter(service=service, address=request.data_contact).first()
    return Subject(
        request,
        client,
        signal_url=address.url if address else "",
        signal_secret=signal_secret(service),
        contact_confirmed=proof.confirmed_at if proof else None,
        baseline=_baseline(request),
        until=time.monotonic() + LONGEST,
    )


def _baseline(request: LabelRequest) -> str:
    """Return the hash of the policy that was seen last before the label was decided, or an empty string."""
    label = Label.objects.filter(request=request).first()
    if label is None:
        return ""
    seen = CheckResult.objects.filter(
        run__request=request, code="C09", finding="policy_whole", at__lte=label.valid_from
    ).order_by("-at")
    found = seen.first()
    return str(found.details.get("sha256", "")) if found else ""


def _keep(held: CheckRun, code: str, found: Found) -> bool:
    """Keep a finding, if the run is still this worker's."""
    with transaction.atomic():
        if not _mine(held):
            return False
        CheckResult.objects.update_or_create(
            run=held,
            code=code,
            defaults={
                "outcome": found.outcome,
                "finding": found.code,
                "details": _clipped(found.details),
                "at": timezone.now(),
            },
        )
    return True


def _clipped(details: Details) -> dict[str, Any]:
    """Return details short enough to be read: a page may name a thousand sites."""
    return {
        name: value[:LONGEST_TEXT]
        if isinstance(value, str)
        else value
        if isinstance(value, int)
        else list(value)[:ITEMS]
        for name, value in details.items()
    }


def _end(held: CheckRun, state: CheckRun.State) -> bool:
    """End a run, if it is still this worker's."""
    with transaction.atomic():
        if not _mine(held):
            return False
        held.state, held.finished_at = state, timezone.now()
        held.save(update_fields=["state", "finished_at"])
    return True


def _mine(held: CheckRun) -> bool:
    return (
        CheckRun.objects.select_for_update(of=("self",))
        .filter(pk=held.pk, state=CheckRun.State.RUNNING, attempts=held.attempts)
        .exists()
    )
