from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from core.operations import backups, health
from core.operations.conditions import NotPossible


class Command(BaseCommand):
    help = (
        "Copy everything into a new folder: content/ (keep it as long as you like) and keystore/ (30 days at most)."
        " docs/backup.md"
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--without-files", action="store_true", help="where the file storage has backups of its own (S3 versions)"
        )

    def handle(self, *args: object, folder: Path, without_files: bool, **options: object) -> None:
        try:
            manifest = backups.backup(folder, with_files=not without_files)
        except NotPossible as error:
            raise CommandError(str(error)) from None
        health.heard_from([health.BACKUP])
        self.stdout.write(
            f"{manifest.lines} lines of journals, checkpoint {manifest.checkpoint},"
            f" {sum(manifest.kids.values())} residents' keys."
        )
        self.stdout.write(
            f"The city's key is not in it: it needs {', '.join(manifest.kids) or 'none yet'}, kept elsewhere."
        )
        self.stdout.write(
            f"Move {folder / 'keystore'} to a place of its own, and delete it after 30 days at most"
            " (forget_keystores)."
        )
