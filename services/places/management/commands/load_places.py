from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from services.places import dataset


class Command(BaseCommand):
    help = "Load places from a JSON or CSV file in the shape of data·inclusion. Leave those edited in the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = dataset.load(options["file"].read_bytes())
        except (OSError, dataset.Unreadable) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done.added} added, {done.refreshed} refreshed, {done.left} edited here and left")
        for line in done.refused:
            self.stderr.write(line)
        if done.refused:
            raise CommandError(f"{len(done.refused)} refused")
