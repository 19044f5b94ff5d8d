import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault.records.grants import receipts


class Command(BaseCommand):
    help = "Verify a receipt of consent and print its content. Needs no database; with --keys, nor this portal's keys."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--keys", type=Path, metavar="JWKS", help="a portal's published keys, saved from /.well-known/jwks.json"
        )

    def handle(self, *args: object, file: Path, keys: Path | None, **options: object) -> None:
        try:
            known = json.loads(keys.read_bytes()) if keys else None
            content = receipts.verify(file.read_text(), known)
        except receipts.NotGenuine as error:
            raise CommandError(
                f"Not genuine: it was changed, or none of these keys signed it ({error}).", returncode=1
            ) from None
        except (OSError, ValueError, receipts.NoKey) as error:
            raise CommandError(f"It could not be verified: {error}", returncode=2) from None
        self.stdout.write(json.dumps(content, ensure_ascii=False, indent=2))
