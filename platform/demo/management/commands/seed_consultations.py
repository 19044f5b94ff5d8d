from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.seeding import consultations


class Command(BaseCommand):
    help = (
        "Furnish the town's consultations: one closed with results and a vote, one open. Needs the worker of releases."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            consultations.furnish(say=self.stdout.write)
        except consultations.NotReleased as problem:
            raise CommandError(str(problem)) from None
