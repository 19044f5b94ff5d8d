"""Holders whose programs the city lets send lots. Residents still accept, one by one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK

from accounts.models import User
from core.journal import register
from vault import types
from vault.holders.enums import Rhythm
from vault.holders.models import Sender
from vault.records.models import Holder


def allow(
    *,
    holder: str,
    service_id: UUID,
    types_sent: Sequence[str],
    rhythm: Rhythm,
    public_key: str = "",
    stays: bool = False,
) -> Sender:
    """Let the programs of a service send what a holder knows, as two persons chose. The city's register has it.

    Args:
        public_key: the JWK (P-256) that checks signed lots, or an empty text.
        stays: by the holder's terms, what it sends goes on to no service.

    Raises:
        ValidationError: as `check`.
    """
    key = check(holder=holder, service_id=service_id, types_sent=types_sent, public_key=public_key)
    with transaction.atomic():
        sender = Sender.objects.create(
            holder=holder,
            service_id=service_id,
            types=sorted(set(types_sent)),
            rhythm=rhythm,
            public_key=key,
            stays=stays,
        )
        content = {"holder": holder, "types": sender.types, "rhythm": sender.rhythm, "stays": stays}
        register.write(kind="sender", subject_id=service_id, event="sender_allowed", content=content)
    return sender


def check(*, holder: str, service_id: UUID, types_sent: Sequence[str], public_key: str) -> Mapping[str, Any]:
    """Check what a holder would send, and return its public key.

    Raises:
        ValidationError: an unknown holder, no type or an unknown one, no public key of P-256, or sent already.
    """
    known = {one.code for one in types.all_types()}
    if not Holder.objects.filter(code=holder, withdrawn_at=None).first():
        raise ValidationError(_("Choisissez un organisme de la liste."))
    if not types_sent or not set(types_sent) <= known:
        raise ValidationError(_("Choisissez au moins un type de données."))
    if Sender.objects.filter(service_id=service_id).exists() or Sender.objects.filter(holder=holder, ended_at=None):
        raise ValidationError(_("Cet organisme ou ce service envoie déjà."))
    return _public(public_key) if public_key.strip() else {}


def end(*, sender: Sender, by: User) -> None:
    """Refuse every later lot of a holder, and lines that wait. Idempotent. Records stay; residents' choices too.

    Raises:
        PermissionDenied: `by` does not manage agents.
    """
    _require(by)
    with transaction.atomic():
        held = Sender.objects.select_for_update().get(pk=sender.pk)
        if held.ended_at is None:
            held.ended_at = timezone.now()
            held.save(update_fields=["ended_at"])
            register.write(kind="sender", subject_id=held.service_id, event="sender_ended", content={})


def of_service(service_id: UUID) -> Sender | None:
    """Return what the city lets this service's programs send, or None.

    Raises:
        Forged: the city did not allow it as it is.
    """
    return Sender.objects.filter(service_id=service_id, ended_at=None).first()


def whose_lots_stay() -> set[str]:
    """Return the holders of which the terms, or former ones, say that what they sent goes on to no service.

    Raises:
        Forged: somebody else wrote one of the rows, and might have changed its terms.
    """
    return {sender.holder for sender in Sender.objects.all() if sender.stays}


def _public(text: str) -> Mapping[str, Any]:
    try:
        key = JWK.from_json(text)
    except (JWException, ValueError, TypeError) as error:
        raise ValidationError(_("Cette clé n’est pas un JWK.")) from error
    if key.get("crv") != "P-256" or key.has_private:
        raise ValidationError(_("Donnez une clé publique P-256, sans sa partie secrète."))
    found: Mapping[str, Any] = json.loads(key.export_public())
    return found


def _require(by: User) -> None:
    if not (by.is_active and by.is_staff and by.is_superuser):
        raise PermissionDenied
