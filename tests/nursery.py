"""Processes of the portal that a test starts, stops and kills, forked from one that has loaded it.

Loading Django and Celery takes two seconds of processor time, and the tests start such processes a hundred times.
tests/ops starts the real commands.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import DupFd
from typing import IO, Any

from config.processes import die_with_parent

CONTEXT: Any = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.loaded"])


class Forked:
    """A running module, with the methods of `subprocess.Popen` that tests use. It leads a process group of its own."""

    def __init__(self, *words: str, environment: Mapping[str, str] = {}, output: IO[Any] | None = None) -> None:
        """Run `python -m WORDS…` with these variables beside the test's own.

        Args:
            output: the file that gets all it writes; `stdout` has its lines otherwise.
        """
        ours, theirs = (-1, os.dup(output.fileno())) if output else os.pipe()
        self.stdout = None if output else os.fdopen(ours)
        arguments = words, dict(os.environ | environment), DupFd(theirs)
        self._process = CONTEXT.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        os.close(theirs)
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(["python", "-m"], timeout or 0)
        return code

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def _run(words: Sequence[str], variables: Mapping[str, str], output: Any) -> None:
    os.setsid()
    die_with_parent()
    handle = output.detach()
    for number in (1, 2):
        os.dup2(handle, number)
    os.environ.clear()
    os.environ.update(variables)
    _read_settings_again()
    sys.argv[:] = words
    sys.modules.pop(words[0], None)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def _read_settings_again() -> None:
    from django.conf import settings
    from django.utils.functional import empty

    for name in [name for name in sys.modules if name.startswith("config.settings.") or name == "config.environment"]:
        del sys.modules[name]
    settings._wrapped = empty
