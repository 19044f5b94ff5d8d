"""JSON logs that hold no personal data.

Three kinds of logger. Our own rooms write constant sentences, with values only under the names of SAFE. The frameworks of TEMPLATES are
quoted by their template, without the values put into it. Of anyone else only the level and the place are kept: a library may well put a
document's content into its message. An exception is told by its types and places, never by its message, which may quote a value.
"""

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

OURS = ("core", "accounts", "vault", "services", "config", "demo")
TEMPLATES = ("django", "celery", "kombu", "_granian", "granian")
SAFE = ("job", "kind", "queue", "route", "method", "status", "milliseconds", "count", "code")
ROOT = Path(__file__).resolve().parents[2]
FRAMES = 12

request_id: ContextVar[str] = ContextVar("request_id", default="")


@contextmanager
def identified(value: str) -> Iterator[None]:
    """Every line logged inside carries this request's or job's id."""
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
        }
        line |= {name: str(value) for name in SAFE if (value := getattr(record, name, None)) is not None}
        line |= _route(record)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = errors(record.exc_info[1])
        return json.dumps({name: value for name, value in line.items() if value != ""}, ensure_ascii=False)


def errors(error: BaseException) -> list[dict[str, Any]]:
    """The error, then what caused it: for each its type and the places that it went through, innermost last."""
    told: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(told) < 5:
        told.append(
            {
                "type": f"{type(current).__module__}.{type(current).__qualname__}",
                "places": _places(current.__traceback__),
            }
        )
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return told


def _message(record: logging.LogRecord) -> str:
    room = record.name.partition(".")[0]
    if room in OURS or room in TEMPLATES:
        return str(record.msg)
    return f"{Path(record.pathname).name}:{record.lineno}"


def _route(record: logging.LogRecord) -> dict[str, Any]:
    """Django's own lines name the address, where a code or an id may stand: say which page it is instead."""
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
