"""Verify the JSON file of a vote's count."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.debates import verification


class Command(BaseCommand):
    help = "Verify the JSON file of a vote's count: hash, signature, and that the choices add up to the ballots."
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
            raise CommandError(f"{options['file']} is not what was counted")
        self.stdout.write("The count is as it was published and signed, and its choices add up to its ballots.")
