from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from core import keys
from core.operations import key_rotation


class Command(BaseCommand):
    help = (
        "Make the keyring that wraps every resident's key. Keep a copy of the file apart from the database's backups."
    )
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        try:
            path = keys.make_keyring(is_needed_already)
        except keys.KeyringError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Keyring made at {path}. Without it nothing sealed can be read: keep a copy elsewhere.")


def is_needed_already() -> bool:
    """Return whether something in the database is wrapped, under a keyring that is not there.

    Raises:
        CommandError: the database does not say it.
    """
    try:
        return key_rotation.is_anything_wrapped()
    except Error:
        raise CommandError(
            "The database does not say whether anything in it needs an earlier keyring:"
            " start it, or correct DATABASE_URL, then run this again."
        ) from None
