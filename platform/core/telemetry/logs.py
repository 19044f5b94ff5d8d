"""JSON logs without personal data: of servers on the standard output, of commands on the standard error.

There are three kinds of loggers. Our own apps log constant sentences, with values only under the names of SAFE. The
frameworks of TEMPLATES are logged by their message template, with “…” in the place of each value. For any other
library only the level and the place are logged, since its messages may hold a document's content. An exception is
logged by its types and places, never by its message, which may quote a value.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

OURS = ("core", "accounts", "vault", "services", "certification", "config", "demo")
TEMPLATES = ("django", "celery", "kombu", "uvicorn")
SAFE = ("job", "kind", "queue", "route", "method", "status", "milliseconds", "count", "code")
#: What a template has in the place of a value, such as %(name)s or %.2f.
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")
ROOT = Path(__file__).resolve().parents[3]
FRAMES = 12

request_id: ContextVar[str] = ContextVar("request_id", default="")


@contextmanager
def identified(value: str) -> Iterator[None]:
    """Add the id of a request or job to every log line written in the block."""
    token = request_id.set(value)
    try:
        yield
    finally:
        request_id.reset(token)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "request": request_id.get(),
            "task": _task(record),
        }
        line |= {name: str(value) for name in SAFE if (value := getattr(record, name, None)) is not None}
        line |= _route(record)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = errors(record.exc_info[1])
        return json.dumps({name: value for name, value in line.items() if value != ""}, ensure_ascii=False)


def errors(error: BaseException) -> list[dict[str, Any]]:
    """Return the error and its causes, each with its type and its places, innermost last."""
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        chain.append(
            {
                "type": f"{type(current).__module__}.{type(current).__qualname__}",
                "places": _places(current.__traceback__),
            }
        )
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _message(record: logging.LogRecord) -> str:
    app = record.name.partition(".")[0]
    # What a library printed, which Celery logs as a message of its own.
    if record.name != "celery.redirected" and (app in OURS or app in TEMPLATES):
        return PLACEHOLDER.sub("…", str(record.msg)) if record.args else str(record.msg)
    return f"{Path(record.pathname).name}:{record.lineno}"


def _task(record: logging.LogRecord) -> str:
    """Return the name of the Celery task of this line, never its arguments. The keeper has no Celery."""
    data = getattr(record, "data", None)
    if record.name.startswith("celery") and isinstance(data, dict) and isinstance(data.get("name"), str):
        return str(data["name"])
    if record.name == "celery.beat" and isinstance(record.args, tuple) and len(record.args) == 2:
        return str(record.args[1]) if "due task" in str(record.msg) else ""
    celery = sys.modules.get("celery")
    running = getattr(celery, "current_task", None)
    return str(running.name) if running else ""


def _route(record: logging.LogRecord) -> dict[str, Any]:
    """Return the status and route of a request's log record, without the URL, which may hold a code or an id."""
    found: dict[str, Any] = {}
    if isinstance(status := getattr(record, "status_code", None), int):
        found["status"] = status
    match = getattr(getattr(record, "request", None), "resolver_match", None)
    if match is not None:
        found["route"] = match.route
    return found


def _places(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, number) for frame, number in traceback.walk_tb(trace)][-FRAMES:]
    return [f"{_short(code.co_filename)}:{number} {code.co_name}" for code, number in frames]


def _short(name: str) -> str:
    path = Path(name)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return str(path.relative_to(ROOT))
    return "/".join(path.parts[-3:])
