"""What processes take of the machine: processor and memory, from /proc, and the database's connections. Linux only."""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    parent: int
    #: Of processor, with its children that have ended.
    seconds: float


def processes() -> dict[int, Process]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(folder.name)] = Process(int(words[1]), sum(map(int, words[11:15])) / TICKS)
    return found


def tree(root: int) -> dict[int, Process]:
    """Return a process and all that it started."""
    every, children = processes(), defaultdict(list)
    for pid, one in every.items():
        children[one.parent].append(pid)
    found, left = {}, [root]
    while left:
        pid = left.pop()
        left += children[pid]
        if pid in every:
            found[pid] = every[pid]
    return found


def processor_seconds(root: int) -> float:
    return sum(one.seconds for one in tree(root).values())


def megabytes(root: int) -> float:
    """Return the memory of a process and of all that it started; what several share is counted once."""
    return sum(_proportional(pid) for pid in tree(root)) / 1024


def _proportional(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except PermissionError:  # Root alone may look into a process of the portal: what it shares is then counted too.
        return _resident(pid)
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def busy_seconds() -> float:
    """Return how long the machine's processors have worked, for whomever."""
    words = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, *interrupts = map(int, words[:7])
    return (user + nice + system + sum(interrupts)) / TICKS


def parent_of(pid: int) -> int:
    """Return the parent of a process, or 0 if it runs on another machine."""
    found = processes().get(pid)
    return found.parent if found else 0
