"""The cache in the database, which has the counters of rate limits: each write is one statement.

Django's own counts all rows before each write, then reads before it writes, so that of two processes at once one may
lose. A sign-in writes a dozen times. Here no row is counted, and none is deleted at random: `sweep` deletes what has
expired.
"""

import base64
import pickle
from datetime import UTC, datetime
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.utils import timezone

WRITE = """INSERT INTO "core_cache" (cache_key, value, expires) VALUES (%s, %s, %s)
ON CONFLICT (cache_key) DO UPDATE SET value = EXCLUDED.value, expires = EXCLUDED.expires"""
#: Of processes that add the same key at once, one succeeds.
ADD = f'{WRITE} WHERE "core_cache".expires < %s'
NEVER = datetime.max.replace(tzinfo=UTC)


class Cache(DatabaseCache):
    def _base_set(self, mode: str, key: str, value: Any, timeout: Any = None) -> bool:  # noqa: ANN401 - Django's own
        until = self.get_backend_timeout(timeout)
        expires = NEVER if until is None else datetime.fromtimestamp(until, UTC)
        with connection.cursor() as cursor:
            if mode == "touch":
                cursor.execute('UPDATE "core_cache" SET expires = %s WHERE cache_key = %s', [expires, key])
                return bool(cursor.rowcount)
            written = base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode()
            more = [timezone.now()] if mode == "add" else []
            cursor.execute(ADD if mode == "add" else WRITE, [key, written, expires, *more])
            return bool(cursor.rowcount)


def sweep() -> None:
    """Delete what has expired. Redis does it by itself."""
    if isinstance(caches["default"], Cache):
        with connection.cursor() as cursor:
            cursor.execute('DELETE FROM "core_cache" WHERE expires < %s', [timezone.now()])
