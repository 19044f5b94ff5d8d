"""Measure uploads to sealed storage and downloads from it, against plain storage, through the same HTTP server.

    python bench/uploads.py [--smoke]

All variants are served by the portal's web server in turns, in rotating order, so that the disk's cache disturbs them
alike. Each turn gives a ratio of measurements close in time; the median counts. The processor time is the server's
alone.

`plain` is the peer: the same view, the same hashing handler, the same folder and the same durability (another name,
fsync, rename, fsync of the folder), without the seal. The goal is 0.8 of its speed in both directions. `django` is
shown for information: Django's defaults (TemporaryFileUploadHandler, FileSystemStorage, FileResponse), which neither
hash nor fsync, and send pieces of 4 KiB. The resident's key is not queried here: it is one query per file of any size.
Finally, the cost of sealing and unsealing without the network.
"""

import argparse
import hashlib
import http.client
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django
from django.conf import settings

django.setup()

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django_scopes import scope

from config.connections import Limits
from config.serve import serve
from core.files import storage
from core.files.segments import SegmentReader, SegmentWriter
from core.files.sizes import MAX_FILE
from core.files.storage import LocalStage, sealed_storage
from core.files.uploads import CHUNK, SealedUploadHandler
from ops.services import free_port
from vault.records import downloads

MEGABYTE = 1024 * 1024
#: Long enough never to occur in the content.
BOUNDARY = "b0undary-of-the-bench-of-uploads"
GOAL = 0.8
#: Downloads are repeated until this many bytes: 10 MB take four milliseconds and 64 MB twenty, too short to measure.
FETCHED = 256 * MEGABYTE
SIDES, WAYS = ("plain", "sealed", "django"), ("up", "down")
RESIDENT = UUID(int=1)
KEY = bytes(32)


T = TypeVar("T")


class PlainFile:
    """Counterpart of SealedFile without encryption."""

    def __init__(self, inner: FileSystemStorage) -> None:
        self.size, token = 0, uuid4().hex
        self.sha256, self._digest = "", hashlib.sha256()
        self.name = f"{token[:2]}/{token[2:4]}/{token}"
        self._stage = LocalStage(inner, token)

    def write(self, data: bytes) -> int:
        self._stage.file.write(data)
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def close(self) -> None:
        self._stage.publish(self.name)
        self.sha256 = self._digest.hexdigest()

    def abandon(self) -> None:
        self._stage.discard()


class PlainHandler(SealedUploadHandler):
    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super(SealedUploadHandler, self).new_file(*args, **kwargs)
        # The handler sees no difference.
        self._open = PlainFile(sealed_storage.inner)  # type: ignore[arg-type, assignment]


def upload(request: HttpRequest, handler: type[SealedUploadHandler]) -> HttpResponse:
    with scope(resident=RESIDENT):
        create = partial(sealed_storage.create, resident_id=RESIDENT)
        request.upload_handlers = [handler(request, max_bytes=MAX_FILE, create=create)]
        return HttpResponse(getattr(request.FILES["file"], "stored_name", ""))


def django_upload(request: HttpRequest) -> HttpResponse:
    request.upload_handlers = [TemporaryFileUploadHandler(request)]
    token, taken = uuid4().hex, cast("File[bytes]", request.FILES["file"])
    return HttpResponse(sealed_storage.inner.save(f"{token[:2]}/{token[2:4]}/{token}", taken))


def download(request: HttpRequest, name: str, *, side: str) -> HttpResponseBase:
    if side == "django":
        return FileResponse(sealed_storage.inner.open(name), as_attachment=True, filename="file")
    stream: Any = (
        sealed_storage.inner.open(name) if side == "plain" else sealed_storage.open(name, resident_id=RESIDENT)
    )
    return downloads.serve(request, stream, size=stream.size, name="file", media_type="application/octet-stream")


urlpatterns = [
    path("spent", lambda _request: HttpResponse(str(time.process_time()))),
    path("sealed/", upload, {"handler": SealedUploadHandler}),
    path("plain/", upload, {"handler": PlainHandler}),
    path("django/", django_upload),
    *[path(f"{side}/<path:name>", download, {"side": side}) for side in SIDES],
]
FOLDER = os.environ.get("BENCH_FOLDER", "")
if FOLDER:  # in the server
    vars(storage)["key_of"] = lambda **_who: KEY
    options = {"location": FOLDER}
    settings.STORAGES = {
        **settings.STORAGES,
        "sealed": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options},
    }
    settings.MIDDLEWARE, settings.ROOT_URLCONF = [], __name__


