"""Prepare a machine, step by step. Completed steps are skipped, so a second run takes a second.

    ops/setup            what the demonstration and the application need; ops/launch.py collects the static files
    ops/setup tests      and what the tests, the linters and the benchmarks add

Uses only Python's standard library. Where apt may not be used, the exact command is printed.
"""

import ast
import ctypes
import errno
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops import messages

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
APPS = ("accounts", "campaigns", "certification", "platform", "services", "vault")
#: pip's settings of where packages come from, and uv's options for them.
SOURCES = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "no-index": "--no-index",
    "find-links": "--find-links",
    "constraint": "--constraints",
}
FONTS = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


#: Errors of a disk or folder that the user puts right, not the program.
THE_DISK_S = {errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS}
#: Bytes that a first preparation takes, and one that has little to do.
ROOM, LITTLE = 1_500_000_000, 50_000_000


class Missing(Exception):
    """Something is missing. The message says what to do."""


@dataclass(frozen=True)
class Need:
    """A system dependency: a test of its presence, and the package that provides it."""

    package: str
    present: Callable[[], bool]
    optional: bool = False
    without: str = ""


def library(name: str) -> Callable[[], bool]:
    def loads() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return loads


def program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def venv_works() -> bool:
    return PYTHON.exists() or all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


#: What Debian's `tesseract-ocr-fra` installs.
LETTERS = Path("/usr/share/tesseract-ocr/5/tessdata/fra.traineddata")
WITHOUT_LETTERS = "a photo of a prefilled declaration is not read: its amounts are typed"
NEEDS = (
    Need("python3-venv", venv_works),
    Need("libpango-1.0-0", library("libpango-1.0.so.0")),
    Need("libpangoft2-1.0-0", library("libpangoft2-1.0.so.0")),
    Need("libharfbuzz-subset0", library("libharfbuzz-subset.so.0")),
    Need("fonts-dejavu-core", FONTS.exists),
    Need("tesseract-ocr", program("tesseract"), optional=True, without=WITHOUT_LETTERS),
    Need("tesseract-ocr-fra", LETTERS.exists, optional=True, without=WITHOUT_LETTERS),
)
#: The journeys use the first one found. Chromium's headless shell has the same engine without windows, and resizes a
#: page in a fifth of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WITHOUT_NODE = (
    "signing in is tested against the demonstration's FranceConnect only, and the style sheet is not compiled again"
)
TEST_NEEDS = (
    Need("poppler-utils", program("pdfsig")),
    Need("qpdf", program("qpdf")),
    Need(
        BROWSERS[0], program(BROWSERS[0]), optional=True, without="the journeys open a whole Chromium, and take longer"
    ),
    Need("chromium", program(*BROWSERS), optional=True, without="the journeys in a browser are skipped"),
    Need("nodejs", program("node"), optional=True, without=WITHOUT_NODE),
    Need("npm", program("npm"), optional=True, without=WITHOUT_NODE),
)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print a step's name and its duration in seconds."""
    start = time.monotonic()
    print(f"  {name:<40}", end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - start:6.1f} s", flush=True)


def run(command: Iterable[str | Path], *, preexec_fn: Callable[[], None] | None = None, **environment: str) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=os.environ | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        preexec_fn=preexec_fn,
    )
    if done.returncode:
        raise Missing(f"{' '.join(words[:6])} … failed:\n{done.stdout[-3000:]}")


# System packages


def apt() -> list[str] | None:
    """Return the start of the apt-get command, or None if it may not be used."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    asked = (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    )
    return ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"] if asked else None


def install(packages: list[str]) -> bool:
    command = apt()
    if command is None:
        return False
    wanted = [*command, "install", "-y", "-qq", "--no-install-recommends", *packages]
    try:
        run(wanted, DEBIAN_FRONTEND="noninteractive")
    except Missing:
        run([*command, "update", "-qq"], DEBIAN_FRONTEND="noninteractive")
        run(wanted, DEBIAN_FRONTEND="noninteractive")
    return True


def system_packages(needs: Iterable[Need]) -> None:
    absent = [need for need in needs if not need.present()]
    for need in absent:
        try:
            ready = install([need.package]) and need.present()
        except Missing as reason:
            ready, problem = False, str(reason)
        else:
            problem = ""
        if ready:
            continue
        if not need.optional:
            together = " ".join(other.package for other in absent if not other.present())
            raise Missing(
                f"{problem}\nThe system lacks {need.package}. Run this,"
                f" then try again:\n\n    sudo apt-get install -y {together}\n"
            )
        print(
            f"\n  WITHOUT {need.package}: {need.without}. To add it: sudo apt-get install -y {need.package}",
            flush=True,
        )


# Python packages


def digest(files: Iterable[Path], *words: str) -> str:
    result = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        result.update(os.fsencode(file.relative_to(ROOT)) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return result.hexdigest()


def is_done(stamp: Path, mark: str) -> bool:
    return stamp.exists() and stamp.read_text() == mark


def virtual_environment() -> None:
    """Make the virtual environment, also again if its Python is missing, as after a system upgrade."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0:
        return
    run([sys.executable, "-m", "venv", "--clear", VENV])


def packages(name: str, *options: str) -> None:
    """Install a locked file.

    `--no-deps` keeps its one override, since it lists all packages (docs/dependencies.md).
    """
    file, stamp = ROOT / name, VENV / f"{name}.installed"
    mark = digest([file])
    if not is_done(stamp, mark):
        wanted: tuple[str | Path, ...] = ("--no-deps", *options, "-r", file)
        try:
            by_uv(*wanted)
        except Missing:
            by_pip(*wanted)
        stamp.write_text(mark)


