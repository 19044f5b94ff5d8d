"""Landlock (Linux 5.13): this process and its descendants open no file but the ones named, for ever.

It says nothing of `stat`, `chmod` and their like, nor of sockets: seccomp.py refuses what the child does not need.
The numbers are those of the kernel's <linux/landlock.h>, the same on every processor.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION, RULE_PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_SYM, TRUNCATE = 1 << 7, 1 << 8, 1 << 9, 1 << 12, 1 << 14
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_SYM | TRUNCATE
#: What may be granted for something that is not a folder.
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
#: How many rights on files each version knows: all that it knows are taken away, then granted one by one.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
#: From version 4: bind and connect by TCP. From version 6: abstract sockets and signals stay inside.
NETWORK, SCOPES = 0b11, 0b11

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def version() -> int:
    """Return the version of Landlock that this kernel has turned on, or 0."""
    return max(0, int(libc.syscall(CREATE_RULESET, None, 0, ASK_VERSION)))


def restrict(*, reads: Iterable[Path | str], writes: Iterable[Path | str], runs: Iterable[Path | str] = ()) -> None:
    """Let this process open nothing but these files and what lies under these folders.

    What does not exist is left out. The process must have given up new privileges first.

    Raises:
        OSError: the kernel refuses.
    """
    known = version()
    rights = (1 << FILE_RIGHTS.get(known, 16)) - 1
    handled = struct.pack("=QQQ", rights, NETWORK if known >= 4 else 0, SCOPES if known >= 6 else 0)
    ruleset = _asked(libc.syscall(CREATE_RULESET, handled, len(handled), 0))
    try:
        for allowed, paths in ((READ, reads), (WRITE, writes), (EXECUTE | READ_FILE, runs)):
            for path in paths:
                _allow(ruleset, path, allowed & rights)
        _asked(libc.syscall(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path | str, rights: int) -> None:
    try:
        there = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(there).st_mode):
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, there)
        _asked(libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0))
    finally:
        os.close(there)


def _asked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
