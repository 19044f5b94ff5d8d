from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from core.keyrings import KeyringError, file_path, files, keyring
from core.operations import key_rotation

EVERY = 1_000


class Command(BaseCommand):
    help = (
        "The keys that wrap residents' keys: which rows are under which, add one, make it current,"
        " bring all rows under it (docs/keys.md)."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser(
            "status", help="which key is current, and how many residents' keys and other secrets are under each"
        )
        verbs.add_parser("add", help="a new key in the file, which wraps nothing yet")
        rotate = verbs.add_parser("rotate", help="wrap under another key from now on: a new one, or --to")
        rotate.add_argument("--to", metavar="KEY", help="one that is in the file already, on every machine")
        verbs.add_parser(
            "rewrap", help="bring every row under the current key; as the owner of the tables (MIGRATION_DATABASE_URL)"
        )
        forget = verbs.add_parser("forget", help="remove a key under which nothing is left")
        forget.add_argument("key")

    def handle(self, *args: object, verb: str, **options: object) -> None:
        try:
            match verb:
                case "status":
                    self._status()
                case "add":
                    self.stdout.write(
                        f"Key “{files.add_key(file_path())}” added."
                        " Copy the file to every machine, then “keys rotate --to” it."
                    )
                case "rotate":
                    self._rotate(options["to"])
                case "rewrap":
                    self._rewrap()
                case _:
                    key_rotation.forget(str(options["key"]))
                    self.stdout.write(
                        "Forgotten. Backups of the database older than the last rewrap need it:"
                        " keep its copy as long as them."
                    )
        except (KeyringError, key_rotation.StillInUse, key_rotation.NotOwner) as error:
            raise CommandError(str(error)) from None

    def _status(self) -> None:
        ring = keyring()
        ring.check()
        current = ring.current
        self.stdout.write(f"Current key: {current}")
        for kid, (residents, secrets) in key_rotation.counts().items():
            mark = (
                " (current)"
                if kid == current
                else ""
                if self._is_in_keyring(kid)
                else " (NOT in the keyring: nobody opens these)"
            )
            self.stdout.write(f"  {kid}: {residents} residents' keys, {secrets} other secrets{mark}")

    def _is_in_keyring(self, kid: str) -> bool:
        try:
            keyring().of(kid)
        except KeyringError:
            return False
        return True

    def _rotate(self, to: object) -> None:
        path = file_path()
        kid = str(to) if to else files.add_key(path)
        files.use_key(path, kid)
        self.stdout.write(
            f"“{kid}” wraps from now on. Copy {path} apart from the database's backups,"
            " then run “manage.py keys rewrap”."
        )

    def _rewrap(self) -> None:
        done = key_rotation.rewrap(self._progress)
        self.stdout.write(
            f"{done.residents} residents' keys and {done.secrets} other secrets brought under “{keyring().current}”."
        )
        if not done.cleaned:
            self.stderr.write(
                "The table's file still holds what the old key had wrapped:"
                " run VACUUM FULL keystore.resident_key when it is quiet."
            )
        if done.unreadable:
            raise CommandError(f"{done.unreadable} residents' keys could not be opened. {done.why}", returncode=1)

    def _progress(self, done: int) -> None:
        if done and done % EVERY == 0:
            self.stdout.write(f"{done}…")
