"""E-mails to residents whose agreement a service may no longer use: the city suspended its label, or withdrew it.

The message names no service: the pages of shares say which, and why. It leaves once for each resident and decision, if
they want reminders by e-mail.
"""

import hashlib
import logging
from collections.abc import Iterator
from smtplib import SMTPRecipientsRefused
from uuid import UUID

from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from certification.labels import across, recipient
from certification.labels.actions.notices import RECENT
from certification.labels.enums import Told
from certification.labels.models import Label, Notice
from core.database import locks
from core.messages.mails import NotSent

logger = logging.getLogger(__name__)


def send_due() -> int:
    """Tell residents of what was halted in the last week. Return how many e-mails left. Called by the scheduler."""
    return sum(_send(resident_id, label) for label, resident_id in _due())


def _due() -> Iterator[tuple[Label, UUID]]:
    """Yield each label that was stopped lately, with the residents whose agreement it no longer allows or ended."""
    stopped = {label.service_id: label for label in Label.objects.stopped_since(timezone.now() - RECENT)}
    grants = across.active_for(stopped)
    halted = recipient.halts(grants)
    notified = dict.fromkeys((one.recipient_id, one.resident_id) for one in grants if one.pk in halted)
    withdrawn = [label.service_id for label in stopped.values() if label.withdrawn_at]
    notified |= dict.fromkeys(across.revoked_since(timezone.now() - RECENT, withdrawn))
    yield from ((stopped[service_id], resident_id) for service_id, resident_id in notified)


def _send(resident_id: UUID, label: Label) -> bool:
    mark = _mark(resident_id, label)
    already = Notice.objects.filter(what=Told.HALTED, subject_id=label.pk, mark=mark)
    if already.exists():
        return False
    with scope(resident=resident_id), locks.alone(f"notice {Told.HALTED} {mark}", label.pk) as is_free:
        if not is_free or already.exists():
            return False
        try:
            sent = reminding.remind(user_id=resident_id, template="labels/email/halted")
        except NotSent as error:
            if not isinstance(error.__cause__, SMTPRecipientsRefused):
                raise
            # An address that does not exist must not keep what is due to the others.
            logger.warning("an e-mail to a resident was refused", extra={"code": Told.HALTED.value})
            return False
        Notice.objects.create(what=Told.HALTED, subject_id=label.pk, mark=mark)
    return sent


def _mark(resident_id: UUID, label: Label) -> str:
    """Return what tells one resident and decision apart. The table of notices has no resident's number."""
    decided = label.withdrawn_at or label.suspended_at
    return hashlib.sha256(f"{resident_id}|{decided}".encode()).hexdigest()[:60]
