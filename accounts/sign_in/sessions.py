"""The session engine. The database has only the SHA-256 of the cookie's key; the key itself decrypts the row's data.

Reading the table allows neither taking over a session nor reading its data (a pending code, a new second factor).
Writing it neither: the whole row is under a MAC of the portal, and an account names its sessions that are under way,
so that one that ended is not put back. Only what begins or ends a session of an account changes the account, and
writes a leaf of its chain (core/journal/accounts.py): signing in or out, another key, ending others. A request, an
expiry and the purge write the session's row alone.

Lock order: the account's row, then its chain, as saving an account.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Collection
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Lifetime, Session, SessionQuerySet, User
from core import rows
from core.models.rows import mac_of

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
        #: The row under the former key, which the next save replaces.
        self._former: Session | None = None

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
        """Return the data. A row that the portal did not write as it is, is reported, and is no session."""
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
        self._take_new_key()
        self._insert()

    def save(self, must_create: bool = False) -> None:
        """Write the session.

        Raises:
            Forged: it begins a session of an account of which a row was put back.
        """
        if not must_create:
            _data = self._session  # type: ignore[attr-defined]  # Django's, missing from its stubs: it loads the row
        if self.session_key is None:
            self.create()
        elif must_create or self.row is None:
            self._insert()
        elif not self._update(self.row):
            raise UpdateError

    def cycle_key(self) -> None:
        """Give the session a new key: the next save writes it, and ends the former one, in one transaction.

        Its start is kept, so that changing a password does not lengthen it.
        """
        _data = self._session  # type: ignore[attr-defined]  # Django's, missing from its stubs: it loads the row
        self._former = self._former or self.row
        self._take_new_key()

    def delete(self, session_key: str | None = None) -> None:
        keys = [hashed(key)] if (key := session_key or self.session_key) else []
        if session_key is None and self._former is not None:
            keys.append(self._former.key_hash)
            self._former = None
        if keys:
            with transaction.atomic():
                end(Session.objects.filter(key_hash__in=keys))

    def own_hash(self) -> str:
        """Return the hash of the key under which the session is, or will be, written: it names no other one."""
        if self.session_key is None:
            self._take_new_key()
        return hashed(self._key())

    def seen(self) -> None:
        """Keep the session alive. Called once per request that used it.

        Another request that wrote the row meanwhile has said so itself.
        """
        now, row = timezone.now(), self.row
        if row is not None and now - row.last_seen_at > SEEN_EVERY:
            before = bytes(row.mac)
            row.last_seen_at, row.device = now, self.device or row.device
            _write(row, "last_seen_at", "device", mac=before)

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

    def _take_new_key(self) -> None:
        self._session_key = secrets.token_urlsafe(32)
        self.row = None
        self.modified = True

    def _insert(self) -> None:
        data = self._get_session(no_load=True)  # type: ignore[attr-defined]  # Django's, missing from its stubs
        row, former = Session(key_hash=hashed(self._key()), device=self.device, user_id=_user_in(data)), self._former
        row.data = self.encode(data)
        same = former is not None and former.user_id is not None and former.user_id == row.user_id
        if former is not None and same:
            row.started_at = former.started_at
        try:
            with transaction.atomic():
                if former is not None:
                    Session.objects.filter(pk=former.pk).delete()
                row.save(force_insert=True)
                _change_names(row.user_id, began=row, instead_of=former if same else None)
        except IntegrityError as error:
            raise CreateError from error
        self.row, self._former = row, None

    def _update(self, row: Session) -> bool:
        """Write what this request has of the session. It has checked the row, of which it overwrites every column."""
        data = self._session  # type: ignore[attr-defined]  # Django's, missing from its stubs
        before, user_id = row.user_id, _user_in(data)
        row.user_id, row.data, row.last_seen_at = user_id, self.encode(data), timezone.now()
        row.device = self.device or row.device
        columns = ("user_id", "data", "last_seen_at", "device", "started_at")
        if user_id == before:
            return _write(row, *columns)
        with transaction.atomic():
            _change_names(before, ended=[row.pk])
            _change_names(user_id, began=row)
            return _write(row, *columns)


def end(found: SessionQuerySet) -> int:
    """End these sessions. Return their number.

    Those of an account that is refused end as well: it opens nothing, whatever it names.

    Raises:
        Forged: a session is not as the portal wrote it, and does not say whose it is.
    """
    ended = list(found)
    for user_id in {row.user_id for row in ended}:
        mine = [row.pk for row in ended if row.user_id == user_id]
        _unname(user_id, ended=mine)
        Session.objects.filter(pk__in=mine).delete()
    return len(ended)


def end_of(user: User, *, but_key: str | None) -> int:
    """End the account's sessions, but the one of this cookie's key. Return their number.

    Those of which the row is missing end too: put back, they would be under way again.
    """
    others = Session.objects.filter(user=user)
    kept: list[UUID] = []
    if but_key is not None:
        kept = list(others.filter(key_hash=hashed(but_key)).values_list("pk", flat=True))
    _unname(user.pk, only=kept)
    return others.exclude(pk__in=kept).delete()[0]


def under_way(found: SessionQuerySet) -> list[Session]:
    """Return the sessions that the portal wrote and that are under way. Any other one is reported, or was over."""
    with rows.unchecked():
        loaded = list(found.select_related("user"))
    return [row for row in loaded if _is_genuine(row) and not row.is_over]


def end_all(_folder: Path) -> str:
    """End all sessions after a restore, which would revive those ended since the backup."""
    Session.objects.all().delete()
    for user_id in User.objects.exclude(live_sessions={}).values_list("pk", flat=True):
        _unname(user_id, only=())
    return "Every session is over: people sign in again."


def _unname(user_id: UUID | None, *, ended: Collection[UUID] = (), only: Collection[UUID] | None = None) -> None:
    try:
        with transaction.atomic():
            _change_names(user_id, ended=ended, only=only)
    except rows.Forged as forged:
        _report(forged)


def _change_names(
    user_id: UUID | None,
    *,
    began: Session | None = None,
    instead_of: Session | None = None,
    ended: Collection[UUID] = (),
    only: Collection[UUID] | None = None,
) -> None:
    """Change which sessions an account names, in the caller's transaction. Those past any lifetime are left out. A
    session that begins is a sign-in: the account says when.

    Args:
        user_id: None for a visitor's session, which nobody names.
        instead_of: the session that `began` goes on, under another key.
        only: of those that it names now, the ones to keep.

    Raises:
        Forged: a row of the account was put back.
        UpdateError: the session that would go on has ended meanwhile.
    """
    user = User.objects.select_for_update().filter(pk=user_id).first() if user_id else None
    if user is None:
        return
    since, over = (timezone.now() - Lifetime.LONGEST).timestamp(), {one.hex for one in ended}
    live = {name: at for name, at in user.live_sessions.items() if at > since and name not in over}
    if only is not None:
        live = {name: at for name, at in live.items() if UUID(hex=name) in only}
    if instead_of is not None and live.pop(instead_of.name, None) is None:
        raise UpdateError
    if began is not None:
        live[began.name] = int(began.started_at.timestamp())
    if live != user.live_sessions:
        is_sign_in = began is not None and instead_of is None
        user.write(live_sessions=live, last_login=timezone.now() if is_sign_in else user.last_login, checked=True)


def _write(row: Session, *columns: str, **where: bytes) -> bool:
    """Write columns of a row and its MAC, in one statement. Return False if it is gone."""
    row.mac = mac_of(row)
    values = {name: getattr(row, name) for name in (*columns, "mac")}
    return bool(Session._base_manager.filter(pk=row.pk, **where).update(**values))  # noqa: SLF001 - Django documents it


def _user_in(data: dict[str, Any]) -> UUID | None:
    return UUID(data[SESSION_KEY]) if SESSION_KEY in data else None


def _is_genuine(row: Session) -> bool:
    try:
        rows.check(row, *([row.user] if row.user is not None else []))
    except rows.Forged as forged:
        _report(forged)
        return False
    return True


def _report(forged: rows.Forged) -> None:
    """Report the row once the caller's transaction, if any, is over."""
    transaction.on_commit(partial(rows.report, forged), robust=True)
