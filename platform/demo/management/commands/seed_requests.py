from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.seeding import offices, watching


class Command(BaseCommand):
    help = (
        "Send requests of residents to the town's office, one in each state, and turn one resident's watch on."
        " Run seed_demo first; safe to run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            offices.receive(say=self.stdout.write)
        except offices.NotBuilt as problem:
            raise CommandError(f"the dossier of {problem} was not built") from None
        watching.turn_on(say=self.stdout.write)