def by_uv(*wanted: str | Path) -> None:
    """Install with uv. It takes less than half of pip's processor time, and compiles on all processors.

    Raises:
        Missing: this machine has no wheel of uv, or uv reaches no index.
    """
    if not UV.exists():
        by_pip("--only-binary", ":all:", "--constraint", ROOT / "requirements-dev.txt", "uv")
    fixed = ("--quiet", "--compile-bytecode", "--system-certs", "--python", PYTHON)
    run([UV, "pip", "install", *fixed, *pip_sources(), *wanted])


def pip_sources() -> list[str]:
    """Return uv's options for where pip is told to take packages from, such as a mirror: uv reads none of it."""
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    # The environment comes last, and wins.
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):
        setting, _equals, value = line.partition("=")
        found[setting.rpartition(".")[2]] = str(ast.literal_eval(value))
    return [
        option if name == "no-index" else f"{option}={one}"
        for name, option in SOURCES.items()
        for one in found.get(name, "").split()
        if one not in {"0", "false", "no", "off"}
    ]


def by_pip(*wanted: str | Path) -> None:
    run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])


def node_packages(folder: Path) -> None:
    """Install the tests' locked Node packages. Without them those tests are skipped, or fail in CI."""
    lock, stamp = folder / "package-lock.json", folder / "node_modules" / "installed"
    if not (shutil.which("node") and shutil.which("npm")) or is_done(stamp, digest([lock])):
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        print(
            f"\n  WITHOUT the packages of {folder.relative_to(ROOT)}: {WITHOUT_NODE}\n{done.stdout[-500:]}", flush=True
        )
        return
    stamp.write_text(digest([lock]))


def has_postgres() -> bool:
    ask = "from ops import binaries; binaries.find()"
    return subprocess.run([PYTHON, "-c", ask], cwd=ROOT, capture_output=True, check=False).returncode == 0


def postgres() -> None:
    if "DATABASE_URL" not in os.environ and not has_postgres():
        packages("requirements-postgres.txt", "--require-hashes", "--only-binary", ":all:")


# The project's own files


def byte_code() -> None:
    """Compile the portal's modules. Readers of files may write none, and would compile themselves for each file."""
    run([PYTHON, "-m", "compileall", "-q", *APPS])


def static_files(var: Path, *, preexec_fn: Callable[[], None] | None = None) -> None:
    """Collect the pages' assets in the folder `static` of `var`, unless nothing changed since the last time."""
    files = [file for file in (ROOT / "static").rglob("*") if file.is_file()]
    mark, stamp = digest([*files, ROOT / "requirements.txt"]), var / "static.collected"
    if not (is_done(stamp, mark) and (var / "static").exists()):
        run(
            [PYTHON, "manage.py", "collectstatic", "--no-input", "--clear", "-v0"],
            DJANGO_SETTINGS_MODULE="config.settings.demo",
            GARANT_VAR=str(var),
            preexec_fn=preexec_fn,
        )
        stamp.write_text(mark)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    with open(ROOT / "ops" / "setup") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def require_room() -> None:
    """Check that the clone and its var/ can be written and have room, before a program says so in fifty lines.

    Raises:
        Missing: one cannot, or the disk is full.
    """
    for folder in (ROOT, Path(os.environ.get("GARANT_VAR", ROOT / "var"))):
        there = folder
        while not there.exists():
            there = there.parent
        if not os.access(there, os.W_OK | os.X_OK):
            raise Missing(
                f"{there} cannot be written: put the clone into a folder of your own, and begin again there."
            )
        wanted = LITTLE if PYTHON.exists() else ROOM
        if (free := shutil.disk_usage(there).free) < wanted:
            raise Missing(f"The disk of {there} has {free // 10**6} MB left: make room for {wanted // 10**6} MB.")


def in_one_sentence(error: OSError) -> str:
    """Return what a full or read-only disk said.

    Raises:
        OSError: it is another fault.
    """
    if error.errno not in THE_DISK_S:
        raise error
    return f"{error.filename or ROOT}: {error.strerror}. Put that right, then run the same command again."


def prepare(*, tests: bool) -> None:
    require_room()
    with step("system packages"):
        system_packages((*NEEDS, *TEST_NEEDS) if tests else NEEDS)
    with step("virtual environment"):
        virtual_environment()
    with step("Python packages"):
        packages("requirements.txt")
        packages("requirements-demo.txt")
        if tests:
            packages("requirements-dev.txt")
    if tests:
        with step("Node packages"):
            node_packages(ROOT / "tests" / "accounts" / "oidc")
            node_packages(ROOT / "tests" / "certification" / "access" / "openid")
            node_packages(ROOT / "tests" / "certification" / "access" / "openapi")
    with step("PostgreSQL"):
        postgres()
    with step("translations and byte code"):
        messages.compile_all()
        byte_code()
    if tests:
        with step("static files"):
            static_files(Path(os.environ.get("GARANT_VAR", ROOT / "var")))


def main() -> None:
    try:
        with one_at_a_time():
            prepare(tests="tests" in sys.argv[1:])
    except Missing as reason:
        sys.exit(str(reason))
    except OSError as error:
        sys.exit(in_one_sentence(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
