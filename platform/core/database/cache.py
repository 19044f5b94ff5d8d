"""The cache that all processes share, in the database or in Redis: counters of rate limits, and public figures.

Whoever writes to the database or to Redis can write here, so nothing is believed unless the portal wrote it. A value
is JSON, under a MAC over its name, its end and its text; a name is an HMAC of the key, which says nothing of whom it
counts. Both keys come from the city's key of rows (core/rows.py), which the keyring protects. What does not verify is
a miss and an alert, and is deleted, so that the next write takes its place.

A deleted value is not noticed, nor one put back before its end: from this cache only counters may decide
(docs/decisions/0025). In the database each write is one statement; `incr` and `touch`, which read first, are two.
"""

import hmac
import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any, Protocol, cast

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection
from django.utils import timezone

logger = logging.getLogger(__name__)

READ = 'SELECT cache_key, value FROM "core_cache" WHERE cache_key = ANY(%s)'
WRITE = """INSERT INTO "core_cache" (cache_key, value, expires) VALUES (%s, %s, %s)
ON CONFLICT (cache_key) DO UPDATE SET value = EXCLUDED.value, expires = EXCLUDED.expires"""
#: Of processes that add the same key at once, one succeeds.
ADD = f'{WRITE} WHERE "core_cache".expires < %s'
REPLACE = 'UPDATE "core_cache" SET value = %s, expires = %s WHERE cache_key = %s AND value = %s'
DELETE = 'DELETE FROM "core_cache" WHERE cache_key = ANY(%s)'
#: The same as `REPLACE`, in Redis.
REDIS_REPLACE = """if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2])
if ARGV[3] ~= '' then redis.call('pexpire', KEYS[1], ARGV[3]) end
return 1"""
#: Of the names in Redis, which may hold messages too.
PREFIX = "garant:"
#: Seconds until Redis counts as down.
REDIS_TIMEOUT = 2
NEVER = datetime.max.replace(tzinfo=UTC)
MISSING = object()

_city_key: list[Callable[[], bytes]] = []


def give_key(city_key: Callable[[], bytes]) -> None:
    """Set where the keys of names and values come from. `core.rows` calls it once."""
    _city_key[:] = [city_key]


class Store(Protocol):
    """Where texts lie by name. `end` is in seconds since 1970, or None for a text without end."""

    def read(self, names: Collection[str]) -> Mapping[str, str]: ...
    def write(self, name: str, text: str, end: float | None) -> None: ...
    def add(self, name: str, text: str, end: float | None) -> bool: ...
    def replace(self, name: str, former: str, text: str, end: float | None) -> bool: ...
    def delete(self, names: Collection[str]) -> bool: ...
    def clear(self) -> None: ...


