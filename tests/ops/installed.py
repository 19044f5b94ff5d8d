"""A server installed as docs/operations.md says, line by line, with production's settings and its two roles."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops.cluster import ROOT
from tests.ops.test_documented_commands import given
from tests.ops.test_settings import COMPLETE

if TYPE_CHECKING:
    from tests.conftest import Databases

SAID = {"CITY": "Villebrume", "NAME": "Agathe"}


def documented() -> list[list[str]]:
    """Return the commands of a new server, in their order."""
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text[text.index("## Production on a server of your own") :]
    (block,) = re.findall(r"```sh\n(pip install.*?)```", section, re.DOTALL)[:1]
    return given(block)


@dataclass
class Server:
    """A new server: its variables, and what each command of the page answered."""

    variables: dict[str, str]
    owner: str
    answers: dict[str, subprocess.CompletedProcess[str]]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        more = {"MIGRATION_DATABASE_URL": self.owner} if words[0] in {"migrate", "purge", "rows"} else {}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.variables | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def keys(self) -> dict[str, str]:
        """Return the variables that name its keys, once they are made."""
        folder = Path(self.variables["GARANT_VAR"])
        return {"SEAL_KEY": str(folder / "seal.p12"), "CHECKPOINT_KEY": str(folder / "checkpoints.pem")}


@contextmanager
def installed(databases: "Databases", var: Path) -> Iterator[Server]:
    """Install a server as the page says. Its database has the migrations already, as after an interrupted start."""
    name = f"test_{os.getpid()}_installed"
    databases.server.copy(databases.template, name)
    urls = {role: databases.server.url(role=role, database=name) for role in ("web", "owner")}
    inherited = ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH")
    kept = {key: os.environ[key] for key in inherited if key in os.environ}
    variables = kept | COMPLETE | {"DATABASE_URL": urls["web"], "GARANT_VAR": str(var)}
    for needed, file in {"KEYRING": "keyring.json", "RECEIPT_KEYS": "receipt-keys.json"}.items():
        variables[needed] = str(var / file)
    made = Server(variables, urls["owner"], {})
    for rank, words in enumerate(documented()):
        said = SAID | {"EMAIL": f"agent{rank}@villebrume.example"}
        made.answers[" ".join(words)] = made.run(*(said.get(word, word) for word in words))
    yield made
    databases.server.drop(name)
