"""`manage.py rehearse PLAN.json ROWS.jsonl [--windows]`: releases on the rows of a file, without database."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.noise import rehearsal
from campaigns.noise.plan import Plan
from campaigns.noise.refusals import PlanRefused
from campaigns.noise.rows import Row, RowOutOfBounds


class Command(BaseCommand):
    help = "Rehearse all releases of a plan on rows of a file, by the code of real ones. Prints one JSON a line."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("plan", type=Path)
        parser.add_argument("rows", help="a file with a JSON row on each line, or - for the standard input")
        parser.add_argument("--windows", action="store_true", help="each row names its window, as in {'window': 'w2'}")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = Plan.from_json(json.loads(options["plan"].read_text()))
            for publication in rehearsal.rehearse(plan, _rows(plan, options["rows"], options["windows"])):
                self.stdout.write(publication.as_bytes().decode())
        except PlanRefused as refused:
            reasons = [
                f"{one.code} at {one.path or 'the plan'} {dict(one.values) or ''}".strip() for one in refused.reasons
            ]
            raise CommandError("The plan is refused:\n" + "\n".join(reasons)) from None
        except RowOutOfBounds as error:
            raise CommandError(f"A row is out of bounds: {error}") from None
        except (OSError, ValueError, LookupError) as error:
            raise CommandError(f"Unreadable: {error}") from None


def _rows(plan: Plan, name: str, named_windows: bool) -> Iterator[tuple[str, Row]]:
    with sys.stdin if name == "-" else Path(name).open() as lines:
        for line in lines:
            told = json.loads(line)
            yield (told.pop("window") if named_windows else plan.windows[0].code), told
