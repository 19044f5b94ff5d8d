from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actions import accounts as actions
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Take the second factor off an agent's account, when nobody who manages agents can come in any more."
        " Residents go to the desk."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        agent = User.objects.agents().signing_in_as(options["email"]).first()
        if agent is None:
            raise CommandError(f"No agent signs in with {options['email']}.")
        actions.forget_second_factor(user=agent)
        self.stdout.write(f"{agent.email} sets up another second factor at the next sign-in.")
