"""Runs Python code in a portal's settings: reads a JSON string a line, answers with its output and its error.

Starting Django takes two seconds of processor time: it starts once here, then forks for each piece of code. Papers
are drawn and read as in the tests (tests/once.py).
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping


class Shell:
    """A process that runs code. It starts with the first piece of code and ends with `stop`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.process: subprocess.Popen[str] | None = None

    def run(self, code: str) -> str:
        """Run the code in a process of its own and return what it prints. Raise AssertionError if it fails."""
        if self.process is None:
            command = [sys.executable, "-m", "tests.shell"]
            self.process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        output, error = json.loads(self.process.stdout.readline())
        assert not error, error
        return str(output)

    def stop(self) -> None:
        if self.process is not None:
            self.process.communicate()


def run(code: str) -> tuple[str, str]:
    """Run the code in a child process. Return its output, and its traceback, empty if it succeeded."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as error:
        child = os.fork()
        if not child:
            os.dup2(output.fileno(), sys.stdout.fileno())
            try:
                exec(code, {"__name__": "__main__"})
            except (Exception, SystemExit):  # noqa: BLE001 - the test that asked for it shows any error
                traceback.print_exc(file=error)
            sys.stdout.flush()
            error.flush()
            os._exit(0)
        os.waitpid(child, 0)
        output.seek(0)
        error.seek(0)
        return output.read(), error.read()


def main() -> None:
    import django

    django.setup()
    from core.pdf import apart
    from demo.papers import specimens
    from tests import forked, once
    from vault.readers import sandbox

    specimens._drawn, sandbox._child, apart.draw = once.drawn, once.child, once.letter
    for child in ("vault.readers.child", "core.pdf.child"):
        forked.parent(child)
    for line in sys.stdin:
        answer = run(json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
