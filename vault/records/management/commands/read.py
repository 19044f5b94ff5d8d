"""Read files as the vault does, and print the result. Needs no database and keeps nothing.

A table that asks for its columns is printed with them; `--columns` and `--direction` answer as a resident does.
"""

import json
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from vault.readers import Ask, Unreadable, sandbox
from vault.records.papers import data_files

#: The fields of a table, by the names that the option takes; the names of the vault are taken too.
FIELDS = {
    "date": "date_operation",
    "value_date": "date_valeur",
    "label": "libelle",
    "amount": "montant",
    "debit": "debit",
    "credit": "credit",
    "direction": "sens",
    "balance": "solde",
    "currency": "devise",
    "account": "compte",
    "counterpart": "contrepartie",
    "reference": "reference",
    "category": "categorie",
    "state": "etat",
}
SHOWN = {"format", "records", "facts", "checks", "warnings"}


def columns_of(text: str) -> dict[str, str]:
    """Return the field of each header.

    Raises:
        ArgumentTypeError: a part is not FIELD=HEADER, or names no field.
    """
    found = {}
    for part in filter(None, text.split(",")):
        field, equals, header = part.partition("=")
        if not equals or field not in {*FIELDS, *FIELDS.values()}:
            raise ArgumentTypeError(f"{part!r} is not FIELD=HEADER with one of the fields {', '.join(FIELDS)}")
        found[header] = FIELDS.get(field, field)
    return found


class Command(BaseCommand):
    help = "Print one JSON document per file: {file, format, records, facts, checks, warnings, table, asks_direction}."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--endpoint", default="", metavar="PATH", help="the API's path, for an answer that does not say what it is"
        )
        parser.add_argument(
            "--columns",
            default="",
            metavar="FIELD=HEADER,…",
            type=columns_of,
            help=f"what a table's columns are, such as date=Date,amount=Montant; fields: {', '.join(FIELDS)}",
        )
        parser.add_argument(
            "--direction",
            default="",
            choices=("", *data_files.DIRECTIONS),
            help="the direction of the energy, for a file that does not say it",
        )
        parser.add_argument(
            "--trust-test-authority", action="store_true", help="accept codes signed by a test authority (FR00)"
        )

    def handle(
        self,
        *args: Any,
        files: list[Path],
        endpoint: str,
        columns: dict[str, str],
        direction: str,
        trust_test_authority: bool,
        **options: Any,
    ) -> None:
        if trust_test_authority and not settings.TRUST_TEST_AUTHORITY:
            raise CommandError("--trust-test-authority is refused under these settings: TRUST_TEST_AUTHORITY is off.")
        ask = Ask(endpoint=endpoint, columns=columns or {}, direction=direction)
        refused = [path for path in files if not self._print(path, trust_test_authority, ask)]
        if refused:
            raise SystemExit(1)

    def _print(self, path: Path, trust: bool, ask: Ask) -> bool:
        try:
            with path.open("rb") as stream:
                reading = sandbox.read(stream, trust_test_authority=trust, ask=ask)
        except OSError:
            return self._refuse(path, _("Ce fichier ne s’ouvre pas."))
        except Unreadable as refusal:
            return self._refuse(path, refusal.sentence)
        found = {
            name: value
            for name, value in reading.as_json().items()
            if name in SHOWN or name in {"table", "asks_direction"} and value
        }
        self.stdout.write(json.dumps({"file": str(path)} | found, ensure_ascii=False))
        return True

    def _refuse(self, path: Path, sentence: str) -> bool:
        self.stderr.write(f"{path}\u00a0: {sentence}")
        return False
