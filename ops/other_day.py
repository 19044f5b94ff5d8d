"""Run the suite on another day: Python, PostgreSQL and Chromium all read a clock that is moved by the same seconds.

    python -m ops.other_day DAY [ARGUMENT…]     DAY as 2027-01-01T00:00:30, in Paris; arguments for pytest

Without a DAY (""), the one of this week is taken from DAYS.

libfaketime (Debian's `faketime`) moves the clock of every process that inherits the environment. The limited children,
which inherit none, keep the machine's. The database and everything else under var/ are made anew, so that no row or
file has a date of another run.
"""

import os
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ops.cluster import ROOT, Cluster, NoStart

LIBRARY = "faketime/libfaketime.so.1"
PARIS = ZoneInfo("Europe/Paris")
#: The first minute of a year; the two changes of the clock, each on a Sunday, the second one on the last of a month;
#: a Monday of another year; a leap day.
DAYS = (
    "2027-01-01T00:00:30",
    "2027-03-28T01:45:00",
    "2027-10-31T02:45:00",
    "2027-12-06T10:00:00",
    "2028-02-29T23:30:00",
)


def day_of_this_week() -> str:
    return DAYS[datetime.now(PARIS).isocalendar().week % len(DAYS)]


def find_library() -> Path:
    found = [path for folder in ("/usr/lib", "/usr/lib64") for path in Path(folder).glob(f"**/{LIBRARY}")]
    if not found:
        raise SystemExit("The clock is moved by libfaketime: apt-get install faketime")
    return found[0]


def environment(day: str, var: Path) -> dict[str, str]:
    """Return the variables under which a process reads a clock that shows `day` now. The files' times do not move."""
    seconds = int(datetime.fromisoformat(day).replace(tzinfo=PARIS).timestamp() - time.time())
    return os.environ | {
        "LD_PRELOAD": str(find_library()),
        "FAKETIME": f"{seconds:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "GARANT_VAR": str(var),
    }


def main() -> None:
    day, *arguments = sys.argv[1:] or [""]
    day = day or day_of_this_week()
    try:
        datetime.fromisoformat(day)
    except ValueError:
        raise SystemExit(f"“{day}” is no day: write it as 2027-01-01T00:00:30.") from None
    var = ROOT / "var" / "days" / day
    try:
        if var.exists():
            Cluster(var).reset()
    except NoStart as busy:
        raise SystemExit(str(busy)) from busy
    shutil.copytree(ROOT / "var" / "static", var / "static")
    variables = environment(day, var)
    print(f"The suite on {day}, in Paris (FAKETIME={variables['FAKETIME']})", flush=True)
    os.execvpe(sys.executable, [sys.executable, "-m", "pytest", *arguments], variables)


if __name__ == "__main__":
    main()
