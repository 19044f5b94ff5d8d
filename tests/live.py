"""A whole portal for the tests that need one: real web, worker and scheduler processes on a database and a var folder
of their own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from ops.services import ROOT, Services, free_port

if TYPE_CHECKING:
    from tests.conftest import Databases


@dataclass
class Live:
    services: Services
    environment: dict[str, str]
    var: Path

    @property
    def url(self) -> str:
        return self.services.url

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command on the portal's own database."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=check,
        )

    def sql(self, statement: str, *values: object, role: str = "MIGRATION_DATABASE_URL") -> list[tuple[object, ...]]:
        with psycopg.connect(self.environment[role], autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def restart(self) -> None:
        self.services.stop()
        self.services.start()
        self.services.wait_until_ready()


@contextmanager
def portal(databases: "Databases", *, name: str, seeded: bool = True, extra: Mapping[str, str] = {}) -> Iterator[Live]:
    """`name` keeps two portals of one test process apart; `extra` is said to each of its processes."""
    database = f"test_{os.getpid()}_{name}"
    databases.server.copy(databases.template, database)
    var = Path(os.environ["GARANT_VAR"]) / name
    port = free_port()
    environment = {
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DJANGO_SETTINGS_MODULE": "config.settings.demo",
        "DATABASE_URL": databases.server.url(role="web", database=database),
        "MIGRATION_DATABASE_URL": databases.server.url(role="owner", database=database),
        "GARANT_VAR": str(var),
        **extra,
    }
    live = Live(Services("127.0.0.1", port, environment, var / "log", holders_port=free_port()), environment, var)
    try:
        live.manage("collectstatic", "--no-input", "-v0")
        live.manage("load_content")
        if seeded:
            live.manage("seed_demo")
        live.services.start()
        live.services.wait_until_ready()
        yield live
    finally:
        live.services.stop()
        databases.server.drop(database)
        shutil.rmtree(var, ignore_errors=True)
