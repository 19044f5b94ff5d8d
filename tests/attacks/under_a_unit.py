"""Run a command as a unit of ops/systemd lets its processes ask the kernel: `under_a_unit.py UNIT USER COMMAND…`.

Without privileges and capabilities, with the unit's SystemCallFilter, as systemd would build it. What the unit does by
mounts is left out: it narrows the parent's files, and the children have fewer.
"""

import ctypes
import errno
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


@cache
def calls_of(word: str) -> frozenset[str]:
    """Return the system calls that a word names: one of them, or a group that has others."""
    if not word.startswith("@"):
        return frozenset([word])
    said = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True)
    inside = re.findall(r"^ +([@\w-]+)$", said.stdout, re.MULTILINE)
    return frozenset(call for part in inside for call in calls_of(part))


def allowed_by(unit: Path) -> set[str]:
    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), re.MULTILINE):
        named = {call for word in line.removeprefix("~").split() for call in calls_of(word)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    # What systemd adds by itself, so that it can start the program.
    return allowed | {"execve", "exit", "exit_group", "rt_sigreturn"}


def apply(calls: set[str]) -> None:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    context = library.seccomp_init(REFUSE)
    for call in calls:
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            library.seccomp_rule_add(context, ALLOW, number, 0)
    assert library.seccomp_load(context) == 0


def main(unit: Path, user: int, command: list[str]) -> None:
    allowed = allowed_by(unit)
    libc = ctypes.CDLL(None)
    if os.geteuid() == 0:
        for capability in range(64):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    apply(allowed)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
