"""The limited process that reads a file: it takes bytes on stdin and writes JSON or JPEG on stdout, nothing else.

Run by path with `python -I`, without Django's settings and without an environment. It gives up everything but its code
(core/confinement/inside.py) before it imports a parser or reads a byte.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: The code that reads files. Its folders hold no secret, and the clone's others may.
CODE = (ROOT / "vault", ROOT / "platform" / "core")
MAX_MEMORY = 512 * 1024 * 1024
JPEG_QUALITY = 85
#: What PostgreSQL stores in no text: the parent refuses an answer that has one.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: Letters of 10 points are then 28 pixels high, which Tesseract reads best.
TEXT_DPI = 200


def main(mode: str, cpu_seconds: str, *folders: str) -> None:
    serve(
        {"read": _read, "read_several": _read_several, "raster": _raster, "clean": _clean, "text": _text},
        mode,
        cpu_seconds,
        reads=[*CODE, *folders],
    )


def serve(
    modes: Mapping[str, Callable[[bytes, dict[str, Any]], None]],
    mode: str,
    cpu_seconds: str,
    *,
    reads: Sequence[Path | str],
) -> None:
    """Confine this process, then answer one question. The child of another app calls it with modes of its own.

    Args:
        reads: the folders of its code, and of certificates.
    """
    import json

    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    from core.confinement import inside
    from core.files.sizes import MAX_FILE

    inside.confine(memory=MAX_MEMORY, cpu_seconds=int(cpu_seconds), reads=reads)
    # Not on the command line, which every user of the machine can read: a pulled URL may contain a tax number.
    settings = json.loads(sys.stdin.buffer.readline())
    from vault.readers.reading import Unreadable

    data = sys.stdin.buffer.read(MAX_FILE + 1)
    try:
        modes[mode](data, settings)
    except Unreadable as refusal:
        write_message({"unreadable": refusal.code})
    except MemoryError:
        write_message({"unreadable": "too_heavy"})
    sys.stdout.buffer.flush()


def _read(data: bytes, settings: dict[str, Any]) -> None:
    import io
    from datetime import date

    from vault.readers import Ask, read

    folders, signers = ([Path(one) for one in settings[name]] for name in ("authorities", "signature_authorities"))
    reading = read(
        io.BytesIO(data),
        trust_test_authority=bool(settings["trust_test_authority"]),
        authorities=folders,
        signature_authorities=signers,
        ask=Ask(**settings["ask"]),
        today=date.fromisoformat(settings["today"]),
    )
    write_message({"reading": reading.as_json()})


def _text(data: bytes, settings: dict[str, Any]) -> None:
    """Write the text of the document, or where it has none the images of its first pages, for Tesseract."""
    from vault.readers.files import letters
    from vault.readers.files.document import open_document
    from vault.readers.reading import MAX_TEXT

    document = open_document(data)
    text, images = document.text(), []
    if not text.strip() and settings["letters"]:
        pages = range(min(document.pages, int(settings["max_pages"])))
        images = [letters.image_of(document.raster(number, dpi=TEXT_DPI)) for number in pages]
    write_message({"text": text[:MAX_TEXT], "images": [len(image) for image in images]})
    for image in images:
        sys.stdout.buffer.write(image)


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
    """Write a message. A file may have texts that cannot be stored, which an answer may not have."""
    import json

    line = json.dumps(message)
    if "\\u0000" in line or "\\ud" in line:
        line = json.dumps(_storable(message))
    sys.stdout.buffer.write(line.encode() + b"\n")


def _storable(value: object) -> object:
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(name): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
