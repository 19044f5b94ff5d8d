"""The engine under visitors of the interview: how long its runs take, and how long visitors wait for one of two slots.

    python bench/interview.py [--visitors 2000] [--smoke]

The runs are real: the first amount and the result of the committed stories, one after the other. The queue is
simulated with the times measured: visitors arrive at random during one hour, each asks for ten estimates, a result
and one correction, and two runs go on at a time.
"""

import argparse
import heapq
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

SLOTS = 2
HOUR = 3600.0
RUNS_A_VISIT = 12
GOAL_WAIT, GOAL_QUESTION, GOAL_RESULT = 2.0, 0.080, 0.500


def measured(stories: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each run, and of each replay of the answers that a question's page makes."""
    from services.aids import results
    from services.aids.asking.variants import assume
    from services.aids.interview import running
    from tests.services.aids.interviews import STORIES, replay, tell

    runs, replays = [], []
    for warm in (False, True):
        for story in list(STORIES.values())[:stories]:
            interview, found, _count = tell(story["answers"], story["commune"])
            others = [question for _name, question in found.waiting]
            for household in (assume(found.household, others), found.household):
                began = time.perf_counter()
                results.compute(household, combined=running.COMBINED)
                runs += [time.perf_counter() - began] * warm
            began = time.perf_counter()
            replay(interview, story["commune"])
            replays += [time.perf_counter() - began] * warm
    return runs, replays


def waits(runs: Sequence[float], visitors: int) -> list[float]:
    """Simulate an hour; return the seconds that each run waited for a slot."""
    chance = random.Random(f"{visitors} visitors")
    asked = sorted(chance.uniform(0, HOUR) for _ in range(visitors * RUNS_A_VISIT))
    free = [0.0] * SLOTS
    found = []
    for moment in asked:
        began = max(moment, heapq.heappop(free))
        found.append(began - moment)
        heapq.heappush(free, began + chance.choice(runs))
    return found


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=2000)
    parser.add_argument("--smoke", action="store_true", help="three stories instead of twenty")
    asked = parser.parse_args()
    visitors = asked.visitors
    runs, replays = measured(3 if asked.smoke else 20)
    waited = waits(runs, visitors)
    print(f"replay of the answers   p50 {statistics.median(replays) * 1000:.1f} ms")
    print(f"run of the engine       p50 {statistics.median(runs) * 1000:.0f} ms, p95 {p95(runs) * 1000:.0f} ms")
    print(f"{visitors} visitors an hour   wait p95 {p95(waited) * 1000:.0f} ms, longest {max(waited):.2f} s")
    kept = statistics.median(replays) <= GOAL_QUESTION and statistics.median(runs) <= GOAL_RESULT
    return 0 if kept and p95(waited) <= GOAL_WAIT else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    ROOT = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    import django

    django.setup()
    raise SystemExit(main())
