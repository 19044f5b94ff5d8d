"""Log lines are JSON with the request's id, and hold no values from messages, errors or URLs."""

import json
import logging
import sys
from typing import Any

import pytest
from celery import shared_task
from django.http import HttpRequest

from config import environment
from core.telemetry import logs
from ops.cluster import ROOT

CANARY = "1 23 45 67 890 123 45"


def formatted(record) -> dict[str, Any]:
    return dict(json.loads(logs.JsonFormatter().format(record)))


def record(name, message, *args, **extra):
    made = logging.LogRecord(name, logging.INFO, "/srv/library/parser.py", 12, message, args, None)
    made.__dict__.update(extra)
    return made


def failing():
    try:
        try:
            int(CANARY)
        except ValueError as error:
            raise KeyError(CANARY) from error
    except KeyError:
        return sys.exc_info()


def test_our_own_records_have_a_constant_sentence_and_safe_values():
    found = formatted(record("core.jobs", "a job was lost", job="0189", kind="dossier", email="awa@courriel.example"))
    assert (found["message"], found["job"], found["kind"], found["level"]) == (
        "a job was lost",
        "0189",
        "dossier",
        "info",
    )
    assert "awa" not in str(found)


@pytest.mark.parametrize(
    "name", ["core.jobs", "vault.records.actions", "django.request", "celery.app.trace", "kombu.connection"]
)
def test_message_arguments_are_not_logged(name):
    assert CANARY not in str(formatted(record(name, "Not found: %s", CANARY)))
    assert formatted(record(name, "Not found: %s", CANARY))["message"] == "Not found: …"


@pytest.mark.parametrize(
    ("template", "args", "says"),
    [
        (
            "Task %(name)s[%(id)s] succeeded in %(runtime)ss: %(return_value)s",
            ({"name": CANARY},),
            "Task …[…] succeeded in …s: …",
        ),
        ("%s %.2f %5d", (CANARY, 1.5, 3), "… … …"),
        ("100 % of it, 5%s", (), "100 % of it, 5%s"),
    ],
)
def test_a_template_s_values_are_left_out_and_a_sentence_stays(template, args, says):
    assert formatted(record("celery.app.trace", template, *args))["message"] == says


@pytest.mark.parametrize("name", ["weasyprint", "pypdf._reader", "py.warnings", "corelib", "djangolike.x", ""])
def test_only_the_place_of_a_librarys_message_is_logged(name):
    found = formatted(record(name, f"cannot decode {CANARY}"))
    assert found["message"] == "parser.py:12"
    assert CANARY not in str(found)


def test_an_error_is_logged_by_types_and_places():
    made = logging.LogRecord("core.jobs", logging.ERROR, "x.py", 1, "failed", (), failing())
    found = formatted(made)
    assert [error["type"] for error in found["error"]] == ["builtins.KeyError", "builtins.ValueError"]
    assert found["error"][0]["places"][0].startswith("tests/core/test_logs.py:")
    assert found["error"][0]["places"][0].endswith(" failing")
    assert CANARY not in json.dumps(found)


def test_a_deep_file_of_ours_is_named_from_the_root():
    deep = ROOT / "vault/records/gate/decrypting.py"
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile("1 / 0", deep, "exec"))
    assert logs.errors(raised.value)[0]["places"][-1] == "vault/records/gate/decrypting.py:1 <module>"


def test_an_errors_arguments_notes_and_stack_are_not_logged():
    error = ValueError(CANARY)
    error.add_note(CANARY)
    made = logging.LogRecord("core.jobs", logging.ERROR, "x.py", 1, "failed", (), (ValueError, error, None))
    made.stack_info = CANARY
    made.exc_text = CANARY
    assert CANARY not in json.dumps(formatted(made))


def test_a_cycle_of_causes_ends():
    one, two = ValueError(), KeyError()
    one.__context__, two.__context__ = two, one
    assert len(logs.errors(one)) == 5


def test_djangos_request_records_have_the_route_not_the_url():
    request = HttpRequest()
    request.path = f"/verifier/{CANARY}/"
    request.resolver_match = type("Match", (), {"route": "verifier/<str:code>/"})()
    found = formatted(record("django.request", "%s: %s", "Not Found", request.path, request=request, status_code=404))
    assert (found["route"], found["status"]) == ("verifier/<str:code>/", 404)
    assert CANARY not in str(found)


def test_log_lines_have_their_requests_id():
    with logs.identified("abc"):
        assert formatted(record("core", "x"))["request"] == "abc"
    assert "request" not in formatted(record("core", "x"))


def test_a_record_is_one_line():
    assert "\n" not in logs.JsonFormatter().format(record("core", "two\nlines"))


def test_no_logger_of_the_settings_writes_in_another_format(settings):
    handlers = settings.LOGGING["handlers"]
    assert {handler["formatter"] for handler in handlers.values()} == {"json"}
    assert logging.getLogger("django").handlers == []
    assert logging.getLogger("django.server").handlers == []


@pytest.mark.parametrize(
    ("name", "message", "args", "extra"),
    [
        (
            "celery.worker.strategy",
            "Task %(name)s[%(id)s] received",
            (),
            {"data": {"name": "core.tasks.sweep", "args": CANARY}},
        ),
        ("celery.beat", "Scheduler: Sending due task %s (%s)", ("sweep", "core.tasks.sweep"), {}),
    ],
)
def test_a_line_about_a_task_has_its_name_and_no_argument(name, message, args, extra):
    found = formatted(record(name, message, *args, **extra))
    assert found["task"] == "core.tasks.sweep"
    assert CANARY not in str(found)


def test_a_line_written_inside_a_task_has_its_name():
    seen = []

    @shared_task(name="tests.logged")
    def work():
        seen.append(formatted(record("core.jobs", "a job was lost")))

    work.apply()
    assert seen[0]["task"] == "tests.logged"
    assert "task" not in formatted(record("core.jobs", "a job was lost"))


def test_what_a_library_prints_in_a_worker_is_not_logged():
    assert CANARY not in str(formatted(record("celery.redirected", CANARY)))


@pytest.mark.parametrize(
    ("program", "stream"),
    [
        ("manage.py", "stderr"),
        ("bench/gate.py", "stderr"),
        ("config/serve.py", "stdout"),
        ("config/work.py", "stdout"),
        ("bin/celery", "stdout"),
        ("celery/__main__.py", "stdout"),
    ],
)
def test_servers_log_to_the_standard_output_and_commands_beside_theirs(monkeypatch, program, stream):
    monkeypatch.setattr(sys, "argv", [f"/srv/{program}", "anything"])
    assert environment.log_stream() == f"ext://sys.{stream}"
