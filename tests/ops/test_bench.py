"""`make bench`: each benchmark gets its own migrated database, and a failure does not stop the others."""

from pathlib import Path

import pytest

from ops import bench
from ops.databases import Server
from tests.conftest import Databases

LOOKS = """
import os, pathlib, psycopg
assert not list(pathlib.Path(os.environ["GARANT_VAR"]).iterdir())
pathlib.Path(os.environ["GARANT_VAR"], "left").touch()
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    assert connection.execute("SELECT count(*) FROM core_cache").fetchone() == (0,)
    connection.execute("INSERT INTO core_cache (cache_key, value, expires) SELECT 'left', '', now()")
"""
PROGRAMS = {"a": "raise SystemExit(3)", "b": LOOKS, "c": "import nothing_of_that_name", "d": LOOKS}


def test_each_benchmark_gets_a_copy_and_a_failure_stops_none(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "create_migrated", lambda server, name: server.copy(databases.template, name))
    files = [tmp_path / f"{name}.py" for name in PROGRAMS]
    for file, content in zip(files, PROGRAMS.values(), strict=True):
        file.write_text(content)
    assert bench.run_all(files, [], databases.server, tmp_path / "var") == ["a.py", "c.py"]
    assert databases.server.names("bench_") == []
    assert list((tmp_path / "var").iterdir()) == []


@pytest.mark.parametrize(("failed", "code"), [([], 0), (["gate.py"], 1)])
def test_failures_are_in_the_last_lines_and_the_exit_code(
    failed: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def run_all(files: list[Path], options: list[str], *_where: object) -> list[str]:
        asked.extend([*(file.stem for file in files), *options])
        return failed

    monkeypatch.setattr("sys.argv", ["bench", "gate", "journal", "--smoke"])
    monkeypatch.setattr(bench, "join_server", lambda _own: None)
    monkeypatch.setattr(bench, "run_all", run_all)
    assert bench.main() == code
    assert asked == ["gate", "journal", "--smoke"]
    assert ("FAILED: bench/gate.py" in capsys.readouterr().out) == bool(failed)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["load", "--", "--soak", "30"], ["--soak", "30"]),
        (["load", "--smoke", "--", "--web", "2"], ["--web", "2", "--smoke"]),
    ],
)
def test_words_after_two_dashes_are_options_of_the_benchmark(
    words: list[str], options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def run_all(_files: list[Path], given: list[str], *_where: object) -> list[str]:
        asked.extend(given)
        return []

    monkeypatch.setattr(bench, "join_server", lambda _own: None)
    monkeypatch.setattr(bench, "run_all", run_all)
    monkeypatch.setattr("sys.argv", ["bench", *words])
    assert bench.main() == 0
    assert asked == options


def test_options_without_the_name_of_one_benchmark_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "join_server", lambda _own: None)
    monkeypatch.setattr(bench, "run_all", lambda *_what: [])
    monkeypatch.setattr("sys.argv", ["bench", "--", "--soak", "30"])
    with pytest.raises(SystemExit):
        bench.main()
