"""`/metrics`: who may read it, that it names nobody, and that five rules of ops/alerts.yml fire when they should."""

import operator
import re
import shutil
from collections import namedtuple
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django_scopes import scopes_disabled

from config import environment
from core import jobs
from core.journal import checkpoints
from core.messages import mails, sms
from core.models import Checkpoint, Job, WorkerBeat
from core.operations import health, metrics
from core.residents import prepare
from core.telemetry import counters
from ops.cluster import ROOT
from tests.addresses import routes

pytestmark = pytest.mark.django_db
RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load((ROOT / "ops" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
SIMPLE = re.compile(r'(?P<name>\w+)(?:\{(?P<label>\w+)="(?P<value>\w+)"\})? (?P<sign>[<>]|==) (?P<number>\d+)')
SIGNS = {"<": operator.lt, ">": operator.gt, "==": operator.eq}
SAMPLE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*)\})? (?P<value>\+Inf|\d+)')
TOKEN = "t" * 40


@pytest.fixture(autouse=True)
def _own_counts(settings, tmp_path):
    settings.VAR = tmp_path


def read(client, **headers):
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    lines = [line for line in response.content.decode().splitlines() if not line.startswith("#")]
    parsed = [SAMPLE.fullmatch(line) for line in lines]
    assert all(parsed), lines
    return [(one["name"], one["labels"] or "", float(one["value"])) for one in parsed if one]


def value(client, name, labels=""):
    return next((number for found, within, number in read(client) if (found, within) == (name, labels)), None)


def fires(client, alert):
    """Say whether a rule that compares one metric with a number fires now, without its `for`."""
    rule = SIMPLE.fullmatch(RULES[alert]["expr"])
    assert rule, alert
    wanted = f'{rule["label"]}="{rule["value"]}"' if rule["label"] else ""
    values = [number for name, labels, number in read(client) if name == rule["name"] and wanted in labels]
    assert values, f"{alert}: no sample"
    return any(SIGNS[rule["sign"]](number, float(rule["number"])) for number in values)


def test_this_machine_reads_it_and_nothing_that_a_proxy_passed_on_does(client):
    assert client.get("/metrics")["Content-Type"] == metrics.TYPE
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"):
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
    assert client.post("/metrics").status_code == 405


