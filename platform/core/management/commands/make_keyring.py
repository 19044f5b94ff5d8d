from django.core.management.base import BaseCommand, CommandError

from core import keys


class Command(BaseCommand):
    help = (
        "Make the keyring that wraps every resident's key. Keep a copy of the file apart from the database's backups."
    )
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        try:
            path = keys.make_keyring()
        except keys.KeyringError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Keyring made at {path}. Without it nothing sealed can be read: keep a copy elsewhere.")
