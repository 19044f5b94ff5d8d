"""Measure what confining a child costs at each start, beside the same child without it.

    python bench/confinement.py [--smoke]

Each start is a Python of its own (`python -I`) that imports what the readers' child does before any parser and, in one
case, calls core/confinement/inside.py as that child does. The two kinds take turns. Processor time of user and kernel,
which other work on the machine changes less than the clock. Fails if the medians differ by more than 15 ms.
"""

import argparse
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 0.015
LIMITS = """
import collections.abc, ctypes, json, pathlib, resource, sys, typing
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
ctypes.CDLL(None)
"""
CONFINED = f"""
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "platform")!r}]
from core.confinement import inside
inside.confine(memory=1 << 29, cpu_seconds=20, reads=[{str(ROOT / "vault")!r}, {str(ROOT / "platform" / "core")!r}])
"""
PROGRAMS = {"limited": LIMITS, "confined": LIMITS + CONFINED}


def start(program: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", program], check=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true", help="few starts")
    count = 10 if parser.parse_args().smoke else 200
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(count):
        for name, program in PROGRAMS.items():
            taken[name].append(start(program))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    added = medians["confined"] - medians["limited"]
    for name, median in medians.items():
        sys.stdout.write(f"{name:>10}  {1000 * median:6.1f} ms\n")
    sys.stdout.write(f"     added  {1000 * added:6.1f} ms of {1000 * MOST:.0f}\n")
    return int(added > MOST)


if __name__ == "__main__":
    sys.exit(main())
