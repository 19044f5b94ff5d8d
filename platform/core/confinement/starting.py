"""The parent's side: how a child that owns nothing is started, and whether this machine can confine it."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from core.confinement import inside, landlock, seccomp

logger = logging.getLogger(__name__)

VARIABLES = {"HOME": "/nonexistent", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"}


class NotConfined(Exception):
    """This machine's kernel cannot confine a child, so nothing is read and nothing is drawn in production."""


@cache
def missing_layers() -> tuple[str, ...]:
    """Return the names of the layers that this kernel lacks."""
    return tuple(
        name for name, there in (("Landlock", bool(landlock.version())), ("seccomp", seccomp.is_there())) if not there
    )


def command(script: Path | str, *words: str) -> list[str]:
    """Return the command of a child: a program of ours, run by path, without Python's variables and user folder."""
    return [sys.executable, "-I", str(script), *words]


def can_confine() -> bool:
    """Return False in production if the kernel lacks a layer. Elsewhere a child gives up what its kernel lets it."""
    return not (settings.PRODUCTION and missing_layers())


@contextlib.contextmanager
def started(script: Path | str, *words: str, seconds: float, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child with pipes for its input and output. It is killed at the end of the block, or after `seconds`.

    Raises:
        NotConfined: the kernel lacks a layer, in production.
    """
    process = subprocess.Popen(
        command(script, *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        **options(**variables),
    )
    clock = threading.Timer(seconds, _kill, [process])
    clock.daemon = True
    clock.start()
    try:
        yield process
    finally:
        clock.cancel()
        _kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe and pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the child and its group, which it leads. Once it is confined it may start nothing and leave nothing."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def options(**variables: str) -> dict[str, Any]:
    """Return how `subprocess` starts a child: with no variable but ours, no file, in a group of its own.

    Raises:
        NotConfined: the kernel lacks a layer, in production.
    """
    if not can_confine():
        missing = ", ".join(missing_layers())
        logger.error("no file is read: the kernel cannot confine a child", extra={"code": missing})
        raise NotConfined
    partial = {} if settings.PRODUCTION else {inside.PARTIAL: "1"}
    return {
        "env": VARIABLES | partial | variables,
        "cwd": "/",
        "close_fds": True,
        "start_new_session": True,
    }
