"""`make demo`: run the tour of the fictional city, then serve it (web, worker, scheduler) until Ctrl-C.

HOST=… PORT=… python -m ops.launch [--once]      --once stops after the tour; its result is the exit code
"""

import errno
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ops import cluster, prepare, services
from ops.databases import fingerprint
from ops.prepare import step
from ops.processes import dies_with_parent

ROOT = cluster.ROOT
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: After which a stop that was asked for and did not begin is asked for again.
AGAIN_SECONDS = 0.5
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
YES = {"yes", "1", "true"}
#: The services of the demonstration that it starts beside the portal (demo/services).
PROGRAMS = ("par4chemins",)


class Failed(Exception):
    """Starting failed. The message is complete for the user."""


class Stop(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""


def address() -> tuple[str, int]:
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Failed(f"PORT is “{port}”: set it to a number between 1 and 65535.")
    if host not in LOOPBACK and os.environ.get("DEMO_PUBLIC", "").strip().lower() not in YES:
        raise Failed(
            f"{host} is not this machine's own address: anyone who reaches it could sign in as the demonstration's"
            f" people. To show it all the same: make demo HOST={host} DEMO_PUBLIC=yes"
        )
    if refusal := services.refusal(host, int(port)):
        raise Failed(why_not(host, int(port), refusal))
    return host, int(port)


def why_not(host: str, port: int, refusal: OSError) -> str:
    if isinstance(refusal, PermissionError):
        return f"Port {port} is for root alone. Choose one above 1023: make demo PORT=8000"
    if refusal.errno == errno.EADDRINUSE:
        another = port % 65535 + 1
        return f"Port {port} of {host} is taken. Stop what uses it, or choose another one: make demo PORT={another}"
    return f"{host} is not an address of this machine ({refusal.strerror}). `ip address` lists those that it has."


def holders_port_for(host: str, port: int) -> int:
    """Return the port of the fictional holders: the next one, or any free port."""
    return port + 1 if port < 65535 and services.is_free(host, port + 1) else services.free_port()


def settings(host: str) -> dict[str, str]:
    """Return the variables of this start: a secret of its own, and any host name if others may reach it."""
    chosen = {
        "DJANGO_SETTINGS_MODULE": "config.settings.demo",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_urlsafe(64),
    }
    if host not in LOOPBACK and "ALLOWED_HOSTS" not in os.environ:
        chosen["ALLOWED_HOSTS"] = "*"
    return chosen


def manage(*arguments: str, shown: bool = False) -> None:
    run("manage.py", *arguments, shown=shown)


def run(program: str, *arguments: str, shown: bool = False) -> None:
    done = subprocess.run(
        [sys.executable, *program.split(), *arguments],
        cwd=ROOT,
        check=False,
        text=True,
        capture_output=not shown,
        preexec_fn=dies_with_parent(signal.SIGKILL),
    )
    if done.returncode:
        raise Failed(f"{program} {arguments[0]} failed.\n{'' if shown else done.stdout + done.stderr}")


def migration_inputs() -> Iterator[Path]:
    yield ROOT / "requirements.txt"
    yield from (ROOT / "vault").glob("*/content/*.json")
    for app in prepare.APPS:
        yield from (ROOT / app).glob("**/migrations/*.py")


def migrate(var: Path) -> None:
    """Run the migrations, unless this database already has these migrations and contents."""
    database = f"{cluster.Cluster(var).identity} {os.environ['DATABASE_URL']}"
    stamp, mark = var / "migrated", f"{database} {fingerprint(migration_inputs())}"
    if not stamp.exists() or stamp.read_text() != mark:
        manage("migrate", "--no-input", "-v0")
        manage("rows", "sign")
        run("-m ops.commands", "load_content", "load_charter")
        stamp.write_text(mark)


def collect_static_files(var: Path) -> None:
    """Collect the pages' assets. Compressing them takes one processor, and the migrations another."""
    try:
        prepare.static_files(var, preexec_fn=dies_with_parent(signal.SIGKILL))
    except prepare.Missing as reason:
        raise Failed(str(reason)) from None


def stay(running: services.Services, own: cluster.Cluster | None) -> None:
    """Restart what was killed: a service, or the database's supervisor, which is not our child."""
    while (name := running.revive()) is None:
        if own and not own.supervised():
            own.ensure()
        time.sleep(0.3)
    raise Failed(f"The process “{name}” ended. Its last words:\n{running.last_words(name)}")


def seed() -> bool:
    """Seed the city after the start, so that a second start answers at once. Adds the months since the last run."""
    with step("the city and its people"):
        run("-m ops.commands", "seed_demo", "seed_requests", "seed_personas", "seed_consultations")
    return True


def tour(running: services.Services) -> bool:
    print("\nThe tour", flush=True)
    try:
        manage("tour", "--url", running.url, shown=True)
    except Failed:
        return False
    return True


def print_urls(running: services.Services) -> None:
    print(f"\nThe portal:             {running.url}/")
    print(f"Sign in as its people:  {running.url}/demonstration/")
    print(f"Its holders:            {running.holders_url}/")
    for name in running.programs:
        print(f"A service, {name}: {running.address_of(name)}/")
    print("Stop: Ctrl-C", flush=True)


def launch(*, once: bool = False, bare: bool = False, then: Callable[[str], None] | None = None) -> int:
    """Start the demonstration. Call `then` with the portal's URL once the tour has passed."""
    host, port = address()
    os.environ.update(settings(host))
    own = cluster.of_this_clone()
    print("Garant: the demonstration", flush=True)
    if "DATABASE_URL" in os.environ:
        own.prepare()
        server = None
    else:
        with step("database"):
            share = own.join()
        os.environ.update(own.environment())
        server = own
    holders_port = holders_port_for(host, port)
    programs = {name: services.free_port() for name in PROGRAMS}
    running = services.Services(host, port, {}, own.var / "log", holders_port=holders_port, programs=programs)
    os.environ.setdefault("SITE_URL", running.url)
    os.environ["HOLDERS_URL"] = running.holders_url
    os.environ |= {f"{name.upper()}_URL": running.address_of(name) for name in PROGRAMS}
    try:
        with step("migrations and static files"), ThreadPoolExecutor(1) as beside:
            static = beside.submit(collect_static_files, own.var)
            migrate(own.var)
            static.result()
        with step("web, worker, scheduler and holders"):
            running.start()
            running.wait_until_ready()
        passed = bare or (seed() and tour(running))
        print_urls(running)
        if passed and then:
            then(running.url)
        if not once:
            stay(running, server)
        return 0 if passed else 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        running.stop()
        if server:
            os.close(share)


def ask_to_stop(*_: object) -> None:
    """Stop once: a second Ctrl-C must not interrupt the stopping.

    An exception that is raised while Python finalises an object is lost, so it is raised again until the stop begins.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    raise Stop


def listen() -> None:
    """Stop at the next signal."""
    for number in (*SIGNALS, signal.SIGALRM):
        signal.signal(number, ask_to_stop)


def main() -> None:
    listen()
    try:
        code = launch(once="--once" in sys.argv[1:], bare="--bare" in sys.argv[1:])
    except Stop:
        signal.setitimer(signal.ITIMER_REAL, 0)
        print("\nStopped.")
        code = 0
    except (Failed, cluster.NoStart, services.NotReady) as reason:
        print(f"\n{reason}", file=sys.stderr)
        code = 1
    except OSError as error:
        print(f"\n{prepare.in_one_sentence(error)}", file=sys.stderr)
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
