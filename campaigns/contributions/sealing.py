"""Seal contributions to a campaign, and open them. The only module of campaigns that touches keys.

The portal seals each contribution under a batch key (one a process and day, in memory), and the batch key to the
campaign's public key. Only the role `release` may read the private key, so the portal cannot open a contribution of
the day before, nor one of another process. The ballots of a vote (campaigns/debates) use keys of the same kind, under
the vote's own id; each is sealed to the public key by itself.
"""

import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, Self
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from django.db import transaction
from django.utils import timezone

from campaigns.contributions.models import Batch, CampaignKey
from core.keyrings import KeyringError
from core.keys import protect
from core.models.rows import Forged

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PRIVATE, PSEUDONYMS = "private key of a campaign", "pseudonyms of a campaign"
KEY_BYTES, NONCE_BYTES = 32, 12


class NoKeys(Exception):
    """The campaign's keys are not made yet, or were destroyed."""


class Unreadable(Exception):
    """The contribution, or its batch, is not what the portal sealed for this campaign."""


@dataclass(frozen=True)
class Sealed:
    batch_id: UUID
    payload: bytes = field(repr=False)
    plan_sha256: str


@dataclass(frozen=True)
class _BatchKey:
    """A batch key in memory, until the end of its day."""

    id: UUID
    day: date
    process: int
    cipher: AESGCM = field(repr=False)


class _Batches:
    """The batch keys of this process, one for each campaign's public key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[bytes, _BatchKey] = {}

    def get(self, public: bytes) -> _BatchKey | None:
        with self._lock:
            found = self._kept.get(public)
            return found if found and (found.day, found.process) == (timezone.localdate(), os.getpid()) else None

    def put(self, public: bytes, batch: _BatchKey) -> None:
        with self._lock:
            if not self._kept:
                self._forget_at_midnight()
            self._kept[public] = batch

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def _forget_at_midnight(self) -> None:
        now = timezone.localtime()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        timer = threading.Timer((midnight - now).total_seconds(), self.clear)
        timer.daemon = True
        timer.start()


batches = _Batches()


def made_keys(campaign_id: UUID) -> CampaignKey:
    """Return new keys for a campaign, not saved."""
    key = X25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    private = protect.protect(_text(key.private_bytes_raw()), purpose=PRIVATE)
    return CampaignKey(
        campaign_id=campaign_id,
        public=public,
        private=private,
        private_kid=protect.kid_of(private),
        pseudonyms=_protected(secrets.token_bytes(KEY_BYTES), public),
    )


def has_keys(campaign_id: UUID) -> bool:
    return CampaignKey.objects.filter(pk=campaign_id).exists()


def pseudonym(*, campaign_id: UUID, about: str) -> bytes:
    """Return the pseudonym under which one person, or one dwelling, contributes to a campaign.

    Whoever has the campaign's HMAC key can tell whether somebody whom they know contributed: the portal has it.

    Raises:
        NoKeys
        KeysDown: the key service does not answer.
    """
    return pseudonyms([about], campaign_id=campaign_id)[0]


def pseudonyms(abouts: Iterable[str], *, campaign_id: UUID) -> list[bytes]:
    """Return several pseudonyms, and ask for the key once. Raises NoKeys, KeysDown."""
    key = hmac_key(campaign_id)
    return [hmac.digest(key, about.encode(), "sha256") for about in abouts]


def hmac_key(campaign_id: UUID) -> bytes:
    """Return the campaign's HMAC key. Raises NoKeys, KeysDown."""
    return _read(campaign_id)[0]


def is_stamped(campaign_id: UUID) -> bool:
    """Return whether each contribution has a stamp: not yet in a campaign from before stamps. Raises as `hmac_key`."""
    return bool(_read(campaign_id)[1])


def say_stamped(campaign_id: UUID) -> None:
    """Say that each contribution has a stamp from now on. Only the role `release` may. Raises as `hmac_key`."""
    key, _digest, public = _read(campaign_id)
    CampaignKey.objects.filter(pk=campaign_id).update(pseudonyms=_protected(key, public))


def _protected(key: bytes, public: bytes) -> str:
    """Return an HMAC key under the city's key, with the hash of the public key, which is thus not replaced."""
    return protect.protect(f"{_text(key)} {hashlib.sha256(public).hexdigest()}", purpose=PSEUDONYMS)


def _read(campaign_id: UUID) -> tuple[bytes, str, bytes]:
    """Return a campaign's HMAC key, the hash of its public key, empty in one from before stamps, and that key."""
    found = CampaignKey.objects.filter(pk=campaign_id).values_list("pseudonyms", "public").first()
    if found is None:
        raise NoKeys(str(campaign_id))
    key, _space, digest = protect.unprotect(found[0], purpose=PSEUDONYMS).partition(" ")
    return base64.b64decode(key), digest, bytes(found[1])


def _public(campaign_id: UUID) -> bytes:
    """Return the public key.

    Raises:
        NoKeys, KeysDown
        Forged: somebody else put it there.
    """
    _key, digest, public = _read(campaign_id)
    if digest and digest != hashlib.sha256(public).hexdigest():
        raise Forged(CampaignKey(pk=campaign_id))
    return public


def seal_alone(content: bytes, *, campaign_id: UUID, info: bytes) -> bytes:
    """Seal to the public key itself, without a batch: not even this process can open it again.

    Raises:
        NoKeys, KeysDown
        Forged: somebody else put that key there.
    """
    return SUITE.encrypt(content, X25519PublicKey.from_public_bytes(_public(campaign_id)), info)


