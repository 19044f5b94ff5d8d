"""A whole portal for the tests that need one: real web, workers and scheduler processes on a database and a var folder
of their own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from ops import cluster, prepare
from ops.launch import PROGRAMS
from ops.services import ROOT, Services, free_port
from tests.shell import Shell

if TYPE_CHECKING:
    from tests.conftest import Databases


@dataclass
class Live:
    services: Services
    environment: dict[str, str]
    var: Path
    shell: Shell

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

    def run(self, code: str) -> str:
        """Run Python code in the portal's settings and return what it prints."""
        return self.shell.run(code)

    def sql(self, statement: str, *values: object, role: str = "MIGRATION_DATABASE_URL") -> list[tuple[object, ...]]:
        with psycopg.connect(self.environment[role], autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def restart(self) -> None:
        self.services.stop()
        self.services.start()
        self.services.wait_until_ready()


@contextmanager
def portal(
    databases: "Databases", *, name: str, extra: Mapping[str, str] = {}, without: Collection[str] = ()
) -> Iterator[Live]:
    """Run a portal of the fictional town, on a copy of its database and of its folder.

    Args:
        name: distinguishes two portals of one test process.
        extra: more environment variables for all its processes.
        without: the names of processes that its tests do not need.
    """
    database, var = f"test_{os.getpid()}_{name}", Path(os.environ["GARANT_VAR"]) / name
    town, folder = furnished(databases)
    databases.server.copy(town, database)
    shutil.copytree(folder, var)
    live = at(databases, database, var, extra, programs=PROGRAMS)
    live.services.without = without
    try:
        live.services.start()
        live.services.wait_until_ready()
        yield live
    finally:
        live.shell.stop()
        live.services.stop()
        databases.server.drop(database)
        shutil.rmtree(var, ignore_errors=True)


def furnished(databases: "Databases") -> tuple[str, Path]:
    """Return the database and the folder of the fictional town, made once for all the processes of a run."""
    database, var = f"test_{run_folder().name}_town", run_folder() / "town"
    with cluster.locked(databases.cluster.control / "town.lock"):
        if not databases.server.exists(database):
            shutil.rmtree(var, ignore_errors=True)
            databases.server.copy(databases.template, f"{database}_new")
            prepare.static_files(databases.cluster.var)
            shutil.copytree(databases.cluster.var / "static", var / "static")
            settle(at(databases, f"{database}_new", var))
            databases.server.rename(f"{database}_new", database)
    return database, var


def run_folder() -> Path:
    """Return the folder that the processes of a run share; the next run deletes it."""
    return Path(os.environ["GARANT_RUN"])


def settle(live: Live) -> None:
    """Fill the database and the folder with the fictional town."""
    live.run(
        "from django.core.management import call_command; call_command('load_content'); call_command('seed_demo')"
    )
    live.shell.stop()


def offer_emergency_access(live: Live) -> None:
    """Switch urgent access on as the city's page does: written by SQL alone, it stays off."""
    live.run("from core.models import City; city = City.current(); city.emergency_access = True; city.save()")


def label_par4chemins(live: Live) -> str:
    """Label the demonstration's service and register its program, as `make demo` does. Return its address."""
    live.run("from demo.seeding import par4chemins; par4chemins.label_service()")
    return live.services.address_of("par4chemins")


def at(
    databases: "Databases",
    database: str,
    var: Path,
    extra: Mapping[str, str] = {},
    programs: Sequence[str] = (),
) -> Live:
    port, ports = free_port(), {name: free_port() for name in programs}
    environment = {
        "SITE_URL": f"http://127.0.0.1:{port}",
        "EXIT_URL": f"http://127.0.0.1:{port}/plan-du-site/",
        "DJANGO_SETTINGS_MODULE": "config.settings.demo",
        "SECRET_KEY": "live-only-" + "x" * 50,
        "DATABASE_URL": databases.url("web", database),
        "MIGRATION_DATABASE_URL": databases.url("owner", database),
        "RELEASE_DATABASE_URL": databases.url("release", database),
        "GARANT_VAR": str(var),
        **{f"{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()},
        **extra,
    }
    services = Services("127.0.0.1", port, environment, var / "log", holders_port=free_port(), programs=ports)
    return Live(services, environment, var, Shell(os.environ | environment))
