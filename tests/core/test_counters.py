"""The counts that processes share: nothing is lost between threads, processes and restarts."""

import os
import subprocess
import sys
import threading

import pytest

from core.telemetry import counters


@pytest.fixture(autouse=True)
def empty(settings, tmp_path):
    settings.VAR = tmp_path


def add_many():
    for _ in range(200):
        counters.add("garant_engine_runs_total")
        counters.add("garant_pulls_total", api="one", outcome="well")


def add_from_children_and_threads():
    counters.add("before_the_fork")
    children = []
    for _ in range(3):
        if (child := os.fork()) == 0:
            add_many()
            os._exit(0)
        children.append(child)
    threads = [threading.Thread(target=add_many) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]


def test_processes_and_threads_add_to_the_same_counts(tmp_path):
    """The test's own process must not fork: it has threads."""
    program = "from tests.core import test_counters; test_counters.add_from_children_and_threads()"
    variables = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "GARANT_VAR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | variables)
    assert counters.counts() == {
        "before_the_fork": 1,
        "garant_engine_runs_total": 1200,
        'garant_pulls_total{api="one",outcome="well"}': 1200,
    }


def test_a_restart_goes_on_from_the_same_counts():
    counters.add("a")
    counters._file.cache_clear()
    counters.add("b")
    counters.add("a")
    assert counters.counts() == {"a": 2, "b": 1}


def test_a_label_cannot_leave_its_quotes():
    assert counters.key("a", of='x"\n\\') == 'a{of="x\\"\\n\\\\"}'


def test_a_count_that_is_too_long_or_one_too_many_is_left_out(monkeypatch):
    monkeypatch.setattr(counters, "MOST_RECORDS", 1)
    counters.add_all({"x" * 200: 1, "kept": 1, "one too many": 1})
    assert counters.counts() == {"kept": 1}


def test_a_folder_that_cannot_be_written_stops_no_page(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.VAR = tmp_path / "file" / "below"
    counters.add("a")
    assert counters.counts() == {}


def test_a_file_cut_while_it_is_used_begins_again(tmp_path):
    counters.add_all({"a": 3, "b": 4})
    os.truncate(tmp_path / "metrics", counters.RECORD.size + 5)
    counters.add("b")
    counters.add("c")
    assert counters.counts() == {"a": 3, "b": 1, "c": 1}
    os.truncate(tmp_path / "metrics", 0)
    counters.add("a")
    assert counters.counts() == {"a": 1}
