"""The child's side: what a process gives up before it reads a byte that somebody sent. Without Django.

Files, network, other processes and programs are given up for ever: no code that takes over the process gets them back.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from core.confinement import landlock, seccomp

MEGABYTE = 1024 * 1024
#: In the variable that the parent sets: a layer that the kernel lacks is left out, instead of ending the child.
PARTIAL = "GARANT_CONFINED_IN_PART"
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS = 1, 4, 8, 38
CAP_DAC_READ_SEARCH = 1 << 2
CAPABILITIES_VERSION = 0x20080522
#: A child of root becomes a user that no account is and no other child: this number and its own.
FIRST_USER = 1_900_000_000
#: Where Python and the system keep what is loaded: code, its data, the time zones.
LIBRARIES = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/ssl/openssl.cnf",
    "/usr/share/zoneinfo",
)

#: Where a browser's processes share memory, and what they throw away.
SHARED = ("/dev/shm", "/dev/null")  # noqa: S108 - the kernel's folder

libc = ctypes.CDLL(None, use_errno=True)


def confine(
    *,
    memory: int,
    cpu_seconds: int,
    file_bytes: int = 0,
    reads: Sequence[Path | str] = (),
    writes: Sequence[Path | str] = (),
    runs: Sequence[Path | str] = (),
) -> None:
    """Give up everything but what is named, and what Python loads.

    Args:
        memory: bytes of addresses.
        file_bytes: how long a written file may become.
        reads: files and folders, beside Python's and the system's libraries.
        writes: folders of its own, which the parent deletes.
        runs: the program that it becomes, and what that needs to start.

    Raises:
        OSError: the kernel lacks a layer, unless the parent said that it may.
    """
    _limit(cpu_seconds, file_bytes, files=64)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    _give_up(reads, writes, runs, shared=())
    if seccomp.is_there() or PARTIAL not in os.environ:
        seccomp.restrict(writes=bool(writes), runs=bool(runs))


def confine_browser(
    *,
    cpu_seconds: int,
    file_bytes: int,
    reads: Sequence[Path | str],
    folder: str,
    runs: Sequence[str],
) -> None:
    """Give up what a browser does not need: it starts processes, and reserves more addresses than there is memory.

    Args:
        folder: its own, which the parent deletes.

    Raises:
        OSError: as `confine`.
    """
    _limit(cpu_seconds, file_bytes, files=4096)
    _give_up(reads, [folder], runs, shared=SHARED)
    if seccomp.is_there() or PARTIAL not in os.environ:
        seccomp.restrict_browser()


def _give_up(
    reads: Sequence[Path | str], writes: Sequence[Path | str], runs: Sequence[Path | str], *, shared: Sequence[str]
) -> None:
    parent = os.getppid()
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this process may not give up new privileges")
    readable = [*_python(), *LIBRARIES, *reads]
    if landlock.version() or PARTIAL not in os.environ:
        landlock.restrict(reads=readable, writes=[*writes, *shared], runs=runs)
    _leave_user(readable, writes)
    # A change of user undoes both.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _limit(cpu_seconds: int, file_bytes: int, files: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def _python() -> list[str]:
    """Return where this Python, its packages and its own libraries lie."""
    return [os.path.dirname(os.__file__), *(os.path.join(place, "lib") for place in {sys.prefix, sys.base_prefix})]


def _leave_user(reads: Sequence[Path | str], own_folders: Sequence[Path | str]) -> None:
    """Stop being root, and drop every capability. Where only root may enter the code's folder, keep the right to read.

    The folders that the parent made for this child become its own.

    A root without the right to become somebody else, as in some containers, keeps its number.
    """
    kept = 0
    if os.geteuid() == 0:
        own, there = FIRST_USER + os.getpid(), [path for path in (*reads, *own_folders) if os.path.exists(path)]
        try:
            for folder in own_folders:
                os.chown(folder, own, own)
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
            os.setgroups([])
            os.setresgid(own, own, own)
            os.setresuid(own, own, own)
        except OSError:
            there = []
        kept = 0 if all(os.access(path, os.R_OK) for path in there) else CAP_DAC_READ_SEARCH
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    held = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    # Refused where the process has none and may not ask, as under systemd; a root must not keep them.
    if libc.capset(header, held) and (os.geteuid() == 0 or kept):
        raise OSError(ctypes.get_errno(), "this process may not drop its capabilities")
