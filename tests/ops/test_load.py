"""The load of `bench/load.py`: what it reads from the machine, and what it concludes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from bench.crowd import day, judging, machine
from bench.crowd.portal import Look, Run, percentile

CALM = Run(
    residents=50,
    web=2,
    seconds=50,
    samples=[("home", float(taken)) for taken in range(100, 200)],
    errors=[],
    cores={"web": 0.3, "database": 0.1, "workers": 0.1, "visitors": 0.02, "others": 0.0},
    jobs=0,
    looks=[Look(5.0, 300, 200, 12)],
)


def test_the_processor_and_the_memory_of_a_process_are_those_of_its_children_too() -> None:
    child = "list(range(3_000_000)); x = bytearray(40_000_000)\nwhile True: pass"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", program], start_new_session=True) as process:
        try:
            deadline = time.monotonic() + 20
            while machine.processor_seconds(process.pid) < 0.5 or machine.megabytes(process.pid) < 40:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert len(machine.tree(process.pid)) == 2
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_percentile_is_the_time_within_which_that_share_was_answered() -> None:
    assert percentile([float(one) for one in range(1, 101)], 0.95) == 96
    assert percentile([7.0], 0.95) == 7 and percentile([], 0.5) == 0


def test_the_goal_is_missed_by_slow_pages_and_by_one_error() -> None:
    assert judging.faults(CALM) == []
    slow = replace(CALM, samples=[*CALM.samples, *[("aids", 900.0)] * 10])
    assert judging.faults(slow) == ["50 residents, web × 2: p95 900 ms, over 400"]
    assert judging.faults(replace(CALM, errors=["home: timed out"])) == ["50 residents, web × 2: 1 errors"]
    assert judging.faults(replace(slow, residents=200)) == [], "the goal is that of fifty"


@pytest.mark.parametrize(
    ("changed", "jobs", "limit"),
    [
        ({}, 0, "none"),
        ({"others": 100.0}, 0, "processors, most by others"),
        ({"web": 1.9}, 0, "web processes"),
        ({}, 40, "workers: 40 jobs wait"),
    ],
)
def test_what_is_used_up_first_is_named(
    changed: dict[str, float], jobs: int, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.crowd.portal.CORES", 8)
    assert replace(CALM, cores={**CALM.cores, **changed}, jobs=jobs).limit == limit


def test_a_soak_sees_memory_that_grows_after_its_first_fifth() -> None:
    flat = [Look(float(at), 200 if at < 20 else 300, 200, 12) for at in range(100)]
    assert not any(judging.is_moved(name, *both) for name, both in judging.thirds(flat).items())
    leaking = [replace(look, web=look.web + look.at / 2) for look in flat]
    held = [replace(look, connections=12 + int(look.at / 20)) for look in flat]
    assert [name for name, both in judging.thirds(leaking).items() if judging.is_moved(name, *both)] == ["web"]
    assert [name for name, both in judging.thirds(held).items() if judging.is_moved(name, *both)] == ["connections"]


def test_the_shares_of_the_day_are_of_a_hundred() -> None:
    assert sum(share for share, _act in day.DAY.values()) == 100
