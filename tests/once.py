"""What gives the same answer each time is done once: drawing a fictional paper (200 ms) for a whole run, reading the
same bytes and drawing the same letter in a child process (tests/forked.py), simulating the same household (150 ms) and
preparing the rows that come with the software (20 ms) for a worker. Each dossier is drawn in such a child.

The first time is a real one. Tests of the children (tests/vault/readers, tests/faults, tests/core/test_pdf_apart.py,
tests/services/dossiers/test_process.py) and of the engine (tests/services/aids/test_engine.py, test_corrected.py,
test_edges.py, test_properties.py) never use this.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import pytest
from django.db import connection, transaction
from django.db.models import Model

from core.pdf.apart import NotDrawn
from demo.papers import specimens
from services.dossiers.pdf import render
from tests import forked
from vault.readers import sandbox

#: Larger files are read each time, so that a worker's memory stays small.
MOST = 1_000_000
ANSWERS: dict[tuple[str, ...], bytes] = {}
real_child = sandbox._child
real_drawing = specimens._drawn


def drawn(page: str) -> bytes:
    """Return the paper, drawn by this process or by another one of the run."""
    file = Path(os.environ["GARANT_RUN"], "drawn", hashlib.sha256(page.encode()).hexdigest())
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        fresh.write_bytes(real_drawing(page))
        fresh.rename(file)
    return file.read_bytes()


class Resumed(io.RawIOBase):
    """A stream whose start was read already."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self.start, self.rest = io.BytesIO(start), rest

    def read(self, size: int = -1) -> bytes:
        return self.start.read(size) or self.rest.read(size)


@contextlib.contextmanager
def child(mode: str, options: dict[str, Any], stream: BinaryIO, *, cpu_seconds: int) -> Iterator[IO[bytes]]:
    start = stream.read(MOST + 1)
    if len(start) > MOST:
        with real_child(mode, options, cast(BinaryIO, Resumed(start, stream)), cpu_seconds=cpu_seconds) as output:
            yield output
        return
    question = str(sandbox.CHILD), mode, json.dumps(options), hashlib.sha256(start).hexdigest()
    if question not in ANSWERS:
        sent = json.dumps(options).encode() + b"\n" + start
        said = forked.parent("vault.readers.child").answer(sent, *sandbox.words_of(mode, options, cpu_seconds))
        if not said.endswith(b"\n") or len(said) > MOST:
            yield io.BytesIO(said)
            return
        ANSWERS[question] = said
    yield io.BytesIO(ANSWERS[question])


@lru_cache(100)
def letter(html: str, *, style: str, tagged: bool = True) -> bytes:
    asked = json.dumps({"html": html, "style": style, "tagged": tagged})
    said = forked.parent("core.pdf.child").answer(asked.encode())
    if not said.startswith(b"%PDF"):
        raise NotDrawn
    return said


def dossier(sent: list[bytes], *, total: int, most: int, progress: render.Progress) -> tuple[bytes, int]:
    said = forked.parent("services.dossiers.pdf.layer").answer(b"".join(sent))
    return render.answer(io.BytesIO(said), total=total, most=most, progress=progress)


class Rows:
    """The rows that `load` adds to an empty table, added by one statement from the second time on.

    Their MACs name their numbers, which are far from those that the database gives.
    """

    def __init__(self, model: type[Model], load: Callable[[], object]) -> None:
        self.model, self.table, self.load = model, model._meta.db_table, load
        self.columns = ", ".join(f'"{field.column}"' for field in model._meta.local_fields)
        self.kept = ""

    def add(self) -> None:
        if not self.kept:
            with transaction.atomic():
                self.load()
                rows = list(self.model._default_manager.all())
                transaction.set_rollback(True)
            for number, row in enumerate(rows):
                row.pk = 1_000_000 + number
            self.model._default_manager.bulk_create(rows)
        with connection.cursor() as cursor:
            if not self.kept:
                cursor.execute(f'SELECT json_agg(one)::text FROM "{self.table}" one')
                self.kept = cursor.fetchone()[0]
                return
            cursor.execute(
                f'INSERT INTO "{self.table}" ({self.columns}) SELECT {self.columns}'
                f' FROM json_populate_recordset(NULL::"{self.table}", %s::json)',
                [self.kept],
            )


SIMULATED = "services.aids.engine.run"


@lru_cache(maxsize=1)
def simulated() -> Any:
    """Return the engine's `run`, which keeps the results of the last 300 lists of households.

    Two households that differ by the ids of their persons alone have the same result.
    """
    real = sys.modules[SIMULATED].run

    @lru_cache(300)
    def kept(households: tuple[Any, ...], stock: bool, steady: bool) -> Any:
        return real(households, stock=stock, steady=steady)

    def run(households: Any, *, stock: bool = False, steady: bool = True) -> Any:
        ranks: dict[str, str] = {}
        for household in households:
            for person in household.people:
                ranks.setdefault(person.id, f"<{len(ranks)}>")
        done = kept(tuple(renamed(household, ranks) for household in households), stock, steady)
        ids = {rank: own for own, rank in ranks.items()}
        batches = {id(batch): batch for batch, _local in done._places.values()}
        batches = {key: seated(batch, ids) for key, batch in batches.items()}
        return replace(
            done,
            households=list(households),
            read={},
            first=[owned(amounts, ids) for amounts in done.first],
            steady=[owned(amounts, ids) for amounts in done.steady],
            _places={row: (batches[id(batch)], local) for row, (batch, local) in done._places.items()},
        )

    return run


def renamed(household: Any, names: Mapping[str, str]) -> Any:
    """Return the household with other ids of its persons, also in its benefits and in the keys of unknown values."""
    people = tuple(replace(person, id=names[person.id]) for person in household.people)
    benefits = household.benefits
    if benefits is not None:
        benefits = tuple(replace(paid, person=names.get(paid.person, paid.person)) for paid in benefits)
    unknown = frozenset(
        re.sub(r"(?<=\[)(.+?)(?=\])", lambda found: names.get(found[0], found[0]), key) for key in household.unknown
    )
    return replace(household, people=people, benefits=benefits, unknown=unknown)


def owned(amounts: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """Return the amounts with the persons' own ids in the names of personal benefits: "p1.aah"."""
    return {".".join(ids.get(part, part) for part in name.split(".")): value for name, value in amounts.items()}


def seated(batch: Any, ids: Mapping[str, str]) -> Any:
    """Return the batch with the persons' own ids."""
    place = {(row, ids.get(rank, rank)): seat for (row, rank), seat in batch.seats.place.items()}
    return replace(batch, seats=replace(batch.seats, place=place))


def engine(patch: pytest.MonkeyPatch) -> None:
    """Keep the engine's results, in a process that has loaded it."""
    if SIMULATED in sys.modules:
        patch.setattr(sys.modules[SIMULATED], "run", simulated())
