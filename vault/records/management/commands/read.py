"""Read files as the vault does, and print the result. Needs no database and keeps nothing."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from vault.readers import Ask, Unreadable, sandbox


class Command(BaseCommand):
    help = "Print one JSON document per file: {file, format, records, facts, checks, warnings}."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--endpoint", default="", metavar="PATH", help="the API's path, for an answer that does not say what it is"
        )
        parser.add_argument(
            "--trust-test-authority", action="store_true", help="accept codes signed by a test authority (FR00)"
        )

    def handle(self, *args: Any, files: list[Path], endpoint: str, trust_test_authority: bool, **options: Any) -> None:
        if trust_test_authority and not settings.TRUST_TEST_AUTHORITY:
            raise CommandError("--trust-test-authority is refused under these settings: TRUST_TEST_AUTHORITY is off.")
        refused = [path for path in files if not self._print(path, trust_test_authority, Ask(endpoint=endpoint))]
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
            if name in {"format", "records", "facts", "checks", "warnings"}
        }
        self.stdout.write(json.dumps({"file": str(path)} | found, ensure_ascii=False))
        return True

    def _refuse(self, path: Path, sentence: str) -> bool:
        self.stderr.write(f"{path}\u00a0: {sentence}")
        return False