class Server:
    def __init__(self, folder: str) -> None:
        self.port, self.folder = free_port(), folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.uploads", "--port", str(self.port)],
            cwd=ROOT,
            env=os.environ | {"BENCH_FOLDER": folder, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
        )
        deadline = time.monotonic() + 30
        while not self.answers() and time.monotonic() < deadline:
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            self.spent()
        except OSError:
            return False
        return True

    def ask(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send a request; return the size of the answer and its last chunk."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, url, body, headers or {})
        answer = connection.getresponse()
        size, last = 0, b""
        while chunk := answer.read(MEGABYTE):
            size, last = size + len(chunk), chunk
        connection.close()
        return size, last

    def spent(self) -> float:
        """Return the server's processor time so far, in seconds."""
        return float(self.ask("GET", "/spent")[1])

    def send(self, side: str, body: bytes) -> str:
        name = self.ask("POST", f"/{side}/", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})[
            1
        ].decode()
        if not storage.NAME.fullmatch(name):
            raise RuntimeError("the file was not taken")
        return name

    def fetch(self, side: str, name: str, size: int, times: int) -> None:
        for _ in range(times):
            if self.ask("GET", f"/{side}/{name}")[0] != size:
                raise RuntimeError("the file did not come back whole")


@dataclass(frozen=True)
class Took:
    """Seconds of wall-clock time, and of the server's processor time."""

    clock: float
    processor: float


Found = dict[tuple[str, str], list[Took]]


def measure(server: Server, size: int, rounds: int) -> Found:
    content = os.urandom(size)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    found: Found = {(side, way): [] for side in SIDES for way in WAYS}
    times = max(1, FETCHED // size)
    for turn in range(rounds + 1):
        for side in SIDES[turn % len(SIDES) :] + SIDES[: turn % len(SIDES)]:
            name, sent = stopwatch(server, partial(server.send, side, body))
            _nothing, fetched = stopwatch(server, partial(server.fetch, side, name, size, times))
            (Path(server.folder) / name).unlink()
            if turn:  # the first turn fills caches
                found[side, "up"].append(sent)
                found[side, "down"].append(Took(fetched.clock / times, fetched.processor / times))
    return found


def stopwatch(server: Server, act: Callable[[], T]) -> tuple[T, Took]:
    used, began = server.spent(), time.perf_counter()
    outcome = act()
    took = time.perf_counter() - began
    return outcome, Took(took, server.spent() - used)


def ratio(found: Found, way: str, peer: str = "plain") -> float:
    turns = zip(found[peer, way], found["sealed", way], strict=True)
    return statistics.median(other.clock / sealed.clock for other, sealed in turns)


def processor() -> tuple[float, float]:
    """Return the MB per processor second of sealing and of unsealing."""
    content, out = os.urandom(32 * MEGABYTE), io.BytesIO()

    def seal() -> None:
        out.seek(0)
        writer = SegmentWriter(out, KEY, b"")
        for start in range(0, len(content), CHUNK):
            writer.write(content[start : start + CHUNK])
        writer.close()

    def unseal() -> None:
        reader = SegmentReader(io.BytesIO(out.getvalue()), KEY, b"", len(out.getvalue()))
        while reader.read(CHUNK):
            pass

    found = []
    for run in (seal, unseal):
        times = []
        for _ in range(5):
            start = time.process_time()
            run()
            times.append(time.process_time() - start)
        found.append(32 / min(times))
    return found[0], found[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="a few rounds of the small size; fails only below half")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if FOLDER:
        return serve(get_wsgi_application(), "127.0.0.1", options.port, workers=1, limits=Limits(pages=2))
    sizes, rounds, least = ([10], 4, 0.5) if options.smoke else ([10, 64], 24, GOAL)
    failed = False
    settings.VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.VAR) as folder:
        server = Server(folder)
        try:
            print(
                f"{'MB':>4} {'way':5}"
                + "".join(f"{side:>9} MB/s  cpu ms" for side in SIDES)
                + f"{'× plain':>9}{'× django':>9}"
            )
            for size in sizes:
                found = measure(server, size * MEGABYTE, rounds)
                for way in WAYS:
                    failed |= ratio(found, way) < least
                    columns = "".join(
                        f"{size / statistics.median(one.clock for one in found[side, way]):>14.0f}"
                        f"{statistics.median(one.processor for one in found[side, way]) * 1000:>8.0f}"
                        for side in SIDES
                    )
                    print(f"{size:>4} {way:5}{columns}{ratio(found, way):>9.2f}{ratio(found, way, 'django'):>9.2f}")
        finally:
            server.process.terminate()
            server.process.wait()
    print("processor alone: sealed {:.0f} MB/s, opened {:.0f} MB/s".format(*processor()))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
