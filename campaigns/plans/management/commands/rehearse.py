"""`manage.py rehearse PLAN.json ROWS.jsonl [--windows]`: releases on the rows of a file, without database.

`manage.py rehearse PLAN.json --personas 1000` takes the rows of the sandbox's personas, over and over.
"""

import json
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from campaigns.noise import rehearsal
from campaigns.noise.plan import Plan
from campaigns.noise.refusals import PlanRefused
from campaigns.noise.rows import Row, RowOutOfBounds
from campaigns.plans.presenting import personas
from certification.developers.personas import everyone


class Command(BaseCommand):
    help = "Rehearse all releases of a plan on rows of a file, by the code of real ones. Prints one JSON a line."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("plan", type=Path)
        parser.add_argument("rows", nargs="?", help="a file with a JSON row on each line, or - for the standard input")
        parser.add_argument("--personas", type=int, metavar="COUNT", help="rows of personas, over and over")
        parser.add_argument("--windows", action="store_true", help="each row names its window, as in {'window': 'w2'}")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = Plan.from_json(json.loads(options["plan"].read_text()))
            for publication in rehearsal.rehearse(plan, _chosen(plan, options)):
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


def _chosen(plan: Plan, options: dict[str, Any]) -> Iterator[tuple[str, Row]]:
    if (options["rows"] is None) == (options["personas"] is None):
        raise CommandError("Name a file of rows, or --personas COUNT.")
    if options["rows"] is not None:
        return _rows(plan, options["rows"], options["windows"])
    found = [personas.row_of(plan, one, timezone.localdate()) for one in everyone()]
    return ((plan.windows[0].code, row) for row in islice(cycle(found), options["personas"]))


def _rows(plan: Plan, name: str, named_windows: bool) -> Iterator[tuple[str, Row]]:
    with sys.stdin if name == "-" else Path(name).open() as lines:
        for line in lines:
            row = json.loads(line)
            yield (row.pop("window") if named_windows else plan.windows[0].code), row
