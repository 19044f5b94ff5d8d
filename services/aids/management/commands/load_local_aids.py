from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from services.aids import catalogue, shipping


class Command(BaseCommand):
    help = "Load the local aids that come with the portal: three for a demonstration, or all thirty."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="all the aids of content/local_aids.json")

    def handle(self, *args: Any, **options: Any) -> None:
        codes = [item["code"] for item in catalogue.local_aids()] if options["all"] else catalogue.DEMONSTRATION
        loaded = shipping.load_local_aids(codes=codes)
        self.stdout.write(f"{len(loaded)} local aids loaded.")