class Cache(BaseCache):
    """Django's interface to the shared cache. `location` is `database`, or the URL of Redis."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.location = location

    @cached_property
    def store(self) -> Store:
        return Table() if self.location == "database" else Redis(self.location)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:  # noqa: ANN401 - Django's own
        return self.get_many([key], version).get(key, default)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {self._name(key, version): key for key in keys}
        opened = {names[name]: self._open(name, text) for name, text in self.store.read(names).items()}
        return {key: value for key, (value, _end) in opened.items() if value is not MISSING}

    def set(
        self,
        key: str,
        value: Any,  # noqa: ANN401 - Django's own
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        name, end = self._name(key, version), self.get_backend_timeout(timeout)
        self.store.write(name, _seal(name, end, value), end)

    def add(
        self,
        key: str,
        value: Any,  # noqa: ANN401 - Django's own
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Set a value if there is none. One that does not verify counts as one: a mark that was changed stays."""
        name, end = self._name(key, version), self.get_backend_timeout(timeout)
        return self.store.add(name, _seal(name, end, value), end)

    def touch(
        self,
        key: str,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        until = self.get_backend_timeout(timeout)
        return self._change(key, version, lambda value, _end: (value, until)) is not MISSING

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add `delta` to a number, which keeps its end. Of processes that add at once, each counts.

        Raises:
            ValueError: there is no such value.
        """
        value = self._change(key, version, lambda value, end: (value + delta, end))
        if value is MISSING:
            raise ValueError(f"Key '{key}' not found")
        return int(value)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self.store.delete([self._name(key, version)])

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        self.store.delete([self._name(key, version) for key in keys])

    def clear(self) -> None:
        self.store.clear()

    def _change(
        self, key: str, version: int | None, change: Callable[[Any, float | None], tuple[Any, float | None]]
    ) -> Any:  # noqa: ANN401 - the value
        """Change a value that no other process changed since it was read; read it again otherwise."""
        name = self._name(key, version)
        while text := self.store.read([name]).get(name):
            value, end = self._open(name, text)
            if value is MISSING:
                break
            value, end = change(value, end)
            if self.store.replace(name, text, _seal(name, end, value), end):
                return value
        return MISSING

    def _name(self, key: str, version: int | None) -> str:
        names, _values = _keys(_city_key[0]())
        return hmac.digest(names, self.make_key(key, version=version).encode(), "sha256").hex()

    def _open(self, name: str, text: str) -> tuple[Any, float | None]:
        """Return a value and its end; `MISSING` if it is over, or if the portal did not write it."""
        mac, _space, sealed = text.partition(" ")
        if not hmac.compare_digest(mac.encode(), _mac(name, sealed).encode()):
            logger.error("a value of the cache is not what the portal wrote", extra={"kind": "cache", "code": name})
            self.store.delete([name])
            return MISSING, None
        written, _space, value = sealed.partition(" ")
        end = float(written) if written else None
        return (json.loads(value) if end is None or end > time.time() else MISSING), end


class Table:
    """The table `core_cache`. Nothing is deleted there but by `sweep`, which Django's own cache does at each write."""

    def read(self, names: Collection[str]) -> Mapping[str, str]:
        with connection.cursor() as cursor:
            cursor.execute(READ, [[*names]])
            return dict(cursor.fetchall())

    def write(self, name: str, text: str, end: float | None) -> None:
        _execute(WRITE, name, text, _column(end))

    def add(self, name: str, text: str, end: float | None) -> bool:
        return _execute(ADD, name, text, _column(end), timezone.now())

    def replace(self, name: str, former: str, text: str, end: float | None) -> bool:
        return _execute(REPLACE, text, _column(end), name, former)

    def delete(self, names: Collection[str]) -> bool:
        return _execute(DELETE, [*names])

    def clear(self) -> None:
        _execute('DELETE FROM "core_cache"')

    def sweep(self) -> None:
        _execute('DELETE FROM "core_cache" WHERE expires < %s', timezone.now())


class Redis:
    """Redis, which deletes by itself what has expired."""

    def __init__(self, url: str) -> None:
        from redis import Redis as Client  # imported here: the table needs none of it

        self.client = Client.from_url(
            url, decode_responses=True, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT
        )

    def read(self, names: Collection[str]) -> Mapping[str, str]:
        texts = cast("list[str | None]", self.client.mget([f"{PREFIX}{name}" for name in names]) if names else [])
        return {name: text for name, text in zip(names, texts, strict=True) if text is not None}

    def write(self, name: str, text: str, end: float | None) -> None:
        self.client.set(f"{PREFIX}{name}", text, px=_milliseconds(end))

    def add(self, name: str, text: str, end: float | None) -> bool:
        return bool(self.client.set(f"{PREFIX}{name}", text, px=_milliseconds(end), nx=True))

    def replace(self, name: str, former: str, text: str, end: float | None) -> bool:
        left = "" if end is None else str(_milliseconds(end))
        return bool(self.client.eval(REDIS_REPLACE, 1, f"{PREFIX}{name}", former, text, left))

    def delete(self, names: Collection[str]) -> bool:
        return bool(names and self.client.delete(*(f"{PREFIX}{name}" for name in names)))

    def clear(self) -> None:
        for name in self.client.scan_iter(match=f"{PREFIX}*"):
            self.client.delete(name)


def sweep() -> None:
    """Delete what has expired. Redis does it by itself."""
    store = caches["default"].store  # type: ignore[attr-defined]  # the settings name no other cache
    if isinstance(store, Table):
        store.sweep()


def _seal(name: str, end: float | None, value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """Return the text of a value: its MAC, its end and its JSON.

    Raises:
        TypeError, ValueError: JSON has no such value.
    """
    sealed = f"{'' if end is None else end} {json.dumps(value, allow_nan=False)}"
    return f"{_mac(name, sealed)} {sealed}"


def _mac(name: str, sealed: str) -> str:
    _names, values = _keys(_city_key[0]())
    return hmac.digest(values, f"{name} {sealed}".encode(), "sha256").hex()


@cache
def _keys(city_key: bytes) -> tuple[bytes, bytes]:
    """Derive the keys of names and of values: HKDF-Expand, as `keys.row_key`."""
    names, values = (
        hmac.digest(city_key, b"garant cache: " + use + b"\x01", "sha256") for use in (b"names", b"values")
    )
    return names, values


def _execute(statement: str, *values: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount)


def _column(end: float | None) -> datetime:
    return NEVER if end is None else datetime.fromtimestamp(end, UTC)


def _milliseconds(end: float | None) -> int | None:
    return None if end is None else max(1, round((end - time.time()) * 1000))
