from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from certification.access.enums import Environment
from certification.access.models import keys
from core.keys import KeyringError


class Command(BaseCommand):
    help = (
        "Make another key that signs id_tokens. It is published now and signs two hours later; nothing is restarted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at-once", action="store_true", help="somebody may have seen the key: forget it now")
        parser.add_argument("--sandbox", action="store_true", help="the sandbox's key")

    def handle(self, *args: Any, at_once: bool, sandbox: bool, **options: Any) -> None:
        try:
            name = keys.rotate(Environment.TEST if sandbox else Environment.LIVE, at_once=at_once)
        except keys.Waiting:
            raise CommandError("A new key is published already, and signs within two hours.") from None
        except KeyringError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{name} signs {'within a minute' if at_once else 'in two hours'}.")
