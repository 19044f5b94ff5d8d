from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from core.operations import backups
from core.operations.conditions import NotPossible


class Command(BaseCommand):
    help = (
        "Bring a backup back into an empty database, replay what was erased since, and say what does not fit."
        " docs/backup.md"
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--nothing-lost",
            action="store_true",
            help="a move: the portal was stopped for the backup, and has not run since",
        )

        parser.add_argument(
            "--without-ledger",
            action="store_true",
            help="the ledger of closed vaults is lost: whoever left after the backup comes back",
        )
        parser.add_argument(
            "--old", action="store_true", help="the backup is more than a month old, and the clock is right"
        )

    def handle(
        self,
        *args: object,
        folder: Path,
        nothing_lost: bool,
        without_ledger: bool,
        old: bool,
        **options: object,
    ) -> None:
        try:
            done = backups.restore(folder, nothing_lost=nothing_lost, without_ledger=without_ledger, old=old)
        except NotPossible as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            begin_again = "Make the database empty again, and restore again (docs/backup.md)."
            raise CommandError(f"The restore stopped midway: {error}. {begin_again}") from None
        self.stdout.write(
            f"Backup of {done.manifest.at}: {done.lines} lines of journals, {done.files} files put back."
        )
        for sentence in done.reported:
            self.stdout.write(sentence)
        if done.faults:
            found = "\n".join(f"{fault[:1].upper()}{fault[1:]}." for fault in done.faults)
            raise CommandError(f"Everything is back, and this does not fit (docs/backup.md):\n{found}", returncode=3)
