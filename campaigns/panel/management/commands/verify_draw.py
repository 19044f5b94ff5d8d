"""Verify the JSON file of a panel's draw."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.panel import verification


class Command(BaseCommand):
    help = "Verify the JSON file of a panel's draw: the list, its freezing, the seed, and the order that it gives."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        found = verification.problems(content)
        for problem in found:
            self.stderr.write(problem)
        if found:
            raise CommandError(f"{options['file']} is not the draw that was announced")
        self.stdout.write("The list was frozen before its seed, and the seed gives this order.")
