"""What a hostile file would run, had it taken over the process that reads it: each act that the child must not do.

It runs in a child's place (tests/attacks/hostile_children.py), with Python's own library alone. An act that works says
so by returning, and changes nothing of the machine that lasts; one that is refused raises.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

PTRACE_SEIZE = 0x4206
#: The same numbers on every processor.
PIDFD_SEND_SIGNAL, IO_URING_SETUP, PIDFD_OPEN, PIDFD_GETFD = 424, 425, 434, 438
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWNS = 0x10000000, 0x40000000, 0x00020000
F_SETOWN = 8
OF_OTHERS = ("mem", "environ", "maps", "cmdline", "root", "cwd", "fd", "task")


class Refused(Exception):
    """The kernel refused what C asked for."""


def asked(result: int) -> int:
    if result < 0:
        raise Refused(errno.errorcode.get(ctypes.get_errno(), "?"))
    return result


def acts(targets: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """Return what to try, by its name.

    Args:
        targets: the paths and numbers of what the child's parent owns.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    return {
        **_files(targets, libc),
        **_parent(parent, libc),
        **_network(targets),
        **_programs(targets),
        **_kernel(libc),
    }


def _files(targets: dict[str, Any], libc: Any) -> dict[str, Callable[[], object]]:
    secret, folder = Path(targets["secret"]), Path(targets["folder"])
    tried: dict[str, Callable[[], object]] = {
        f"read {name}": partial(Path.read_bytes, Path(path)) for name, path in targets["files"].items()
    }
    tried |= {f"list {path}": partial(os.listdir, path) for path in targets["folders"]}
    return tried | {
        "rename a sealed file": lambda: os.rename(secret, folder / "renamed"),
        "link a sealed file": lambda: os.link(secret, folder / "linked"),
        "point to a sealed file": lambda: os.symlink(secret, folder / "pointed"),
        "remove a sealed file": lambda: os.unlink(folder / "removable"),
        "cut a sealed file": lambda: os.truncate(secret, 0),
        "write into a sealed file": lambda: secret.write_bytes(b"x"),
        "open a sealed file to write": lambda: os.open(secret, os.O_WRONLY),
        "give a sealed file to all": lambda: os.chmod(secret, 0o777),
        "change a sealed file's owner": lambda: os.chown(secret, os.getuid(), os.getgid()),
        "change a sealed file's time": lambda: os.utime(secret, (1, 1)),
        "mark a sealed file": lambda: os.setxattr(secret, "user.x", b"x"),
        "make a file": lambda: (folder / "made").write_bytes(b""),
        "make a folder": lambda: (folder / "made-folder").mkdir(),
        "make a pipe": lambda: os.mkfifo(folder / "made-pipe"),
        "write to /tmp": lambda: Path(f"/tmp/hostile-{os.getpid()}").write_bytes(b""),
        "write to /dev/shm": lambda: Path(f"/dev/shm/hostile-{os.getpid()}").write_bytes(b""),
        "open a former file": lambda: [os.fstat(number) for number in range(3, 64) if _is_open(number)][0],
        "mount": lambda: (asked(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)), libc.umount2(b"/mnt", 2)),
        "change root": lambda: os.chroot("/"),
        "watch a folder": lambda: asked(libc.inotify_init1(0)),
    }


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _parent(parent: int, libc: Any) -> dict[str, Callable[[], object]]:
    held = ctypes.create_string_buffer(16)
    where = (ctypes.c_void_p * 2)(ctypes.addressof(held), 16)
    tried: dict[str, Callable[[], object]] = {
        f"look at the parent's {name}": partial(_look, Path(f"/proc/{parent}/{name}")) for name in OF_OTHERS
    }

    def pidfd() -> int:
        return asked(libc.syscall(PIDFD_OPEN, parent, 0))

    def own_signals() -> None:
        ours, _theirs = os.pipe()
        fcntl.fcntl(ours, F_SETOWN, parent)

    return tried | {
        "seize the parent": lambda: asked(libc.ptrace(PTRACE_SEIZE, parent, None, None)),
        "read the parent's memory": lambda: asked(libc.process_vm_readv(parent, where, 1, where, 1, 0)),
        "write the parent's memory": lambda: asked(libc.process_vm_writev(parent, where, 1, where, 1, 0)),
        "hold the parent": pidfd,
        "take a file of the parent": lambda: asked(libc.syscall(PIDFD_GETFD, pidfd(), 0, 0)),
        "signal the parent by its number": lambda: os.kill(parent, signal.SIGCONT),
        "ask whether the parent can be signalled": lambda: os.kill(parent, 0),
        "signal the parent's thread": lambda: asked(libc.tgkill(parent, parent, 0)),
        "signal the parent by what holds it": lambda: asked(libc.syscall(PIDFD_SEND_SIGNAL, pidfd(), 0, None, 0)),
        "queue a signal": lambda: asked(libc.sigqueue(parent, 0, None)),
        "signal every process": lambda: os.kill(-1, 0),
        "send its own files' signals to the parent": own_signals,
        "limit the parent": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (64, 64)),
        "read the parent's limits": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "slow the parent down": lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
        "bind the parent to a processor": lambda: os.sched_setaffinity(parent, {0}),
        "raise its own limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)),
        "become root": lambda: os.setuid(0) if os.getuid() else _fail(),
        "be root": lambda: _fail() if os.getuid() else None,
        "live on after its parent": lambda: asked(libc.prctl(1, 0, 0, 0, 0)),
        "let itself be read": lambda: asked(libc.prctl(4, 1, 0, 0, 0)),
    }


