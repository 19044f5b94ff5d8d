"""Receipts of consent: what ISO/IEC TS 27560:2023 asks a record of consent to say, signed as a JWS that its resident can keep and show.

A receipt names fields, never values. The keys are a JWK set in one file: the first signs, all of them are published without their secret
part, so that a receipt still verifies after the key has changed.
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
from vault import types
from vault.records.models import Grant, GrantEvent, GrantField

logger = logging.getLogger(__name__)
ALGORITHM = "ES256"
EXPORT = "garant-export+jws"
SCHEMA = "ISO/IEC TS 27560:2023"
EMERGENCY = "no consent: vital interests or public task, article 6(1)(d) and (e) GDPR"


class NoKey(Exception):
    """There is no key to sign with: `manage.py make_receipt_key` makes one."""


class NotGenuine(Exception):
    """Not a receipt, or not signed by one of these keys, or changed since."""


def published() -> dict[str, Any]:
    """The public half of every key, current and former.

    Raises:
        NoKey
    """
    found: dict[str, Any] = {"keys": [key.as_dict(private=False, use="sig", alg=ALGORITHM) for key in _keys()]}
    return found


def make_key() -> str:
    """A new key signs from now on; the former ones only verify, and their secret half is forgotten. Returns its id."""
    fresh = ECKey.generate_key("P-256", private=True, auto_kid=True)
    former = [key.as_dict(private=False) for key in _read()] if settings.RECEIPT_KEYS.is_file() else []
    with _written({"keys": [fresh.as_dict(private=True), *former]}) as name:
        os.replace(name, settings.RECEIPT_KEYS)
    return str(fresh.kid)


def issue(event: GrantEvent, grant: Grant, fields: Sequence[GrantField]) -> str:
    """The signed receipt, or nothing when there is no key: a withdrawal never waits for one."""
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
    """Says that a list of files left this portal as it is (vault/records/actions/exports.py). Empty without a key: the copy goes all the same."""
    try:
        key = _signing_key()
    except NoKey as error:
        logger.error("an export could not be signed", extra={"code": str(error)})
        return ""
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": EXPORT}
    return jws.serialize_compact(
        header, json.dumps({"iss": settings.SITE_URL, "manifest_sha256": sha256}), key, algorithms=[ALGORITHM]
    )


def verify(receipt: str, keys: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a genuine receipt says. `keys`: a published set; without it, those of this portal.

    Raises:
        NotGenuine
        NoKey
    """
    known = KeySet.import_key_set(dict(keys if keys is not None else published()))  # type: ignore[arg-type]
    try:
        found: dict[str, Any] = json.loads(
            jws.deserialize_compact(receipt.strip(), known, algorithms=[ALGORITHM]).payload
        )
    except (JoseError, ValueError) as error:
        raise NotGenuine(type(error).__name__) from error
    return found


def content(event: GrantEvent, grant: Grant, fields: Sequence[GrantField]) -> dict[str, Any]:
    """In the words of the specification; labels in French, the language of the record."""
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
    """In the resident's scope."""
    return list(GrantField.objects.filter(grant=grant_id).order_by("field"))


def _state_after(event: GrantEvent) -> str:
    return {"paused": "suspended", "stopped": "withdrawn", "over": "expired"}.get(event.happened, "given")


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
    """
    Raises:
        NoKey
    """
    if settings.MAKE_RECEIPT_KEY and not settings.RECEIPT_KEYS.is_file():
        fresh = ECKey.generate_key("P-256", private=True, auto_kid=True)
        # Of two processes that start together one makes it, and both use it.
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
    """A whole file beside the real one, for its owner only: nobody ever reads half of one."""
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
