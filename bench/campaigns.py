"""Measure releases of a consultation: time, memory, and the noise beside a bare OpenDP call. Needs no database."""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Before this folder, whose module has the name of the app.
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

import numpy as np

from campaigns.noise import budget, mechanism
from campaigns.noise.plan import Plan
from campaigns.noise.rows import width
from tests.campaigns.made import plan


def packed(found: Plan, count: int) -> list[bytes]:
    """Return packed rows drawn at random, as the inbox of contributions holds them."""
    rng = np.random.default_rng(1)
    places = np.full((count, width(found)), 0xFFFF, dtype=">u2")
    column = 0
    for dimension in found.dimensions:
        places[:, column] = rng.integers(len(dimension.cells), size=count)
        column += dimension.most
    for measure in found.measures:
        places[:, column] = rng.integers(measure.steps + 1, size=count)
        column += 1
    return [row.tobytes() for row in places]


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def bare(cells: int) -> float:
    import opendp.prelude as dp

    space = dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l2_distance(T=dp.f64)
    measurement = dp.m.make_gaussian(*space, scale=budget.sigma(1, 0.05))
    begun = time.perf_counter()
    measurement([0] * cells)
    return time.perf_counter() - begun


def ours(cells: int) -> float:
    vector = np.zeros(cells, dtype=np.int64)
    begun = time.perf_counter()
    mechanism.draw(vector, 1, 0.05)
    return time.perf_counter() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a tenth of the contributions")
    parts = 10 if parser.parse_args().smoke else 1
    found = plan()
    late: list[int] = []
    mechanism.draw([0], 1, 0.05)
    imported = memory()
    print(f"after the import: {imported} MB")
    for count, most in ((100_000, 3), (1_000_000, 30)):
        rows = packed(found, count // parts)
        begun = time.perf_counter()
        mechanism.release(found, found.windows[0], rows, charge=lambda table, rho: None)
        taken = time.perf_counter() - begun
        print(f"{count // parts:>9,} contributions: {taken:.2f} s (at most {most})")
        late += [count] if taken > most else []
    peers = sorted(ours(20_000) / bare(20_000) for _ in range(9))
    print(f"noise of 20,000 cells: {peers[4]:.2f} times a bare make_gaussian (at most 1.3)")
    print(f"memory, with the rows: {memory() - imported} MB over the import (at most 400)")
    return 1 if late or peers[4] > 1.3 or memory() - imported > 400 else 0


if __name__ == "__main__":
    sys.exit(main())
