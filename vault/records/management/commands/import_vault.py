import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from vault.records.actions import imports
from vault.records.copies import package


class Command(BaseCommand):
    help = (
        "Take the copy that a resident brings from another Garant into the vault that was just opened for them here."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the ZIP")
        parser.add_argument("--resident", type=UUID, required=True, metavar="ID")
        parser.add_argument(
            "--keys",
            type=Path,
            metavar="FILE",
            help="what the other portal publishes at /.well-known/jwks.json; without it its values count as declared",
        )

    def handle(self, *args: Any, file: Path, resident: UUID, keys: Path | None, **options: Any) -> None:
        if not User.objects.filter(pk=resident, is_active=True, is_resident=True).exists():
            raise CommandError(f"No resident {resident} has a vault here: open one first.")
        try:
            read = package.read(file, keys=json.loads(keys.read_bytes()) if keys else None)
            taken = imports.take_in(resident_id=resident, package=read)
        except package.Refused as reason:
            raise CommandError(f"Not taken in, nothing was written. {reason}") from None
        except (OSError, ValueError) as error:
            raise CommandError(f"Not taken in, nothing was written. The keys can't be read: {error}.") from None
        if taken.again:
            self.stdout.write("This copy was taken in before: nothing to do.")
            return
        proofs = (
            "with their proofs"
            if taken.unproved is None
            else f"all as declared, since {taken.unproved}; papers are checked again"
        )
        self.stdout.write(f"{taken.records} values and {taken.papers} papers ({taken.files} files), {proofs}.")
        self.stdout.write(
            f"The former journal, {taken.journal_lines} lines, verifies; "
            "it is kept beside, with the former agreements."
        )
