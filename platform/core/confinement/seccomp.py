"""seccomp: this process and its descendants ask the kernel for nothing but what a parser needs, for ever.

Everything else is refused (EPERM), or ends the process if it is asked for another processor's numbers. In particular:
no socket, no other process's memory, signals or limits, no new process, no program, no change of a file's name, rights
or owner, no new namespace, no io_uring. The numbers are the kernel's; a test compares them with libseccomp's.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Sequence
from typing import Final

#: Numbers by machine: x86-64, then 64-bit ARM, which lacks the older calls.
NUMBERS: Final[dict[str, tuple[int, int | None]]] = {
    "access": (21, None),
    "arch_prctl": (158, None),
    "brk": (12, 214),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "clone": (56, 220),
    "clone3": (435, 435),
    "close": (3, 57),
    "dup": (32, 23),
    "eventfd2": (290, 19),
    "execve": (59, 221),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "fadvise64": (221, 223),
    "fcntl": (72, 25),
    "fstat": (5, 80),
    "fstatfs": (138, 44),
    "ftruncate": (77, 46),
    "futex": (202, 98),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "getegid": (108, 177),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getrandom": (318, 278),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "getuid": (102, 174),
    "ioctl": (16, 29),
    "lseek": (8, 62),
    "lstat": (6, None),
    "madvise": (28, 233),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "nanosleep": (35, 101),
    "newfstatat": (262, 79),
    "open": (2, None),
    "openat": (257, 56),
    "poll": (7, None),
    "ppoll": (271, 73),
    "pread64": (17, 67),
    "prlimit64": (302, 261),
    "pselect6": (270, 72),
    "read": (0, 63),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "readv": (19, 65),
    "restart_syscall": (219, 128),
    "rmdir": (84, None),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "select": (23, None),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "sigaltstack": (131, 132),
    "stat": (4, None),
    "statfs": (137, 43),
    "statx": (332, 291),
    "sysinfo": (99, 179),
    "tgkill": (234, 131),
    "time": (201, None),
    "times": (100, 153),
    "uname": (63, 160),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "write": (1, 64),
    "writev": (20, 66),
}
#: What a browser does not need of all that it asks: others' memory, files' rights, another's socket, a group of its
#: own, which its parent's kill would not reach.
REFUSED_TO_BROWSERS: Final[dict[str, tuple[int, int | None]]] = {
    "chroot": (161, 51),
    "ioprio_set": (251, 30),
    "mount": (165, 40),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chmod": (90, None),
    "chown": (92, None),
    "connect": (42, 203),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "fchownat": (260, 54),
    "fsetxattr": (190, 7),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "lchown": (94, None),
    "lsetxattr": (189, 6),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "semget": (64, 190),
    "setpgid": (109, 154),
    "setsid": (112, 157),
    "setxattr": (188, 5),
    "shmget": (29, 194),
    "userfaultfd": (323, 282),
    "utime": (132, None),
    "utimensat": (280, 88),
    "utimes": (235, None),
    "futimesat": (261, None),
}
SOCKET: Final = (41, 198)
AF_UNIX: Final = 1
#: CLONE_NEWNS, …CGROUP, …UTS, …IPC, …USER, …PID, …NET.
NAMESPACES: Final = 0x7E020000
#: The machine's place in NUMBERS, its name in a filter, and the number of seccomp itself.
MACHINES: Final = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}
#: Only where the child has a folder of its own; only where it becomes a program.
WRITING: Final = {"ftruncate", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat"}
RUNNING: Final = {"arch_prctl", "execve", "set_tid_address"}
#: Allowed with some arguments alone, below.
WITH_ARGUMENTS: Final = {"clone", "clone3", "fcntl", "ioctl", "prlimit64", "sched_getaffinity", "tgkill"}
#: What glibc asks for a thread: it shares everything with its process, and ends with it.
THREAD: Final = 0x3D0F00
#: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC.
FCNTL: Final = (0, 1, 2, 3, 4, 1030)
#: TCGETS (is it a terminal?), FIONREAD, FIONCLEX, FIOCLEX.
IOCTL: Final = (0x5401, 0x541B, 0x5450, 0x5451)

X32: Final = 0x40000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, END = 0x7FFF0000, 0x00050000, 0x80000000
#: Where a filter finds the call's number, the machine, and the first argument, of eight bytes.
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16
SET_FILTER, ASK_ACTION, ALL_THREADS = 1, 2, 1

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def is_there() -> bool:
    """Return True if the kernel filters calls, on a machine whose numbers are known."""
    if os.uname().machine not in MACHINES:
        return False
    _place, _name, number = MACHINES[os.uname().machine]
    action = ctypes.c_uint32(END)
    return int(libc.syscall(number, ASK_ACTION, 0, ctypes.byref(action))) == 0


def restrict(*, writes: bool = False, runs: bool = False) -> None:
    """Filter the calls of this process. It must have given up new privileges first.

    Args:
        writes: it has a folder of its own.
        runs: it may become another program.

    Raises:
        OSError: the kernel refuses, or the machine is of another kind.
    """
    _filter(b"".join(filtered(_machine(), own=os.getpid(), writes=writes, runs=runs)))


def restrict_browser() -> None:
    """Refuse what no browser needs, and allow the rest. It must have given up new privileges first.

    Raises:
        OSError: the kernel refuses, or the machine is of another kind.
    """
    place = MACHINES[_machine()][0]
    refused = [number for numbers in REFUSED_TO_BROWSERS.values() if (number := numbers[place]) is not None]
    asked = [part for number in refused for part in (_do(EQUAL, number, 0, 1), _do(RETURN, REFUSE | errno.EPERM))]
    in_part = {
        # Its processes speak by sockets of the machine; a socket of any network is refused.
        SOCKET[place]: _decided((0, (AF_UNIX,))),
        # Its own limits only.
        NUMBERS["prlimit64"][place]: _decided((0, (0,))),
        # A process without a namespace of its own: clone3's arguments cannot be seen, and clone is asked instead.
        NUMBERS["clone3"][place]: [_do(RETURN, REFUSE | errno.ENOSYS)],
        NUMBERS["clone"][place]: [
            _do(LOAD, ARGUMENTS),
            _do(ANY_BIT, NAMESPACES, 0, 1),
            _do(RETURN, REFUSE | errno.EPERM),
            _do(RETURN, ALLOW),
        ],
    }
    for number, instructions in in_part.items():
        asked += [_do(EQUAL, number or 0, 0, len(instructions)), *instructions]
    _filter(b"".join([*_own_numbers(_machine()), *asked, _do(RETURN, ALLOW)]))


def _machine() -> str:
    machine = os.uname().machine
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"no numbers for {machine}")
    return machine


def _filter(code: bytes) -> None:
    machine = os.uname().machine
    program = Program(len(code) // 8, code)
    if libc.syscall(MACHINES[machine][2], SET_FILTER, ALL_THREADS, ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def filtered(machine: str, *, own: int, writes: bool, runs: bool) -> Iterator[bytes]:
    """Yield the instructions of the filter.

    Args:
        own: the process's number, the only one that it may signal.
    """
    place = MACHINES[machine][0]
    yield from _own_numbers(machine)
    left_out = WITH_ARGUMENTS | (WRITING if not writes else set()) | (RUNNING if not runs else set())
    for call, numbers in NUMBERS.items():
        if call not in left_out and (number := numbers[place]) is not None:
            yield from (_do(EQUAL, number, 0, 1), _do(RETURN, ALLOW))
    for call, instructions in _with_arguments(own):
        number = NUMBERS[call][place]
        yield _do(EQUAL, number or 0, 0, len(instructions))
        yield from instructions
    yield _do(RETURN, REFUSE | errno.EPERM)


def _own_numbers(machine: str) -> Iterator[bytes]:
    """Yield instructions that load the call's number, or end a process that asks by another machine's."""
    place, name, _number = MACHINES[machine]
    yield from (_do(LOAD, MACHINE), _do(EQUAL, name, 1, 0), _do(RETURN, END), _do(LOAD, NUMBER))
    if place == 0:
        yield from (_do(AT_LEAST, X32, 0, 1), _do(RETURN, END))


def _with_arguments(own: int) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the calls that depend on their arguments, and how each is decided."""
    # glibc then asks by clone, whose arguments a filter can see.
    yield "clone3", [_do(RETURN, REFUSE | errno.ENOSYS)]
    yield "clone", _decided((0, (THREAD,)))
    yield "fcntl", _decided((1, FCNTL))
    yield "ioctl", _decided((1, IOCTL))
    yield "tgkill", _decided((0, (own,)))
    # Its own limits, to read: without a new value.
    yield "prlimit64", _decided((0, (0, own)), (2, (0,)))
    yield "sched_getaffinity", _decided((0, (0, own)))


def _decided(*tests: tuple[int, Sequence[int]]) -> list[bytes]:
    """Return instructions that allow a call whose arguments, by their rank, have one of the values."""
    end = [_do(RETURN, REFUSE | errno.EPERM)]
    code = [_do(RETURN, ALLOW)]
    for rank, values in reversed(tests):
        # The low half has one of the values, else the call is refused; the high half is empty.
        high = [_do(LOAD, ARGUMENTS + 8 * rank + 4), _do(EQUAL, 0, 1, 0), *end]
        low = [_do(EQUAL, value, len(values) - index, 0) for index, value in enumerate(values)]
        code = [_do(LOAD, ARGUMENTS + 8 * rank), *low, *end, *high, *code]
    return code


def _do(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_so, if_not, value)
