"""Receipts of consent: the record required by ISO/IEC TS 27560:2023, signed as a JWS that the resident can keep and
show.

A receipt names fields, never values. The keys are a JWK set in one file: the first key signs, and the public half of
every key is published, so that a receipt still verifies after the key has changed.
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from core.models import City
from core.models.rows import check
from vault import types
from vault.records.enums import Happened
from vault.records.models import Grant, GrantEvent, GrantField

logger = logging.getLogger(__name__)
ALGORITHM = "ES256"
EXPORT = "garant-export+jws"
SCHEMA = "ISO/IEC TS 27560:2023"
EMERGENCY = "no consent: vital interests or public task, article 6(1)(d) and (e) GDPR"


class NoKey(Exception):
    """There is no key to sign with. `manage.py make_receipt_key` makes one."""


class NotGenuine(Exception):
    """The text is no receipt, was changed, or was not signed by one of these keys."""


def published() -> dict[str, Any]:
    """Return the public half of every key, current and former.

    Raises:
        NoKey
    """
    found: dict[str, Any] = {"keys": [key.as_dict(private=False, use="sig", alg=ALGORITHM) for key in _keys()]}
    return found


def make_key() -> str:
    """Make the key that signs from now on, and return its id.

    The former keys only verify: their secret halves are deleted.
    """
    fresh = ECKey.generate_key("P-256", private=True, auto_kid=True)
    former = [key.as_dict(private=False) for key in _read()] if settings.RECEIPT_KEYS.is_file() else []
    with _written({"keys": [fresh.as_dict(private=True), *former]}) as name:
        os.replace(name, settings.RECEIPT_KEYS)
    return str(fresh.kid)


def issue(event: GrantEvent, grant: Grant, fields: Sequence[GrantField]) -> str:
    """Return the signed receipt, or "" without a key: a withdrawal never waits for a key."""
    try:
        key = _signing_key()
    except NoKey as error:
        logger.error("a receipt could not be signed", extra={"code": str(error)})
        return ""
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": "consent-receipt+jws"}
    return jws.serialize_compact(
        header, json.dumps(content(event, grant, fields), ensure_ascii=False), key, algorithms=[ALGORITHM]
    )


def sign_export(sha256: str) -> str:
    """Sign the hash of an export's manifest (vault/records/actions/exports.py).

    Return "" without a key: the resident gets their copy unsigned.
    """
    try:
        return sign({"iss": settings.SITE_URL, "manifest_sha256": sha256}, kind=EXPORT)
    except NoKey as error:
        logger.error("an export could not be signed", extra={"code": str(error)})
        return ""


def sign(content: Mapping[str, Any], *, kind: str) -> str:
    """Sign something that the city says, as a JWS; `kind` is its type.

    Raises:
        NoKey
    """
    key = _signing_key()
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": kind}
    return jws.serialize_compact(header, json.dumps(content, ensure_ascii=False), key, algorithms=[ALGORITHM])


def verify(receipt: str, keys: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the content of a genuine receipt.

    Args:
        keys: a published JWK set; by default, the keys of this portal.

    Raises:
        NotGenuine
        NoKey
    """
    known = KeySet.import_key_set(dict(keys if keys is not None else published()))  # type: ignore[arg-type]
    try:
        found: dict[str, Any] = json.loads(
            jws.deserialize_compact(receipt.strip(), known, algorithms=[ALGORITHM]).payload
        )
    except (JoseError, ValueError, RecursionError) as error:
        raise NotGenuine(type(error).__name__) from error
    return found


