"""Tests run as the web role, each on a clean database, whatever the test before has committed."""

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
def test_what_one_transactional_test_commits_the_next_does_not_see(turn: int) -> None:
    assert rows("SELECT count(*) FROM core_cache") == [(0,)]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO core_cache (cache_key, value, expires) SELECT 'left behind', '', now()")


@pytest.mark.django_db(transaction=True)
def test_a_connection_left_open_does_not_stop_the_next_test_from_being_clean() -> None:
    """Copying replaces the database under it; the test after this one would fail otherwise."""
    psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT 1")


def test_tests_do_not_leave_this_machine() -> None:
    with pytest.raises(RuntimeError, match="stay on this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_a_process_that_a_test_starts_works_in_the_folder_of_its_test() -> None:
    show = "from django.conf import settings; print(settings.VAR)"
    child = subprocess.run([sys.executable, "-c", show], env=os.environ, capture_output=True, text=True, check=True)
    assert child.stdout.strip() == str(settings.VAR)
    assert settings.VAR.parent.name == "tests"
