"""The processes of a running portal: web, worker, workers of the watch and of releases, scheduler.

The launcher and the journeys start them. The worker of releases alone has the database role `release`.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.processes import dies_with_parent

ROOT = Path(__file__).resolve().parents[1]
QUIT_AFTER = 1.5
KILL_AFTER = 6
QUEUES = "default,documents"
RELEASES, WATCH = "releases", "watch"
FIRST = {"web", "worker"}
#: The processes that sign, or hash under the portal's secret. No other one has it.
SIGNING = {"web", "worker"}
#: The owner's address, which no server has, and that of the role `release`, which the worker of releases alone has.
KEPT_FROM_SERVERS = ("MIGRATION_DATABASE_URL", "RELEASE_DATABASE_URL")


class NotReady(Exception):
    """The portal is not ready. The message names the process that ended, or the parts that are down."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    return refusal(host, port) is None


def refusal(host: str, port: int) -> OSError | None:
    """Return why no server may listen there, or None."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as reason:
            return reason
    return None


def web(host: str, port: int, *, workers: int = 2) -> list[str]:
    served = [
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
    ]
    return ["-m", "config.serve", *served]


def worker() -> list[str]:
    return ["-m", "config.work", "--queues", QUEUES, "--workers", "2"]


def releases() -> list[str]:
    """Return the command of the process that counts contributions: no page waits for it, so it is the last served."""
    return ["-m", "config.work", "--queues", RELEASES, "--workers", "1", "--nice", "10"]


def watch() -> list[str]:
    """Return the command of the workers that look at vaults again; they load the engine at their first check."""
    return ["-m", "config.work", "--queues", WATCH, "--workers", "1", "--nice", "10"]


def beat() -> list[str]:
    return ["-m", "celery", "-A", "config", "--quiet", "beat", "--pidfile", "", "--loglevel", "INFO"]


@dataclass
class Services:
    """Processes started and stopped together. The kernel also signals each when this process ends, even by kill -9."""

    host: str
    port: int
    environment: Mapping[str, str]
    logs: Path
    web_workers: int = 2
    holders_port: int | None = None
    #: The ports of the demonstration's own services (demo/services), by name.
    programs: Mapping[str, int] = field(default_factory=dict)
    #: The names of processes that `start` leaves out.
    without: Collection[str] = ()
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        name, port = self.listens_at
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    @property
    def listens_at(self) -> tuple[str, int]:
        """An address at which this machine reaches the web."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host), self.port

    @property
    def holders_url(self) -> str:
        """URL of the demonstration's holders (demo/holders), or an empty string."""
        return self.url.rpartition(":")[0] + f":{self.holders_port}" if self.holders_port else ""

    def address_of(self, program: str) -> str:
        """URL of one of the demonstration's services."""
        return self.url.rpartition(":")[0] + f":{self.programs[program]}"

    def start(self) -> None:
        """Start the processes. The web and the watch simulate; only the web loads the engine at once.

        The web comes first, beside one worker, and the others once it listens: a page opens after a third of the time
        that all take to start on two processors.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        names = [name for name in self.commands() if name not in self.without]
        for name in names:
            (self.logs / f"{name}.log").unlink(missing_ok=True)
        for name in FIRST & set(names):
            self.run(name)
        self.wait_until_web_listens()
        for name in names:
            if name not in FIRST:
                self.run(name)

    def wait_until_web_listens(self, *, seconds: float = 60) -> None:
        """Wait until the web accepts connections. A web that ended, or is too late, is for `wait_until_ready`."""
        deadline = time.monotonic() + seconds
        while "web" in self.processes and self.processes["web"].poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(self.listens_at, timeout=1):
                return
            time.sleep(0.05)

    def commands(self) -> dict[str, list[str]]:
        holders = {"holders": ["-m", "demo.holders", self.host, str(self.holders_port)]} if self.holders_port else {}
        own = {"web": web(self.host, self.port, workers=self.web_workers), "worker": worker(), "scheduler": beat()}
        own[WATCH] = watch()
        programs = {
            name: ["-m", f"demo.services.{name}", self.host, str(port)] for name, port in self.programs.items()
        }
        return holders | programs | own | ({RELEASES: releases()} if self.release_url else {})

    @property
    def release_url(self) -> str:
        """Return the database's address for the role `release`, or an empty string: then no campaign can open."""
        return self.environment.get("RELEASE_DATABASE_URL") or os.environ.get("RELEASE_DATABASE_URL", "")

    def run(self, name: str) -> None:
        """Start one process in its own session: Ctrl-C reaches only the launcher, which stops them in order."""
        extra = {"SIMULATE": os.environ.get("SIMULATE", "1")} if name == "web" else {}
        shared = {"HOLDERS_URL": self.holders_url, "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)])}
        for program in self.programs:
            # A service of the demonstration knows the portal's address, and its own program's secret.
            file = self.logs.parent / f"demo-{program}.json"
            shared |= {f"{program.upper()}_URL": self.address_of(program), f"{program.upper()}_CLIENT": str(file)}
        shared["PORTAL_URL"] = self.url
        environment = {**os.environ, **self.environment, **shared, **extra}
        if name == RELEASES:
            environment["DATABASE_URL"] = self.release_url
        for address in KEPT_FROM_SERVERS:
            environment.pop(address, None)
        if name not in SIGNING:
            environment.pop("SECRET_KEY", None)
        with open(self.logs / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *self.commands()[name]],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )

    def ended(self) -> str | None:
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)

    def revive(self) -> str | None:
        """Start a killed process again. Return the name of one that ended by itself."""
        name = self.ended()
        if name and self.processes[name].returncode < 0:
            self.run(name)
            return None
        return name

    def last_words(self, name: str, lines: int = 15) -> str:
        return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])

    def missing(self) -> list[str]:
        """Return the parts that /ready reports as down, or the web if it does not answer."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/ready")
            answer = connection.getresponse()
            return [] if answer.status == 200 else list(json.loads(answer.read()).get("down", ["web"]))
        except (OSError, ValueError, http.client.HTTPException):
            return ["web"]
        finally:
            connection.close()

    def wait_until_ready(self, *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while missing := self.missing():
            if name := self.ended():
                raise NotReady(
                    f"The process “{name}” ended. Its last words,"
                    f" from {self.logs / name}.log:\n{self.last_words(name)}"
                )
            if time.monotonic() > deadline:
                raise NotReady(f"Not ready after {seconds:.0f} s: {', '.join(missing)}. Look into {self.logs}.")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the processes.

        Celery gets a moment to finish, then puts its jobs back (SIGQUIT) for the next worker.
        """
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        if not self.have_ended(within=QUIT_AFTER):
            for name in {"worker", WATCH, RELEASES} & self.processes.keys():
                self.processes[name].send_signal(signal.SIGQUIT)
        if not self.have_ended(within=KILL_AFTER):
            for process in self.processes.values():
                process.kill()
                process.wait()
        self.processes.clear()

    def have_ended(self, *, within: float) -> bool:
        deadline = time.monotonic() + within
        for process in self.processes.values():
            try:
                process.wait(timeout=max(0.01, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return False
        return True
