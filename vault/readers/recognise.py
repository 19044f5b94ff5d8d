"""Recognise a file's media type from its bytes only: the sender chooses its name and announced type."""

import io
import re
import zipfile

from vault.readers.reading import Unreadable

PDF, JPEG, PNG, HEIC, CODE = "application/pdf", "image/jpeg", "image/png", "image/heic", "text/plain"
MAGIC = {PDF: b"%PDF-", JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n"}
#: The media types of papers, then those of files of data. No other one is stored, nor given to a browser.
MEDIA_TYPES = {
    *MAGIC,
    HEIC,
    CODE,
    "application/atom+xml",
    "application/gpx+xml",
    "application/json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/x-ofx",
    "application/x-qif",
    "application/xml",
    "application/yaml",
    "application/zip",
    "text/calendar",
    "text/csv",
    "text/html",
}
#: Brands of still photos, as telephones take them, then brands of bursts and films.
HEIC_BRANDS = {b"heic", b"heix", b"mif1"}
HEIC_RELATIVES = {b"hevc", b"hevx", b"msf1", b"heim", b"heis"}
RAW_CODE = re.compile(rb"DC0[1-4][A-Z0-9]{8}[0-9A-F]{8}[A-Z0-9]{2}")
MAX_CODE = 8192
WEB_PAGE = re.compile(rb"<\s*(?:!doctype|html|script|svg|body|iframe|img)\b", re.IGNORECASE)
HEAD = 1024
#: What surrounds a text without being part of it: NUL bytes, marks of UTF-8, spaces.
AROUND = b"\x00\xef\xbb\xbf\t\n\r "
#: The files that people have and no reader reads, by the code of the sentence that names them.
NAMED: dict[str, re.Pattern[bytes]] = {
    "fit": re.compile(rb"[\x0c\x0e].{7}\.FIT", re.DOTALL),
    "gzip": re.compile(rb"\x1f\x8b"),
    "tcx": re.compile(rb"\s*(?:<\?xml.{0,200}?>\s*)?<TrainingCenterDatabase\b", re.DOTALL),
    "cfonb": re.compile(rb"\s*01\d{5}[ \w]{4}\d{5}(?:[A-Z]{3}| {3})[\d ]"),
    "mt940": re.compile(rb"(?:\s|\{[^{}]{0,80}\}|\{4:)*:20:.{0,600}?\n:60[FM]:", re.DOTALL),
    "strava": re.compile(rb"\W{0,3}(?:Activity ID,Activity Date|ID de l.{1,6}activit.{1,3},Date de l)"),
}
STRAVA = "activities.csv"
HEAD_BYTES = 12


def media_type(data: bytes) -> str:
    """Return the media type of a paper.

    Raises:
        Unreadable: the file is empty, unknown or also another file.
    """
    if not data.strip(b"\x00\t\n\r "):
        raise Unreadable("empty")
    found = head_media(data)
    if found:
        _refuse_polyglot(data, found)
        return found
    if len(data) <= MAX_CODE and RAW_CODE.match(data.strip(AROUND)):
        return CODE
    raise Unreadable("heic" if data[4:8] == b"ftyp" and data[8:12] in HEIC_RELATIVES else "unknown_media")


def refuse_named(data: bytes) -> None:
    """Refuse by its name a file that people have and no reader reads, with what to send instead."""
    for code, shape in NAMED.items():
        if shape.match(data, 0, HEAD):
            raise Unreadable(code)
    if data.startswith(b"PK\x03\x04"):
        try:
            names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            return
        if STRAVA in names and any(name.startswith("activities/") for name in names):
            raise Unreadable("strava")


def head_media(head: bytes) -> str | None:
    """Return the media type of a PDF or a photo from its first twelve bytes, else None. It may still be damaged."""
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        return HEIC
    return next((media for media, magic in MAGIC.items() if head.startswith(magic)), None)


def _refuse_polyglot(data: bytes, media: str) -> None:
    """Refuse a file that is also a ZIP (searched at its end), a PDF or a web page (searched at its start)."""
    head = data[:HEAD]
    second_pdf = media != PDF and b"%PDF-" in head
    if second_pdf or WEB_PAGE.search(head) or zipfile.is_zipfile(io.BytesIO(data)):
        raise Unreadable("polyglot")
