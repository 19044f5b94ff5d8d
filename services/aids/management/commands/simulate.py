"""Simulate households written as JSON files, without a database, or one resident's vault."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from services.aids.household import BadHousehold, Household
from services.aids.household.from_json import read


class Command(BaseCommand):
    help = (
        "Print what households are entitled to: one JSON document per file, "
        "{file, period, amounts, steady, reasons, missing}."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", metavar="FILE.json")
        parser.add_argument("--stock", action="store_true", help="the engine as published, none of our corrections")
        parser.add_argument("--resident", metavar="EMAIL", help="the vault of this resident instead of files")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["files"]) == bool(options["resident"]):
            raise CommandError("Give files, or --resident EMAIL.")
        with translation.override("fr"):
            wrong = [not self._file(name, options["stock"]) for name in options["files"]]
            if options["resident"]:
                self._resident(options["resident"])
        if any(wrong):
            sys.exit(1)

    def _file(self, name: str, stock: bool) -> bool:
        try:
            household = read(json.loads(Path(name).read_text(encoding="utf-8")))
        except BadHousehold as error:
            self.stderr.write(f"{name}: {error}")
            return False
        except (OSError, ValueError, RecursionError) as error:  # also an integer of 5,000 digits
            self.stderr.write(f"{name}: ce fichier n’est pas un document JSON lisible ({type(error).__name__})")
            return False
        self._print(name, household, stock)
        return True

    def _print(self, name: str, household: Household, stock: bool) -> None:
        from services.aids.results import documents

        self.stdout.write(json.dumps({"file": name, **documents.of(household, stock=stock)}, ensure_ascii=False))

    def _resident(self, email: str) -> None:
        from accounts.models import User
        from services.aids.actions import simulations as actions
        from services.aids.results import documents

        person = User.objects.filter(email__iexact=email, is_resident=True).first()
        if person is None:
            raise CommandError(f"No resident signs in as {email}.")
        simulation = actions.simulate(resident_id=person.pk)
        if isinstance(simulation, actions.Nothing):
            raise CommandError(str(simulation.problem or "This vault holds no value to compute with."))
        self.stdout.write(json.dumps({"file": None, **documents.of(simulation.read.household)}, ensure_ascii=False))