def test_a_token_reads_it_from_elsewhere_and_no_token_is_not_an_empty_one(client, settings):
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", headers={"Authorization": "Bearer "}, **far).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, **far).status_code == 200
    for wrong in (TOKEN, f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": wrong}, **far).status_code == 404


def test_a_token_that_is_too_short_stops_the_start(monkeypatch):
    monkeypatch.setenv("METRICS_TOKEN", "short")
    with pytest.raises(ImproperlyConfigured, match="METRICS_TOKEN is too short"):
        environment.token("METRICS_TOKEN")
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    assert environment.token("METRICS_TOKEN") == TOKEN


def test_what_residents_do_is_shown_in_whole_tens_and_faults_to_the_unit(client):
    for _ in range(19):
        counters.add_request("home", 200, 0.3)
    counters.add_request("home", 503, 20)
    counters.add("garant_mail_failures_total")
    assert value(client, "garant_requests_total", 'route="home",status="200"') == 10
    assert value(client, "garant_requests_total", 'route="home",status="503"') == 0
    assert value(client, "garant_server_errors_total") == value(client, "garant_mail_failures_total") == 1
    assert value(client, "garant_request_seconds_bucket", 'le="0.2"') == 0
    assert value(client, "garant_request_seconds_bucket", 'le="0.4"') == 10
    assert value(client, "garant_request_seconds_bucket", 'le="+Inf"') >= 20
    not_exact = [name for name, metric in metrics.METRICS.items() if not metric.exact]
    steps = [number for name, _labels, number in read(client) if metrics.metric_of(name) in not_exact]
    assert steps and not any(number % metrics.STEP for number in steps)


def test_a_request_is_counted_by_its_route_and_never_by_its_url(client):
    for _ in range(10):
        client.get("/aide/camille-durand/")
        client.get(f"/nowhere/{uuid4()}")
    found = {labels for name, labels, _ in read(client) if name == "garant_requests_total"}
    assert 'route="help_question",status="404"' in found and 'route="",status="404"' in found
    labels = {part for _, labels, _ in read(client) for part in labels.split(",") if labels}
    known = {"route", "status", "le", "reader", "reason", "api", "outcome", "kind", "state", "part", "queue", "folder"}
    assert {part.partition("=")[0] for part in labels} <= known
    names = {name for name, _ in routes()} | {""}
    assert {part.split('"')[1] for part in labels if part.startswith("route=")} <= names


def test_jobs_are_counted_without_a_resident_and_one_that_just_began_to_wait_is_not_shown(client):
    person, kind = prepare_job()
    with scopes_disabled():
        Job.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    assert value(client, "garant_jobs", f'kind="{kind}",state="waiting"') == 0
    assert value(client, "garant_jobs_oldest_seconds", f'kind="{kind}"') == 0
    assert str(person) not in client.get("/metrics").content.decode()


def test_a_mail_and_a_text_that_do_not_leave_are_counted(client, settings, monkeypatch):
    def refuse(*_):
        raise mails.NotSent

    monkeypatch.setattr(mails._post, "hand_over", refuse)
    monkeypatch.setattr(mails, "write", lambda *_, **__: None)
    with pytest.raises(mails.NotSent):
        mails.send("any", to=["a@ville.example"])
    settings.SMS_PROVIDER = "tests.core.test_sms.Broken"
    assert not sms.send(number="+33612345678", text="x")
    assert value(client, "garant_mail_failures_total") == value(client, "garant_text_failures_total") == 1


def test_a_job_that_an_error_stops_is_counted(client):
    person, _kind = prepare_job()
    with scopes_disabled():
        (job,) = Job.objects.all()
    with jobs.running(job.pk):
        raise RuntimeError
    assert value(client, "garant_job_failures_total") == 1


def prepare_job():
    person = uuid4()
    prepare(person)
    (kind, *_) = jobs._kinds
    jobs.create(resident_id=person, kind=kind, subject_id=person, purpose="x")
    return person, kind


def silence_a_worker(settings, tmp_path, monkeypatch):
    WorkerBeat.objects.filter(queue="default").update(at=timezone.now() - timedelta(minutes=3))


def keep_a_job_waiting(settings, tmp_path, monkeypatch):
    prepare_job()
    with scopes_disabled():
        Job.objects.update(created_at=timezone.now() - timedelta(minutes=16))


def stop_sealing(settings, tmp_path, monkeypatch):
    now = timezone.now() + timedelta(hours=2)
    health.heard_from([*health.worked_queues(), health.SCHEDULER])
    monkeypatch.setattr(metrics, "timezone", SimpleNamespace(now=lambda: now))


def fill_the_disk(settings, tmp_path, monkeypatch):
    """Of the tests' machine, the disk cannot be filled."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(2**40, 2**40, 2**20))


def lose_the_keeper(settings, tmp_path, monkeypatch):
    settings.KEYRING, settings.MAKE_KEYRING = f"keeper://{tmp_path}/no-socket", False


PLAYED = {
    "WorkerDead": silence_a_worker,
    "JobsOld": keep_a_job_waiting,
    "CheckpointLate": stop_sealing,
    "DiskFull": fill_the_disk,
    "KeeperDown": lose_the_keeper,
}


@pytest.mark.parametrize("alert", PLAYED)
def test_a_played_fault_fires_its_alert(alert, client, settings, tmp_path, monkeypatch):
    health.heard_from([*health.worked_queues(), health.SCHEDULER, health.BACKUP])
    prepare_job()
    checkpoints.seal()
    assert not any(fires(client, one) for one in PLAYED)
    PLAYED[alert](settings, tmp_path, monkeypatch)
    assert fires(client, alert)


def test_what_was_never_heard_of_fires_too(client):
    WorkerBeat.objects.all().delete()
    assert Checkpoint.objects.count() == 0
    for alert in ("WorkerDead", "SchedulerDead", "BackupOld", "OldKeysKept", "JournalsNotWhole", "CheckpointLate"):
        assert fires(client, alert)
    assert not fires(client, "CheckpointNotCopied")


def test_a_database_that_is_down_leaves_the_rest_readable(client, monkeypatch):
    monkeypatch.setattr(health, "_database", lambda: False)
    assert fires(client, "DatabaseDown")
    assert not [name for name, *_ in read(client) if name.startswith("garant_jobs")]


def test_each_rule_names_a_metric_that_exists_and_has_a_line_that_says_what_to_do(client):
    assert len(RULES) >= 20
    page = (ROOT / "docs" / "alerts.md").read_text()
    for alert, rule in RULES.items():
        names = set(re.findall(r"\bgarant_\w+", rule["expr"]))
        assert names or rule["expr"].startswith("up{"), alert
        assert {metrics.metric_of(name) for name in names} <= metrics.METRICS.keys(), alert
        assert re.search(rf"^\| `{alert}` \| {rule['labels']['severity']} \| \S", page, re.MULTILINE), alert
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == RULES.keys()


def test_a_rule_s_labels_are_those_of_the_samples(client):
    answers = {labels for name, labels, _ in read(client) if name == "garant_up"}
    for rule in RULES.values():
        for part in re.findall(r'garant_up\{(part="\w+")\}', rule["expr"]):
            assert part in answers
