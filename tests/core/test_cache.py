"""The cache in the database: one statement for each write, and nothing lost among processes."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from core.database import cache as core_cache
from ops.cluster import ROOT
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


def kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_cache")
        (count,) = cursor.fetchone()
    return int(count)


def test_each_write_is_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(5):
        assert cache.add("key", [1], 60)
        cache.set("key", [1, 2], 60)
        assert cache.get("key") == [1, 2]
        assert cache.delete("key")
        cache.delete_many(["key", "other"])
    cache.set("key", 1, 60)
    with django_assert_num_queries(4):
        assert cache.incr("key") == 2 and cache.touch("key", 120)


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


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("NO redis-server ON THIS MACHINE")
    socket = tmp_path_factory.mktemp("redis") / "socket"
    words = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(socket.parent)]
    # On another day (ops/other_day.py), it waits for ever at its start under a moved clock. It counts seconds alone.
    plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, env=plain) as server:
        try:
            while not socket.exists():
                assert server.poll() is None
            yield f"unix://{socket}"
        finally:
            server.kill()


@pytest.fixture(params=["database", "redis"])
def shared(request: pytest.FixtureRequest) -> core_cache.Cache:
    location = "database" if request.param == "database" else request.getfixturevalue("redis_url")
    found = core_cache.Cache(location, {})
    found.clear()
    return found


def test_both_stores_keep_what_django_s_interface_promises(shared: core_cache.Cache) -> None:
    shared.set_many({"one": 1, "two": [1.5, "é", None, True]}, 60)
    assert shared.get_many(["one", "two", "three"]) == {"one": 1, "two": [1.5, "é", None, True]}
    assert shared.has_key("one") and "three" not in shared and shared.get("three", "none") == "none"
    assert shared.get_or_set("three", lambda: {"a": 3}, 60) == {"a": 3} == shared.get_or_set("three", 4, 60)
    assert not shared.add("one", 5, 60) and shared.add("four", 4, 60)
    assert shared.incr("one") == 2 and shared.decr("one", 5) == -3 == shared.get("one")
    with pytest.raises(ValueError, match="not found"):
        shared.incr("nothing")
    shared.delete_many(["one", "two"])
    assert not shared.delete("one") and shared.delete("three")
    assert shared.get("one", version=2) is None
    shared.set("none", None, 60)
    assert shared.get("none", 7) is None
    shared.set("over", 1, 0)
    assert shared.get("over") is None
    shared.set("kept", 1, None)
    assert shared.incr("kept") == 2 and shared.touch("kept", 60) and not shared.touch("nothing", 60)
    for value in ({1}, object(), float("nan"), b"bytes"):
        with pytest.raises((TypeError, ValueError)):
            shared.set("wrong", value, 60)
    shared.clear()
    assert shared.get_many(["four", "kept", "none"]) == {}


def test_a_number_keeps_its_end_when_something_is_added(shared: core_cache.Cache) -> None:
    shared.set("number", 1, 60)
    shared.incr("number")
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert shared.get("number") is None
        with pytest.raises(ValueError, match="not found"):
            shared.incr("number")


def test_in_both_stores_what_the_portal_did_not_write_is_a_miss_and_gone(
    shared: core_cache.Cache, caplog: pytest.LogCaptureFixture
) -> None:
    shared.set("key", 1, 60)
    name = shared._name("key", None)
    written = shared.store.read([name])[name]
    for text in (written.replace(" 1", " 2"), "", " ", "x" * 64, "é é é", '{"a": 1}'):
        shared.store.write(name, text, None)
        assert shared.get("key") is None and not shared.store.read([name])
    assert caplog.text.count("a value of the cache is not what the portal wrote") == 6
    shared.store.write(name, written, None)
    assert shared.get("key") == 1


def test_a_mark_that_somebody_changed_is_still_there(shared: core_cache.Cache) -> None:
    shared.add("used", 1, 60)
    shared.store.write(shared._name("used", None), "changed", None)
    assert not shared.add("used", 1, 60)


@pytest.mark.django_db(transaction=True)
def test_of_processes_that_count_at_once_each_counts() -> None:
    cache.set("number", 0, 60)
    at_once(lambda: cache.incr("number"), times=6)
    assert cache.get("number") == 6


def test_a_key_of_another_city_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.set("key", 1, 60)
    with monkeypatch.context() as other:
        other.setattr(core_cache, "_city_key", [lambda: b"\x22" * 32])
        assert cache.get("key") is None
        cache.set("key", 2, 60)
    assert cache.get("key") == 1


#: Each use of the cache, and what it decides: at most how often something is tried, told or done.
USES = {
    "platform/core/rows.py": "that a refused row is journalled once a day; the log has each",
    "platform/core/tasks.py": "that orphan files are deleted once a day",
    "vault/sharing/across/totals.py": "nothing: public figures, rounded",
    "certification/labels/across.py": "nothing: public figures, rounded",
    "certification/developers/presenting/status.py": "nothing: a public page says what answers",
}


def test_from_the_cache_only_counters_decide() -> None:
    using = {
        str(file.relative_to(ROOT))
        for folder in ("platform", "accounts", "vault", "services", "certification", "campaigns")
        for file in (ROOT / folder).rglob("*.py")
        if "django.core.cache" in file.read_text()
    }
    assert using - {"platform/core/database/cache.py"} <= {*USES}
