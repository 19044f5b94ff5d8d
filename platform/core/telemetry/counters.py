"""Counts that all processes of a machine share, for `/metrics`: one file, `GARANT_VAR/metrics`.

Each count is a record of fixed length: a number, then the name and the labels as they are shown. A process adds to it
under a lock of the file, so nothing has to be summed, and nothing is lost when a process ends. A label is a route, a
kind or a code, never anything that a person wrote. A count that cannot be written is left out: no page fails by it.
"""

import fcntl
import os
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from django.conf import settings

KEY_BYTES = 184
RECORD = struct.Struct(f"<d{KEY_BYTES}s")
MOST_RECORDS = 8192
#: Seconds within which requests are answered. A page is expected within the fourth.
BUCKETS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10.0)
#: Namespaces of URLs whose requests are counted and logged without their route.
_unnamed: set[str] = set()


def add(name: str, amount: float = 1, **labels: str) -> None:
    """Add to one count."""
    add_all({key(name, **labels): amount})


def add_all(amounts: Mapping[str, float]) -> None:
    """Add to several counts, named by `key`, under one lock."""
    try:
        _file(settings.VAR / "metrics").add(amounts)
    except (OSError, struct.error):  # the disk is full, or somebody cuts the file at this moment
        return


def leave_unnamed(namespace: str) -> None:
    """Count and log the requests for these pages without their route: their number would tell how many residents
    chose something that nobody shall count.
    """
    _unnamed.add(namespace)


def is_unnamed(namespace: str) -> bool:
    return namespace in _unnamed


def add_request(route: str, status: int, seconds: float) -> None:
    """Count an answered request. `route` is the name of its URL, never the URL."""
    bucket = next((str(most) for most in BUCKETS if seconds <= most), "+Inf")
    added = {
        key("garant_requests_total", route=route, status=str(status)): 1.0,
        key("garant_request_seconds_bucket", le=bucket): 1.0,
        "garant_request_seconds_sum": seconds,
    }
    if status >= 500:
        added["garant_server_errors_total"] = 1.0
    add_all(added)


def counts() -> dict[str, float]:
    """Return every count, by its key."""
    try:
        return _file(settings.VAR / "metrics").read()
    except OSError:
        return {}


def key(name: str, **labels: str) -> str:
    """Return `name{label="value"}`, as Prometheus reads it."""
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class _File:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.places: dict[str, int] = {}
        self.seen = 0
        self._mutex = threading.Lock()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._mutex = threading.Lock()

    def add(self, amounts: Mapping[str, float]) -> None:
        with self._locked():
            # The file was cut, or a full disk took only a part of its last record.
            if os.fstat(self.descriptor).st_size < self.seen * RECORD.size:
                self.places, self.seen = {}, 0
            for name, amount in amounts.items():
                place = self._place(name)
                if place is not None:
                    (value,) = struct.unpack("<d", os.pread(self.descriptor, 8, place))
                    os.pwrite(self.descriptor, struct.pack("<d", value + amount), place)

    def read(self) -> dict[str, float]:
        with self._locked():
            content = os.pread(self.descriptor, MOST_RECORDS * RECORD.size, 0)
        whole = content[: len(content) // RECORD.size * RECORD.size]
        return {_name(name): value for value, name in RECORD.iter_unpack(whole)}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock against the other threads, then against the other processes: the kernel's lock is a process's."""
        with self._mutex:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    def _place(self, name: str) -> int | None:
        """Return where the count is; make it if no process has. None: too long, or one too many."""
        if name in self.places:
            return self.places[name]
        encoded = name.encode()
        length = os.fstat(self.descriptor).st_size // RECORD.size
        for value in range(self.seen, length):
            _value, found = RECORD.unpack(os.pread(self.descriptor, RECORD.size, value * RECORD.size))
            self.places[_name(found)] = value * RECORD.size
        self.seen = length
        if name not in self.places:
            if len(encoded) > KEY_BYTES or length >= MOST_RECORDS:
                return None
            os.pwrite(self.descriptor, RECORD.pack(0, encoded), length * RECORD.size)
            self.places[name], self.seen = length * RECORD.size, length + 1
        return self.places[name]


def _name(encoded: bytes) -> str:
    return encoded.rstrip(b"\0").decode(errors="replace")


@lru_cache
def _file(path: Path) -> _File:
    return _File(path)
