"""Measure the reading of the largest files that people have, against a plain load of the same file.

They are a year of half-hours, ten years of moves, 300,000 positions, 20,000 events, 20,000 operations of a bank and a
bank's table of 100,000 rows, of which the newest 20,000 are kept.

    PYTHONPATH=platform python bench/readers.py [--smoke]

Each measurement, and the making of each file, is a separate process, since a process inherits its parent's peak
memory. "plain" is csv.reader or json.load on the same bytes; "reader" is the reader alone; "child" is what a page
waits for: the limited child, its answer, and the second check of each record. Memory is the process's peak, including
the interpreter. `--smoke` reads a tenth of each file but the first, and fails only on a limit.
"""

import argparse
import csv
import io
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1024 * 1024
WAYS = ("plain", "reader", "child")


@dataclass(frozen=True)
class File:
    """A file and the limits of the child: seconds from the file to its records, and megabytes of the child alone.

    `size` counts megabytes, or what its name says.
    """

    name: str
    size: float
    seconds: float
    memory: float
    plain: Callable[[bytes], object]


FILES = {
    "curve": File(
        "17,520 half-hours",
        1,
        1.5,
        250,
        lambda data: list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")),
    ),
    "timeline": File("Timeline", 50, 10, 600, json.loads),
    "gpx": File("GPX, positions", 300_000, 6, 150, lambda data: etree.fromstring(data)),
    "calendar": File("calendar, events", 20_000, 5, 250, lambda data: data.decode().splitlines()),
    "bank": File("bank table, rows", 20_000, 3, 250, lambda data: _cells(data)),
    "long": File("bank, newest rows", 100_000, 3, 250, lambda data: _cells(data)),
}
#: What the resident answers about the columns of the bank's table.
COLUMNS = {"Date": "date_operation", "Libellé": "libelle", "Débit": "debit", "Crédit": "credit"}
#: The file whose size does not change.
WHOLE = "curve"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="a tenth of the moves")
    parser.add_argument("--one", nargs=3, metavar=("FILE", "WAY", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return 0
    failed = False
    print(f"{'file':<20} {'size':>8} {'way':>7} {'wall':>8} {'cpu':>8} {'memory':>8} {'records':>8} {'limits':>16}")
    with TemporaryDirectory() as folder:
        for code, file in FILES.items():
            path = Path(folder) / code
            make = f"{file.size / (10 if options.smoke and code != WHOLE else 1)}"
            in_process(code, make, path)
            for way in WAYS:
                found = in_process(code, way, path)
                over = way == "child" and (found["wall"] > file.seconds or found["memory"] > file.memory)
                failed |= over
                print(
                    f"{file.name:<20} {path.stat().st_size / MEGABYTE:>5.1f} MB {way:>7} {found['wall']:>6.2f} s"
                    f" {found['cpu']:>6.2f} s"
                    f" {found['memory']:>5.0f} MB {found['records']:>8.0f} "
                    + (f"{file.seconds:>6} s {file.memory:>4} MB{'  OVER' if over else ''}" if way == "child" else "")
                )
    return int(failed)


def made(code: str, size: float) -> bytes:
    if code == "timeline":
        from tests.fixtures import travels

        return travels.timeline(size)
    if code != WHOLE:
        return {"gpx": positions, "calendar": events, "bank": operations, "long": operations}[code](int(size)).encode()
    top = (
        "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;"
        "Etape metier;Unite;Pas en minutes\n"
    )
    values = (
        "14000000000000;Courbe de charge;01/01/2023;01/01/2024;Energie active;Consommation;Comptage Brut;W;\n"
        "Horodate;Valeur\n"
    )
    start = datetime(2022, 12, 31, 23, tzinfo=UTC)
    stamps = (
        (start + timedelta(minutes=30 * rank)).astimezone(ZoneInfo("Europe/Paris")).isoformat()
        for rank in range(1, 17521)
    )
    return (top + values + "".join(f"{stamp};{200 + rank % 900}\n" for rank, stamp in enumerate(stamps))).encode()


def positions(count: int) -> str:
    """Return a track of one position a second: eighty minutes of walking, then forty of staying, and so on."""
    latitude, longitude, start = 46.0, -1.15, datetime(2026, 1, 1, tzinfo=UTC)
    written = []
    for rank in range(count):
        if rank % 7200 < 4800:
            latitude += 1.2e-5 * math.cos(rank / 900)
            longitude += 1.2e-5 * math.sin(rank / 900)
        seen = latitude + (rank * 7919 % 13 - 6) * 1e-6
        written.append(
            f'<trkpt lat="{seen:.6f}" lon="{longitude:.6f}"><ele>{20 + rank % 40}</ele>'
            f"<time>{(start + timedelta(seconds=rank)):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>\n"
        )
    top = '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="bench"><trk><trkseg>\n'
    return f"{top}{''.join(written)}</trkseg></trk></gpx>\n"


def events(count: int) -> str:
    written = (
        f"BEGIN:VEVENT\r\nUID:{rank}@bench\r\nSUMMARY:Réunion {rank}\r\nLOCATION:Salle {rank % 9}\r\n"
        f"DTSTART;TZID=Europe/Paris:2026{rank % 12 + 1:02}{rank % 28 + 1:02}T{rank % 24:02}0000\r\n"
        f"DTEND;TZID=Europe/Paris:2026{rank % 12 + 1:02}{rank % 28 + 1:02}T{rank % 24:02}3000\r\n"
        "DESCRIPTION:Ordre du jour\\, puis\r\n  questions\r\nBEGIN:VALARM\r\nTRIGGER:-PT10M\r\nEND:VALARM\r\n"
        "END:VEVENT\r\n"
        for rank in range(count)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(written)}END:VCALENDAR\r\n"


def operations(count: int) -> str:
    """Return a table whose columns the resident names (`COLUMNS`)."""
    start = datetime(2015, 1, 1, tzinfo=UTC)
    written = (
        f"{start + timedelta(hours=rank):%d/%m/%Y};CARTE {rank} BOULANGERIE;-{rank % 90},50;\r\n"
        for rank in range(count)
    )
    return f"Date;Libellé;Débit;Crédit\r\n{''.join(written)}"


def in_process(code: str, way: str, path: Path) -> dict[str, float]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings.dev"),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }
    command = [sys.executable, __file__, "--one", code, way, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(code: str, way: str, path: str) -> dict[str, float]:
    if way not in WAYS:
        return {"made": Path(path).write_bytes(made(code, float(way)))}
    data = Path(path).read_bytes()
    run: dict[str, Callable[[], int]] = {
        "plain": lambda: 0 * bool(FILES[code].plain(data)),
        "reader": lambda: _reader(data),
        "child": lambda: _child(data),
    }
    if way == "child":
        import django

        django.setup()
        _child(b"debut;kW\n2023-06-01 00:00:00;1\n")  # schemas and modules that a worker has long loaded
    start, spent = time.perf_counter(), _processor()
    records = run[way]()
    who = resource.RUSAGE_CHILDREN if way == "child" else resource.RUSAGE_SELF
    return {
        "wall": time.perf_counter() - start,
        "cpu": _processor() - spent,
        "memory": resource.getrusage(who).ru_maxrss / 1024,
        "records": records,
    }


def _processor() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode()), delimiter=";"))


def _reader(data: bytes) -> int:
    from vault import readers

    return _records(readers.read, data)


def _child(data: bytes) -> int:
    from vault.readers import sandbox

    return _records(sandbox.read, data)


def _records(read: Callable[..., Any], data: bytes) -> int:
    """Return how many records are read."""
    from vault.readers import Ask

    return len(read(io.BytesIO(data), trust_test_authority=False, ask=Ask(columns=COLUMNS)).records)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    sys.exit(main())