def content(event: GrantEvent, grant: Grant, fields: Sequence[GrantField]) -> dict[str, Any]:
    """Return a receipt's content, with the names of the specification. Labels are in French, the language of the
    record.
    """
    city = City.current()
    with override("fr"):
        information = [
            {
                "pii_type": row.field,
                "label": _label(row.field),
                "necessity": "required" if row.required else "optional",
            }
            for row in fields
        ]
    return {
        "iss": settings.SITE_URL,
        "iat": int(event.at.timestamp()),
        "schema_version": SCHEMA,
        "receipt_id": str(event.pk),
        "record_id": str(grant.pk),
        "pii_principal_id": str(grant.resident_id),
        "privacy_notice": {"version": grant.notice_version, "sha256": grant.notice_hash, "language": grant.language},
        "processing": {
            "purpose": grant.purpose,
            "lawful_basis": EMERGENCY if grant.in_emergency else "consent, article 6(1)(a) GDPR",
            "processing_method": grant.mode,
            "one_reading_only": grant.once,
            "retention_days": grant.keep_days,
            "pii_information": information,
            "pii_controllers": [
                {"name": city.label, "address": city.address, "contact": city.dpo_email or city.email}
            ],
            "recipients": [{"type": grant.recipient_kind, "name": grant.recipient_label}],
            "storage_locations": [{"name": city.host or city.label}],
            "jurisdiction": "FR",
            "withdrawal_method": f"{settings.SITE_URL}{reverse('sharing:stop_sharing', args=[grant.pk])}",
            "rights": "articles 13 to 22 GDPR",
            "complaint_authority": "CNIL, https://www.cnil.fr",
        },
        "event": {
            "event_type": event.happened,
            "event_time": event.at.isoformat(),
            "event_state": _state_after(event),
            "entity_id": str(grant.resident_id),
            "channel": grant.channel,
            "valid_from": grant.starts_at.isoformat(),
            "valid_until": event.ends_at.isoformat(),
        },
    }


def fields_of(grant_id: UUID) -> list[GrantField]:
    """Return the fields of a grant. Call it in the resident's scope."""
    return list(GrantField.objects.filter(grant=grant_id).order_by("field"))


def fields_at(event: GrantEvent) -> list[GrantField]:
    """Return the fields that a grant had after an event: those of today, and those taken out since."""
    since = list(GrantEvent.objects.filter(grant=event.grant_id, happened=Happened.NARROWED, at__gt=event.at))
    check(*since)
    taken = [line for one in since for line in one.lines if "#/" in line]
    kept = [*fields_of(event.grant_id), *(GrantField(field=field, required=False) for field in taken)]
    return sorted(kept, key=lambda row: row.field)


def _state_after(event: GrantEvent) -> str:
    states = {"paused": "suspended", "over": "expired"}
    return states.get(event.happened, "withdrawn" if Happened(event.happened).ends else "given")


def _label(field_id: str) -> str:
    try:
        return types.field(field_id).label
    except LookupError:
        return field_id


def _signing_key() -> ECKey:
    key = _keys()[0]
    if not key.is_private:
        raise NoKey(f"{settings.RECEIPT_KEYS}: the first key has no secret half")
    return key


def _keys() -> list[ECKey]:
    """Return the keys; make the first one if the settings ask for it.

    Raises:
        NoKey
    """
    if settings.MAKE_RECEIPT_KEY and not settings.RECEIPT_KEYS.is_file():
        fresh = ECKey.generate_key("P-256", private=True, auto_kid=True)
        # If two processes start together, one makes the key and both use it.
        with _written({"keys": [fresh.as_dict(private=True)]}) as name, suppress(FileExistsError):
            os.link(name, settings.RECEIPT_KEYS)
    return _read()


def _read() -> list[ECKey]:
    try:
        found = [ECKey.import_key(key) for key in json.loads(settings.RECEIPT_KEYS.read_bytes())["keys"]]
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise NoKey(f"{settings.RECEIPT_KEYS}: {type(error).__name__}") from error
    if not found:
        raise NoKey(f"{settings.RECEIPT_KEYS}: no key in it")
    return found


@contextmanager
def _written(keys: Mapping[str, Any]) -> Iterator[str]:
    """Write the keys to a temporary owner-only file in the same folder, so that no process reads a partial file."""
    folder = settings.RECEIPT_KEYS.parent
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".receipt-keys")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(keys, file)
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
