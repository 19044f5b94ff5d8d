"""`/metrics`, for Prometheus: what runs, waits and fails here, without a person.

Counts come from `core/telemetry/counters.py` and are this machine's; what the database knows is the same on each
machine. What residents do is shown in whole tens only, so that nobody sees one act of one person there. Faults are
exact.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from django_scopes import scopes_disabled

from core.journal import checkpoints
from core.models import Checkpoint, Job
from core.operations import health
from core.telemetry import counters

#: What residents do is counted in steps of so many.
STEP = 10
#: A job that waits for less long is not shown: it would be one act of one person.
SHORT = 60
#: The age of what never was.
NEVER = float("inf")
TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Metric:
    """One metric. `exact`: a fault, shown to the unit; the others are acts of people."""

    kind: str
    help: str
    exact: bool = False


METRICS: dict[str, Metric] = {
    "garant_requests_total": Metric("counter", "Requests answered, by route and status, in whole tens."),
    "garant_request_seconds": Metric("histogram", "Time to answer a request, in whole tens of requests."),
    "garant_server_errors_total": Metric("counter", "Requests answered by 500 or more.", exact=True),
    "garant_gate_reads_total": Metric("counter", "Readings of vaults, by kind of reader, in whole tens."),
    "garant_gate_refusals_total": Metric("counter", "Readings refused, by reason, in whole tens."),
    "garant_pulls_total": Metric("counter", "Pulls from holders, by API and outcome, in whole tens."),
    "garant_city_refused_total": Metric("counter", "Pulls in which a holder refused the city itself.", exact=True),
    "garant_engine_runs_total": Metric("counter", "Runs of the engine of the aids, in whole tens."),
    "garant_mails_total": Metric("counter", "E-mails handed to the mail server, in whole tens."),
    "garant_mail_failures_total": Metric("counter", "E-mails that the mail server did not take.", exact=True),
    "garant_text_failures_total": Metric("counter", "Text messages that the provider did not take.", exact=True),
    "garant_job_ends_total": Metric("counter", "Jobs that ended, by kind and state, in whole tens."),
    "garant_job_failures_total": Metric("counter", "Jobs that an error stopped.", exact=True),
    "garant_up": Metric("gauge", "1 if the part answers, 0 if not.", exact=True),
    "garant_jobs": Metric("gauge", "Jobs that wait or run, by kind, in whole tens."),
    "garant_jobs_oldest_seconds": Metric("gauge", "Age of the oldest waiting job of a kind, from a minute on.", True),
    "garant_worker_silence_seconds": Metric("gauge", "Time since a worker of the queue gave a sign.", exact=True),
    "garant_scheduler_silence_seconds": Metric("gauge", "Time since the scheduler's last tick.", exact=True),
    "garant_backup_age_seconds": Metric("gauge", "Age of the last whole backup.", exact=True),
    "garant_keystores_age_seconds": Metric("gauge", "Time since old copies of keys were last deleted.", exact=True),
    "garant_verified_age_seconds": Metric("gauge", "Time since all journals were found whole.", exact=True),
    "garant_checkpoint_age_seconds": Metric("gauge", "Age of the journals' last checkpoint.", exact=True),
    "garant_checkpoint_uncopied_seconds": Metric("gauge", "Age of the oldest checkpoint without a copy.", exact=True),
    "garant_disk_free_bytes": Metric("gauge", "Free space of a folder's disk.", exact=True),
    "garant_disk_size_bytes": Metric("gauge", "Size of a folder's disk.", exact=True),
}
Samples = dict[str, float]
SUFFIXES = ("_bucket", "_sum", "_count")


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer to this machine, and to who has METRICS_TOKEN; to anybody else there is nothing here."""
    if not (_has_token(request) or _is_local(request)):
        raise Http404
    return HttpResponse(exposition(), content_type=TYPE)


def _has_token(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")


def _is_local(request: HttpRequest) -> bool:
    """Return True for a call from this machine that no proxy passed on: a proxy here has the same address."""
    passed_on = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
    if any(name in request.headers for name in passed_on):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def exposition() -> str:
    """Return all metrics as text. A metric without a sample is named all the same."""
    samples = _counted(counters.counts()) | _disks() | _inside()
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, value in samples.items():
        by_name[metric_of(name)].append(f"{name} {_written(value)}")
    lines: list[str] = []
    for name, metric in METRICS.items():
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}", *by_name[name]]
    return "\n".join(lines) + "\n"


