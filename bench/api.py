"""Measure a reading by the API beside a bare reading by the gate, and both again among many grants and entries.

    python -m ops.cluster run -- python bench/api.py [--smoke] [--grants 200000] [--lines 1000000]

Both read the same fields of the same resident, in turns, so that what else the machine does slows both. The API's
call goes through the whole of Django in this process: the network and the web server are not in it. Then processes
call and read as fast as they can, each for its own resident, a second each in turn.
Then grants of other residents to the same service, and
entries of other journals, are filled in. The exit code is 1 if a budget is missed: 1.5 times the gate's median, 0.6 of
its readings a second, and in the filled city no more than 1.25 times as many of the gate's medians as before.

Needs a migrated database, and leaves its residents there: `python -m ops.bench api` makes and drops one.
"""

import argparse
import hashlib
import logging
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

# Without DEBUG, which keeps each query.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.demo")
os.environ.setdefault("API_CALLS_A_MINUTE", "10000000")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "platform")])

import django

django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone
from django_scopes import scope

from certification.access.actions import clients
from certification.access.enums import VAULT, Environment
from certification.access.models import AccessToken, Client
from certification.labels.models import PurposeVersion
from core.journal import checkpoints
from tests.accounts.factories import ResidentFactory
from tests.certification.made import INCOME, PARTS, given, labelled, member, publisher, service, version_of
from tests.vault.made import add_signed_notice
from vault.records import gate
from vault.records.models import Grant

FIELDS = [INCOME, PARTS]
CALLS, SECONDS, AT_ONCE, BATCH = 400, 5, 4, 100_000
SLOWER, RATE, FLAT = 1.5, 0.6, 1.25
APPLICATION = get_wsgi_application()
LINES = """
WITH leaves AS (
    INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)
    SELECT md5('api' || line %% %(residents)s)::uuid, line / %(residents)s + 1, now(),
        sha256(int8send(line)), sha256(int8send(-line))
    FROM generate_series(%(first)s, %(last)s) line
    RETURNING id, resident_id, at)
INSERT INTO core_journalentry (id, resident_id, created_at, leaf_id, content)
SELECT gen_random_uuid(), resident_id, at, id, decode(repeat(md5(id::text), 30), 'hex') FROM leaves
"""


