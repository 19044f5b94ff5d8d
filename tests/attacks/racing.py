"""Readers against a stop: processes read one grant after another as fast as they can, while the test stops each.

    python -m tests.attacks.racing GRANT…   one reader of these grants, in this order
    python -m tests.attacks.racing_office …  one agent who opens requests, in this order

All times are the machine's monotonic clock, the same in every process. For each grant, a reader reports when its last
successful read began and when its values were decrypted (inside the gate, before its transaction ended).
"""

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from tests.nursery import Forked

FIELD = "fiscal.avis_ir#/revenu_fiscal_reference"


@dataclass(frozen=True)
class Outcome:
    reads: int
    #: Reads decrypted after the stop was acknowledged, and successful reads begun after it.
    opened_late: int
    begun_late: int
    stops: list[float]
    #: Attempts that began once the reader had been refused.
    tried: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.stops)

    @property
    def p99(self) -> float:
        return sorted(self.stops)[int(0.99 * (len(self.stops) - 1))]


def race(grants: Any, *, readers: int, stop: Any, words: Sequence[str] = ()) -> Outcome:
    """Stop each grant once every reader has read it. `stop(grant)` must return once the stop is acknowledged.

    Args:
        words: the module of the readers and its arguments, one for each grant at the end; by default this one.
    """
    named = words or ["tests.attacks.racing", *(f"{grant.resident_id}:{grant.pk}" for grant in grants)]
    started = [Forked(*named) for _ in range(readers)]
    reports: list[list[dict[str, Any]]] = [[] for _ in started]
    changed = threading.Condition()

    def listen(place: int) -> None:
        for report in started[place].stdout or ():
            with changed:
                reports[place].append(json.loads(report))
                changed.notify_all()

    listeners = [threading.Thread(target=listen, args=[place], daemon=True) for place in range(readers)]
    for listener in listeners:
        listener.start()
    acknowledged, times = [], []
    try:
        for number, grant in enumerate(grants):
            with changed:
                all_reading = changed.wait_for(partial(_all_have_read, reports, number), timeout=120)
            assert all_reading, "a reader stopped reading"
            began = time.monotonic()
            stop(grant)
            acknowledged.append(time.monotonic())
            times.append((acknowledged[-1] - began) * 1000)
        for listener in listeners:
            listener.join(timeout=60)
    finally:
        for process in started:
            process.kill()
            process.wait()
    return _outcome(reports, acknowledged, times)


def _all_have_read(reports: list[list[dict[str, Any]]], number: int) -> bool:
    return all(any(report.get("first") == number for report in of_reader) for of_reader in reports)


def _outcome(reports: list[list[dict[str, Any]]], acknowledged: list[float], times: list[float]) -> Outcome:
    ends = [report for of_reader in reports for report in of_reader if "reads" in report]
    assert len(ends) == len(reports) * len(acknowledged), "a reader did not see every grant refused"
    return Outcome(
        reads=sum(report["reads"] for report in ends),
        opened_late=sum(report["opened"] > acknowledged[report["number"]] for report in ends),
        begun_late=sum(report["begun"] > acknowledged[report["number"]] for report in ends),
        stops=times,
        tried=sum(report.get("tried", 0) for report in ends),
    )


def report(**values: float) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def read_all(named: list[str]) -> None:
    from django_scopes import scope

    from vault.records import gate
    from vault.records.gate import decrypting, granted_reads
    from vault.records.models import Grant

    opened_at = [0.0]
    decrypt_current = decrypting.decrypt_current

    def timed_decrypt(*args: Any, **named: Any) -> Any:
        values = decrypt_current(*args, **named)
        opened_at[0] = time.monotonic()
        return values

    names = vars(granted_reads)
    assert names["decrypt_current"] is decrypt_current, "the reads decrypt by another verb"
    names["decrypt_current"] = timed_decrypt
    for number, name in enumerate(named):
        resident, _colon, key = name.partition(":")
        with scope(resident=UUID(resident)):
            grant = Grant.objects.get(pk=UUID(key))
        reads, begun = until_refused(number, partial(gate.read, grant=grant, fields=[FIELD]), gate.Refused)
        report(number=number, reads=reads, begun=begun, opened=opened_at[0])


def until_refused(number: int, read: Callable[[], object], *refusals: type[Exception]) -> tuple[int, float]:
    """Read as fast as possible. Return how many reads succeeded, and when the last of them began."""
    reads, begun = 0, 0.0
    while True:
        start = time.monotonic()
        try:
            read()
        except refusals:
            return reads, begun
        reads, begun = reads + 1, start
        if reads == 1:
            report(first=number)


if __name__ == "__main__":
    import django

    django.setup()
    read_all(sys.argv[1:])
