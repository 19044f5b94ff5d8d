from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from services.aids.actions import local_aids
from services.aids.local import importing
from services.aids.local.importing import Imported
from services.versions.actions.versions import Faulty
from services.versions.yaml_files import Unreadable, load


class Command(BaseCommand):
    help = (
        "Read local aids from YAML files, ours or the public ones of Aides Jeunes, and report each condition that "
        "could not be kept. With --by, write each of them as that agent's draft."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, help="files, or folders of .yml and .yaml files")
        parser.add_argument("--institutions", type=Path, help="the folder of the organisations that the files name")
        parser.add_argument("--by", help="the e-mail address of the agent whose drafts they become")

    def handle(self, *args: Any, **options: Any) -> None:
        for path in filter(None, [*options["paths"], options["institutions"]]):
            if not path.exists():
                raise CommandError(f"{path} does not exist.")
        author = self._author(options["by"])
        about = self._institutions(options["institutions"])
        files = [file for path in options["paths"] for file in _files(path)]
        if not files:
            raise CommandError("There is no .yml or .yaml file there.")
        read, refused, lost, conditions = 0, 0, 0, 0
        for file in files:
            try:
                found = self._read(file, about, author)
            except (Unreadable, Faulty) as problem:
                refused += 1
                self.stderr.write(f"{file.name}: {problem}")
                continue
            read, conditions, lost = read + 1, conditions + found.conditions, lost + len(found.lost)
            for text in found.lost:
                self.stdout.write(f"{file.name}: not kept as a condition: {text}")
        self.stdout.write(f"{read} of {len(files)} files read; {conditions} conditions, {lost} not kept.")
        if refused:
            raise CommandError(f"{refused} files were refused.")

    def _author(self, email: str | None) -> User | None:
        author = User.objects.filter(email=email, is_staff=True).first() if email else None
        if email and author is None:
            raise CommandError(f"{email} is no agent.")
        return author

    def _institutions(self, folder: Path | None) -> dict[str, dict[str, Any]]:
        found = {}
        for file in _files(folder) if folder else ():
            try:
                found[file.stem] = load(file.read_bytes())
            except Unreadable as problem:
                raise CommandError(f"{file.name}: {problem}") from problem
        return found

    def _read(self, file: Path, about: dict[str, dict[str, Any]], author: User | None) -> Imported:
        code = importing.code_of(file.name)
        found = importing.read(file.read_bytes(), code=code, today=timezone.localdate(), institutions=about)
        if author:
            local_aids.begin(by=author, item=found.item)
        return found


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*.y*ml") if file.is_file()) if path.is_dir() else [path]
