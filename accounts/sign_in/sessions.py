"""The session engine. The database has only the SHA-256 of the cookie's key; the key itself decrypts the row's data.

Reading the table allows neither taking over a session nor reading its data (a pending code, a new second factor).
"""

import hashlib
import json
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Session
from core import rows

# Writing last_seen_at at each request would cost a write per page; a minute is precise enough for a 15-minute limit.
SEEN_EVERY = timedelta(minutes=1)
NONCE = 12


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _cipher(key: str) -> AESGCM:
    return AESGCM(hashlib.sha256(b"garant session data\0" + key.encode()).digest())


class SessionStore(SessionBase):
    device = ""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.row: Session | None = None

    def encode(self, session_dict: dict[str, Any]) -> bytes:  # type: ignore[override]  # bytes where Django keeps text
        nonce = os.urandom(NONCE)
        return nonce + _cipher(self._key()).encrypt(nonce, json.dumps(session_dict).encode(), None)

    def decode(self, session_data: bytes) -> dict[str, Any]:  # type: ignore[override]  # bytes where Django keeps text
        try:
            clear = _cipher(self._key()).decrypt(session_data[:NONCE], session_data[NONCE:], None)
        except InvalidTag:
            return {}
        data: dict[str, Any] = json.loads(clear)
        return data

    def load(self) -> dict[str, Any]:
        try:
            self.row = Session.objects.select_related("user").filter(key_hash=hashed(self._key())).first()
        except rows.Forged as forged:
            rows.report(forged)
        if self.row is None or self.row.is_over:
            self._forget()
            return {}
        return self.decode(bytes(self.row.data))

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(key_hash=hashed(session_key)).exists()

    def create(self) -> None:
        self._session_key = secrets.token_urlsafe(32)
        self.row = None
        self.modified = True
        self.save(must_create=True)

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # Django's, missing from its stubs
        values = {"user_id": data.get(SESSION_KEY), "data": self.encode(data)}
        if must_create:
            self._insert(values)
        elif not self._update(values):
            raise UpdateError
        return None

    def cycle_key(self) -> None:
        """Give the session a new key. Its start is kept, so that changing a password does not lengthen it."""
        data = self._session  # type: ignore[attr-defined]  # Django's, missing from its stubs
        old, started = self.session_key, self.row.started_at if self.row else None
        self.create()
        self._session_cache = data
        if self.row is not None and started is not None and self._same_person(old, data):
            self.row.started_at = started
            self.row.save(update_fields=["started_at"])
        if old:
            self.delete(old)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(key_hash=hashed(key)).delete()

    def seen(self) -> None:
        """Keep the session alive. Called once per request that used it."""
        now = timezone.now()
        if self.row is not None and now - self.row.last_seen_at > SEEN_EVERY:
            Session.objects.filter(pk=self.row.pk).update(last_seen_at=now, device=self.device or self.row.device)

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.over(timezone.now()).delete()

    def _key(self) -> str:
        if self.session_key is None:
            raise CreateError
        return self.session_key

    def _forget(self) -> None:
        self._session_key = None
        self.row = None

    def _same_person(self, old_key: str | None, data: dict[str, Any]) -> bool:
        """Return True if the session already belonged to this user. At sign-in it was a visitor's."""
        if old_key is None or SESSION_KEY not in data:
            return False
        return Session.objects.filter(key_hash=hashed(old_key), user_id=data[SESSION_KEY]).exists()

    def _insert(self, values: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                self.row = Session.objects.create(key_hash=hashed(self._key()), device=self.device, **values)
        except IntegrityError as error:
            raise CreateError from error

    def _update(self, values: dict[str, Any]) -> bool:
        now = timezone.now()
        values |= {"last_seen_at": now}
        if self.device:
            values["device"] = self.device
        return bool(Session.objects.filter(key_hash=hashed(self._key())).update(**values))


def end_all(_folder: Path) -> str:
    """End all sessions after a restore, which would revive those ended since the backup."""
    Session.objects.all().delete()
    return "Every session is over: people sign in again."
