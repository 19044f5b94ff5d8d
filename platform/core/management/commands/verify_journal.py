from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import journal, rows
from core.journal import checkpoints, keyless
from core.models import Checkpoint
from core.operations import health


class Command(BaseCommand):
    help = (
        "Follow the chain of every resident's journal, or of one;"
        " without --resident, also check every checkpoint and its copy outside, the ledger for missing keys,"
        " and the rows that open a vault against what the journals name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--resident", type=UUID, metavar="ID", help="only this resident's journal")

    def handle(self, *args: object, resident: UUID | None, **options: object) -> None:
        found = journal.verify(resident_id=resident)
        self.stdout.write(f"{found.checked} entries checked.")
        if resident is None and (count := journal.by_hash_alone()):
            self.stdout.write(
                f"{count} of them by their hash alone: they had lasted their time, or their vault was closed."
            )
        problems = [f"Bad entry: {bad}." for bad in found.bad]
        if resident is None:
            more = [*checkpoints.problems(), *keyless.problems(), *rows.put_back()]
            problems += [f"{problem[:1].upper()}{problem[1:]}." for problem in more]
            self.stdout.write(
                f"{Checkpoint.objects.count()} checkpoints checked,"
                f" {checkpoints.unanchored()} without a copy outside yet."
            )
        if problems:
            raise CommandError("\n".join(problems), returncode=1)
        if resident is None:
            health.heard_from([health.VERIFIED])