def open_alone(sealed: bytes, *, key: X25519PrivateKey, info: bytes) -> bytes:
    """Return what `seal_alone` sealed.

    Raises:
        Unreadable
    """
    try:
        return SUITE.decrypt(sealed, key, info)
    except (InvalidTag, ValueError):
        raise Unreadable from None


def private_key(campaign_id: UUID) -> X25519PrivateKey:
    """Return the private key. For the role `release`, which alone may read it.

    Raises:
        NoKeys
        KeysDown: the key service does not answer.
    """
    protected = CampaignKey.objects.filter(pk=campaign_id).values_list("private", flat=True).first()
    if protected is None:
        raise NoKeys(str(campaign_id))
    return X25519PrivateKey.from_private_bytes(base64.b64decode(protect.unprotect(protected, purpose=PRIVATE)))


def seal(content: bytes, *, campaign_id: UUID, pseudonym: bytes, plan_sha256: str) -> Sealed:
    """Seal a packed row, in the caller's transaction. A new batch key is kept once that transaction is committed.

    Raises: as `seal_alone`.
    """
    return seal_all([(pseudonym, content)], campaign_id=campaign_id, plan_sha256=plan_sha256)[0]


def seal_all(rows: Iterable[tuple[bytes, bytes]], *, campaign_id: UUID, plan_sha256: str) -> list[Sealed]:
    """Seal several packed rows, each with its pseudonym before it, under one batch key. Raises as `seal_alone`."""
    public = _public(campaign_id)
    batch = batches.get(public) or _new_batch(campaign_id, public)
    sealed = []
    for name, content in rows:
        nonce = secrets.token_bytes(NONCE_BYTES)
        place = place_of(campaign_id, name, plan_sha256, batch.id)
        sealed.append(Sealed(batch.id, nonce + batch.cipher.encrypt(nonce, content, place), plan_sha256))
    return sealed


def _new_batch(campaign_id: UUID, public: bytes) -> _BatchKey:
    key, id, today = secrets.token_bytes(KEY_BYTES), uuid4(), timezone.localdate()
    sealed = SUITE.encrypt(key, X25519PublicKey.from_public_bytes(public), batch_info(campaign_id, id))
    Batch.objects.bulk_create([Batch(id=id, campaign_id=campaign_id, made_on=today, sealed=sealed)])
    made = _BatchKey(id, today, os.getpid(), AESGCM(key))
    transaction.on_commit(partial(batches.put, public, made))
    return made


class Opener:
    """Opens the contributions of one campaign. For the role `release`, which alone may read the private key."""

    def __init__(self, campaign_id: UUID, key: X25519PrivateKey, batches: Iterable[tuple[UUID, Any]]) -> None:
        self._campaign_id = campaign_id
        self._ciphers: dict[UUID, AESGCM] = {}
        for id, sealed in batches:
            try:
                opened = SUITE.decrypt(bytes(sealed), key, batch_info(campaign_id, id))
            except InvalidTag:
                continue
            self._ciphers[id] = AESGCM(opened)

    @classmethod
    def of(cls, campaign_id: UUID) -> Self:
        """Return the opener of a campaign.

        Raises:
            NoKeys
            KeysDown: the key service does not answer.
        """
        found = Batch.objects.filter(campaign_id=campaign_id).values_list("id", "sealed")
        return cls(campaign_id, private_key(campaign_id), found)

    def open(self, batch_id: UUID, payload: bytes, *, pseudonym: bytes, plan_sha256: str) -> bytes:
        """Return the packed row.

        Raises:
            Unreadable
        """
        cipher = self._ciphers.get(batch_id)
        if cipher is None:
            raise Unreadable
        place = place_of(self._campaign_id, pseudonym, plan_sha256, batch_id)
        try:
            return cipher.decrypt(payload[:NONCE_BYTES], payload[NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            raise Unreadable from None


def place_of(campaign_id: UUID, pseudonym: bytes, plan_sha256: str, batch_id: UUID) -> bytes:
    return f"contribution|{campaign_id}|{pseudonym.hex()}|{plan_sha256}|{batch_id}".encode()


def batch_info(campaign_id: UUID, batch_id: UUID) -> bytes:
    return f"garant batch|{campaign_id}|{batch_id}".encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _replace_private(pk: UUID, old: str, new: str) -> int:
    kid = protect.kid_of(new)
    return CampaignKey.objects.filter(pk=pk, private=old).update(private=new, private_kid=kid)


def _replace_pseudonyms(pk: UUID, old: str, new: str) -> int:
    return CampaignKey.objects.filter(pk=pk, pseudonyms=old).update(pseudonyms=new)


#: What a rotation of the city's key rewraps, as the owner of the tables.
KEEPERS = (
    protect.Keeper(
        PRIVATE,
        lambda: CampaignKey.objects.values_list("pk", "private"),
        _replace_private,
        named=lambda: CampaignKey.objects.values_list("private_kid", flat=True),
    ),
    protect.Keeper(PSEUDONYMS, lambda: CampaignKey.objects.values_list("pk", "pseudonyms"), _replace_pseudonyms),
)

__all__ = [
    "KEEPERS",
    "KeyringError",
    "NoKeys",
    "Opener",
    "Sealed",
    "Unreadable",
    "batches",
    "has_keys",
    "hmac_key",
    "is_stamped",
    "made_keys",
    "open_alone",
    "private_key",
    "pseudonym",
    "pseudonyms",
    "say_stamped",
    "seal",
    "seal_all",
    "seal_alone",
]
