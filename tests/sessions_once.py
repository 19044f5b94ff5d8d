"""Read each session and its account once, for thousands of requests that change neither: half of a refused one."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts.models import User
from accounts.sign_in import sessions
from accounts.sign_in.backends import AuthenticationBackend
from accounts.sign_in.sessions import SessionStore


@contextmanager
def read_once(kept: dict[Any, Any] | None = None) -> Iterator[None]:
    """`kept` has what an earlier block read."""
    load, get_user, kept = SessionStore.load, AuthenticationBackend.get_user, {} if kept is None else kept

    def load_once(store: SessionStore) -> dict[str, Any]:
        key = store.session_key
        if key not in kept:
            data = load(store)
            if store.row is None:
                return data
            kept[key] = store.row, data
        row, data = kept[key]
        store.row = copy.copy(row)
        return copy.deepcopy(data)

    def user_once(backend: AuthenticationBackend, user_id: UUID) -> User | None:
        if user_id not in kept:
            kept[user_id] = get_user(backend, user_id)
        user: User | None = kept[user_id]
        return copy.copy(user)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionStore, "load", load_once)
        patch.setattr(AuthenticationBackend, "get_user", user_once)
        # The row that is kept always says that its session was used at the first request.
        patch.setattr(sessions, "SEEN_EVERY", timedelta(days=1))
        yield
