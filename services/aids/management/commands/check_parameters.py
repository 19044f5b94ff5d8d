"""Name the parameters of the law that the engine may have missed. For the city's scheduler, or a maintainer."""

import sys
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone


class Command(BaseCommand):
    help = "List the amounts of the law without a new value for thirteen months, and exit with 1 if there is one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, metavar="DAY", help="as of this day, such as 2026-04-01")

    def handle(self, *args: Any, **options: Any) -> None:
        from services.aids.engine import reform
        from services.aids.engine import run as engine

        found = reform.stale(engine.system(), options["on"] or timezone.localdate())
        for path, latest in found:
            self.stdout.write(f"{latest}  {path}")
        if found:
            self.stderr.write(f"{len(found)} to check: a newer value goes into services/aids/engine/reform.py.")
            sys.exit(1)
        self.stdout.write("Every amount has a value of the last thirteen months.")
