from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts.actions import accounts as actions
from accounts.actions import nominations
from accounts.models import Role

ROLES = {"manages_agents": Role.MANAGER, "officer": Role.OFFICER, "decides": Role.SECOND}


class Command(BaseCommand):
    help = (
        "Add an agent: the first ones of a new portal, who then add the others in the admin. Add two at least, of"
        " whom one manages agents: each decision that takes two persons needs them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("name")
        roles = parser.add_mutually_exclusive_group()
        roles.add_argument("--manages-agents", action="store_true", help="adds agents and names them, with another")
        roles.add_argument("--officer", action="store_true", help="is the data protection officer")
        roles.add_argument("--decides", action="store_true", help="decides with another, and manages nobody")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["email"])
        except ValidationError:
            raise CommandError(f"“{options['email']}” is not an e-mail address.") from None
        if not options["name"].strip() or not options["name"].isprintable():
            raise CommandError("The name is empty, or has a character that does not print.")
        try:
            agent = actions.add_agent(email=options["email"], name=options["name"])
        except actions.AddressTaken:
            raise CommandError(f"{options['email']} already signs in here.") from None
        for option in (one for one in ROLES if options[one]):
            nominations.name_by_operator(person=agent, role=ROLES[option])
        self.stdout.write(f"{options['email']} can sign in with a code, and will be asked to set up a second factor.")
