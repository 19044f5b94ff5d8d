"""The limited process that reads a file: it takes bytes on stdin and writes JSON or JPEG on stdout, nothing else.

Run by path with `python -I`, without Django's settings and without an environment. It sets its limits before it
imports a parser or reads a byte.
"""

import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MEGABYTE = 1024 * 1024
MAX_MEMORY = 512 * MEGABYTE
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, SIGKILL = 1, 38, 9
JPEG_QUALITY = 85
#: Letters of 10 points are then 28 pixels high, which Tesseract reads best.
TEXT_DPI = 200


def main(mode: str, cpu_seconds: str) -> None:
    serve(
        {"read": _read, "read_several": _read_several, "raster": _raster, "clean": _clean, "text": _text},
        mode,
        cpu_seconds,
    )


def serve(modes: Mapping[str, Callable[[bytes, dict[str, Any]], None]], mode: str, cpu_seconds: str) -> None:
    """Limit this process, then answer one question. The child of another app calls it with modes of its own."""
    import json

    _limit(int(cpu_seconds))
    # Not on the command line, which every user of the machine can read: a pulled URL may contain a tax number.
    settings = json.loads(sys.stdin.buffer.readline())
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root), str(root / "platform")]
    from core.files.sizes import MAX_FILE
    from vault.readers.reading import Unreadable

    data = sys.stdin.buffer.read(MAX_FILE + 1)
    try:
        modes[mode](data, settings)
    except Unreadable as refusal:
        write_message({"unreadable": refusal.code})
    except MemoryError:
        write_message({"unreadable": "too_heavy"})
    sys.stdout.buffer.flush()


def _limit(cpu_seconds: int) -> None:
    """Limit memory and processor time, forbid core dumps, written files and new privileges; die with the parent."""
    import ctypes

    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _read(data: bytes, settings: dict[str, Any]) -> None:
    import io

    from vault.readers import Ask, read

    folders, signers = ([Path(one) for one in settings[name]] for name in ("authorities", "signature_authorities"))
    reading = read(
        io.BytesIO(data),
        trust_test_authority=bool(settings["trust_test_authority"]),
        authorities=folders,
        signature_authorities=signers,
        ask=Ask(**settings["ask"]),
    )
    write_message({"reading": reading.as_json()})


def _text(data: bytes, settings: dict[str, Any]) -> None:
    """Write the text of the first pages: of a PDF that has one, else what a photo of them shows."""
    from vault.readers.files import letters
    from vault.readers.files.document import open_document

    document = open_document(data)
    text = document.text()
    if not text.strip() and letters.can_read():
        pages = range(min(document.pages, int(settings["max_pages"])))
        text = "\n".join(letters.read(document.raster(number, dpi=TEXT_DPI)) for number in pages)
    write_message({"text": text})


def _clean(data: bytes, settings: dict[str, Any]) -> None:
    from vault.readers.files import place

    found, cleaned = place.without(data)
    write_message({"place": found, "bytes": len(cleaned) if found == "removed" else 0})
    if found == "removed":
        sys.stdout.buffer.write(cleaned)


def _read_several(data: bytes, settings: dict[str, Any]) -> None:
    """Write one message per part, in order. A refused part does not stop the others."""
    from vault.readers.reading import Unreadable

    for part in settings["parts"]:
        body, data = data[: part["size"]], data[part["size"] :]
        try:
            _read(body, settings | {"ask": part["ask"]})
        except Unreadable as refusal:
            write_message({"unreadable": refusal.code})


def _raster(data: bytes, settings: dict[str, object]) -> None:
    """Write one JSON message before each JPEG, so that the parent keeps one page in memory."""
    import io

    from vault.readers.files.document import open_document
    from vault.readers.formats.twoddoc.code import places
    from vault.readers.reading import Unreadable

    document = open_document(data)
    if document.pages > int(str(settings["max_pages"])):
        raise Unreadable("too_many_pages")
    dpi, only = int(str(settings["dpi"])), settings["only"]
    for number in range(document.pages) if only is None else [int(str(only))]:
        if number >= document.pages:
            raise Unreadable("no_image")
        image = document.raster(number, dpi=dpi)
        codes = places(image) if settings["find_codes"] else []
        out = io.BytesIO()
        image.info.clear()
        image.save(out, "JPEG", quality=JPEG_QUALITY, dpi=(dpi, dpi))
        write_message({"width": image.width, "height": image.height, "bytes": out.tell(), "codes": codes})
        sys.stdout.buffer.write(out.getbuffer())
    write_message({"done": document.pages})


def write_message(message: dict[str, object]) -> None:
    import json

    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
