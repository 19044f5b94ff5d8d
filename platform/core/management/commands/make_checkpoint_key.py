from django.core.management.base import BaseCommand, CommandError

from core.journal import signed_notes


class Command(BaseCommand):
    help = (
        "Make the key that signs the journal's checkpoints, once, and print its public half:"
        " publish it somewhere else too."
    )
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        try:
            path = signed_notes.make_key()
        except signed_notes.KeyUnusable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{path} is made. Keep a copy apart from the database's backups."
            f" Its public key:\n{signed_notes.public_keys()[0]}"
        )
