"""Open text, once for all readers: its encoding, its line ends, what precedes it.

A reader receives UTF-8 without a mark, with `\\n` at the end of lines, and nothing blank above the first one. What is
not text (PDF, photo, ZIP) is left as it is.
"""

import codecs
import re

from vault.readers import recognise

ZIP = b"PK\x03\x04"
#: Text has at least this share of NUL bytes, on one side only, if it is UTF-16 without a mark.
NULS = 0.3
LOOKED_AT = 2048
#: Characters of no text. They are looked for once a file is decoded, since UTF-16 is full of NUL bytes.
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
XML = re.compile(r"""(<\?xml\b[^<>]{0,80}?)\s+encoding\s*=\s*["']([\w.:-]{1,40})["']""")
BLANK_ABOVE = re.compile(r"(?:[ \t\ufeff\x00]*\n)*[\ufeff\x00]*")
#: What some programs write after the last line: NUL bytes, a mark, the end of a file of MS-DOS.
BELOW = "\x00\ufeff\x1a"
#: Declared encodings that differ from Windows-1252, which is read where UTF-8 is not.
LATIN_9 = {"iso-8859-15", "latin-9", "latin9"}
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def is_text(data: bytes) -> bool:
    return recognise.head_media(data[: recognise.HEAD_BYTES]) is None and not data.startswith(ZIP)


def as_utf_8(data: bytes) -> bytes:
    """Return the file as readers expect it; the same object if nothing changes."""
    if not is_text(data) or _is_plain(data):
        return data
    return decoded(data).encode("utf-8", "replace")


def decoded(data: bytes) -> str:
    """Decode a text: UTF-8, UTF-16 with or without a mark, else Windows-1252 or what its XML declares."""
    text = _characters(data).replace("\r\n", "\n").replace("\r", "\n")
    text = text[_end_of_blank(text) :].rstrip(BELOW)
    if text.lstrip()[:1] in {"<", "{", "["}:
        text = text.lstrip()
    return XML.sub(r"\1", text, count=1) if text.startswith("<?xml") else text


def _characters(data: bytes) -> str:
    for mark, name in MARKS:
        if data.startswith(mark):
            return _whole(data[len(mark) :], name).decode(name, "replace")
    if wide := _without_mark(data):
        return _whole(data, wide).decode(wide, "replace")
    try:
        # A file may be cut inside a character, which is then dropped.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        declared = XML.match(data[:200].lstrip().decode("ascii", "replace"))
        return data.decode("iso-8859-15" if declared and declared[2].lower() in LATIN_9 else "cp1252", "replace")


def _whole(data: bytes, name: str) -> bytes:
    """Return the bytes without half a character of UTF-16 at the end."""
    return data[: len(data) // 2 * 2] if name.startswith("utf-16") else data


def _without_mark(data: bytes) -> str:
    """Return the encoding of UTF-16 without a mark: in European text, one byte of two is NUL."""
    head = data[:LOOKED_AT]
    if b"\x00" not in head:
        return ""
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > NULS * len(head) and not even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > NULS * len(head) and not odd.count(0) else ""


def _end_of_blank(text: str) -> int:
    match = BLANK_ABOVE.match(text)
    return match.end() if match else 0


def _is_plain(data: bytes) -> bool:
    """Return whether the file already is as readers expect it, without a copy of fifty megabytes if it is ASCII."""
    if data.endswith(tuple(mark.encode() for mark in BELOW)):
        return False
    if b"\r" in data or data[:1].isspace() or data.startswith(tuple(mark for mark, _ in MARKS)) or b"\x00" in data[:2]:
        return False
    declared = XML.match(data[:200].decode("ascii", "replace")) if data.startswith(b"<?xml") else None
    if declared and declared[2].lower() != "utf-8":
        return False
    if data.isascii():
        return not _without_mark(data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def looks_like_data(data: bytes) -> bool:
    """Return whether a file that no reader recognises is a document or a table of data, and not prose or a program."""
    head = decoded(data[:LOOKED_AT])
    if not is_text(data) or CONTROL.search(head):
        return False
    lines = head.split("\n")[:20]
    tabled = any(sum(mark in line for line in lines) > 1 for mark in (";", "\t", "|"))
    marked = head.startswith("<") and not recognise.WEB_PAGE.search(head.encode())
    return tabled or marked or sum("," in line for line in lines) > 3 or head.startswith(("{", "[", "BEGIN:", "!"))
