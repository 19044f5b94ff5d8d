"""What serves once, within a week: a try of a code, the right code, a second factor's code, a link in an e-mail.

A use is a row that is inserted, then neither changed nor deleted for eight days: the database refuses that, to the
portal's role too. A counter in a cache starts again when its row is deleted, and a row that says that it was used says
the contrary when it is put back.
"""

import hmac

from django.db import connection

from core import canonical
from core.rows import city_key

USE = 'INSERT INTO "core_used" (name) VALUES (%s) ON CONFLICT DO NOTHING'
OVER = 'DELETE FROM "core_written" WHERE until < now()'
FORGET = "DELETE FROM \"core_used\" WHERE at < now() - interval '8 days'"


def use(kind: str, *what: str | int) -> bool:
    """Use something whose kind and parts name it. Return True the first time, also among several at once.

    What is rolled back was not used.
    """
    name = hmac.digest(city_key(), canonical.encode(["used", kind, *what]), "sha256")
    with connection.cursor() as cursor:
        cursor.execute(USE, [name])
        return bool(cursor.rowcount)


def count(kind: str, *what: str | int, most: int) -> int:
    """Count a try, before its outcome is known. Return its number, from 1, or 0 if none is left."""
    return next((number for number in range(1, most + 1) if use(kind, *what, number)), 0)


def sweep() -> None:
    """Forget what was used more than eight days ago, since it lasts a week at most; and MACs of rows that are over."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        cursor.execute(OVER)
