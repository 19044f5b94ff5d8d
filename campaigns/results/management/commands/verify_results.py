"""Verify the JSON file of a publication of results."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.contributions import freezing
from campaigns.results.files import verify_publication
from core.journal import signed_notes


class Command(BaseCommand):
    help = "Verify a publication's JSON file: hash, signature, budget, noise, thresholds, rounding, hidden cells."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from None
        keys = signed_notes.public_keys(freezing.log_name())
        if not keys:
            raise CommandError("This portal has no usable key of its checkpoints to verify the signature with.")
        if found := verify_publication.problems(content, keys):
            raise CommandError("\n".join(found))
        self.stdout.write("The publication is whole: its figures follow its plan, its hash and its signature.")
