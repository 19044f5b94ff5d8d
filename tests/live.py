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

from ops import cluster
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
def portal(databases: "Databases", *, name: str, extra: Mapping[str, str] = {}) -> Iterator[Live]:
    """Run a portal of the fictional town, on a copy of its database and of its folder.

    Args:
        name: distinguishes two portals of one test process.
        extra: more environment variables for all its processes.
    """
    database, var = f"test_{os.getpid()}_{name}", Path(os.environ["GARANT_VAR"]) / name
    town, folder = furnished(databases)
    databases.server.copy(town, database)
    shutil.copytree(folder, var)
    live = at(databases, database, var, extra)
    try:
        live.services.start()
        live.services.wait_until_ready()
        yield live
    finally:
        live.services.stop()
        databases.server.drop(database)
        shutil.rmtree(var, ignore_errors=True)


def furnished(databases: "Databases") -> tuple[str, Path]:
    """Return the database and the folder of the fictional town, made once for all the processes of a run."""
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    database, var = f"test_{run}_town", databases.cluster.var / "tests" / str(run) / "town"
    with cluster.locked(databases.cluster.control / "town.lock"):
        if not databases.server.exists(database):
            shutil.rmtree(var, ignore_errors=True)
            databases.server.copy(databases.template, f"{database}_new")
            settle(at(databases, f"{database}_new", var))
            databases.server.rename(f"{database}_new", database)
    return database, var


def settle(live: Live) -> None:
    """Fill the database and the folder with the fictional town and the pages' assets."""
    live.manage("collectstatic", "--no-input", "-v0")
    live.manage("load_content")
    live.manage("seed_demo")


def offer_emergency_access(live: Live) -> None:
    """Switch urgent access on as the city's page does: written by SQL alone, it stays off."""
    live.manage(
        "shell",
        "-v0",
        "-c",
        "from core.models import City; city = City.current(); city.emergency_access = True; city.save()",
    )


def at(databases: "Databases", database: str, var: Path, extra: Mapping[str, str] = {}) -> Live:
    port = free_port()
    environment = {
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DJANGO_SETTINGS_MODULE": "config.settings.demo",
        "DATABASE_URL": databases.server.url(role="web", database=database),
        "MIGRATION_DATABASE_URL": databases.server.url(role="owner", database=database),
        "GARANT_VAR": str(var),
        **extra,
    }
    return Live(Services("127.0.0.1", port, environment, var / "log", holders_port=free_port()), environment, var)