def _fail() -> None:
    raise Refused("it is not so")


def _look(path: Path) -> object:
    if path.name in {"root", "cwd"}:
        return os.readlink(path)
    return os.listdir(path) if path.is_dir() else path.open("rb").read(1)


def _network(targets: dict[str, Any]) -> dict[str, Callable[[], object]]:
    def reach(family: socket.AddressFamily, address: Any) -> None:
        with socket.socket(family, socket.SOCK_STREAM) as made:
            made.connect(address)

    def listen() -> None:
        with socket.socket() as made:
            made.bind(("127.0.0.1", 0))
            made.listen()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.sendto(b"x", ("127.0.0.1", targets["port"]))

    return {
        "open the database's socket": lambda: reach(socket.AF_UNIX, targets["socket"]),
        "open an abstract socket": lambda: reach(socket.AF_UNIX, f"\0{targets['abstract']}"),
        "reach the portal": lambda: reach(socket.AF_INET, ("127.0.0.1", targets["port"])),
        "listen on the network": listen,
        "send a packet": send,
        "ask the kernel for its network": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "make two sockets": lambda: socket.socketpair()[0].close(),
        "speak IPv6": lambda: socket.socket(socket.AF_INET6).close(),
    }


def _programs(targets: dict[str, Any]) -> dict[str, Callable[[], object]]:
    def run() -> None:
        subprocess.run(["/bin/sh", "-c", "true"], check=True)

    def fork() -> None:
        if not os.fork():
            os._exit(0)
        os.wait()

    def outlive() -> None:
        """Leave a grandchild of a group of its own, which makes a folder once the child has ended."""
        if os.fork():
            os.wait()
            return
        try:
            os.setsid()
            if not os.fork():
                time.sleep(targets["seconds"])
                Path(targets["outlived"]).mkdir()
        finally:
            os._exit(0)

    return {
        "run /bin/sh": run,
        "spawn /bin/sh": lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {}),
        "fork": fork,
        "outlive the child": outlive,
        "leave its group": lambda: os.setsid() if os.getsid(0) != os.getpid() else _fail(),
    }


def _kernel(libc: Any) -> dict[str, Callable[[], object]]:
    return {
        "ask by io_uring": lambda: asked(libc.syscall(IO_URING_SETUP, 1, ctypes.create_string_buffer(128))),
        "make a file in memory": lambda: os.memfd_create("x"),
        "share memory": lambda: asked(libc.shmget(0, 4096, 0o1600)),
        "open a queue": lambda: asked(libc.msgget(0, 0o1600)),
        "open semaphores": lambda: asked(libc.semget(0, 1, 0o1600)),
        "have a user of its own": lambda: asked(libc.unshare(CLONE_NEWUSER)),
        "have a network of its own": lambda: asked(libc.unshare(CLONE_NEWNET)),
        "have a mount of its own": lambda: asked(libc.unshare(CLONE_NEWNS)),
        "change its personality": lambda: asked(libc.personality(0x0040000)),
        "lock memory": lambda: asked(libc.mlock(ctypes.create_string_buffer(1), 1)),
        "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
        "name the machine": lambda: socket.sethostname(socket.gethostname()),
        "map another's file": lambda: mmap.mmap(os.open("/etc/passwd", os.O_RDONLY), 1, prot=mmap.PROT_READ),
    }


def report(targets: dict[str, Any], before: bytes = b"") -> None:
    """Try each act and write the names of those that worked, then end as /bin/sh, which writes its own line."""
    os.write(1, before + json.dumps([name for name, act in acts(targets).items() if _works(act)]).encode() + b"\n")
    try:
        os.execv("/bin/sh", ["sh", "-c", """echo '["become /bin/sh"]'"""])
    finally:
        os._exit(0)


def _works(act: Callable[[], object]) -> bool:
    try:
        act()
    except (Refused, OSError, ValueError, IndexError, subprocess.SubprocessError, AttributeError):
        return False
    return True