def _written(value: float) -> str:
    return "+Inf" if value == NEVER else f"{value:.0f}"


def metric_of(name: str) -> str:
    """Return the metric of a sample: without its labels, and without the suffix of a histogram."""
    bare = name.partition("{")[0]
    return next((bare.removesuffix(end) for end in SUFFIXES if bare.removesuffix(end) in METRICS), bare)


def _counted(found: Mapping[str, float]) -> Samples:
    """Return the counts as they are shown: exact counts begin at zero, so that their first step is seen."""
    samples: Samples = {name: 0.0 for name, metric in METRICS.items() if metric.exact and metric.kind == "counter"}
    for name, value in found.items():
        metric = METRICS.get(metric_of(name))
        if metric and metric.kind == "counter":
            samples[name] = value if metric.exact else _in_tens(value)
    return samples | _histogram(found)


def _histogram(found: Mapping[str, float]) -> Samples:
    samples, total = {}, 0.0
    for bucket in [*map(str, counters.BUCKETS), "+Inf"]:
        name = counters.key("garant_request_seconds_bucket", le=bucket)
        total += found.get(name, 0)
        samples[name] = _in_tens(total)
    samples["garant_request_seconds_sum"] = _in_tens(found.get("garant_request_seconds_sum", 0))
    samples["garant_request_seconds_count"] = _in_tens(total)
    return samples


def _in_tens(value: float) -> float:
    return value // STEP * STEP


def _disks() -> Samples:
    samples = {}
    for name, (_folder, free, whole) in health.free_and_whole_space().items():
        samples[counters.key("garant_disk_free_bytes", folder=name)] = float(free)
        samples[counters.key("garant_disk_size_bytes", folder=name)] = float(whole)
    return samples


def _inside() -> Samples:
    """Return which parts answer, and what the database knows. While it is down, only which parts answer."""
    answers = health.parts_that_answer()
    samples = {counters.key("garant_up", part=part): float(up) for part, up in answers.items()}
    if answers["database"]:
        try:
            samples |= dict((*_jobs(), *_signs(), *_checkpoints()))
        except Error:
            samples[counters.key("garant_up", part="database")] = 0.0
    return samples


def _jobs() -> Iterator[tuple[str, float]]:
    active = (Job.State.WAITING, Job.State.RUNNING)
    with scopes_disabled():
        found = list(
            Job.objects.filter(state__in=active)
            .values_list("kind", "state")
            .annotate(number=Count("pk"), first=Min("created_at"))
            .order_by("kind", "state")
        )
    for kind, state, number, first in found:
        yield counters.key("garant_jobs", kind=kind, state=state), _in_tens(number)
        if state == Job.State.WAITING:
            age = _age(first)
            yield counters.key("garant_jobs_oldest_seconds", kind=kind), age if age >= SHORT else 0.0


def _signs() -> Iterator[tuple[str, float]]:
    signs = health.last_signs()
    for queue in health.worked_queues():
        yield counters.key("garant_worker_silence_seconds", queue=queue), _age(signs.get(queue))
    yield "garant_scheduler_silence_seconds", _age(signs.get(health.SCHEDULER))
    yield "garant_backup_age_seconds", _age(signs.get(health.BACKUP))
    yield "garant_keystores_age_seconds", _age(signs.get(health.KEYSTORES))
    yield "garant_verified_age_seconds", _age(signs.get(health.VERIFIED))


def _checkpoints() -> Iterator[tuple[str, float]]:
    yield "garant_checkpoint_age_seconds", _age(checkpoints.find_last_sealed())
    left = Checkpoint.objects.filter(anchored_at=None).order_by("number").first()
    yield "garant_checkpoint_uncopied_seconds", _age(left.at) if left else 0.0


def _age(moment: datetime | None) -> float:
    if moment is None:
        return NEVER
    return float(max(0, round((timezone.now() - moment).total_seconds())))
