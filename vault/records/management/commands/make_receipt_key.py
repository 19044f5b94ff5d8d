from django.core.management.base import BaseCommand, CommandError

from vault.records.grants import receipts


class Command(BaseCommand):
    help = (
        "Make the key that signs receipts of consent from now on. "
        "Earlier receipts still verify: their public keys stay in the file."
    )
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        try:
            kid = receipts.make_key()
        except receipts.NoKey as error:
            raise CommandError(f"The file is there and cannot be read: {error}") from None
        self.stdout.write(f"Receipts are signed with the key {kid}.")
