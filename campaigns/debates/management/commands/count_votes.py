"""Make the keys of approved votes, and count those that have closed, without waiting for the worker of releases."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from campaigns.debates.actions import counting


class Command(BaseCommand):
    help = "Make the keys of approved votes and count those that have closed. Run it with the role `release`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--keys", action="store_true", help="only make keys")

    def handle(self, *_args: Any, **options: Any) -> None:
        made = counting.prepare()
        counted = 0 if options["keys"] else counting.count_due(timezone.now())
        self.stdout.write(f"{made} votes got their keys, {counted} were counted.")
