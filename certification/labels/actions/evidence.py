"""Evidence of a request: a publisher adds sealed files, the agent who examines it opens them, the clock deletes them.

Each opening is an entry of the register, written before the file is decrypted. It names the file by its hash, and
nobody.
"""

import base64
import logging
import secrets
from datetime import datetime, timedelta
from pathlib import PurePath
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from certification.labels import perms
from certification.labels.actions.requests import writing
from certification.labels.models import Evidence, LabelRequest, PublisherKey
from certification.labels.models.evidence import PURPOSE
from certification.labels.states import State
from core.database import locks
from core.files import antivirus
from core.files.storage import SealedReader, sealed_storage
from core.files.uploads import SealedUpload
from core.journal import register
from core.keys import KEY_BYTES, protect
from vault.readers import recognise
from vault.readers.reading import Unreadable

logger = logging.getLogger(__name__)

#: Files of one request.
MOST = 20
#: Endings of the names of each type that is taken.
ENDINGS = {
    recognise.PDF: (".pdf",),
    recognise.JPEG: (".jpg", ".jpeg"),
    recognise.PNG: (".png",),
}
#: After a refusal or the end of a label, how long its files may still serve: a decision is contested in two months.
KEPT = timedelta(days=62)


class Refused(Exception):
    """The file is not kept; the message says why."""


class TooMany(Exception):
    """The request has as many files as one may have."""


def key_for(publisher_id: UUID) -> bytes:
    """Return the data key of a publisher's evidence, made the first time."""
    with transaction.atomic():
        row = PublisherKey.objects.filter(pk=publisher_id).first()
        if row is None:
            locks.hold("publisher_key", publisher_id)
            row = PublisherKey.objects.filter(pk=publisher_id).first() or _make(publisher_id)
    return _unprotected(row)


def _make(publisher_id: UUID) -> PublisherKey:
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    protected = protect.protect(key, purpose=PURPOSE)
    return PublisherKey.objects.create(publisher_id=publisher_id, protected=protected)


def _unprotected(row: PublisherKey) -> bytes:
    return base64.b64decode(protect.unprotect(row.protected, purpose=PURPOSE))


def add(*, request: LabelRequest, by: User, title: str, upload: SealedUpload) -> Evidence:
    """Keep a file that was sealed under the publisher's key as it arrived.

    Raises:
        PermissionDenied, NotNow: as `requests.writing`.
        TooMany
        Refused: the file is not what its name says, or is none that agents open, or the antivirus refuses it.
    """
    perms.require_member(by, request.service.publisher)
    key = key_for(request.service.publisher_id)
    media_type = _examined(upload, key)
    with writing(request, by) as held:
        if held.evidence.count() >= MOST:
            raise TooMany
        row = Evidence(
            pk=uuid4(),
            request=held,
            title=title.strip(),
            stored_name=upload.stored_name,
            media_type=media_type,
            size=upload.size or 0,
            sha256=upload.sha256,
        )
        row.save(force_insert=True)
        # The key may have gone with the publisher's last file since this one arrived.
        locks.hold("publisher_key", request.service.publisher_id)
        kept = PublisherKey.objects.filter(pk=request.service.publisher_id).first()
        if kept is None or _unprotected(kept) != key:
            raise Refused(_("Le fichier n’est pas arrivé entier. Envoyez-le de nouveau."))
    return row


def remove(*, evidence: Evidence, by: User) -> None:
    """Delete a file, for the publisher; raises as `requests.writing`. The register keeps what was opened."""
    with writing(evidence.request, by):
        _delete(evidence)


def open_for_instructor(*, evidence: Evidence, by: User) -> SealedReader:
    """Decrypt a file for the agent who examines its request, once the register has the opening.

    Raises:
        PermissionDenied: `by` does not examine the request, or worked for the publisher.
        DoesNotExist: the publisher's key was deleted meanwhile.
    """
    service = evidence.request.service
    perms.require_agent(by, service.publisher)
    with transaction.atomic(durable=True):
        held = LabelRequest.objects.select_for_update(of=("self",)).get(pk=evidence.request_id)
        perms.require_instructor(by, held)
        content = {"service": service.name, "request": held.number, "sha256": evidence.sha256}
        register.write(kind="label", subject_id=service.pk, event="evidence_opened", content=content)
    row = PublisherKey.objects.filter(pk=service.publisher_id).first()
    if row is None:
        raise Evidence.DoesNotExist
    return sealed_storage.open_under(evidence.stored_name, _unprotected(row))


def delete_due() -> int:
    """Delete the files whose retention has ended, and the key of a publisher that has none left. Return how many.

    Called by the scheduler; idempotent.
    """
    now, deleted = timezone.now(), 0
    for row in Evidence.objects.select_related("request__service", "request__label"):
        ends = ends_at(row.request)
        if ends is not None and ends <= now:
            with transaction.atomic():
                _delete(row)
            deleted += 1
    return deleted


def ends_at(request: LabelRequest) -> datetime | None:
    """Return when the files of a request are to be deleted, or None while it is open or its label stands."""
    if request.state == State.DROPPED:
        return timezone.now()
    if request.state == State.REFUSED and request.decided_at:
        return request.decided_at + KEPT
    if request.state != State.ACCEPTED:
        return None
    label = request.label
    ends = (label.withdrawn_at, label.renounced_at, label.replaced_at, label.valid_until)
    return min(end for end in ends if end is not None) + KEPT


def _delete(evidence: Evidence) -> None:
    """Delete a row, then its file; and the publisher's key with the last one."""
    publisher_id, name = evidence.request.service.publisher_id, evidence.stored_name
    locks.hold("publisher_key", publisher_id)
    Evidence.objects.filter(pk=evidence.pk).delete()
    if not Evidence.objects.filter(request__service__publisher=publisher_id).exists():
        PublisherKey.objects.filter(pk=publisher_id).delete()
    transaction.on_commit(lambda: sealed_storage.delete(name))


def _examined(upload: SealedUpload, key: bytes) -> str:
    """Return the media type of a file, by its bytes."""
    with sealed_storage.open_under(upload.stored_name, key) as stream:
        content = stream.read()
        try:
            found = recognise.media_type(content)
        except Unreadable:
            found = ""
        if found not in ENDINGS:
            raise Refused(_("Ce fichier n’est ni un PDF, ni une photo (JPEG, PNG), quel que soit son nom."))
        if PurePath(upload.name or "").suffix.lower() not in ENDINGS[found]:
            raise Refused(
                _("Le nom de ce fichier ne dit pas ce qu’il est : son contenu est %(type)s. Renommez-le, ou vérifiez.")
                % {"type": found.rpartition("/")[2].upper()}
            )
        if antivirus.configured():
            stream.seek(0)
            _scan(stream)
    return found


def _scan(stream: SealedReader) -> None:
    try:
        virus = antivirus.find(stream)
    except antivirus.NotAnswering:
        raise Refused(_("L’antivirus ne répond pas : rien n’est gardé. Réessayez dans une heure.")) from None
    except antivirus.OverItsLimit:
        logger.error("clamd refuses files of this size: set its StreamMaxLength to 64M or more")
        raise Refused(_("L’antivirus ne prend pas un fichier de cette taille : rien n’en est gardé.")) from None
    if virus is not None:
        logger.warning("the antivirus found something: the file is refused", extra={"code": virus[:100]})
        raise Refused(_("L’antivirus refuse ce fichier : rien n’en est gardé."))
