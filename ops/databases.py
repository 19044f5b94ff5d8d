"""Roles, databases and copies of databases, on the embedded server or on a real one.

Four roles are made with the cluster, never in migrations (parallel CREATE ROLE fails): `admin` administers the
cluster, `owner` owns the schema and migrates, `web` runs the portal, `release` counts the contributions of campaigns.
Core's migration revokes the rights of `web` on the journal. `release` has no right by default: the migrations of
campaigns grant it table by table.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
NAME = "garant"
KEPT_TEMPLATES = 8
STATISTICS = ROOT / "ops" / "statistics.sql"
ROLES: LiteralString = """
DO $$ DECLARE wanted text; BEGIN
  FOREACH wanted IN ARRAY ARRAY['owner', 'web', 'release'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', wanted);
    END IF;
    IF NOT pg_has_role(current_user, wanted, 'USAGE') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
    END IF;
  END LOOP;
END $$
"""
RIGHTS: LiteralString = """
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO web, release;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE ON SCHEMAS TO web;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO web;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO web;
"""


class MigrationFailed(Exception):
    """The migrations failed. The message has the command's output."""


@dataclass(frozen=True)
class Server:
    """A server that `address` can administer.

    On a server that is not embedded, `web`, `owner` and `release` are roles without password.
    """

    address: str
    embedded: bool

    def url(self, *, role: str, database: str, settings: str = "") -> str:
        parts = urlsplit(self.address)
        if self.embedded:
            parts = parts._replace(netloc=f"{role}@")
            options = settings
        else:
            options = " ".join(word for word in ("" if role == "admin" else f"-c role={role}", settings) if word)
        query = "&".join(word for word in (parts.query, f"options={quote(options)}" if options else "") if word)
        return urlunsplit(parts._replace(path=f"/{database}", query=query))

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url(role="admin", database=database), autocommit=True, connect_timeout=10)

    def make_roles(self) -> None:
        with self.admin() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('garant roles'))")
            connection.execute(ROLES)

    def exists(self, name: str) -> bool:
        with self.admin() as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def create(self, name: str) -> None:
        with self.admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'").format(
                    sql.Identifier(name)
                )
            )
        self.grant(name)

    def create_migrated(self, name: str) -> None:
        """Create a database with the portal's tables.

        Raises:
            MigrationFailed: the migrations failed.
        """
        self.drop(name)
        self.create(name)
        owner = self.url(role="owner", database=name)
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input", "--skip-checks", "-v0"],
            cwd=ROOT,
            env=os.environ
            | {
                "MIGRATION_DATABASE_URL": owner,
                "DATABASE_URL": owner,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MigrationFailed(f"The migrations do not run:\n{done.stdout}{done.stderr}")

    def grant(self, name: str) -> None:
        """Grant the roles' rights, and close the statistics of tables where `admin` may; idempotent.

        Default rights are stored in the database, so that its copies have them.
        """
        with self.admin(name) as connection, connection.transaction():
            connection.execute(RIGHTS)
            is_super = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            if is_super == (True,):
                connection.execute(STATISTICS.read_bytes())

    def copy(self, template: str, name: str) -> None:
        """Replace the database `name` by a copy of `template`, ending its connections."""
        self.drop(name)
        with self.admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER owner TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    def drop(self, name: str) -> None:
        with self.admin() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def rename(self, name: str, new: str) -> None:
        with self.admin() as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new))
            )

    def names(self, prefix: str) -> list[str]:
        """Return the databases with this prefix, oldest first."""
        with self.admin() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid", [prefix]
            ).fetchall()
        return [str(name) for (name,) in rows]

    def tidy(self) -> None:
        """Drop the copies left by killed runs of tests or benchmarks, and the templates of old migrations."""
        for name in [*self.names("test_"), *self.names("bench_")]:
            owner = name.split("_")[1]
            if owner.isdigit() and not Path("/proc", owner).exists():
                self.drop(name)
        for name in self.names("template_")[:-KEPT_TEMPLATES]:
            self.drop(name)


def fingerprint(files: Iterable[Path]) -> str:
    """Return a hash of the files' names and contents."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(os.fsencode(file) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]
