from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.tour import tour


class Command(BaseCommand):
    help = "Walk the main job over HTTP against a running server, one line and its milliseconds for each step."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the running portal")
        parser.add_argument("--folder", type=Path, default=settings.VAR / "tour", help="where the dossier is written")

    def handle(self, *args: Any, **options: Any) -> None:
        if not tour.walk(options["url"], options["folder"], self.stdout.write):
            raise CommandError("The tour stopped at the step above.")
