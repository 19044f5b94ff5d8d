from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from core.operations import health, keystores
from core.operations.conditions import NotPossible


class Command(BaseCommand):
    help = (
        "Delete keystore/ of the backups in a folder before it is 30 days old, which is what residents are told."
        " docs/backup.md"
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder that has a folder for each backup")

    def handle(self, *args: object, folder: Path, **options: object) -> None:
        try:
            gone = keystores.forget_keystores(folder)
        except NotPossible as error:
            raise CommandError(str(error)) from None
        health.heard_from([health.KEYSTORES])
        for keystore in gone:
            self.stdout.write(f"{keystore} is deleted.")