class Reader:
    """A resident, the grant of a service, and a token of its program."""

    def __init__(self, grant: Grant, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.grant = grant
        self.environ = RequestFactory(SERVER_NAME="localhost").get("/api/v1/me/fields", headers=headers).environ

    def call(self) -> None:
        answer: Any = APPLICATION({**self.environ}, lambda *_told: lambda _written: None)
        body = b"".join(answer)
        answer.close()
        assert answer.status_code == 200, body

    def read(self) -> None:
        values = gate.read(grant=self.grant, fields=FIELDS, person=self.grant.resident_id)
        assert values.value(INCOME) == 12312


def make_reader(version: PurposeVersion, client: Client) -> tuple[Reader, str]:
    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    add_signed_notice(resident)
    grant, token = given(resident, version, PARTS), secrets.token_urlsafe(32)
    AccessToken.objects.create(
        user=resident,
        application=client,
        scope=VAULT,
        expires=timezone.now() + timedelta(hours=2),
        grant_id=grant.pk,
        token="",
        token_checksum=hashlib.sha256(token.encode()).hexdigest(),
    )
    return Reader(grant, token), f"{resident.pk}:{grant.pk}:{token}"


def medians(reader: Reader, calls: int) -> tuple[float, float]:
    """Return the medians of the API's call and of the gate's reading, in milliseconds, taken in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _time in range(calls):
        for kept, act in zip(times, (reader.call, reader.read), strict=True):
            began = time.perf_counter()
            act()
            kept.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def rates(named: Sequence[str]) -> tuple[float, float]:
    """Return the calls and the bare readings a second of one process for each reader, started together."""
    readers = [
        subprocess.Popen(
            [sys.executable, __file__, "--read", one], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for one in named
    ]
    for reader in readers:
        assert reader.stdout and reader.stdout.readline().strip() == "ready"
    for reader in readers:
        assert reader.stdin
        reader.stdin.write("go\n")
        reader.stdin.flush()
    counts = [[int(one) for one in reader.communicate()[0].split()] for reader in readers]
    return sum(calls for calls, _reads in counts) / SECONDS, sum(reads for _calls, reads in counts) / SECONDS


def read_for_a_while(named: str) -> None:
    """Call for a second, read bare for a second, and so on. Runs in its own process, in step with the others."""
    resident, key, token = named.split(":")
    with scope(resident=UUID(resident)):
        reader = Reader(Grant.objects.get(pk=UUID(key)), token)
    acts: list[Callable[[], None]] = [reader.call, reader.read]
    for act in acts:
        act()
    print("ready", flush=True)
    sys.stdin.readline()
    counts, begun = [0, 0], time.monotonic()
    for slot in range(2 * SECONDS):
        while time.monotonic() < begun + slot + 1:
            acts[slot % 2]()
            counts[slot % 2] += 1
    print(*counts)


def fill_grants(grant: Grant, count: int) -> None:
    """Give the service as many grants of residents who do not exist."""
    names = [str(field.column) for field in Grant._meta.concrete_fields]  # noqa: SLF001 - Django documents it
    values = {"id": "gen_random_uuid()", "resident_id": "md5('api' || line)::uuid"}
    columns = ", ".join(values.get(str(name), f"one.{name}") for name in names)
    for first in range(1, count + 1, BATCH):
        last = min(first + BATCH - 1, count)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO records_grant ({', '.join(names)}) SELECT {columns}"
                " FROM records_grant one, generate_series(%s, %s) line WHERE one.id = %s",
                [first, last, grant.pk],
            )


def fill_lines(count: int) -> None:
    for first in range(1, count + 1, BATCH):
        values = {"first": first, "last": min(first + BATCH - 1, count), "residents": 20_000}
        with connection.cursor() as cursor:
            cursor.execute(LINES, values)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--grants", type=int, default=200_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--smoke", action="store_true", help="few of everything: that it runs is all that is asked")
    asked = parser.parse_args()
    logging.disable()
    if asked.read:
        read_for_a_while(asked.read)
        return 0
    calls = 20 if asked.smoke else CALLS
    if asked.smoke:
        asked.grants, asked.lines = 100, 100
    house = publisher()
    owner = member(house)
    version = version_of(labelled(owner, service(owner, house)))
    client, _secret = clients.register(
        service=version.service, by=owner, environment=Environment.LIVE, redirect_uris=["https://un.example/retour"]
    )
    made = [make_reader(version, client) for _ in range(AT_ONCE)]
    checkpoints.seal()
    reader, named = made[0][0], [name for _reader, name in made]

    medians(reader, 10)
    api, bare = medians(reader, calls)
    print(f"{len(FIELDS)} fields: the API's median {api:.1f} ms, the gate's {bare:.1f} ms: {api / bare:.2f} times")
    fast, base = rates(named)
    print(f"{AT_ONCE} processes: {fast:.0f} calls a second, {base:.0f} bare readings: {fast / base:.2f}")
    began = time.monotonic()
    fill_grants(reader.grant, asked.grants)
    fill_lines(asked.lines)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE records_grant; ANALYZE core_journalleaf; ANALYZE core_journalentry")
    print(f"{asked.grants} more grants and {asked.lines} more entries filled in in {time.monotonic() - began:.0f} s")
    checkpoints.seal()
    medians(reader, 10)
    later, bare_later = medians(reader, calls)
    print(f"among them: the API's median {later:.1f} ms ({later / api:.2f} times), the gate's {bare_later:.1f} ms")
    missed = [
        name
        for name, is_missed in {
            f"the API's median is more than {SLOWER} times the gate's": api > SLOWER * bare,
            f"fewer than {RATE} of the gate's readings a second": fast < RATE * base,
            f"more than {FLAT} times slower in the filled city": later / bare_later > FLAT * api / bare,
        }.items()
        if is_missed
    ]
    for name in missed:
        print(f"MISSED: {name}")
    return 1 if missed and not asked.smoke else 0


if __name__ == "__main__":
    sys.exit(main())
