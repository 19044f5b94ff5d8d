"""Roles, databases and copies of them, on the embedded server or on a real one.

Three roles, made with the cluster and never in migrations (parallel CREATE ROLE fails): an admin keeps the cluster, `owner` owns the schema
and migrates, `web` runs the portal. What `web` may not do to the journal is taken from it by core's own migration.
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
ROLES: LiteralString = """
DO $$ DECLARE wanted text; BEGIN
  FOREACH wanted IN ARRAY ARRAY['owner', 'web'] LOOP
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
GRANT USAGE ON SCHEMA public TO web;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE ON SCHEMAS TO web;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO web;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO web;
"""


class MigrationFailed(Exception):
    """With what the command said."""


@dataclass(frozen=True)
class Server:
    """A server that `address` may administer. On one that is not ours, `web` and `owner` are put on as roles and need no password."""

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
            MigrationFailed
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
        """Safe to repeat. Default rights live inside the database, so that each copy of it has them too."""
        with self.admin(name) as connection, connection.transaction():
            connection.execute(RIGHTS)

    def copy(self, template: str, name: str) -> None:
        """Replaces the database `name`, whoever is connected to it, by a copy of `template`."""
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
        """Oldest first."""
        with self.admin() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid", [prefix]
            ).fetchall()
        return [str(name) for (name,) in rows]

    def tidy(self) -> None:
        """Drop the copies that a killed run of tests or benchmarks left, and templates of migrations long gone."""
        for name in [*self.names("test_"), *self.names("bench_")]:
            owner = name.split("_")[1]
            if owner.isdigit() and not Path("/proc", owner).exists():
                self.drop(name)
        for name in self.names("template_")[:-KEPT_TEMPLATES]:
            self.drop(name)


def fingerprint(files: Iterable[Path]) -> str:
    """The same as long as every one of `files` keeps its name and content."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(os.fsencode(file) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]
