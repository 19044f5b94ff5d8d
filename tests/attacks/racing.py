"""Readers against a stop: processes that read one grant after another as fast as they can, while somebody stops each.

    python -m tests.attacks.racing GRANT…   one reader of these grants, in this order

All clocks are the machine's monotonic one, the same for every process. A reader says, for each grant, when its last successful reading
began and when its values were open (inside the gate, before its transaction ended); then it goes to the next grant.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

FIELD = "fiscal.avis_ir#/revenu_fiscal_reference"


@dataclass(frozen=True)
class Outcome:
    reads: int
    #: Readings whose values were opened after the stop was acknowledged, and readings begun after it that succeeded.
    opened_late: int
    begun_late: int
    stops: list[float]

    @property
    def p50(self) -> float:
        return statistics.median(self.stops)

    @property
    def p99(self) -> float:
        return sorted(self.stops)[int(0.99 * (len(self.stops) - 1))]


def race(grants: Any, *, readers: int, stop: Any) -> Outcome:
    """`stop(grant)` returns once the stop is acknowledged. Each round waits until every reader has read the grant at least once."""
    command = [sys.executable, "-m", "tests.attacks.racing", *(f"{grant.resident_id}:{grant.pk}" for grant in grants)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(readers)]
    said: list[list[dict[str, Any]]] = [[] for _ in started]
    heard = threading.Condition()

    def listen(place: int) -> None:
        for line in started[place].stdout or ():
            with heard:
                said[place].append(json.loads(line))
                heard.notify_all()

    ears = [threading.Thread(target=listen, args=[place], daemon=True) for place in range(readers)]
    for ear in ears:
        ear.start()
    acknowledged, times = [], []
    try:
        for number, grant in enumerate(grants):
            with heard:
                here = heard.wait_for(partial(_all_have_read, said, number), timeout=120)
            assert here, "a reader stopped reading"
            began = time.monotonic()
            stop(grant)
            acknowledged.append(time.monotonic())
            times.append((acknowledged[-1] - began) * 1000)
        for ear in ears:
            ear.join(timeout=60)
    finally:
        for process in started:
            process.kill()
            process.wait()
    return _outcome(said, acknowledged, times)


def _all_have_read(said: list[list[dict[str, Any]]], number: int) -> bool:
    return all(any(line.get("first") == number for line in lines) for lines in said)


def _outcome(said: list[list[dict[str, Any]]], acknowledged: list[float], times: list[float]) -> Outcome:
    ends = [line for lines in said for line in lines if "reads" in line]
    assert len(ends) == len(said) * len(acknowledged), "a reader did not see every grant refused"
    return Outcome(
        reads=sum(line["reads"] for line in ends),
        opened_late=sum(line["opened"] > acknowledged[line["number"]] for line in ends),
        begun_late=sum(line["begun"] > acknowledged[line["number"]] for line in ends),
        stops=times,
    )


def _say(**line: float) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def read_all(named: list[str]) -> None:
    from vault.records import gate
    from vault.records.gate import decrypting, granted_reads
    from vault.records.models import Grant

    opened_at = [0.0]
    decrypt_records = decrypting.decrypt_records

    def watched(*args: Any) -> Any:
        values = decrypt_records(*args)
        opened_at[0] = time.monotonic()
        return values

    vars(granted_reads)["decrypt_records"] = watched
    for number, name in enumerate(named):
        resident, _colon, key = name.partition(":")
        grant = Grant(pk=UUID(key), resident_id=UUID(resident), purpose="Essayer", recipient_label="Paul", mode="look")
        reads, begun = 0, 0.0
        while True:
            start = time.monotonic()
            try:
                gate.read(grant=grant, fields=[FIELD])
            except gate.Refused:
                break
            reads, begun = reads + 1, start
            if reads == 1:
                _say(first=number)
        _say(number=number, reads=reads, begun=begun, opened=opened_at[0])


if __name__ == "__main__":
    import django

    django.setup()
    read_all(sys.argv[1:])
