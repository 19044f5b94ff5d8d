from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from services.dossiers.pdf.seal import make_key


class Command(BaseCommand):
    help = (
        "Make a seal that no recognised authority issued, once, for a trial: readers of PDF files show its signer as"
        " unknown. Replace the file by the city's own seal certificate before residents send dossiers."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("city", help="the name in the certificate, for example “Ville de Villebrume”")

    def handle(self, *args: object, city: str, **options: object) -> None:
        if settings.SEAL_KEY.exists():
            raise CommandError(f"{settings.SEAL_KEY} is there already. It stays as it is.")
        make_key(settings.SEAL_KEY, name=city, passphrase=settings.SEAL_PASSPHRASE.encode() or None)
        self.stdout.write(f"{settings.SEAL_KEY} is made, for a trial. No authority knows it.")
