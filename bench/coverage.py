"""Measure how often published intervals hold the true number, by how many residents a cell has. Needs no database.

Three plans of the templates are released again and again on the same contributions. An interval that covers its
number less than 94 times in 100, in a class of cells with a thousand shown ones, is a failure.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Before this folder, whose module has the name of the app.
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

import numpy as np

from campaigns.noise import mechanism
from campaigns.noise.plan import Plan, Table
from campaigns.noise.rows import EMPTY, width
from campaigns.noise.tally import Tally
from campaigns.plans.drafting import from_template
from tests.campaigns.made import words, zones

TEMPLATES = ("travel", "food", "energy")
CONTRIBUTIONS = (400, 3_000)
#: The greatest true number of each class.
CLASSES = (10, 20, 30, 50, 100, 1_000_000)
LEAST, JUDGED = 0.94, 1_000


def make_plan(template: str) -> Plan:
    zoning = {"code": "quartiers", "label": words("Quartiers"), "source": "Insee", "zones": zones()}
    title = {"fr": template, "en": template}
    return Plan.from_json(
        from_template(template, code=template, title=title, sponsor="Ville", zoning=zoning, today=date(2027, 1, 1))
    )


def pack_rows(plan: Plan, contributions: int) -> list[bytes]:
    """Return contributions whose cells go from crowded to nearly empty."""
    rng = np.random.default_rng(7)
    places = np.full((contributions, width(plan)), EMPTY, dtype=">u2")
    column = 0
    for dimension in plan.dimensions:
        weights = 0.55 ** np.arange(len(dimension.cells))
        for one in range(contributions):
            drawn = rng.choice(len(weights), size=dimension.most, replace=False, p=weights / weights.sum())
            places[one, column : column + dimension.most] = drawn
        column += dimension.most
    for measure in plan.measures:
        places[:, column] = rng.beta(2, 4, size=contributions) * measure.steps
        column += 1
    return [row.tobytes() for row in places]


def find_truth(plan: Plan, table: Table, tally: Tally, at: list[int | None]) -> tuple[int, float | None]:
    """Return the true number of a cell or a total, and its true mean in the measure's unit."""
    shape = [len(plan.dimension(code).cells) + 1 for code in table.dimensions]
    place = tuple(slice(None) if one is None else one for one in at)
    count = int(tally.counts[table.code].reshape(shape)[place].sum())
    if not table.measure or not count:
        return count, None
    measure = plan.measure(table.measure)
    of_sum = int(tally.sums[table.code].reshape(shape)[place].sum())
    return count, (measure.low + measure.high) / 2 + of_sum / count * measure.step / 2


def judge(plan: Plan, tally: Tally, document: Mapping[str, Any]) -> Iterator[tuple[str, int, bool | None]]:
    """Yield what each cell is, its true number, and whether its interval holds it: None if it is hidden."""
    for table, told in zip(plan.tables, document["tables"], strict=True):
        for cell in [*told["cells"], *told["totals"]]:
            count, mean = find_truth(plan, table, tally, cell["at"])
            number = cell.get("count", cell)
            held = number["low"] <= count <= number["high"] if cell["shown"] else None
            yield ("total" if None in cell["at"] else "count"), count, held
            if table.measure and mean is not None:
                yield "mean", count, cell["low"] <= mean <= cell["high"] if cell["shown"] else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="ten releases of each plan")
    releases = 10 if parser.parse_args().smoke else 200
    late = False
    for template in TEMPLATES:
        plan = make_plan(template)
        seen: Counter[tuple[str, int, bool | None]] = Counter()
        for contributions in CONTRIBUTIONS:
            rows = pack_rows(plan, contributions)
            tally = Tally(plan).add(rows)
            for _ in range(releases):
                document = mechanism.release(plan, plan.windows[0], rows, charge=lambda table, rho: None).document
                for kind, count, held in judge(plan, tally, document):
                    seen[kind, next(most for most in CLASSES if count <= most), held] += 1
        print(f"{template}, {releases} releases of each number of contributions")
        print("  kind, true number at most, cells, shown, intervals that hold it")
        for kind in ("count", "total", "mean"):
            for most in CLASSES:
                holds, fails = seen[kind, most, True], seen[kind, most, False]
                shown, hidden = holds + fails, seen[kind, most, None]
                share = f"{holds / shown:.3f}" if shown else "-"
                late |= shown >= JUDGED and holds / shown < LEAST
                if shown or hidden:
                    print(f"  {kind:5} {most:>9,} {shown + hidden:>7,} {shown:>7,} {share}")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
