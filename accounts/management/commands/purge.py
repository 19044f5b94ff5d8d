from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from accounts.actions import closing
from core import journal, leaving
from core.operations import key_rotation


class Command(BaseCommand):
    help = (
        "Remove what has lasted its time (docs/operations.md says how long);"
        " as the owner of the tables, what deleted keys left as well."
    )

    @journal.through(journal.Means.SCHEDULER)
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            closed = closing.close_due()
            self.stdout.write(f"{closed} vaults had come to the day of their closing.")
        finally:
            leaving.purge()
            self._forget_old_bytes()
        self.stdout.write("Done.")

    def _forget_old_bytes(self) -> None:
        if not _owns_the_keys():
            self.stdout.write(
                "What the journal's old lines say stays, and the table of keys was not written anew,"
                " with what deleted keys left in it:"
                " both take MIGRATION_DATABASE_URL."
            )
        elif not key_rotation.forget_old_bytes():
            self.stderr.write(
                "The table of keys was in use all the time and was not written anew: run this again when it is quiet."
            )


def _owns_the_keys() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_userbyid(relowner) = current_user FROM pg_class WHERE oid ="
            " 'keystore.resident_key'::regclass"
        )
        return bool(cursor.fetchone()[0])
