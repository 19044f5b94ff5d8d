from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actions import accounts as actions


class Command(BaseCommand):
    help = "Add an agent: the first one of a new portal, who then adds the others in the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("--manages-agents", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actions.add_agent(email=options["email"], name=options["name"], manages_agents=options["manages_agents"])
        except actions.AddressTaken:
            raise CommandError(f"{options['email']} already signs in here.") from None
        self.stdout.write(f"{options['email']} can sign in with a code, and will be asked to set up a second factor.")
