"""Large files of data in the limited child: the records are the same as outside it."""

import io
import json
import os
import select
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import time_machine

from bench.readers import made
from demo.papers import specimens
from tests.fixtures import travels
from tests.fixtures.notices import FACTS
from tests.fixtures.readings import read
from vault.readers import Reading, sandbox


def contents(reading: Reading) -> list[tuple[str, Any]]:
    return [(record["type"], record["payload"]) for record in reading.records]


@pytest.mark.parametrize(
    "data", [made("curve", 0), travels.timeline(4)], ids=["17,520 half-hours", "a Timeline of 4 MB"]
)
def test_the_child_reads_what_the_reader_reads(data: bytes) -> None:
    reading = sandbox.read(io.BytesIO(data), trust_test_authority=False)
    assert contents(reading) == contents(read(data))
    assert reading.facts
    assert len(reading.records) > 10


def test_positions_are_not_kept() -> None:
    """A day has 360 path points in the file; only the ends of its three trips are kept."""
    reading = sandbox.read(io.BytesIO(travels.timeline(0.1)), trust_test_authority=False)
    segments = [
        leg
        for record in reading.records
        if record["type"] == "mobilite.trajet"
        for leg in record["payload"]["segments"]
    ]
    assert {key for leg in segments for key in leg} == {
        "mode",
        "mode_confirme",
        "debut",
        "fin",
        "distance_m",
        "origine",
        "destination",
    }


def test_a_program_that_a_child_started_before_it_was_confined_ends_with_it(tmp_path: Path) -> None:
    """No child of ours starts one, and a confined one cannot: the group is killed all the same."""
    script = tmp_path / "child.py"
    script.write_text(
        "import json, subprocess, sys\n"
        "started = subprocess.Popen(['sleep', '600'])\n"
        "print(json.dumps({'pid': started.pid}), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with sandbox._process(script, [], b"{}\n", io.BytesIO(), cpu_seconds=20) as output:
        started = os.pidfd_open(json.loads(output.readline())["pid"])
    ended, _, _ = select.select([started], [], [], 30)
    os.close(started)
    assert ended


def test_a_paper_of_the_day_is_believed_from_midnight_in_paris_on() -> None:
    """The child has the day of its parent: in another zone, or by a clock of its own, the code is of tomorrow."""
    notice = specimens.tax_notice(**FACTS | {"income_year": 2030, "issued_on": date(2031, 1, 2)})
    found = []
    for moment in ("2031-01-01T23:59:00+01:00", "2031-01-02T00:01:00+01:00"):
        with time_machine.travel(moment, tick=False):
            found.append(sandbox.read(io.BytesIO(notice), trust_test_authority=True).records)
    before, after = found
    assert not before
    assert [record["type"] for record in after] == ["fiscal.avis_ir"]
