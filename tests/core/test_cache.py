"""The cache in the database: one statement for each write, and nothing lost among processes."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from core.database import cache as core_cache
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


def kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_cache")
        (count,) = cursor.fetchone()
    return int(count)


def test_each_write_is_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        assert cache.add("key", [1], 60)
        cache.set("key", [1, 2], 60)
        assert cache.touch("key", 120)
        assert cache.delete("key")


def test_a_key_is_added_once_until_it_has_expired() -> None:
    assert cache.add("key", 1, 60) and not cache.add("key", 2, 60)
    assert cache.get("key") == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert cache.add("key", 2, 60)
        assert cache.get("key") == 2


def test_a_key_is_set_touched_and_kept_without_end() -> None:
    assert not cache.touch("key", 60)
    cache.set("key", 1, 60)
    cache.set("key", 2, None)
    with time_machine.travel(timezone.now() + timedelta(days=900)):
        assert cache.get("key") == 2
        assert cache.touch("key", -1) and cache.get("key") is None


def test_the_sweep_deletes_what_has_expired_and_nothing_else() -> None:
    cache.set("short", 1, 60)
    cache.set("long", 1, 3600)
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        core_cache.sweep()
    assert kept() == 1 and cache.get("long") == 1


@pytest.mark.django_db(transaction=True)
def test_of_processes_that_add_at_once_one_succeeds() -> None:
    added: list[bool] = []
    at_once(lambda: added.append(cache.add("key", 1, 60)), times=6)
    assert sorted(added) == [False] * 5 + [True]
