"""Tests run as the web role, each on a clean database, even after a test that committed."""

import os
import socket
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings
from django.db import connection


def rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_tests_connect_as_the_web_role() -> None:
    assert rows("SELECT current_user") == [("web",)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_transactional_tests_rows_are_not_visible_to_the_next(turn: int) -> None:
    assert rows("SELECT count(*) FROM core_cache") == [(0,)]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO core_cache (cache_key, value, expires) SELECT 'left behind', '', now()")


@pytest.mark.django_db(transaction=True)
def test_an_open_connection_does_not_prevent_a_clean_database() -> None:
    """Copying replaces the database under the connection; otherwise the next test would fail."""
    psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT 1")


def test_tests_make_no_external_request() -> None:
    with pytest.raises(RuntimeError, match="stay on this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_a_process_started_by_a_test_uses_the_tests_folder() -> None:
    show = "from django.conf import settings; print(settings.VAR)"
    child = subprocess.run([sys.executable, "-c", show], env=os.environ, capture_output=True, text=True, check=True)
    assert child.stdout.strip() == str(settings.VAR)
    assert settings.VAR.parent.name == "tests"
