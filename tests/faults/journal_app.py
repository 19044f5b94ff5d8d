"""Writes journal entries as fast as it can, through any fault, and prints each committed one.

python -m tests.faults.journal_app RESIDENT…
"""

import sys
import threading
import time
from uuid import UUID

import django

django.setup()

from django.db import Error, connection, transaction  # noqa: E402 - after the set-up

from core import journal  # noqa: E402
from core.residents import prepare  # noqa: E402


def write_forever(resident_id: UUID) -> None:
    prepared = False
    while True:
        try:
            if not prepared:
                prepare(resident_id)
                prepared = True
            with transaction.atomic():
                entry = journal.write(resident_id=resident_id, actor_id=resident_id, event="read", purpose="Essayer")
            sys.stdout.write(f"{resident_id} {entry.leaf.number} {time.monotonic()}\n")
            sys.stdout.flush()
        except Error:
            connection.close()
            time.sleep(0.02)


if __name__ == "__main__":
    for word in sys.argv[1:]:
        threading.Thread(target=write_forever, args=[UUID(word)]).start()
