from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from core import rows, signing
from core.operations import key_rotation


class Command(BaseCommand):
    help = (
        "Rows that decide who signs in, sees or acts: list those that the portal did not write,"
        " or give a MAC to those from before this version (docs/keys.md)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("check", help="list the rows that the portal did not write as they are")
        sign = verbs.add_parser(
            "sign",
            help="sign the rows of the version before: right after each migration; as the owner of the tables"
            " (MIGRATION_DATABASE_URL)",
        )
        sign.add_argument(
            "--again",
            action="store_true",
            help="also after the first time, and rows with a wrong MAC: after a restore without the city's key",
        )

    def handle(self, *args: object, verb: str, again: bool = False, **options: object) -> None:
        if verb == "check":
            return self._check()
        try:
            key_rotation.require_owner("core_citykey")
        except key_rotation.NotOwner as error:
            raise CommandError(str(error)) from None
        if rows.were_signed() and not again:
            self.stdout.write(
                "Nothing to do: every model was signed. A row that is refused was written by somebody else:"
                " look at “rows check”, and use --again only if you know who wrote each of them."
            )
        else:
            self.stdout.write(
                f"{signing.sign(again=again)} rows have a MAC of this version now. Every one of them is believed."
            )
        return None

    def _check(self) -> None:
        found = [f"{row._meta.label} {row.pk}" for row in rows.forged_rows()]  # noqa: SLF001 - Django's documented name
        found += rows.put_back()
        if found:
            raise CommandError(
                f"{len(found)} rows are not as the portal wrote them:\n" + "\n".join(found), returncode=1
            )
        self.stdout.write("The portal wrote every row.")
